"""Rows of an experiment by their column values."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def select(rows: "pd.DataFrame", **conditions: Any) -> "pd.DataFrame":
    """Return the rows whose columns have the given values, or one of the given collection of values."""
    keep = np.ones(len(rows), dtype=bool)
    for name, wanted in conditions.items():
        values = wanted if isinstance(wanted, (list, tuple, range)) else [wanted]
        keep &= rows[name].isin(values).to_numpy()
    return rows[keep]


def only_row(rows: "pd.DataFrame", **conditions: Any) -> "pd.Series[Any]":
    """Return the one row that fits the conditions."""
    found = select(rows, **conditions)
    if len(found) != 1:
        raise LookupError(f"{len(found)} rows fit {conditions}, expected one")
    return found.iloc[0]


def value_of(rows: "pd.DataFrame", **conditions: Any) -> float:
    """Return the one value that fits the conditions."""
    return float(only_row(rows, **conditions)["value"])
