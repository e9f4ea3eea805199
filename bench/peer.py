"""The peer, `torcharc==1.2.1`, in an environment of its own: `.venv-peer`, made on first use."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEER = "torcharc==1.2.1"
PLACE = ROOT / ".venv-peer"


def peer_python() -> str:
    """The interpreter of the peer's environment; `BENCH_PEER_PYTHON` names another one.

    Raises:
        subprocess.CalledProcessError: If the environment cannot be made.
    """
    given = os.environ.get("BENCH_PEER_PYTHON")
    if given:
        return given
    python, stamp = PLACE / "bin" / "python", PLACE / ".stamp"
    if not stamp.exists():
        print(f"{PEER} is installed into {PLACE.name} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PLACE)], check=True)
        # the same torch as ours; the rest as the peer wants it, which pins an older pydash
        _install(python, "-c", str(ROOT / "constraints.txt"), "torch", "numpy", "setuptools", "wheel")
        _install(python, PEER)
        stamp.touch()
    return str(python)


def _install(python: pathlib.Path, *what: str) -> None:
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *what], check=True)
