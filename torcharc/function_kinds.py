"""The kinds of the settings of tensor functions, by name: torch shows none for most of them."""

from __future__ import annotations

from torcharc.arguments import Kind


def _kind(*names: str, words: str = "") -> Kind:
    items = Kind(frozenset({"int"})) if "list" in names else None
    return Kind(frozenset(names), items, tuple(words.split()))


_INT = _kind("int")
_INTS = _kind("int", "list")
_FLOAT = _kind("float")
_BOOL = _kind("bool")

FUNCTION_KINDS: dict[str, Kind] = {
    **dict.fromkeys("dim0 dim1 start_dim end_dim chunks num_groups groups diagonal ignore_index length".split(), _INT),
    **dict.fromkeys("dim dims kernel_size stride dilation normalized_shape".split(), _INTS),
    **dict.fromkeys("split_size_or_sections shape shifts repeats".split(), _INTS),
    **dict.fromkeys("negative_slope momentum dropout_p label_smoothing lambd delta".split(), _FLOAT),
    **dict.fromkeys("keepdim training ceil_mode count_include_pad return_indices is_causal enable_gqa".split(), _BOOL),
    **dict.fromkeys("full log_input log_target descending largest unbiased zero_infinity".split(), _BOOL),
    "output_size": Kind(frozenset({"int", "list"}), Kind(frozenset({"int", "null"}))),
    "padding": _kind("int", "list", "str", words="same valid"),
    "approximate": _kind("str", words="none tanh"),
    "reduction": _kind("str", words="none mean sum batchmean"),
    "rounding_mode": _kind("str", "null", words="floor trunc"),
    "indexing": _kind("str", words="ij xy"),
    "equation": _kind("str"),
}
"""Name of a setting → what it takes, for the names that mean the same in every function."""
