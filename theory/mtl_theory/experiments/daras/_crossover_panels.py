"""The figures of the synthetic experiment."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments._text import largest_score, measured, prose
from mtl_theory.experiments.daras._crossing_panels import crossing_text, ridge_text
from mtl_theory.experiments.daras._labels import (
    ADJACENT,
    CORRECTED,
    DELETION,
    GAUSSIAN_TASKS,
    HALF_PARAMETER_ERROR,
    MULTIPLICATIVE,
    NOISE,
    RESCALED,
    SLOPE,
    UNIT_TASKS,
)
from mtl_theory.experiments.daras._plots import plot_kinds, plot_meeting, plot_thresholds

if TYPE_CHECKING:
    import pandas as pd


def crossover_panels(rows: "pd.DataFrame") -> tuple[Panel, ...]:
    """Return the figures."""
    return (_meeting(rows), _thresholds(rows), _kinds(rows))


def _meeting(rows: "pd.DataFrame") -> Panel:
    curves = select(rows, corruption=NOISE, quantity=HALF_PARAMETER_ERROR)
    kappa = 2.0 / curves["level"].max() ** 2  # the grid ends at kappa sigma^2 = 2
    slopes = select(rows, quantity=SLOPE).sort_values("n_tasks")
    listed = ", ".join(f"{t}: {r:.3f}" for t, r in zip(slopes["n_tasks"], slopes["value"], strict=True))
    few = int(slopes["n_tasks"].min())
    return Panel(
        name="meeting",
        title="Unit-norm tasks: all noise curves meet at κσ² = 1",
        claim=prose(
            """Theorem 2.7 of the paper: for Gaussian tasks there is, with high probability, some noise
            level above which one more task lowers the error. Derived from its own error formula: for
            tasks of equal norm that level is κσ² = 1 for every number of tasks, and there the error is
            that of predicting zero."""
        ),
        finding=prose(
            f"""Slopes R by T: {listed} (single-task: 1). Measured κσ² where the curve meets that of T =
            {few}: {crossing_text(rows, HALF_PARAMETER_ERROR)} {int(curves["n_draws"].max())} draws a
            point agree with the closed forms within {largest_score(curves):.1f} standard errors.
            {ridge_text(curves)}"""
        ),
        alt=prose(
            """Straight lines of error over noise that meet in one point at κσ² = 1 and one half; the
            single-task line lies on that of T = 4; dotted curves of ridge heads do not meet."""
        ),
        draw=partial(plot_meeting, curves, kappa=kappa, nothing=0.5),
    )


def _thresholds(rows: "pd.DataFrame") -> Panel:
    thresholds = rows[rows["quantity"].str.startswith(ADJACENT)]
    unit = select(thresholds, training=UNIT_TASKS, quantity=ADJACENT)
    gaussian = select(thresholds, training=GAUSSIAN_TASKS, quantity=ADJACENT)
    worst = float(np.abs(unit["value"] - 1.0).max())
    last = int(gaussian["n_tasks"].max())
    at_last = partial(value_of, thresholds, training=GAUSSIAN_TASKS, n_tasks=last)
    return Panel(
        name="thresholds",
        title="The level from which one more task helps: exact for equal norms, scattered for Gaussian tasks",
        claim=prose(
            """Theorem 2.7 speaks of "a noise level" for Gaussian tasks. It depends on the tasks: κσ² =
            1 + (change of the mean squared norm) / (fall of the slope)."""
        ),
        finding=prose(
            f"""Unit norms: κσ² = 1 with a largest deviation of {worst:.1g}. Gaussian tasks: from T =
            {last - 1} to {last} the mean is {measured(gaussian, n_tasks=last)} over
            {int(gaussian["n_draws"].min())} task sets, and 95% of them lie in
            [{at_last(quantity=f"{ADJACENT} 2.5%"):.2f}, {at_last(quantity=f"{ADJACENT} 97.5%"):.2f}],
            because norms differ."""
        ),
        alt="Threshold over number of tasks: unit-norm tasks at one, Gaussian tasks scattered around it.",
        draw=partial(plot_thresholds, thresholds, quantity=ADJACENT),
    )


def _kinds(rows: "pd.DataFrame") -> Panel:
    kinds = (NOISE, DELETION, RESCALED, MULTIPLICATIVE)
    by_kind = {kind: select(rows, protocol=CORRECTED, corruption=f"{kind}, by growth") for kind in kinds}
    score = max(largest_score(group) for group in by_kind.values())
    few, many = (int(f(by_kind[NOISE]["n_tasks"])) for f in (min, max))
    return Panel(
        name="kinds",
        title="Four kinds of failure, one law",
        claim=prose(
            """Derived: at the optimal map each of these failures adds a growth factor g times the
            slope, with g = κσ² for additive noise, p for deletion, p / (1 − p) for rescaled deletion,
            v² for multiplicative noise. Equal-norm curves meet at g = 1: κσ² = 1, p = 1, p = ½, v = 1."""
        ),
        finding=prose(
            f"""All {sum(len(group) for group in by_kind.values())} points lie within {score:.1f}
            standard errors of the law. Plain deletion reaches g = 1 only where everything is deleted:
            fixed heads give it no crossing."""
        ),
        alt=f"Error of T = {many} minus that of T = {few} over the growth factor: four kinds on one line.",
        draw=partial(plot_kinds, by_kind),
    )
