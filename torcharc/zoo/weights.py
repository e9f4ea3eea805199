"""`load_weights`: a network of the zoo with the weights of the same one in another library."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, choices, quote, wrong_choice
from torcharc.spec.template import read_scope
from torcharc.spec.zoo_index import FOLDER, find_entry
from torcharc.zoo.layout import Layout, read_layout

_NESTING = "module_dict."


def load_weights(spec: str, state_dict: Mapping[str, Tensor], *, layout: str, **options: Any) -> nn.Module:
    """The network of a name of the zoo, with weights that another library wrote.

    Args:
        spec: The name, as `zoo/bert_base`.
        state_dict: Weights by the keys of that library.
        layout: The library, as `transformers`: doc/zoo.md has those of each family.
        options: As for `build`: values of variables where the weights are those of another size, device,
            dtype.

    Raises:
        SpecError: As `build` does.
        ArgumentError: If there is no such layout of the network, or with every key that is missing, is
            not known, or has a weight of the wrong shape.

    Example:
        >>> import torcharc
        >>> torcharc.zoo.load_weights("zoo/bert_tiny", {}, layout="timm")
        Traceback (most recent call last):
        torcharc.errors.ArgumentError: 1 problem in the arguments
        layout
          found: 'timm'
          expected: a layout of bert: transformers
    """
    from torcharc.network import build  # which makes the models of this package, too

    family = find_entry(spec).file.stem
    layouts = {path.parent.name: path for path in sorted(FOLDER.glob(f"*/{family}.yaml"))}
    if layout not in layouts:
        raise ArgumentError(_no_layout(layout, family, layouts))
    network = build(spec, **options)
    scope, _ = read_scope(network.spec["vars"], {}, ("vars",))  # type: ignore[index]
    own = {key.replace(_NESTING, ""): (key, weight) for key, weight in network.state_dict().items()}
    table = read_layout(layouts[layout], scope, own)
    weights, problems = table.convert(state_dict)
    problems += _check(weights, own, table)
    if problems:
        raise ArgumentError(problems)
    network.load_state_dict({own[name][0]: _fit(weight, own[name][1]) for name, (_, weight) in weights.items()})
    return network


def _no_layout(layout: Any, family: str, layouts: Mapping[str, pathlib.Path]) -> Problem:
    if layouts:
        return wrong_choice(("layout",), layout, f"a layout of {family}", layouts)
    return Problem(("layout",), quote(layout), f"a network that has layouts; {family} has none", code="value")


def _fit(weight: Tensor, own: Tensor) -> Tensor:
    """`weight` with the shape of ours where axes of size 1 alone differ: a class token `(1, 1, D)` is `(1, D)` here.

    A convolution of the whole input is a Linear on what is flattened: `(D, C, H, W)` is `(D, C * H * W)`.
    """
    if own.ndim == 2 and weight.ndim == 4:
        weight = weight.flatten(1)
    same = [size for size in weight.shape if size != 1] == [size for size in own.shape if size != 1]
    return weight.reshape(own.shape) if same else weight


def _check(
    weights: Mapping[str, tuple[str, Tensor]], own: Mapping[str, tuple[str, Tensor]], table: Layout
) -> Iterator[Problem]:
    """Keys for weights that the network does not have; its weights that have no key, or one with another shape."""
    for name, (key, _) in weights.items():
        if name not in own:
            yield Problem(("state_dict", key), f"a weight for {quote(name)}", "one that the network has", code="key")
    for name, (_, weight) in own.items():
        if name not in weights:
            sources = choices(table.sources(name))
            yield Problem(("state_dict",), f"no weight for {quote(name)}", f"the key {sources}", code="missing-key")
            continue
        key, found = weights[name]
        if _fit(found, weight).shape != weight.shape:
            expected = f"{tuple(weight.shape)}, that of {quote(name)}"
            yield Problem(("state_dict", key), f"the shape {tuple(found.shape)}", expected, code="shape")
