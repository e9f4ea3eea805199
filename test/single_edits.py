"""Single edits of the reference specs: where words and numbers stand, and what a slip of the hand makes of them."""

import pathlib
import re

import torcharc
from torcharc.arc_ref import REF_ARCS
from torcharc.spec.load import load_spec

EXAMPLES = pathlib.Path(__file__).parents[1] / "example"
ARCS = {name: arc for name, arc in REF_ARCS.items() if "perceiver" not in name and "transformer" not in name}
FILES = sorted((EXAMPLES / "arcgraph").glob("*.yaml")) + sorted((EXAMPLES / "torcharc2").rglob("*.yaml"))
SPECS = {**ARCS, **{str(path.relative_to(EXAMPLES).with_suffix("")): load_spec(path).spec for path in FILES}}
ZOO = pathlib.Path(torcharc.__file__).parent / "zoo"
MODELS = ("resnet", "darts", "densenet", "gpt2", "vit", "lstm_lm", "wide_deep", "mobilenet_v3")
ZOO_SPECS = {name: load_spec(ZOO / f"{name}.yaml").spec for name in MODELS}
WORD = re.compile(r"[A-Za-z_]\w*")


def walk(value, path=()):
    """All keys and plain values with their places: `(path, key)` and `(path, None)`."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index))
    else:
        yield path, None


def get(value, path):
    for key in path:
        value = value[key]
    return value


def put(value, path, change):
    """A copy of `value` with `change` made at `path`."""
    if not path:
        return change(value)
    if isinstance(value, dict):
        return {key: put(item, path[1:], change) if key == path[0] else item for key, item in value.items()}
    return [put(item, path[1:], change) if index == path[0] else item for index, item in enumerate(value)]


def misspell(word, rng):
    """`word` with a letter left out, doubled, or in the other's place."""
    index = rng.randrange(1, len(word) - 1)
    other = word[:index] + word[index + 1] + word[index] + word[index + 2 :]
    return rng.choice([word[:index] + word[index + 1 :], word[: index + 1] + word[index:], other])


def errors(spec):
    return [problem for problem in torcharc.check(spec) if problem.severity == "error"]


def rename(old, new):
    return lambda mapping: {new if key == old else key: item for key, item in mapping.items()}


def words_of(spec):
    """All words in the keys and texts of a spec."""
    texts = [key for _, key in walk(spec) if isinstance(key, str)]
    texts += [get(spec, path) for path, key in walk(spec) if key is None and isinstance(get(spec, path), str)]
    return {word for text in texts for word in WORD.findall(text)}


def misspell_anew(word, known, rng):
    """A misspelling of `word` that is no other word of the spec."""
    tries = (misspell(word, rng) for _ in range(20))
    return next((typo for typo in tries if typo != word and typo not in known), None)


def edit_words(spec, rng, count):
    """Some copies of a spec with one word misspelt in one place: `(place, word, typo, copy)`."""
    known = words_of(spec)
    places = []
    for path, key in walk(spec):
        text = key if key is not None else get(spec, path)
        if isinstance(text, str):
            places += [(path, key, match) for match in WORD.finditer(text) if len(match.group()) > 2]
    for path, key, match in rng.sample(places, min(count, len(places))):
        word, typo = match.group(), misspell_anew(match.group(), known, rng)
        if typo is None:
            continue
        text = key if key is not None else get(spec, path)
        changed = text[: match.start()] + typo + text[match.end() :]
        change = rename(key, changed) if key is not None else lambda _, changed=changed: changed
        yield (*path, key) if key is not None else path, word, typo, put(spec, path, change)


def edit_numbers(spec, rng, count):
    """Some copies of a spec with one number in a wrong form: `(place, number, form, copy)`."""
    places = [(path, get(spec, path)) for path, key in walk(spec) if key is None and type(get(spec, path)) is int]
    for path, number in rng.sample(places, min(count, len(places))):
        form = rng.choice([str(number), float(number), f"{number}x", [number]])
        yield path, number, form, put(spec, path, lambda _, form=form: form)
