"""The figures about the crossing: on images, and in the theory's own measure."""

from functools import partial
from typing import TYPE_CHECKING

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments._text import prose, with_error
from mtl_theory.experiments.daras._curves import NOISE_LEVELS
from mtl_theory.experiments.daras._labels import (
    ALONE,
    CORRECTED,
    DIFFERENCE,
    EXPECTED,
    HALF_MSE,
    HALF_PARAMETER_ERROR,
    KAPPA,
    NOISE,
    NOTHING,
    RIDGE,
    crossing_of,
)
from mtl_theory.experiments.daras._plots import plot_differences, plot_meeting
from mtl_theory.experiments.daras._study import TASK_COUNTS

if TYPE_CHECKING:
    import pandas as pd

FEW, MANY = min(TASK_COUNTS), max(TASK_COUNTS)


def crossing_on_images_panel(rows: "pd.DataFrame") -> Panel:
    """Show the difference to the smallest number of tasks on held-out images."""
    gaps = select(rows, quantity=DIFFERENCE)
    gaps = gaps[gaps["n_tasks"] != FEW]
    kappa = value_of(rows, quantity=KAPPA, n_tasks=MANY)
    return Panel(
        name="crossing-images",
        title="From which noise on more tasks pay, and ridge heads as the control",
        claim=prose(
            """Theorem 2.7 of the paper: for Gaussian tasks there is, with high probability, some
            noise level above which one more task lowers the error. It does not say which.
            The released noise axis has steps of 0.2."""
        ),
        finding=prose(
            f"""Measured κσ² where the curve, averaged over training runs, meets that of T = {FEW}:
            {crossing_text(rows, HALF_MSE)} {_scatter_of_runs(rows)} It need not be at κσ² = 1 here: the
            inputs are correlated, and truncated task vectors are not the best map for them.
            {_error_at_crossing(rows)} {_ridge_gap(gaps)}"""
        ),
        alt=prose(
            f"""Error minus that of T = {FEW} over noise: solid lines with bands fall from above zero to
            below it; dotted lines for ridge heads."""
        ),
        draw=partial(plot_differences, gaps, kappa=kappa, base=FEW),
    )


def crossing_isotropic_panel(rows: "pd.DataFrame") -> Panel:
    """Show that the learned task vectors' curves meet in one point under isotropic inputs."""
    fine = _fine(rows, HALF_PARAMETER_ERROR)
    # The grid of levels ends at d sigma^2 = 2, and kappa = d where E x x' = I.
    kappa = 2.0 / fine["level"].max() ** 2
    return Panel(
        name="crossing-isotropic",
        title="The same task vectors in the theory's own measure: all curves meet at κσ² = 1",
        claim=prose(
            """The paper's error, equation (7), is the squared distance between task vectors: inputs
            with E xxᵀ = I. Derived from it: for unit-norm tasks the error is 1 + (κσ² − 1) R(T), so all
            curves meet at κσ² = 1 exactly, where the error is that of predicting zero. The figure shows
            half of it."""
        ),
        finding=prose(
            f"""Measured κσ² where the curve meets that of T = {FEW}:
            {crossing_text(rows, HALF_PARAMETER_ERROR)} So more tasks help only where every model is
            worse than predicting zero. {ridge_text(fine)}"""
        ),
        alt=prose(
            """Straight lines of error over noise that all meet in one point, at κσ² = 1 and one half;
            dotted curves for ridge heads stay below one half and keep their order."""
        ),
        draw=partial(plot_meeting, fine, kappa=kappa, nothing=0.5),
    )


def crossing_text(rows: "pd.DataFrame", quantity: str) -> str:
    """Return the measured crossings with the smallest number of tasks."""
    crossings = select(rows, quantity=crossing_of(quantity)).sort_values("n_tasks")
    met = crossings[crossings["value"].notna()]
    few = int(select(rows, quantity=quantity)["n_tasks"].min())
    each = [
        f"T = {n_tasks}: {with_error(value, stderr)} (closed form {predicted:.3f})"
        for n_tasks, value, stderr, predicted in zip(
            met["n_tasks"], met["value"], met["stderr"], met["predicted"], strict=True
        )
    ]
    if not each:
        return f"no curve crosses that of T = {few}."
    missing = len(crossings) - len(met)
    rest = f" {missing} more do not meet it." if missing else ""
    return f"{'; '.join(each)}.{rest}"


def ridge_text(fine: "pd.DataFrame") -> str:
    """Say whether ridge heads keep the smallest number of tasks ahead at every level."""
    ridge = select(fine, protocol=RIDGE)
    few, many = int(ridge["n_tasks"].min()), int(ridge["n_tasks"].max())
    at_few, at_many = (
        select(ridge, n_tasks=t).sort_values("level")["predicted"].to_numpy() for t in (few, many)
    )
    gaps = at_many - at_few
    if (gaps > 0).all():
        return f"""With ridge heads, fitted for the noise, T = {many} stays above T = {few} at every
        level, by at least {gaps.min():.3f}: no crossing."""
    return f"""With ridge heads, fitted for the noise, T = {many} is below T = {few} at
    {int((gaps < 0).sum())} of {len(gaps)} levels."""


def _fine(rows: "pd.DataFrame", quantity: str) -> "pd.DataFrame":
    fine = select(rows, corruption=NOISE, quantity=quantity, protocol=[CORRECTED, RIDGE, ALONE])
    return fine[~fine["level"].isin(NOISE_LEVELS)]


def _scatter_of_runs(rows: "pd.DataFrame") -> str:
    runs = select(rows, quantity=crossing_of(EXPECTED), n_tasks=MANY)
    if runs.empty or int(runs["n_draws"].iloc[0]) < 2:
        return ""
    n_runs = int(runs["n_draws"].iloc[0])
    spread = float(runs["stderr"].iloc[0]) * n_runs**0.5
    return f"""Single runs scatter by {spread:.2f} (T = {MANY}, {n_runs} runs that cross)."""


def _ridge_gap(gaps: "pd.DataFrame") -> str:
    """Say how far ridge heads keep the largest number of tasks above the smallest, over the runs."""
    ridge = select(gaps, protocol=RIDGE, n_tasks=MANY)
    lowest = ridge.sort_values("value").iloc[0]
    verdict = "stays above" if lowest["value"] > 0 else "does not stay above"
    return f"""With ridge heads, fitted for the noise, T = {MANY} {verdict} T = {FEW}: the smallest
    difference on the grid is {with_error(float(lowest["value"]), float(lowest["stderr"]))} (± over
    runs)."""


def _error_at_crossing(rows: "pd.DataFrame") -> str:
    """Compare the error at the last crossing with that of predicting zero."""
    level = float(select(rows, quantity=crossing_of(HALF_MSE), n_tasks=MANY)["level"].iloc[0])
    if level != level:
        return ""
    curve = select(rows, protocol=CORRECTED, corruption=NOISE, quantity=HALF_MSE, n_tasks=FEW)
    start, end = (float(select(curve, level=v)["predicted"].iloc[0]) for v in (0.0, NOISE_LEVELS[-1]))
    error = start + (end - start) * (level / NOISE_LEVELS[-1]) ** 2  # exact: the mean error is linear in v^2
    nothing = value_of(rows, quantity=NOTHING, n_tasks=MANY)
    verdict = "worse than" if error > nothing else "not worse than"
    return f"""Where T = {MANY} crosses, at v = {level:.3f}, the error is {error:.2f}, {verdict} the
    {nothing:.2f} of predicting zero."""
