"""A corpus that every installation has: passages of Python documentation, labelled by where they come from.

Python's language reference (`pydoc_data`), the docstrings of the standard library, of NumPy and of
PyTorch. Passages of one page are all in the training set or all in the test set, and the names
that would give a passage away are left out.
"""

from __future__ import annotations

import collections
import dataclasses
import importlib
import inspect
import pydoc_data.topics
import random
import re
import warnings
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

LABELS = ("language", "library", "numpy", "torch")
MODULES = {
    "library": (
        "argparse asyncio collections csv datetime decimal difflib fractions functools inspect io itertools json"
        " logging os pathlib pickle random re shutil socket sqlite3 statistics string subprocess"
        " tarfile tempfile threading"
        " unittest urllib.parse urllib.request zipfile"
    ).split(),
    "numpy": ["numpy", "numpy.linalg", "numpy.fft", "numpy.random", "numpy.ma"],
    "torch": ["torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.distributions", "torch.utils.data"],
}
GIVEAWAYS = {"python", "numpy", "np", "torch", "pytorch", "tensor", "tensors", "ndarray", "array_like"}
WORDS = 40  # of a passage
FROM_PAGE = 4  # passages of a page at most
PADDING, UNKNOWN = 0, 1


@dataclasses.dataclass(frozen=True)
class Part:
    """Encoded passages.

    Attributes:
        ids: `(N, L)`, padded with 0.
        lengths: Words of each passage, `(N)`.
        labels: Positions in `LABELS`, `(N)`.
    """

    ids: Tensor
    lengths: Tensor
    labels: Tensor


def read_corpus(pages: int, vocabulary: int, seed: int = 0) -> tuple[Part, Part]:
    """The training part and the test part, a fifth of the pages.

    Args:
        pages: Pages of each origin at most.
        vocabulary: How many ids there are: padding, one for all unknown words, and the most frequent words
            of the training part.
        seed: For the choice of pages.
    """
    draw = random.Random(seed)
    parts: tuple[list[tuple[list[str], int]], ...] = ([], [])
    for label, origin in enumerate(LABELS):
        found = sorted(set(_read_pages(origin)))
        draw.shuffle(found)
        for index, page in enumerate(found[:pages]):
            parts[index % 5 == 0].extend((passage, label) for passage in _cut(page))
    for part in parts:
        draw.shuffle(part)
    counts = collections.Counter(word for passage, _ in parts[0] for word in passage)
    known = {word: index + 2 for index, (word, _) in enumerate(counts.most_common(vocabulary - 2))}
    train, test = (_encode(part, known) for part in parts)
    return train, test


def _read_pages(origin: str) -> Iterator[str]:
    if origin == "language":
        for topic in pydoc_data.topics.topics.values():
            yield from re.split(r"\n\n(?=\S)", topic)  # a paragraph is as long as a docstring
        return
    for name in MODULES[origin]:
        module = importlib.import_module(name)
        for member in sorted(vars(module)):
            if not member.startswith("_"):
                yield from _read_docstrings(vars(module)[member], name.split(".")[0])


def _read_docstrings(value: object, package: str) -> Iterator[str]:
    """The docstring of a class with its methods, or of a function, if it is the package's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated objects say so when they are looked at
        own = callable(value) and str(getattr(value, "__module__", None) or package).split(".")[0] in (package, "_io")
        if not own:
            return
        for item in (value, *(vars(value).values() if inspect.isclass(value) else ())):
            text = inspect.getdoc(item) if callable(item) else None
            if text:
                yield text


def _cut(page: str) -> Iterator[list[str]]:
    """Passages of a page: words in lower case, numbers and signs each as a word."""
    words = [word for word in re.findall(r"[a-z_]+|\d+|[^\sa-z\d]", page.lower()) if word not in GIVEAWAYS]
    for start in range(0, min(len(words), FROM_PAGE * WORDS), WORDS):
        if len(words) - start >= WORDS // 3:  # the last passage may be shorter
            yield words[start : start + WORDS]


def _encode(passages: Sequence[tuple[list[str], int]], known: dict[str, int]) -> Part:
    ids = torch.full((len(passages), WORDS), PADDING)
    for row, (words, _) in zip(ids, passages, strict=True):
        row[: len(words)] = torch.tensor([known.get(word, UNKNOWN) for word in words])
    lengths = torch.tensor([len(words) for words, _ in passages])
    return Part(ids, lengths, torch.tensor([label for _, label in passages]))
