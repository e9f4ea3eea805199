"""One typo gives one problem: every key, type, reference and number of the reference specs, changed by one edit."""

import random

import pytest
from single_edits import ARCS, SPECS, errors, get, misspell, put, rename, walk

import torcharc
from torcharc.spec.load import load_spec

# keys of the formats, which stand in no other place; names and columns that a user chooses are not among them
KEYS = frozenset(
    "type in_names layers batch_norm activation dropout init dag_in_shape shapes names graph outputs modules vars"
    " params dtype shape categorical vocab_size embedding_dim in_features out_features in_channels out_channels"
    " kernel_size num_features num_embeddings hidden_size input_size compact layer keys args postlayer output"
    " training loss optimizer epochs batch_size".split()
)


def is_key(spec, path, key):
    """Whether a key is one of the format, and no name that the user chose."""
    parent = path[-1] if path else None
    if key not in KEYS or parent in ("columns", "outputs", "vars") or (parent == "inputs" and "graph" in spec):
        return False
    return not (parent == "params" and "modules" in path and "graph" not in path)  # a module's own params


def keys_of(spec):
    return [(path, key) for path, key in walk(spec) if key is not None and is_key(spec, path, key) and len(key) > 3]


@pytest.mark.parametrize("name", SPECS)
def test_misspelt_key_is_one_problem_and_is_mended(name):
    spec, rng = load_spec(SPECS[name]).spec, random.Random(name)
    for path, key in keys_of(spec):
        typo = misspell(key, rng)
        if typo in get(spec, path) or typo == key:
            continue
        changed = put(spec, path, rename(key, typo))
        found = errors(changed)
        assert len(found) == 1, (path, typo, found)
        if found[0].patch:
            assert torcharc.repair(changed).spec == spec, (path, typo, found)


@pytest.mark.parametrize("name", SPECS)
def test_misspelt_type_is_one_problem(name):
    spec, rng = load_spec(SPECS[name]).spec, random.Random(name)
    for path, key in walk(spec):
        if key is not None or not path or path[-1] != "type" or not isinstance(get(spec, path), str):
            continue
        word = get(spec, path)
        typo = f"{word[:-3]}{word[-2:]}" if rng.random() < 0.5 and not word[-2].isdigit() else f"{word}{word[-1]}"
        found = errors(put(spec, path, lambda value, typo=typo: typo))
        assert len(found) == 1, (path, typo, found)
        if found[0].patch:
            assert torcharc.repair(put(spec, path, lambda value, typo=typo: typo)).spec == spec, (path, typo)


@pytest.mark.parametrize("name", ARCS)
def test_number_in_the_wrong_form_is_one_problem_and_is_mended(name):
    spec = load_spec(SPECS[name]).spec
    for path, key in walk(spec):
        value = get(spec, path)
        if key is not None or type(value) is not int or "dag_in_shape" in path:
            continue
        for form in (str(value), float(value)):
            changed = put(spec, path, lambda value, form=form: form)
            found = errors(changed)
            if not found:  # a place where any number may stand
                continue
            assert len(found) == 1, (path, form, found)
            if found[0].patch:
                assert torcharc.repair(changed).spec == spec, (path, form)


@pytest.mark.parametrize("name", [name for name in SPECS if name.startswith("arcgraph")])
def test_misspelt_reference_is_one_problem_and_is_mended(name):
    spec, rng = load_spec(SPECS[name]).spec, random.Random(name)
    nodes = [(index, node) for index, node in enumerate(spec["graph"]) if isinstance(node.get("inputs"), dict)]
    for index, node in nodes:
        for port, text in node["inputs"].items():
            if not isinstance(text, str) or len(text.split(".")[0]) < 4:
                continue
            head, dot, tail = text.partition(".")
            typo = misspell(head, rng)
            known = {*spec["inputs"], *(other["name"] for _, other in nodes)}
            if typo in known:
                continue
            changed = put(spec, ("graph", index, "inputs", port), lambda value, typo=typo + dot + tail: typo)
            found = errors(changed)
            assert len(found) == 1, (index, typo, found)
            assert found[0].code == "undefined"


@pytest.mark.parametrize("name", [name for name in SPECS if name.startswith("arcgraph")])
def test_misspelt_definition_that_two_nodes_refer_to_is_one_problem_and_is_mended(name):
    spec = load_spec(SPECS[name]).spec
    for key in spec["inputs"]:
        changed = put(spec, ("inputs",), rename(key, f"{key}{key[-1]}"))
        found = errors(changed)
        assert len(found) == 1, (key, found)
        assert errors(torcharc.repair(changed).spec) == []
