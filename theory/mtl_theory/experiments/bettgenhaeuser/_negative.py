"""From which AMI on several tasks are better than one: measured, and by a fitted law."""

from collections.abc import Iterator

import numpy as np
from scipy import optimize

from mtl_simulators._typing import FloatArray
from mtl_theory.experiments.bettgenhaeuser._labels import BREAK_EVEN, PUBLISHED
from mtl_theory.experiments.bettgenhaeuser._points import Points
from mtl_theory.experiments.bettgenhaeuser._rows import Row, grouped
from mtl_theory.experiments.bettgenhaeuser._table import break_even, rising_fit
from mtl_theory.laws import Law

# Fewer levels of AMI do not show where the gain crosses zero.
FEWEST_LEVELS = 4
SHOWN_TASKS = (2, 5, 10)
LOW, HIGH = 0.05, 0.95


def break_even_rows(rng: np.random.Generator, points: Points, law: Law, *, n_draws: int) -> Iterator[Row]:
    """Yield the break-even AMI of every (n, T) with enough levels, with the law's beside it."""
    frame = points.frame
    levels = frame[frame["T"] > 1].groupby(["n", "T"])["A"].nunique()
    alone = {n: group["F"].to_numpy() for (n,), group in grouped(frame[frame["T"] == 1], "n")}
    places = [
        place
        for place in levels[levels >= FEWEST_LEVELS].index
        if place[0] in alone and place[1] in SHOWN_TASKS
    ]
    for (n, n_tasks), child in zip(places, rng.spawn(len(places)), strict=True):
        rows = frame[(frame["n"] == n) & (frame["T"] == n_tasks)]
        ami, gain = rows["A"].to_numpy(), rows["F"].to_numpy() - alone[n].mean()
        drawn = _resampled(child, ami, gain, alone[n], n_draws)
        yield Row(
            protocol=PUBLISHED,
            method="measured",
            n=float(n),
            T=int(n_tasks),
            quantity=BREAK_EVEN,
            value=break_even(ami, gain),
            stderr=float(drawn.std(ddof=1)),
            low=float(np.quantile(drawn, LOW)),
            high=float(np.quantile(drawn, HIGH)),
            n_draws=len(rows),
            predicted=_by_law(law, float(n), float(n_tasks)),
        )


def _resampled(
    rng: np.random.Generator, ami: FloatArray, gain: FloatArray, alone: FloatArray, n_draws: int
) -> FloatArray:
    """Return the break-even AMI `(n_draws,)` with residuals of the rising fit and baselines drawn anew.

    Most levels of AMI have a single row, so rows themselves cannot be resampled without losing levels.
    """
    rising = rising_fit(ami, gain)
    # The fit has about as many constants as it has steps.
    shrunk = 1 - (np.unique(rising).size / rising.size)
    residuals = (gain - rising) / np.sqrt(max(shrunk, 0.5))
    shifts = rng.choice(alone - alone.mean(), size=(n_draws, alone.size)).mean(axis=1)
    noise = rng.choice(residuals, size=(n_draws, residuals.size))
    return np.array([break_even(ami, rising + off - shift) for off, shift in zip(noise, shifts, strict=True)])


def _by_law(law: Law, n: float, n_tasks: float) -> float:
    """Return the AMI at which a law gives several tasks and one the same score; 0 or 1 where none does."""

    def gain(ami: float) -> float:
        several, one = law.predict({"n": [n, n], "T": [n_tasks, 1.0], "A": [ami, ami]})
        return float(several - one)

    if gain(0.0) >= 0:
        return 0.0
    return 1.0 if gain(1.0) <= 0 else float(optimize.brentq(gain, 0.0, 1.0))
