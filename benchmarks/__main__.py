"""Run every `bench_*.py`, print ratios against targets, write JSON; exit 1 when a target is missed."""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_info, threadpool_limits

import benchmarks
from benchmarks.row import NO_TARGET, Row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("bench-results.json"), metavar="PATH")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and replicates")
    options = parser.parse_args(arguments)
    names = sorted(module.name for module in iter_modules(benchmarks.__path__))
    with threadpool_limits(1):
        environment = _environment()
        rows = [
            row
            for name in names
            if name.startswith("bench_")
            for row in import_module(f"benchmarks.{name}").rows(quick=options.quick)
        ]
    # A log file has no width of its own.
    Console(width=None if sys.stdout.isatty() else 150).print(_table(rows))
    results = [asdict(row) | {"target": row.target, "verdict": row.verdict} for row in rows]
    record = {"quick": options.quick, "environment": environment, "rows": results}
    options.json.write_text(json.dumps(record, indent=2) + "\n")
    return int(any(row.failed for row in rows))


def _environment() -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
        "blas": [
            f"{pool['internal_api']} {pool['version']}, {pool['num_threads']} threads"
            for pool in threadpool_info()
        ],
    }


def _table(rows: Sequence[Row]) -> Table:
    table = Table("what", "against", "median", "min .. max", "target", "verdict", title="mtlaws benchmarks")
    for row in rows:
        style = "red" if row.failed else "" if row.target == NO_TARGET else "green"
        table.add_row(
            row.name,
            row.peer,
            _number(row.ratio) + row.unit,
            " .. ".join(_number(value) for value in row.spread),
            row.target,
            row.verdict,
            style=style,
        )
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
