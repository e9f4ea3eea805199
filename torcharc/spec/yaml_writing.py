"""Writing of plain data as YAML that reads back to the same data."""

from __future__ import annotations

from typing import Any

import yaml

from torcharc.spec.yaml_text import read_scalar

WIDTH = 120
"""The longest line, where it can be broken."""


def write_yaml(spec: Any) -> str:
    """The YAML text of plain data: short lists and mappings on one line, lists of mappings one below the other.

    Example:
        >>> print(write_yaml({"dag_in_shape": [8], "fc": {"type": "Linear", "eps": 1e-05, "name": "1e-3"}}), end="")
        dag_in_shape: [8]
        fc: {type: Linear, eps: 1.0e-05, name: '1e-3'}
    """
    text: str = yaml.dump(spec, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes every list and mapping out, and quotes text that would be read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        """Nothing is written as a reference to what stands further up."""
        return True

    def represent(self, data: Any) -> None:
        """Lays the document out, and writes it."""
        node = self.represent_data(data)
        _lay_out(node)
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = not node.value
        self.serialize(node)


def _lay_out(node: yaml.Node) -> int:
    """How many characters a node takes on one line; it is written so where it is short."""
    if isinstance(node, yaml.MappingNode):
        sizes = [_lay_out(key) + _lay_out(value) + 4 for key, value in node.value]
        node.flow_style = sum(sizes) < WIDTH - 12
        return sum(sizes)
    if isinstance(node, yaml.SequenceNode):
        sizes = [_lay_out(item) + 2 for item in node.value]
        node.flow_style = sum(sizes) < WIDTH - 12 and not any(isinstance(item, yaml.MappingNode) for item in node.value)
        return sum(sizes) if node.flow_style or not sizes else WIDTH
    return len(node.value)


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if read_scalar(text) is text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
