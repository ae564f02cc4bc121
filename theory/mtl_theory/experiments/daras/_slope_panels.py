"""The figures about noise slopes: learned against random task vectors, and what the projection does."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments._text import measured, prose, with_error
from mtl_theory.experiments.daras._labels import (
    ALONE,
    FREE_RELEASED_START,
    FREE_SMALL_START,
    LEARNED,
    PROJECTED,
    PROJECTED_FIVE_PASSES,
    RANDOM,
    SLOPE,
)
from mtl_theory.experiments.daras._plots import plot_relative, plot_slopes
from mtl_theory.experiments.daras._rows import ALL_RUNS
from mtl_theory.experiments.daras._study import CAPACITY, TASK_COUNTS, TRAINING

if TYPE_CHECKING:
    import pandas as pd

FEW, MANY = min(TASK_COUNTS), max(TASK_COUNTS)


def slope_panel(rows: "pd.DataFrame", published: Mapping[int, float] | None) -> Panel:
    """Compare the slopes of the projected task vectors with those of random unit vectors."""
    learned = {"learned": _runs(rows, PROJECTED), "learned, five passes": _runs(rows, PROJECTED_FIVE_PASSES)}
    random = select(rows, protocol=RANDOM)
    low, high = (value_of(random, n_tasks=MANY, quantity=f"{SLOPE} {q}") for q in ("2.5%", "97.5%"))
    each = "; ".join(
        f"T = {t}: {_mean(rows, PROJECTED, t)}, random {value_of(random, n_tasks=t, quantity=SLOPE):.3f}"
        for t in TASK_COUNTS[1:]
    )
    spread = select(learned["learned"], n_tasks=MANY)["value"].std()
    crosses = """Crosses: errors of the published figure at v = 2 relative to T = 4, read off its pixels
    to about 0.01; they come from one draw."""
    return Panel(
        name="slopes",
        title="The noise slope of learned task vectors beside random unit vectors",
        claim="As recalled: the learned slopes decay with the number of tasks, in support of the theory.",
        finding=prose(
            f"""{each} (± over training runs, which scatter by {spread:.3f} at T = {MANY}). At T =
            {MANY} 95% of random unit vectors lie in [{low:.3f}, {high:.3f}], five passes over this data
            set give {_mean(rows, PROJECTED_FIVE_PASSES, MANY)}, and k / T is {CAPACITY / MANY:.3f}.
            Unit norm fixes R = 1 at T = {CAPACITY}, and at every T for single-task models: most of the
            decay is that of k / T and needs no learning. {crosses if published else ""}"""
        ),
        alt=prose(
            """Slope over number of tasks: learned points with error bars near the grey band of random
            unit vectors, above the dotted line k / T and below the dashed single-task line at one."""
        ),
        draw=partial(plot_slopes, learned, random, quantity=SLOPE, published=published),
    )


def free_norm_panel(rows: "pd.DataFrame") -> Panel:
    """Show the slopes that the same training gives without the projection."""
    series = {
        "unit norm after every step": _runs(rows, PROJECTED),
        "free norm, start of variance 1/9": _runs(rows, FREE_RELEASED_START),
        "free norm, start of variance 1/d": _runs(rows, FREE_SMALL_START),
    }
    starts = "; ".join(
        f"""started at {label}, {_mean(rows, training, FEW)} at T = {FEW} and
        {_mean(rows, training, MANY)} at T = {MANY}, {_relative(rows, training)} of it (single-task
        models {_alone(rows, training)})"""
        for label, training in (("variance 1/9", FREE_RELEASED_START), ("variance 1/d", FREE_SMALL_START))
    )
    return Panel(
        name="free-norm",
        title="The same training without the projection to unit norm",
        claim=prose(
            f"""The theory has no projection. The released training scales every task vector to norm one
            after every step; its start has variance 1/9, since its library takes the {TRAINING.n_rows}
            rows for the fan-in."""
        ),
        finding=prose(
            f"""Slopes without the projection: {starts}; with it, {_relative(rows, PROJECTED)} of
            R({FEW}). The start sets their size, which the projection hides."""
        ),
        alt=f"Slopes relative to T = {FEW} over number of tasks, with the projection and without it.",
        draw=partial(plot_relative, series, base=FEW),
    )


def _runs(rows: "pd.DataFrame", training: str) -> "pd.DataFrame":
    learned = select(rows, protocol=LEARNED, training=training, quantity=SLOPE)
    return learned[learned["run"] != ALL_RUNS]


def _mean(rows: "pd.DataFrame", training: str, n_tasks: int) -> str:
    return measured(rows, protocol=LEARNED, training=training, quantity=SLOPE, n_tasks=n_tasks, run=ALL_RUNS)


def _alone(rows: "pd.DataFrame", training: str) -> str:
    return measured(rows, protocol=ALONE, training=training, quantity=SLOPE, n_tasks=MANY)


def _relative(rows: "pd.DataFrame", training: str) -> str:
    runs = _runs(rows, training).pivot_table(index="run", columns="n_tasks", values="value")
    ratio = runs[MANY] / runs[FEW]
    return with_error(float(ratio.mean()), float(ratio.std() / len(ratio) ** 0.5))
