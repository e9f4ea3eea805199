"""`build`: from a spec to a network."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from torcharc import infer
from torcharc.collection import CollectionPause
from torcharc.dagnet import DAGNet
from torcharc.errors import Problem, SpecError
from torcharc.plan import Plan
from torcharc.planner import make_plan
from torcharc.planning import MOST_COUNTED, format_count
from torcharc.spec.fragment import wrap_fragment
from torcharc.spec.load import Loaded, load_spec


def build(
    spec: Mapping[str, Any] | str | os.PathLike[str],
    *,
    overrides: Mapping[str, Any] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    seed: int | None = None,
    vars: Mapping[str, Any] | None = None,
    **variables: Any,
) -> nn.Module:
    """The network that a spec describes.

    Args:
        spec: An arc as a Mapping (OmegaConf containers too), or the path of a YAML or JSON file.
            It is never changed.
        device: Where the parameters are made, `"meta"` included; default: torch's.
        dtype: The dtype that floating parameters and buffers are cast to.
        seed: Draws the weights from this seed and leaves the random state as it was; default:
            from the random state, module by module in the order of the nodes.
        overrides: Path → value: other values at places of the spec, as `override` puts them there.
        vars: Name → value: other values of the spec's variables.
        variables: The same by keyword: `build(spec, width=128)`. A variable that is called like an
            argument of `build` can stand in `vars` alone.

    Returns:
        A `DAGNet` where the arc has `dag_in_shape`, else the one module itself. Its attribute
        `spec` is the spec.

    Raises:
        SpecError: With every problem of the spec; nothing is built and nothing has changed.

    Example:
        >>> import torch, torcharc
        >>> net = torcharc.build({"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [16, 4]}})
        >>> net(torch.rand(2, 8)).shape
        torch.Size([2, 4])
        >>> arc = {"dag_vars": {"width": 8}, "dag_in_shape": [4], "fc": {"type": "Linear", "layers": ["${width}"]}}
        >>> torcharc.build(arc, width=32).module_dict.fc
        Sequential(
          (0): Linear(in_features=4, out_features=32, bias=True)
        )
    """
    with CollectionPause():
        plan, loaded = make_plan(spec, overrides, {**(vars or {}), **variables} if vars else variables)
        _check_size(plan, device, loaded)
        state = torch.get_rng_state()
        try:
            with _drawing(device, seed) if device is not None or seed is not None else contextlib.nullcontext():
                modules = _make_modules(plan, loaded)
        except BaseException:
            torch.set_rng_state(state)
            raise
        if plan.graph.bare:
            network = next(iter(modules.values()))
            if not hasattr(network, "spec"):
                network.spec = loaded.spec
        else:
            network = DAGNet(plan, modules, loaded.spec)
    return network if dtype is None else network.to(dtype)


def build_fragment(
    nodes: Sequence[Any] | str | os.PathLike[str], shapes: Mapping[str, Any], **options: Any
) -> nn.Module:
    """The network that a bare list of nodes describes, as documents print a part of a network.

    Args:
        nodes: A list of Arc-Graph nodes, or the path of a file with one. The last gives the output.
        shapes: Name → shape, batch first, of each name that the nodes refer to and none of them has;
            where there is none, of what feeds the first node. `{dtype, shape}` for other dtypes than
            float32.
        options: As for `build`.

    Raises:
        SpecError: If a name has no shape, or with every problem of the nodes.

    Example:
        >>> import torch, torcharc
        >>> norm = {
        ...     "name": "norm",
        ...     "type": "torch.nn.LayerNorm",
        ...     "params": {"normalized_shape": [8]},
        ...     "inputs": "hidden",
        ... }
        >>> torcharc.build_fragment([norm], {"hidden": [None, 8]})(torch.rand(2, 8)).shape
        torch.Size([2, 8])
    """
    return build(wrap_fragment(load_spec(nodes).spec, shapes), **options)


def _check_size(plan: Plan, device: torch.device | str | None, loaded: Loaded) -> None:
    """Refuses a network that no memory holds, before it is made; without memory, one that torch cannot count."""
    made = [step for step in plan.steps if (step.recipe or step.block) and step.outcome]
    total = sum([step.outcome.params for step in made if step.outcome])
    if total <= min(MOST_COUNTED, infer.MOST_PARAMETERS):
        return
    counts = {step.node.path: step.outcome.params for step in made if step.outcome}
    is_meta = torch.device(device or torch.get_default_device()).type == "meta"
    if total <= (MOST_COUNTED if is_meta else infer.MOST_PARAMETERS):
        return
    path = max(counts, key=lambda path: counts[path])
    found = f"{format_count(counts[path])} parameters, {format_count(total)} in the whole network"
    expected = f"at most {infer.MOST_PARAMETERS:,} in the whole; torcharc.infer.MOST_PARAMETERS sets the limit"
    if is_meta:
        expected = "at most 2^60 in the whole: torch counts their bytes in 64 bits"
    raise SpecError(loaded.place(Problem(path, found, expected, code="size")))


def _make_modules(plan: Plan, loaded: Loaded) -> dict[str, nn.Module]:
    """The modules of a plan by node name, made in the order of the nodes."""
    modules: dict[str, nn.Module] = {}
    for step in plan.steps:
        if step.block is not None:
            modules[step.node.module] = DAGNet(step.block, _make_modules(step.block, loaded))
        elif step.recipe is not None:
            try:
                modules[step.node.module] = step.recipe()
            except Exception as error:
                found = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                problem = Problem(step.node.path, found, "a module that can be made", code="arguments")
                raise SpecError(loaded.place(problem)) from error
    return modules


@contextlib.contextmanager
def _drawing(device: torch.device | str | None, seed: int | None) -> Iterator[None]:
    """Within it tensors are made on a device, and drawn from a seed of their own."""
    with contextlib.ExitStack() as stack:
        if device is not None:
            stack.enter_context(torch.device(device))
        if seed is not None:
            stack.enter_context(torch.random.fork_rng())
            torch.manual_seed(seed)
        yield
