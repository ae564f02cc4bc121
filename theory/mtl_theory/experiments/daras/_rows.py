"""Tidy rows: one measured quantity a row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.experiments._selection import select
from mtl_theory.experiments._tidy import tidy_table

if TYPE_CHECKING:
    import pandas as pd

EXACT = 0.0  # standard error of a number that no draw entered
ALL_RUNS = -1  # `run` of a number that is an average over training runs, or has none


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number with everything that it depends on.

    Parameters
    ----------
    experiment, dataset
        Where it comes from.
    protocol
        How it was obtained.
    training
        How the task vectors came about.
    corruption, level
        What was done to the shared map, and how much of it.
    n_tasks
        T.
    quantity
        What was measured.
    value, stderr, n_draws
        The number, its Monte-Carlo standard error (0 where it is exact given the run), the draws behind it.
    predicted
        The closed form, NaN where there is none.
    run
        Training run, -1 for an average over the runs.
    seed
        Root of all generators.
    """

    experiment: str = ""
    dataset: str = ""
    protocol: str
    training: str = ""
    corruption: str = "none"
    level: float = 0.0
    n_tasks: int
    quantity: str
    value: float
    stderr: float = EXACT
    n_draws: int = 1
    predicted: float = np.nan
    run: int = ALL_RUNS
    seed: int = 0


def table(rows: Iterable[Row], **common: Any) -> "pd.DataFrame":
    """Return the rows as a table, with `common` written into every row; the columns are those of `Row`."""
    return tidy_table(rows, Row(protocol="", n_tasks=0, quantity="", value=0.0), **common)


def over_runs(values: FloatArray) -> dict[str, Any]:
    """Return mean, standard error and count over training runs as fields of a `Row`."""
    spread = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    return {"value": float(values.mean()), "stderr": spread, "n_draws": len(values), "run": ALL_RUNS}


def over_draws(errors: FloatArray) -> dict[str, Any]:
    """Return the mean over draws and runs `(S, R)`, its error given the runs, and the draws as `Row` fields.

    The draws are spread evenly over the runs, so only the scatter within runs counts.
    """
    n_draws, n_runs = errors.shape
    error = np.sqrt(errors.var(axis=0, ddof=1).sum() / n_draws) / n_runs
    return {"value": float(errors.mean()), "stderr": float(error), "n_draws": errors.size, "run": ALL_RUNS}


def by_tasks(rows: "pd.DataFrame", **conditions: Any) -> Iterator[tuple[int, "pd.DataFrame"]]:
    """Yield the rows of each number of tasks in level order."""
    for n_tasks, group in select(rows, **conditions).groupby("n_tasks"):
        yield int(str(n_tasks)), group.sort_values("level")
