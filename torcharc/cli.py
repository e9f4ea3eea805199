"""The `torcharc` command. It is thin: every verb is a function of the package."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from torcharc.errors import Problem

CLEAN, WARNED, FAULTY = 0, 1, 2
"""Exit statuses of `check`: no problems, warnings alone, errors."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torcharc")
def main() -> None:
    """An architecture is data: check specs of networks, and list the types they can name."""


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.option("--notes", is_flag=True, help="Print notes too: how something was read.")
def check(files: tuple[str, ...], as_json: bool, notes: bool) -> None:
    """Check spec files; exit status 0 without problems, 1 with warnings alone, 2 with errors."""
    import torcharc

    found = {file: [p for p in torcharc.check(file) if notes or p.severity != "note"] for file in files}
    if as_json:
        click.echo(json.dumps({file: [_as_data(p) for p in problems] for file, problems in found.items()}, indent=2))
    else:
        for file, problems in found.items():
            _print_problems(file, problems)
    severities = {problem.severity for problems in found.values() for problem in problems}
    sys.exit(FAULTY if "error" in severities else WARNED if "warning" in severities else CLEAN)


def _as_data(problem: Problem) -> dict[str, Any]:
    from torcharc.errors import format_path

    return {**dataclasses.asdict(problem), "place": format_path(problem.path)}


def _print_problems(file: str, problems: list[Problem]) -> None:
    from rich.console import Console
    from rich.markup import escape

    from torcharc.errors import format_problem

    console = Console(soft_wrap=True, highlight=False)
    if not problems:
        console.print(f"[green]{escape(file)}: no problems[/]")
    colors = {"error": "red", "warning": "yellow", "note": "cyan"}
    for problem in problems:
        first, *rest = format_problem(problem).split("\n")
        severity = f"[{colors[problem.severity]}]{problem.severity}[/]"
        console.print("\n".join([f"{severity} {escape(first)}", *map(escape, rest)]))


@main.command()
@click.argument("pattern", default="*")
def types(pattern: str) -> None:
    """List the types whose name matches PATTERN (* and ? are wildcards)."""
    from rich.console import Console
    from rich.table import Table

    import torcharc

    table = Table(box=None, pad_edge=False)
    for column in ("type", "kind", "ports", "what it is"):
        table.add_column(column, no_wrap=column != "what it is")
    found = torcharc.types(pattern)
    for info in found:
        table.add_row(info.name, info.kind, ", ".join(info.ports), info.summary)
    Console().print(table if found else f"no type matches {pattern}")
    sys.exit(0 if found else 1)


@main.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write it to this file.")
def schema(output: str | None) -> None:
    """Print the JSON Schema of specs, for editors and for programs that write specs."""
    import torcharc

    text = json.dumps(torcharc.schema(), separators=(",", ":"))
    if output is None:
        click.echo(text)
    else:
        pathlib.Path(output).write_text(text + "\n", encoding="utf-8")


@main.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(file: str, as_json: bool) -> None:
    """Print a spec with its templates filled, and its copies and blocks written out."""
    _write(file, None, as_json)


@main.command()
@click.argument("file")
@click.option("--to", "form", type=click.Choice(["arcgraph", "arc", "modules"]), required=True, help="The format.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def convert(file: str, form: str, as_json: bool) -> None:
    """Print a spec in another format, that builds the same network."""
    _write(file, form, as_json)


def _write(file: str, form: Any, as_json: bool) -> None:
    """Prints a spec in a format, its own if `form` is None; exit status 2 where that cannot be."""
    from torcharc.conversion import expand_spec, to_spec
    from torcharc.errors import SpecError
    from torcharc.spec.yaml_writing import write_yaml

    try:
        spec = expand_spec(file) if form is None else to_spec(file, form)
        text = json.dumps(spec, indent=2) + "\n" if as_json else write_yaml(spec)
    except SpecError as error:
        click.echo(error, err=True)
        sys.exit(FAULTY)
    click.echo(text, nl=False)


if __name__ == "__main__":
    main()
