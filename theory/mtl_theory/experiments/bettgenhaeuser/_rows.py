"""Tidy rows: one measured quantity a row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
        How the tasks were made, or which points were fitted.
    method
        The estimator, the law or the correction that the number belongs to.
    n, T, A
        Samples per task, tasks and AMI; NaN or 0 where the number is for all of them.
    level
        Another position on the axis of a picture.
    quantity
        What was measured.
    value, stderr, low, high
        The number, its standard error, its 90% interval where there is one.
    n_draws, split
        Replicates, rows or resamples behind it; which split of the points it belongs to.
    predicted
        The closed form or the published number, NaN where there is none.
    seed
        Root of all generators.
    """

    experiment: str = ""
    dataset: str = ""
    protocol: str = ""
    method: str
    n: float = np.nan
    T: int = 0
    A: float = np.nan
    level: float = np.nan
    quantity: str
    value: float
    stderr: float = np.nan
    low: float = np.nan
    high: float = np.nan
    n_draws: int = 1
    split: int = 0
    predicted: float = np.nan
    seed: int = 0


def table(rows: Iterable[Row], **common: Any) -> "pd.DataFrame":
    """Return the rows as a table, with `common` written into every row; the columns are those of `Row`."""
    return tidy_table(rows, Row(method="", quantity="", value=0.0), **common)


def records(rows: "pd.DataFrame") -> Iterator[Any]:
    """Yield the rows of a table as named tuples."""
    yield from rows.itertuples(index=False)


def grouped(rows: "pd.DataFrame", *names: str) -> "Iterator[tuple[tuple[float, ...], pd.DataFrame]]":
    """Yield the rows that share their values of some number columns, with those values."""
    for key, group in rows.groupby(list(names)):
        yield tuple(float(str(value)) for value in key), group
