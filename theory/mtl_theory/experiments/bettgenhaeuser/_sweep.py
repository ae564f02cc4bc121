"""Performance against samples, tasks and AMI in simulated classification, and the laws fitted to it."""

import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators.sweep import Levels, SweepSpec, sweep
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments._selection import select
from mtl_theory.experiments._text import prose
from mtl_theory.experiments.bettgenhaeuser._alternatives import alternative_rows
from mtl_theory.experiments.bettgenhaeuser._fits import fitted_rows
from mtl_theory.experiments.bettgenhaeuser._labels import (
    ALONE,
    CHANNEL,
    EQUAL,
    ERROR,
    FREE,
    GAIN,
    LS_ALONE,
    LS_EQUAL,
    MATCHED,
    POOLED_FORM,
    ROTATED,
    B,
)
from mtl_theory.experiments.bettgenhaeuser._points import Points
from mtl_theory.experiments.bettgenhaeuser._pooled_errors import FILTERS, predicted_error
from mtl_theory.experiments.bettgenhaeuser._pooled_run import PooledRun
from mtl_theory.experiments.bettgenhaeuser._rows import Row, records, table
from mtl_theory.experiments.bettgenhaeuser._search import search_rows
from mtl_theory.experiments.bettgenhaeuser._sweep_panels import fitted_to, sweep_panels

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "bettgenhaeuser/sweep"
FEATURES = 20
AMIS = (0.02, 0.05, 0.13, 0.22, 0.43, 0.61, 0.8, 1.0)
SEARCHED = ((CHANNEL, MATCHED), (ROTATED, EQUAL))
FITTED = ((CHANNEL, MATCHED), (CHANNEL, EQUAL), (ROTATED, MATCHED), (ROTATED, EQUAL), (CHANNEL, LS_EQUAL))
LAWS = (B, POOLED_FORM, FREE)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Samples per task, numbers of tasks, replicates, resamples, how many searches and their effort."""

    sizes: tuple[int, ...]
    tasks: tuple[int, ...]
    n_draws: int
    n_resamples: int
    n_searches: int
    effort: float


FULL = Budget(
    sizes=(100, 200, 400, 800, 1600),
    tasks=(2, 4, 8, 16),
    n_draws=48,
    n_resamples=500,
    n_searches=2,
    effort=0.3,
)
QUICK = Budget(sizes=(100, 200, 400), tasks=(2, 4, 8), n_draws=12, n_resamples=60, n_searches=1, effort=0.02)

NOTES = (
    prose(
        f"""Tasks: half-spaces in {FEATURES} dimensions, balanced labels, own inputs for each task. The label
        channel gives auxiliary tasks noisy copies of the main task's labels; the rotated teacher gives them
        another direction and no noise. Both have the same AMI, hence the same correlation c of labels.
        Estimators: the matched filter (the weighted sum of label times input) and least squares; performance
        is one minus the error of the main task on clean labels, exact given the estimate. Single-task
        learning on the main task's n samples is measured on the same draws."""
    ),
    prose(
        """Laws are fitted to the points with two tasks or more, one point a combination of n, T and AMI;
        intervals are 90%, from resampled points. A root is called identified when it fits better than
        another exponent in 95% of the resamples, and a tie where neither does. T is entered with its own
        logarithm as the limit of exponent 0."""
    ),
    prose(
        """The lines through the points are no fits: for noisy copies they are the exact law of the
        ledger (benefit/pooled-ami-exact). The others are derived here, to first order: for rotated teachers
        with the bias of the other directions, for least squares on noisy copies with the variance of its
        residuals, which is 1-2/π = 0.36 for clean labels and more for noisy ones. Least squares pooled over
        rotated teachers has no line."""
    ),
)


def run_sweep(settings: Settings) -> Outcome:
    """Run the sweep and fit the laws."""
    rows = sweep_rows(settings)
    return Outcome(rows=rows, panels=sweep_panels(rows), notes=NOTES)


def sweep_rows(settings: Settings) -> "pd.DataFrame":
    """Return the rows of the experiment."""
    budget = QUICK if settings.quick else FULL
    root = np.random.default_rng([settings.seed, zlib.crc32(EXPERIMENT.encode())])
    rng_sweep, rng_fits, rng_search = root.spawn(3)
    measured = table(_measured_rows(rng_sweep, settings, budget))
    rows: list[Row] = []
    for (mode, method), child in zip(FITTED, rng_fits.spawn(len(FITTED)), strict=True):
        settings.progress(f"laws of {mode}, {method}", 0.7)
        points, protocol = points_of(measured, mode, method), fitted_to(mode, method)
        rng_laws, rng_roots = child.spawn(2)
        n_draws = budget.n_resamples
        rows += fitted_rows(rng_laws, points, LAWS, protocol=protocol, n_draws=n_draws)
        rows += alternative_rows(rng_roots, points, protocol=protocol, n_draws=n_draws)
    searched = SEARCHED[: budget.n_searches]
    for (mode, method), child in zip(searched, rng_search.spawn(len(searched)), strict=True):
        settings.progress(f"search on {mode}, {method}", 0.8)
        points, protocol = points_of(measured, mode, method), fitted_to(mode, method)
        rows += search_rows(child, points, protocol=protocol, split=0, effort=budget.effort)
    settings.progress("done", 1.0)
    import pandas as pd

    frame = pd.concat([measured, table(rows)], ignore_index=True)
    return frame.assign(experiment=EXPERIMENT, dataset="simulated half-spaces", seed=settings.seed)


def points_of(rows: "pd.DataFrame", mode: str, method: str) -> Points:
    """Return the performance of one estimator, n in thousands."""
    found = select(rows, protocol=mode, method=method, quantity=ERROR)
    frame = found[["n", "T", "A"]].assign(n=found["n"] / 1000, F=1 - found["value"])
    return Points(frame.astype(float).reset_index(drop=True))


def _measured_rows(rng: np.random.Generator, settings: Settings, budget: Budget) -> Iterator[Row]:
    """Run the sweep through a store that is thrown away, and yield error and gain of every estimator."""
    spec = SweepSpec(
        run=PooledRun(),
        factors={
            "mode": Levels(values=(CHANNEL, ROTATED)),
            "n": Levels(values=budget.sizes),
            "T": Levels(values=budget.tasks),
            "A": Levels(values=AMIS),
        },
        constants={"d": FEATURES},
        repeats=budget.n_draws,
        seed=int(rng.integers(2**62)),
    )
    settings.progress(f"sweep of {spec.n_points} points", 0.0)
    with tempfile.TemporaryDirectory() as folder:
        found = sweep(spec, store=folder)
    for point in records(found):
        place = {"n": point.n, "n_tasks": point.T, "ami": point.A, "d": FEATURES}
        baseline = ALONE if point.method in FILTERS else LS_ALONE
        error, alone = (predicted_error(point.mode, method, **place) for method in (point.method, baseline))
        common: dict[str, Any] = {
            "protocol": point.mode,
            "method": point.method,
            "n": float(point.n),
            "T": point.T,
            "A": point.A,
            "n_draws": budget.n_draws,
        }
        yield Row(quantity=ERROR, value=point.risk, stderr=point.risk_stderr, predicted=error, **common)
        yield Row(
            quantity=GAIN, value=point.gain, stderr=point.gain_stderr, predicted=alone - error, **common
        )
