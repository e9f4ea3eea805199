"""Environments of their own, made on first use: the peer `torcharc==1.2.1`, other tools as yardsticks, and the like."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEER = "torcharc==1.2.1"
YARDSTICKS = ("hydra-core==1.3.8", "torcharc==2.1.2")


def peer_python() -> str:
    """The interpreter of the peer's environment; `BENCH_PEER_PYTHON` names another one.

    Raises:
        subprocess.CalledProcessError: If the environment cannot be made.
    """
    return os.environ.get("BENCH_PEER_PYTHON") or make_environment(".venv-peer", sys.executable, (PEER,))


def yardstick_python() -> str:
    """The interpreter of the other tools; `BENCH_YARDSTICK_PYTHON` names another one.

    TorchArc 2.1.2 needs Python 3.12 or later: an interpreter of that kind is used where one is found.

    Raises:
        subprocess.CalledProcessError: If the environment cannot be made.
    """
    given = os.environ.get("BENCH_YARDSTICK_PYTHON")
    if given:
        return given
    newer = [shutil.which(f"python3.{minor}") for minor in (13, 12)]
    python = next((path for path in newer if path and _runs(path)), None)
    if sys.version_info >= (3, 12):
        python = sys.executable
    what = YARDSTICKS if python else YARDSTICKS[:1]
    return make_environment(".venv-yardstick", python or sys.executable, what)


def _runs(python: str) -> bool:
    """Whether an interpreter starts: what stands on the path may be a stand-in for one that is not chosen."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def make_environment(name: str, base: str, what: Sequence[str]) -> str:
    """The interpreter of the environment `name`, made with `base` where there is none.

    Each of `what` is installed in it: a package, or several words that pip reads.

    Raises:
        subprocess.CalledProcessError: If it cannot be made.
    """
    place = ROOT / name
    python, stamp = place / "bin" / "python", place / ".stamp"
    if not stamp.exists():
        print(f"{', '.join(what)} into {name} ...", file=sys.stderr)
        subprocess.run([base, "-m", "venv", "--clear", str(place)], check=True)
        # the same torch as ours; the rest as the tools want it
        _install(python, "-c", str(ROOT / "constraints.txt"), "torch", "numpy", "setuptools", "wheel")
        for package in what:
            _install(python, *package.split())
        stamp.touch()
    return str(python)


def _install(python: pathlib.Path, *what: str) -> None:
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *what], check=True)
