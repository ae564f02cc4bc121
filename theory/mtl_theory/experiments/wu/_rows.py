"""Tidy rows: one measured quantity a row."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_theory.experiments._tidy import tidy_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number with everything that it depends on.

    Parameters
    ----------
    experiment, dataset
        Where it comes from.
    protocol
        Which recipe made the data.
    method
        What was done with them.
    target, source
        The task that is judged, and what it was trained with; empty where there is only one choice.
    level, second
        Positions on the axes of the picture.
    quantity
        What was measured.
    value, stderr, n_draws
        The number, its standard error, the replicates or splits behind it.
    predicted
        The closed form, NaN where there is none.
    seed
        Root of all generators.
    """

    experiment: str = ""
    dataset: str = ""
    protocol: str = ""
    method: str
    target: str = ""
    source: str = ""
    level: float = 0.0
    second: float = 0.0
    quantity: str
    value: float
    stderr: float = 0.0
    n_draws: int = 1
    predicted: float = np.nan
    seed: int = 0


def table(rows: Iterable[Row], **common: Any) -> "pd.DataFrame":
    """Return the rows as a table, with `common` written into every row; the columns are those of `Row`."""
    return tidy_table(rows, Row(method="", quantity="", value=0.0), **common)


def mean_of(values: FloatArray) -> dict[str, Any]:
    """Return mean, standard error and count of the finite values as fields of a `Row`."""
    kept = values[np.isfinite(values)]
    spread = float(kept.std(ddof=1) / np.sqrt(len(kept))) if len(kept) > 1 else np.nan
    return {"value": float(kept.mean()) if len(kept) else np.nan, "stderr": spread, "n_draws": len(kept)}


def share_of(wins: BoolArray) -> dict[str, Any]:
    """Return the share of wins with its standard error as fields of a `Row`.

    The error is that of one success and one failure more (Agresti and Coull 1998, halved): a share of 0 or 1
    is not known exactly.
    """
    n = len(wins)
    shrunk = (wins.sum() + 1) / (n + 2)
    error = float(np.sqrt(shrunk * (1 - shrunk) / (n + 2)))
    return {"value": float(wins.mean()), "stderr": error, "n_draws": n}


def median_of(values: FloatArray) -> dict[str, Any]:
    """Return the median and its standard error as fields of a `Row`.

    The error is half the distance of the order statistics one standard deviation of the binomial rank apart
    from the middle, which needs no density.

    >>> median_of(np.arange(101.0))["value"], round(median_of(np.arange(101.0))["stderr"], 1)
    (50.0, 5.0)
    """
    n = len(values)
    reach = 0.5 / np.sqrt(n)
    low, high = np.quantile(values, [max(0.0, 0.5 - reach), min(1.0, 0.5 + reach)])
    return {"value": float(np.median(values)), "stderr": float(high - low) / 2, "n_draws": n}
