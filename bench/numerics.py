"""`python -m bench.numerics`: networks of the zoo beside independent implementations, in an environment of their own.

It runs the tests that need the libraries below, and writes the differences that they found into
doc/numerics.md. `NUMERICS_PYTHON` names another interpreter that has the libraries; arguments go to
pytest, and then nothing is written.
"""

from __future__ import annotations

import collections
import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator

from bench.peer import ROOT, make_environment

ALONE = (  # what they import at their start and these networks do not use is left out
    "deepctr-torch==0.3.0",
    "monai==1.6.1",
    "nasbench_pytorch==1.3.1",
    "pytorchcv==0.0.74",
    "stable_baselines3==2.9.2",
    "timm==1.0.31",
    "torchfm==0.7.0",
    "torchrec==1.9.2",
    "xautodl==1.0.0",
)
WITH_THEIRS = ("transformers==5.23.0", "gymnasium==1.4.0", "pandas==3.1.1", "tqdm")
OURS = f"--no-build-isolation -c {ROOT / 'constraints.txt'} -e {ROOT}[test]"
TESTS = ("test_zoo_independent*.py", "test_zoo_numerics.py")
PAGE = ROOT / "doc" / "numerics.md"
BEGIN, END = "<!-- written by bench/numerics.py -->\n", "<!-- end -->"


def numerics_python() -> str:
    """The interpreter of the environment with the libraries.

    Raises:
        subprocess.CalledProcessError: If the environment cannot be made.
    """
    what = (OURS, *(f"--no-deps {package}" for package in ALONE), *WITH_THEIRS)
    return os.environ.get("NUMERICS_PYTHON") or make_environment(".venv-numerics", sys.executable, what)


def read_differences(text: str) -> dict[str, dict[str, tuple[str, float]]]:
    """By network and library, the kind of numbers and the greatest difference."""
    found: dict[str, dict[str, tuple[str, float]]] = collections.defaultdict(dict)
    for name, library, dtype, difference in csv.reader(text.splitlines()):
        _, greatest = found[name].get(library, ("", 0.0))
        found[name][library] = (dtype.removeprefix("torch."), max(greatest, float(difference)))
    return found


def write_rows(text: str) -> Iterator[str]:
    """The lines of the table."""
    yield "| network | beside | numbers | greatest relative difference |"
    yield "| --- | --- | --- | ---: |"
    for name, libraries in read_differences(text).items():
        for library, (dtype, difference) in libraries.items():
            yield f"| `{name}` | {library} | {dtype} | {f'{difference:.0e}' if difference else 'none'} |"


def main(arguments: list[str]) -> int:
    """Runs the tests; the exit status is theirs."""
    out = ROOT / "out" / "numerics.csv"
    out.parent.mkdir(exist_ok=True)
    out.unlink(missing_ok=True)
    files = [str(path) for pattern in TESTS for path in sorted((ROOT / "test").glob(pattern))]
    environment = {**os.environ, "NUMERICS_OUT": str(out)}
    status = subprocess.run([numerics_python(), "-m", "pytest", "-q", *files, *arguments], env=environment).returncode
    if status == 0 and not arguments:
        table = "\n".join(write_rows(out.read_text(encoding="utf-8")))
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(re.sub(f"{BEGIN}.*{END}", f"{BEGIN}\n{table}\n\n{END}", page, flags=re.DOTALL), "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
