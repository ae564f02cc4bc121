"""What `mtlaws sweep --status` shows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtl_theory.cli._consoles import output

if TYPE_CHECKING:
    from mtl_simulators.sweep import Store, SweepSpec

MOST_ERRORS = 5


def print_status(folder: Path, spec: "SweepSpec | None" = None) -> None:
    """Print what a store holds: points done, failed and left, damage, errors, how to read it.

    Raises
    ------
    StoreError
        Where there is no store, or it holds another sweep than `spec`.
    """
    from mtl_simulators.sweep import Store

    store = Store(folder)
    description = store.description()
    if spec is None:
        index = store.index(description["digest"], description["n_points"])
    else:
        index = store.index(spec.digest, spec.n_points)
    failed = int(index.failed.sum())
    lines = [
        ("sweep", run_in_words(description["content"])),
        ("factors", factors_in_words(description["content"])),
        ("done", f"{index.done.sum():,} of {index.done.size:,} points"),
        ("failed", f"{failed:,}"),
        ("left", f"{index.left - failed:,}"),
    ]
    if index.damaged:
        lines += [("damaged", f"{name}: resuming runs its points again") for name in index.damaged]
    elif failed:
        lines += [("error", error) for error in _errors(store)]
    lines += [
        ("version", description["version"]),
        ("read", f'mtl_simulators.sweep.Store("{folder}").frame(), or any Parquet reader on {folder}/rows'),
    ]
    console = output()
    for label, text in lines:
        console.print(f"{label:<8} {text}", markup=False, soft_wrap=True)


def run_in_words(content: Mapping[str, Any]) -> str:
    """Say in one line what is run."""
    run = content["run"]
    if "problem" in run:
        solvers = ", ".join(solver["name"] for solver in run["solvers"])
        return f"problem {run['problem']}; solvers {solvers}; {content['repeats']} repeats"
    return "; ".join(f"{name} {value}" for name, value in run.items() if value is not None)


def factors_in_words(content: Mapping[str, Any]) -> str:
    """Say in one line what varies, and how much of it is run."""
    parts = []
    for factor in content["factors"]:
        if factor["type"] == "Levels":
            values = factor["values"]
            shown = ", ".join(map(str, values[:8])) + (", ..." if len(values) > 8 else "")
        else:
            shown = f"{factor['low']} to {factor['high']}" + (", logarithmic" if factor["log"] else "")
        parts.append(f"{factor['name']} ({shown})")
    design = "grid of " if content["design"]["type"] == "Grid" else "sample of "
    return design + " x ".join(parts)


def _errors(store: "Store") -> list[str]:
    """Return the most frequent errors, each with its first point."""
    failures = store.failures()
    lines = []
    for error, count in failures["error"].value_counts().head(MOST_ERRORS).items():
        first = failures[failures["error"] == error].iloc[0]
        where = ", ".join(f"{name} = {value}" for name, value in json.loads(first["factors"]).items())
        lines.append(f"{count:,} x {' '.join(str(error).split())} (first at {where})")
    return lines
