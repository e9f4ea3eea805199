"""What only a fresh process can tell: the memory that one build takes, and the time of an import."""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# the highest resident size while building, less the size before; clear_refs 5 resets that mark on Linux
_MEMORY = """
import pathlib, re, resource, sys
sys.path.append({root!r})
import torch, torcharc
from bench.workloads import CONV, HYDRA
torch.set_num_threads(1)
torcharc.build(HYDRA)  # reads the types
status = pathlib.Path("/proc/self/status")
def size(name):
    if status.exists():
        return int(re.search(name + r":\\s+(\\d+)", status.read_text()).group(1)) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if status.exists():
    pathlib.Path("/proc/self/clear_refs").write_text("5")
before = size("VmRSS")
torcharc.build(CONV)
print(max(0, size("VmHWM") - before))
"""

# from the start of the process: the interpreter's own start cancels out; a name is used, as torcharc loads on first use
_IMPORT = """
import sys
sys.path.append({root!r})
import torch
{more}
import time
print(time.process_time())
"""


def measure_memory(python: str) -> dict[str, float]:
    """Bytes that the build of the conv arc takes at its height."""
    return {"value": _run(python, _MEMORY.format(root=str(ROOT)))}


def measure_import(python: str, rounds: int) -> dict[str, float]:
    """CPU seconds that `import torcharc` adds to `import torch`: the median of processes that alternate."""
    pairs = []
    for _ in range(rounds + 1):
        pairs.append(
            [
                _run(python, _IMPORT.format(root=str(ROOT), more=more))
                for more in ("", "import torcharc; torcharc.build")
            ]
        )
    bare, both = zip(*pairs[1:], strict=True)  # the first round fills the disk cache
    added = statistics.median(after - before for before, after in pairs[1:])
    return {"value": added, "hand": statistics.median(bare), "ratio": statistics.median(both) / statistics.median(bare)}


def run_side(python: str, kind: str, seconds: float, pattern: str) -> dict[str, dict[str, float]]:
    """The rows that `bench/side.py` measures with an interpreter, by name."""
    command = [python, "-P", str(ROOT / "bench" / "side.py"), kind, str(seconds), pattern]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=_environment(python)).stdout
    return {found["row"]: found for found in map(json.loads, output.splitlines())}


def run_yardsticks(python: str, seconds: float) -> dict[str, dict[str, float]]:
    """What `bench/yardstick.py` measures with an interpreter, by tool."""
    command = [python, "-P", str(ROOT / "bench" / "yardstick.py"), str(seconds)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=_environment(python)).stdout
    return {found["row"]: found for found in map(json.loads, output.splitlines())}


def _run(python: str, source: str) -> float:
    command = [python, "-P", "-c", source]
    return float(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=_environment(python)).stdout
    )


def _environment(python: str) -> dict[str, str]:
    """The variables of this process, without those that would falsify a measurement."""
    # an installed package has its bytecode: the first round of imports writes that of a checkout
    left_out = {"PYTHONDONTWRITEBYTECODE"}
    if python != sys.executable:
        left_out.add("PYTHONPATH")  # it may lead the peer to our torcharc
    return {key: value for key, value in os.environ.items() if key not in left_out}
