"""Import time of both packages in a fresh process."""

import os
import subprocess
import sys

from benchmarks.row import Row

IMPORT = """
from time import perf_counter
start = perf_counter()
import mtl_simulators, mtl_theory
print(perf_counter() - start)
"""


def rows(*, quick: bool) -> list[Row]:
    """Return the rows of this file."""
    seconds = [_import_seconds() for _ in range(3 if quick else 7)]
    return [
        Row.of(
            seconds,
            name="import mtl_simulators, mtl_theory",
            peer="fresh process, wall time",
            at_most=1.5,
            unit=" s",
            binding=False,
        )
    ]


def _import_seconds() -> float:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", IMPORT]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
