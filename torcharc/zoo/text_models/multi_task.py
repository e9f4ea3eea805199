"""One encoder with a head for each of several tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.errors import InputError, Problem, quote, unknown_keys, wrong_choice
from torcharc.module.text_options import refuse
from torcharc.module.token_mask import read_keep
from torcharc.module.token_pool import pool_mean
from torcharc.registry import register
from torcharc.zoo.text_models.heads import Head
from torcharc.zoo.text_models.transformer import IDS, check_encoder, check_positions, make_encoder

KINDS = ("classification", "regression", "sequence")
KEYS = ("num_classes", "type")


def _task_names(params: Mapping[str, Any]) -> tuple[str, ...]:
    configs = params.get("task_configs")
    return tuple(configs) if isinstance(configs, Mapping) else ()


@register(
    check=check_positions,
    ports=(Port("x"), Port("mask", required=False, keyword=True), Port("keep", required=False, keyword=True)),
    input_dtype="int64",
    kind="fork",
    outputs=_task_names,
    example={
        "params": {
            "vocab_size": 20,
            "d_model": 8,
            "n_layers": 1,
            "n_heads": 2,
            "d_ff": 16,
            "task_configs": {"topic": {"num_classes": 3}, "tags": {"num_classes": 2, "type": "sequence"}},
            "encoder_options": {"max_len": 12},
        },
        "inputs": {"x": IDS},
    },
)
class MultiTaskModel(nn.Module):
    """A transformer encoder with a head for each task: `(N, L)` ids to one tensor a task.

    Args:
        vocab_size: V, how many tokens there are.
        d_model: D, width of the encoder.
        n_layers: Blocks of the encoder.
        n_heads: Heads of each attention, a divisor of D.
        d_ff: Width within the feed-forward layers.
        task_configs: Name of a task → `{num_classes: 1, type: classification}`. `classification` and
            `regression` give `(N, num_classes)` from the mean of the tokens, `sequence` gives
            `(N, L, num_classes)`.
        dropout: Probability, 1 excluded, that a number is zeroed in training.
        encoder_options: Further arguments of `CustomTransformer`.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> tasks = {"topic": {"num_classes": 5}, "quality": {"type": "regression"}}
        >>> model = MultiTaskModel(100, 8, 1, 2, 16, tasks)
        >>> x = torch.zeros(4, 7, dtype=torch.int64)
        >>> model(x, "topic").shape, {name: y.shape for name, y in model(x).items()}
        (torch.Size([4, 5]), {'topic': torch.Size([4, 5]), 'quality': torch.Size([4, 1])})
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        n_layers: int,
        n_heads: int,
        d_ff: int,
        task_configs: Mapping[str, Mapping[str, Any]],
        dropout: float = 0.1,
        *,
        encoder_options: Mapping[str, Any] | None = None,
    ):
        given = dict(locals())
        refuse([*check_encoder(given), *_check_tasks(task_configs)])
        super().__init__()
        self.encoder = make_encoder(given)
        self._kinds = {name: config.get("type", "classification") for name, config in task_configs.items()}
        heads = {}
        for name, config in task_configs.items():
            hidden = d_model if self._kinds[name] == "sequence" else d_model // 2
            heads[_key(name)] = Head(d_model, hidden, config.get("num_classes", 1), dropout)
        self.heads = nn.ModuleDict(heads)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks, in order."""
        return tuple(self._kinds)

    def forward(
        self,
        x: Tensor,
        task: str | Sequence[str] | None = None,
        mask: Tensor | None = None,
        keep: Tensor | None = None,
    ) -> Tensor | dict[str, Tensor]:
        """What the heads give, before any softmax.

        Args:
            x: Ids `(N, L)`, or vectors `(N, L, D)`.
            task: A task's name; a list of them; `None`: all. The encoder runs once.
            mask: `(N, L, L)` or `(N, h, L, L)`, as in `CustomTransformer`.
            keep: `(N, L)`; nonzero: the token is real; others are left out of the mean too.

        Returns:
            The tensor of the task named, or those of several by name.

        Raises:
            InputError: If a task is not known, or an id or a shape does not fit.
        """
        asked: Any = task  # it may be of any type
        names: tuple[str, ...] = self.tasks if task is None else tuple(asked) if _is_list(asked) else (asked,)
        wrong = [
            wrong_choice(("task",), name, "one of the tasks", self.tasks) for name in names if name not in self.tasks
        ]
        if wrong:
            raise InputError(wrong)
        keep = read_keep(keep, x.shape[:2])
        encoded = self.encoder(x, mask, keep)  # (N, L, D)
        mean = None
        found = {}
        for name in names:
            if self._kinds[name] == "sequence":
                found[name] = self.heads[_key(name)](encoded)
            else:
                mean = pool_mean(encoded, keep) if mean is None else mean
                found[name] = self.heads[_key(name)](mean)
        return found[task] if isinstance(task, str) else found


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _key(name: str) -> str:
    """The name of a task's head: `nn.ModuleDict` refuses dots, the empty name, and names of its own methods."""
    return "task_" + name.replace("%", "%25").replace(".", "%2E")


def _check_tasks(configs: Any) -> Iterator[Problem]:
    path = ("task_configs",)
    if not isinstance(configs, Mapping) or not configs:
        expected = "at least one task: {name: {num_classes: ..., type: ...}}"
        yield Problem(path, quote(configs), expected, code="value")
        return
    for name, config in configs.items():
        if not isinstance(name, str):
            yield Problem(path, f"the task {quote(name)}", "a string as the name of a task", code="value")
        elif not isinstance(config, Mapping):
            yield Problem((*path, name), quote(config), "a mapping {num_classes: ..., type: ...}", code="value")
        else:
            yield from _check_task(config, (*path, name))


def _check_task(config: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Problem]:
    yield from unknown_keys(path, config, KEYS)
    kind, count = config.get("type", KINDS[0]), config.get("num_classes", 1)
    if not isinstance(kind, str) or kind not in KINDS:
        yield wrong_choice((*path, "type"), kind, "one of", KINDS)
    if type(count) is not int or count < 1:
        yield Problem((*path, "num_classes"), quote(count), "an integer above 0", code="value")
