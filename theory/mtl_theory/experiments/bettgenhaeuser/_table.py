"""The authors' table of measured F1 scores."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from mtl_simulators._typing import FloatArray
from mtl_theory.experiments.bettgenhaeuser._points import Points

if TYPE_CHECKING:
    import pandas as pd

FILE = "balanced.csv"
COLUMNS = {"n_tokens_per_task": "n", "n_tasks": "T", "mutual_info": "A", "fscore": "F"}


def table_file(data: Path | None) -> Path | None:
    """Return the table's file in a folder of data, None where there is none."""
    if data is None:
        return None
    return next((f for f in (data / "mtl-sequence" / FILE, data / FILE) if f.is_file()), None)


def read_table(path: Path) -> Points:
    """Return the measured points, n in thousands of tokens per task.

    Raises
    ------
    ValueError
        On missing columns, and on values that are not numbers.
    """
    import pandas as pd

    found = pd.read_csv(path)
    missing = sorted(set(COLUMNS) - set(found.columns))
    if missing:
        raise ValueError(
            f"{path} has no column {missing[0]!r}; give the published table, with {list(COLUMNS)}."
        )
    frame = found[list(COLUMNS)].rename(columns=COLUMNS).astype(float)
    if not np.isfinite(frame.to_numpy()).all():
        raise ValueError(f"{path} holds empty or infinite values; restore the published table.")
    return Points(frame.assign(n=frame["n"] / 1000))


def multitask(points: Points) -> Points:
    """Return the points with several tasks that share something: where T and AMI have a meaning."""
    return points.where((points.frame["T"] > 1) & (points.frame["A"] > 0))


def gains(points: Points) -> "pd.DataFrame":
    """Return the rows with several tasks and their `gain` over the mean single-task score at the same n."""
    alone = points.frame[points.frame["T"] == 1].groupby("n")["F"].mean().rename("alone").reset_index()
    several = points.frame[points.frame["T"] > 1].merge(alone, on="n")
    return several.assign(gain=several["F"] - several["alone"])


def replicate_scatter(points: Points) -> tuple[float, int]:
    """Return the standard deviation of rows around the mean of their cell, and its degrees of freedom."""
    groups = points.frame.groupby(["n", "T", "A"])["F"]
    degrees = int((groups.count() - 1).sum())
    return float(np.sqrt(((points.frame["F"] - groups.transform("mean")) ** 2).sum() / degrees)), degrees


def rising_fit(ami: FloatArray, gain: FloatArray) -> FloatArray:
    """Return the rising least-squares fit of the gain at every row's AMI."""
    place = np.unique(ami, return_inverse=True)[1]
    counts = np.bincount(place)
    means = np.bincount(place, weights=gain) / counts
    return np.asarray(optimize.isotonic_regression(means, weights=counts).x[place])


def break_even(ami: FloatArray, gain: FloatArray) -> float:
    """Return the AMI at which the rising least-squares fit of the gain crosses zero.

    0 where it never is below, 1 where it never is above.

    >>> break_even(np.array([0.0, 0.2, 0.4, 0.6]), np.array([-0.2, -0.1, 0.1, 0.2])).__round__(12)
    0.3
    """
    levels, first = np.unique(ami, return_index=True)
    rising = rising_fit(ami, gain)[first]
    if rising[0] >= 0:
        return 0.0
    if rising[-1] < 0:
        return 1.0
    after = int(np.argmax(rising >= 0))
    low, high = rising[after - 1], rising[after]
    return float(levels[after - 1] + (levels[after] - levels[after - 1]) * -low / (high - low))
