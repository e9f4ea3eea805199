"""Wrong modules and variables of TorchArc 2.x specs, with the whole message of each."""

import pytest
from modules_specs import L, spec
from refusal import message

MALFORMED = [
    pytest.param(
        spec(extra=1),
        """1 problem in the spec
spec.extra
  found: the key 'extra'
  expected: one of the keys: graph, modules, vars""",
        id="extra_top_key",
    ),
    pytest.param(
        {"module": {"fc": L}, "graph": spec()["graph"]},
        """1 problem in the spec
spec.module
  found: the key 'module'
  expected: one of the keys: graph, modules, vars
  hint: did you mean 'modules'?""",
        id="typo_top_key",
    ),
    pytest.param(
        {"modules": {"fc": L}},
        """1 problem in the spec
spec
  found: no key 'graph'
  expected: the key 'graph', which is required""",
        id="no_graph",
    ),
    pytest.param(
        spec(modules=[L]),
        """1 problem in the spec
spec.modules
  found: [{'Linear': {'in_features': 8, 'out_features': 4}}]
  expected: modules by name: {name: {Type: arguments}}, at least one""",
        id="modules_list",
    ),
    pytest.param(
        spec(modules={}),
        """1 problem in the spec
spec.modules
  found: {}
  expected: modules by name: {name: {Type: arguments}}, at least one""",
        id="modules_empty",
    ),
    pytest.param(
        spec({"fc": {"Liner": {"out_features": 4}}}),
        """1 problem in the spec
spec.modules.fc.Liner
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?""",
        id="unknown_type",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_feature": 4}}}),
        """1 problem in the spec
spec.modules.fc.Linear.out_feature
  found: the key 'out_feature'
  expected: one of the keys: bias, in_features, init, out_features
  hint: did you mean 'out_features'?""",
        id="unknown_arg",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_features": "4"}}}),
        """1 problem in the spec
spec.modules.fc.Linear.out_features
  found: '4'
  expected: an integer above 0
  hint: write 4 without quotes""",
        id="bad_value",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_features": 4}, "ReLU": None}}),
        """1 problem in the spec
spec.modules.fc
  found: {'Linear': {'in_features': 8, 'out_features': 4}, 'ReLU': None}
  expected: a module: {Type: arguments}, with one key
  hint: several layers stand in a list: {Sequential: [...]}""",
        id="two_types",
    ),
    pytest.param(
        spec({"fc": {"type": "Linear", "in_features": 8, "out_features": 4}}),
        """1 problem in the spec
spec.modules.fc
  found: {'in_features': 8, 'out_features': 4, 'type': 'Linear'}
  expected: a module: {Type: arguments}, with one key
  hint: write {Linear: {...}}""",
        id="arc_style",
    ),
    pytest.param(
        spec({"fc": "ReLU"}),
        """1 problem in the spec
spec.modules.fc
  found: 'ReLU'
  expected: a module: {Type: arguments}
  hint: write {ReLU: null}""",
        id="type_name_alone",
    ),
    pytest.param(
        spec({"fc": {"Linear": [8, 4]}}),
        """1 problem in the spec
spec.modules.fc.Linear
  found: [8, 4]
  expected: the arguments of Linear: a mapping, or null""",
        id="args_no_mapping",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"out_features": 4}}}),
        """1 problem in the spec
spec.modules.fc.Linear
  found: no key 'in_features'
  expected: the key 'in_features', which is required
  hint: LazyLinear infers it at the first call""",
        id="no_size",
    ),
    pytest.param(
        spec({"fc~a": L}, {"fc~a": ["x"]}, output="fc~a"),
        """1 problem in the spec
spec.modules['fc~a']
  found: the name 'fc~a'
  expected: a name without ~; in graph.modules it runs a module again""",
        id="module_tilde",
    ),
    pytest.param(
        spec({"a.b": L}, {"a.b": ["x"]}, output="a.b"),
        """1 problem in the spec
spec.modules['a.b']
  found: the name 'a.b'
  expected: a name without dots""",
        id="module_dot",
    ),
    pytest.param(
        spec({"forward": L}, {"forward": ["x"]}, output="forward"),
        """1 problem in the spec
spec.modules.forward
  found: the name 'forward'
  expected: a name that is no attribute of torch.nn.ModuleDict
  hint: choose another name""",
        id="module_reserved",
    ),
    pytest.param(
        spec({"fc": {"LazyLinear": {"out_features": 4, "init": "zeros_"}}}),
        """1 problem in the spec
spec.modules.fc.LazyLinear.init
  found: 'zeros_'
  expected: weights of known size; a lazy module makes them at its first call
  hint: state the shapes of the inputs""",
        id="init_lazy",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_features": "${width}"}}}, vars={"widht": 4}),
        """1 problem in the spec
spec.modules.fc.Linear.out_features
  found: the name 'width' in '${width}'
  expected: one of the names: widht
  hint: did you mean 'widht'?""",
        id="vars_unknown",
    ),
    pytest.param(
        spec(
            {
                "fc": L,
                "other": {"Liner": None},
                "more": {"compact": {"layer": {"type": "Liner", "keys": ["out_features"], "args": [4]}}},
            }
        ),
        """2 problems in the spec
spec.modules.other.Liner
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?
spec.modules.more.compact.layer.type
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?""",
        id="modules_not_called_are_read",
    ),
    pytest.param(
        spec(
            {"a": {"Liner": {"out_features": 4}}, "b": {"Linear": {"in_features": 4, "out_features": 0}}},
            {"a": ["x"], "b": ["a"], "c": ["b"]},
            output=["b", "d"],
        ),
        """4 problems in the spec
spec.modules.a.Liner
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?
spec.modules.b.Linear.out_features
  found: 0
  expected: an integer above 0
spec.graph.modules.c
  found: the name 'c'
  expected: one of the modules: a, b
spec.graph.output[1]
  found: 'd'
  expected: one of the inputs and nodes so far: a, b, c, x""",
        id="several_faults",
    ),
    pytest.param(
        spec({"fc": {"Linear": {1: 2}}}),
        """1 problem in the spec
spec.modules.fc.Linear[1]
  found: 1
  expected: the name of an argument""",
        id="argument_key",
    ),
    pytest.param(
        spec({1: L}),
        """1 problem in the spec
spec.modules[1]
  found: 1
  expected: a name""",
        id="key_no_name",
    ),
    pytest.param(
        spec({"fc": {1: None}}),
        """1 problem in the spec
spec.modules.fc[1]
  found: 1
  expected: the name of a type""",
        id="module_key_no_name",
    ),
]


@pytest.mark.parametrize(("malformed", "expected"), MALFORMED)
def test_malformed_spec_says(malformed, expected):
    assert message(malformed) == expected
