"""The authors' 1,002 measured points: what they say about n, T and AMI, and what they leave open."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import IntArray
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments._text import prose
from mtl_theory.experiments.bettgenhaeuser._alternatives import alternative_rows
from mtl_theory.experiments.bettgenhaeuser._fits import fit, fitted_rows, law_rows, left_out_rows
from mtl_theory.experiments.bettgenhaeuser._forms import FORMS
from mtl_theory.experiments.bettgenhaeuser._labels import (
    ALL_POINTS,
    BELOW,
    FLOOR,
    GAIN,
    MEASURED,
    MISMATCH,
    PUBLISHED,
    SCORE,
    SINGLE,
)
from mtl_theory.experiments.bettgenhaeuser._negative import break_even_rows
from mtl_theory.experiments.bettgenhaeuser._points import Points
from mtl_theory.experiments.bettgenhaeuser._published_panels import published_panels
from mtl_theory.experiments.bettgenhaeuser._rows import Row, grouped, table
from mtl_theory.experiments.bettgenhaeuser._search import search_rows
from mtl_theory.experiments.bettgenhaeuser._table import (
    gains,
    multitask,
    read_table,
    replicate_scatter,
    table_file,
)

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "bettgenhaeuser/published"
N_FOLDS = 10
# Ranges of n (thousands) that are left out as one: single sizes have too few points.
SIZE_LIMITS = (1.5, 2.5, 3.5, 4.5, 5.5, 9.75, 10.25)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Resamples of design cells, splits for the search, its effort."""

    n_resamples: int
    n_splits: int
    effort: float


FULL = Budget(n_resamples=1000, n_splits=3, effort=0.5)
QUICK = Budget(n_resamples=100, n_splits=1, effort=0.02)

NOTES = (
    prose(
        """The table: F1 of named-entity recognition on CoNLL-2003 for 1 to 15 tasks of 1,000 to 40,000 tokens
        each, published by the authors; the auxiliary tasks are label channels. Rows with one task are the
        single-task baseline, measured at 24 sizes; their AMI has no meaning. Laws in n (thousand tokens per
        task), T and AMI are fitted to the 849 rows with two tasks or more and positive AMI."""
    ),
    prose(
        """Rows of one design cell (n, T, AMI) are repetitions: 849 rows are 376 cells. Intervals (90%) come
        from resampled cells, and cells are kept whole where points are left out; with single rows as the unit
        that of AMI's exponent would be half as wide, and scores on points left out would be too good."""
    ),
    prose(
        """Which printed formulas and settings of symbolic regression the paper has was not available; what is
        tested is the abstract's claim of factors √n, √T and √AMI. Whether the scores are on development or
        test data, and which of four networks made which row, the table does not say."""
    ),
)


def run_published(settings: Settings) -> Outcome:
    """Fit, search and judge laws on the published table where its file is given, else say why not."""
    path = table_file(settings.data)
    if path is None:
        given = (
            "no data folder was given" if settings.data is None else f"{settings.data} has no balanced.csv"
        )
        note = f"Skipped: {given}. Pass --data DIR with the published table in DIR/mtl-sequence or in DIR."
        return Outcome(rows=table([]), panels=(), notes=(note,))
    points = read_table(path)
    rows = published_rows(settings, points)
    return Outcome(rows=rows, panels=published_panels(rows), notes=NOTES)


def published_rows(settings: Settings, points: Points) -> "pd.DataFrame":
    """Return the rows of the experiment."""
    budget = QUICK if settings.quick else FULL
    n_draws = budget.n_resamples
    root = np.random.default_rng([settings.seed, zlib.crc32(EXPERIMENT.encode())])
    rng_fit, rng_all, rng_roots, rng_folds, rng_left, rng_even, rng_search = root.spawn(7)
    several = multitask(points)
    settings.progress("laws", 0.0)
    rows = [*_measured_rows(points)]
    rows += fitted_rows(rng_fit, several, tuple(FORMS), protocol=PUBLISHED, n_draws=n_draws)
    rows += alternative_rows(rng_roots, several, protocol=PUBLISHED, n_draws=n_draws)
    settings.progress("points left out", 0.2)
    rows += left_out_rows(
        rng_left, several, FORMS, blockings(rng_folds, several), protocol=PUBLISHED, n_draws=n_draws
    )
    settings.progress("negative transfer", 0.4)
    whole = fit(points, FORMS[MISMATCH], rng=rng_all, n_draws=n_draws)
    rows += law_rows(whole, method=MISMATCH, protocol=ALL_POINTS, n_draws=n_draws)
    rows += break_even_rows(rng_even, points, whole, n_draws=min(n_draws, 300))
    for split, child in enumerate(rng_search.spawn(budget.n_splits)):
        settings.progress(
            f"search, split {split + 1} of {budget.n_splits}", 0.5 + 0.5 * split / budget.n_splits
        )
        rows += search_rows(child, several, protocol=PUBLISHED, split=split, effort=budget.effort)
    settings.progress("done", 1.0)
    return table(rows, experiment=EXPERIMENT, dataset="mtl-sequence/balanced.csv", seed=settings.seed)


def blockings(rng: np.random.Generator, points: Points) -> Mapping[str, IntArray]:
    """Return which points are left out together: tenths of the cells, and all of one T, n or AMI."""
    folds = rng.permutation(int(points.cells.max()) + 1) % N_FOLDS
    return {
        "10-fold": folds[points.cells],
        "unseen T": points.frame["T"].to_numpy(dtype=np.int64),
        "unseen n": np.digitize(points.frame["n"], SIZE_LIMITS),
        "unseen AMI": (100 * points.frame["A"]).round().to_numpy(dtype=np.int64),
    }


def _measured_rows(points: Points) -> Iterator[Row]:
    """Yield single-task scores, gains of design cells, shares of points below single-task, the scatter."""
    for (n,), group in grouped(points.frame[points.frame["T"] == 1], "n"):
        yield Row(protocol=MEASURED, method=SINGLE, n=n, T=1, quantity=SCORE, **_mean(group["F"]))
    several = gains(points)
    for (n, n_tasks, ami), group in grouped(several, "n", "T", "A"):
        yield Row(
            protocol=MEASURED,
            method="multitask",
            n=n,
            T=int(n_tasks),
            A=ami,
            quantity=GAIN,
            **_mean(group["gain"]),
        )
    ranges = {"all": (0.0, 1.0), "AMI below 0.3": (0.0, 0.299), "AMI of 0.55 or more": (0.55, 1.0)}
    for label, (low, high) in ranges.items():
        below = several[several["A"].between(low, high)]["gain"] < 0
        share = float(below.mean())
        error = float(np.sqrt(share * (1 - share) / len(below)))
        yield Row(
            protocol=MEASURED, method=label, quantity=BELOW, value=share, stderr=error, n_draws=len(below)
        )
    scatter, degrees = replicate_scatter(points)
    ceiling = 1 - scatter**2 / float(points.performance.var())
    yield Row(
        protocol=MEASURED,
        method="replicates",
        level=ceiling,
        quantity=FLOOR,
        value=scatter,
        stderr=float(scatter / np.sqrt(2 * degrees)),
        n_draws=degrees,
    )


def _mean(values: "pd.Series[float]") -> dict[str, Any]:
    count = len(values)
    error = float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    return {"value": float(values.mean()), "stderr": error, "n_draws": count}
