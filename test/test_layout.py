"""The layers of the package: imports point one way, and nothing runs what stands in a spec."""

import ast
import pathlib
import sys

import pytest

import torcharc

ROOT = pathlib.Path(torcharc.__file__).parent
FILES = {
    ".".join(("torcharc", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}

# the flow of design.md, from the bottom up: a module may import what stands in an earlier row, or in its own
LAYERS = [
    ["torcharc.errors"],
    ["torcharc.graph"],
    [
        "torcharc.rules",
        "torcharc.arguments",
        "torcharc.functions",
        "torcharc.torch_examples",
        "torcharc.function_examples",
    ],
    ["torcharc.entry", "torcharc.torch_types", "torcharc.registry"],
    [
        "torcharc.repetition",
        "torcharc.meta",
        "torcharc.fans",
        "torcharc.initialize",
        "torcharc.recipe",
        "torcharc.layers",
        "torcharc.planning",
        "torcharc.stack",
        "torcharc.stacking",
        "torcharc.sequence",
        "torcharc.repairs",
        "torcharc.explain",
    ],
    ["torcharc.schedule", "torcharc.graph_inputs", "torcharc.infer", "torcharc.advice"],
    ["torcharc.dagnet"],
    ["torcharc.planner"],
    ["torcharc.network", "torcharc.inspection", "torcharc.diagnosis", "torcharc.training"],
    ["torcharc.conversion", "torcharc.canonical"],
    ["torcharc.facade"],
]
# imports inside a function, that close a circle for the sake of a fast start
DEFERRED = {
    ("torcharc.spec.load", "torcharc.spec.yaml_text"): "only files need PyYAML",
    ("torcharc.zoo.weights", "torcharc.network"): "it makes the models of the zoo, too",
}
BELOW_BLOCKS = {"torcharc.errors", "torcharc.graph", "torcharc.rules", "torcharc.arguments", "torcharc.entry"}
BELOW_BLOCKS |= {"torcharc.functions", "torcharc.registry", "torcharc.torch_types"}


def is_for_types(node):
    """Whether a block is there for type checkers alone."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(name, *, deferred=True):
    """The modules of the package that a module imports when it runs; with `deferred`, in functions too."""
    found = set()
    blocks = [node for node in ast.walk(TREES[name]) if is_for_types(node)]
    blocks += [node for node in ast.walk(TREES[name]) if isinstance(node, ast.FunctionDef) and not deferred]
    left_out = {id(item) for node in blocks for item in ast.walk(node)}
    package = name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(TREES[name]):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            base = node.module if node.level == 0 else ".".join(filter(None, (above, node.module)))
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in FILES else base for alias in node.names}
    return {module for module in found if module in FILES}


def row(name):
    return next((index for index, names in enumerate(LAYERS) if name in names), None)


def test_reader_of_imports_sees_them():
    assert {"torcharc.errors", "torcharc.torch_types", "torcharc.entry"} <= imports("torcharc.registry")
    assert "torcharc.planner" in imports("torcharc.network")
    assert "torcharc.module" in imports("torcharc.planner")


def test_layers_name_files_that_exist():
    named = [name for names in LAYERS for name in names]
    assert [name for name in named if name not in FILES] == []
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", [name for names in LAYERS for name in names])
def test_imports_point_down(name):
    upward = {module for module in imports(name) if row(module) is not None and row(module) > row(name)}
    assert upward == set()
    outside = {module for module in imports(name) if row(module) is None}
    if row(name) < row("torcharc.planner"):
        assert {module for module in outside if module.startswith(("torcharc.spec", "torcharc.module"))} == set()
        assert "torcharc" not in outside


def test_no_two_modules_import_each_other():
    reach = {name: imports(name) - {"torcharc"} for name in FILES if name != "torcharc"}
    for name, module in DEFERRED:
        assert module in reach[name] - imports(name, deferred=False)
        reach[name].discard(module)
    for middle in reach:
        for name in reach:
            if middle in reach[name]:
                reach[name] = reach[name] | reach[middle]
    assert sorted(name for name in reach if name in reach[name]) == []


def test_errors_and_graph_know_nothing_above():
    assert imports("torcharc.spelling") == set()
    assert imports("torcharc.errors") == {"torcharc.spelling"}
    assert imports("torcharc.graph") == {"torcharc.errors"}


@pytest.mark.parametrize("name", ["torcharc.spelling", "torcharc.errors", "torcharc.graph"])
def test_errors_and_graph_need_no_torch(name):
    roots = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            roots.add(node.module.split(".")[0])
    assert roots <= {*sys.stdlib_module_names, "torcharc"}


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("torcharc.module")])
def test_blocks_know_nothing_of_specs(name):
    known = {module for module in imports(name) if not module.startswith("torcharc.module")}
    assert known <= BELOW_BLOCKS


def test_formats_are_read_without_torch_modules_being_built():
    for name in FILES:
        if name.startswith("torcharc.spec"):
            assert not imports(name) & {
                "torcharc.infer",
                "torcharc.network",
                "torcharc.dagnet",
                "torcharc.inspection",
                "torcharc",
            }


@pytest.mark.parametrize("name", FILES)
def test_nothing_runs_text(name):
    """A spec is never code: no eval, no import by a computed name, no unsafe YAML or pickle."""
    called = {ast.unparse(node.func) for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)}
    imported = {
        alias.name
        for node in ast.walk(TREES[name])
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    forbidden = {"eval", "exec", "compile", "__import__", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}
    forbidden |= {"pickle.load", "pickle.loads", "os.system", "importlib.import_module", "builtins.eval"}
    assert called & forbidden == set()
    assert imported & {"importlib", "import_module", "pydoc", "pickle", "subprocess", "builtins"} == set()


@pytest.mark.parametrize("name", FILES)
def test_no_star_imports_and_no_asserts(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Assert):  # for type checkers, never on what a user gives
            assert ast.unparse(node.test).endswith(" is not None"), f"{name}:{node.lineno}"
        if isinstance(node, ast.ImportFrom):
            assert [alias.name for alias in node.names] != ["*"]


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_what_it_is(name):
    assert ast.get_docstring(TREES[name])


def test_all_is_what_there_is():
    assert torcharc.__all__ == sorted(torcharc.__all__)
    assert [name for name in torcharc.__all__ if not hasattr(torcharc, name)] == []
    submodules = {name.split(".")[1] for name in FILES if name.count(".") == 1}
    public = {name for name in vars(torcharc) if not name.startswith("_")} - submodules
    assert public | (set(torcharc.__all__) & submodules) == set(torcharc.__all__)


def test_public_objects_are_documented():
    for name in torcharc.__all__:
        assert getattr(torcharc, name).__doc__


def test_version_is_that_of_the_package():
    assert torcharc.__version__.count(".") == 2
