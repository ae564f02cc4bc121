"""The figures about noise on the paper's own axis: one draw as released, and the mean."""

from functools import partial
from typing import TYPE_CHECKING

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments._text import largest_score, measured, prose
from mtl_theory.experiments.daras._curves import NOISE_LEVELS
from mtl_theory.experiments.daras._labels import (
    ALONE,
    CORRECTED,
    EXPECTED,
    FALLS,
    HALF_MSE,
    KAPPA,
    NOISE,
    NOTHING,
    OPTIMAL,
    RANK,
    RELEASED,
    RISES,
    SPREAD,
)
from mtl_theory.experiments.daras._plots import plot_curves
from mtl_theory.experiments.daras._study import TASK_COUNTS

if TYPE_CHECKING:
    import pandas as pd

FEW, MANY = min(TASK_COUNTS), max(TASK_COUNTS)
FIRST, END = NOISE_LEVELS[1], NOISE_LEVELS[-1]
XLABEL = "standard deviation v of the noise on the shared map"
YLABEL = "half mean squared error, held-out images"


def one_draw_panel(rows: "pd.DataFrame") -> Panel:
    """Show the figure that the released code makes."""
    curves = select(rows, protocol=RELEASED, corruption=NOISE, quantity=HALF_MSE)
    baseline = select(rows, protocol=ALONE, corruption=NOISE, level=NOISE_LEVELS, quantity=HALF_MSE)
    errors = ", ".join(f"{error:.3g}" for error in select(curves, level=END).sort_values("n_tasks")["value"])
    mean = value_of(rows, protocol=CORRECTED, corruption=NOISE, level=END, n_tasks=FEW, quantity=EXPECTED)
    scatter = value_of(rows, quantity=SPREAD, n_tasks=FEW) / mean
    return Panel(
        name="noise-one-draw",
        title="Weight noise as released: one draw for the whole figure",
        claim=prose(
            """As recalled from the paper, not quoted: under weight noise the error falls consistently
            as tasks are added, on every data set. The released code draws the noise once and uses it
            for every level, task and number of tasks, so its curves are parabolas without error bars."""
        ),
        finding=prose(
            f"""With one draw the errors at v = {END:g} are {errors} for T = {FEW} to {MANY}. One draw
            scatters by {scatter:.0%} of the mean at T = {FEW}, because the inputs have an effective
            rank of only {measured(rows, quantity=RANK, n_tasks=MANY)} (± over tasks). A share of
            {measured(rows, quantity=FALLS)} of the draws falls at every added task, and
            {measured(rows, quantity=RISES, n_tasks=MANY)} rise from T = {MANY - 1} to {MANY}: one draw
            does not show the order."""
        ),
        alt=prose(
            f"""Six parabolas of error over noise level, T = {FEW} to {MANY}, for one draw of the noise;
            their order at the right end is that of this draw. A dashed line shows the mean of
            single-task models."""
        ),
        draw=partial(plot_curves, curves, baseline, xlabel=XLABEL, ylabel=YLABEL, connect=None),
    )


def mean_of_draws_panel(rows: "pd.DataFrame") -> Panel:
    """Show means over independent draws on closed-form lines."""
    noise = select(rows, corruption=NOISE, level=NOISE_LEVELS)
    curves = select(noise, protocol=CORRECTED, quantity=HALF_MSE)
    baseline = select(noise, protocol=ALONE, quantity=HALF_MSE)
    at_end = partial(measured, select(noise, level=END, quantity=EXPECTED))
    clean = partial(measured, select(noise, level=0.0, quantity=EXPECTED), n_tasks=MANY)
    lowest = select(noise, protocol=CORRECTED, level=FIRST, quantity=EXPECTED)["value"].min()
    return Panel(
        name="noise-mean",
        title="Weight noise with independent draws: means on closed forms",
        claim=prose(
            """The paper's analysis: noisy error = clean error + slope × noise variance, and the slope
            falls as tasks are added. For these inputs, and with the one half of the released code, the
            law reads clean + ½ v² mean(κₜ ‖γₜ‖²) with κₜ = E‖x‖²: the lines. It holds for any shared
            map."""
        ),
        finding=prose(
            f"""κ = {measured(rows, quantity=KAPPA, n_tasks=MANY)} (± over tasks). Over
            {int(curves["n_draws"].max())} independent draws a point, the largest deviation from the
            closed form is {largest_score(curves):.1f} standard errors. Averaged over training runs (±
            over them), the error at v = {END:g} is {at_end(protocol=CORRECTED, n_tasks=FEW)} at T =
            {FEW} and {at_end(protocol=CORRECTED, n_tasks=MANY)} at T = {MANY}; single-task models of
            the same tasks have {at_end(protocol=ALONE, n_tasks=MANY)}. The map that is best for these
            inputs has {at_end(protocol=OPTIMAL, n_tasks=MANY)}, with a clean error of
            {clean(protocol=OPTIMAL)} against {clean(protocol=CORRECTED)}. At the first noisy point, v =
            {FIRST:g}, the smallest error of all T is {lowest:.2f}, and predicting zero gives
            {measured(rows, quantity=NOTHING, n_tasks=MANY)}."""
        ),
        alt=prose(
            f"""Points with error bars on parabolas of error over noise level, one colour for each T =
            {FEW} to {MANY}, and a dashed line for single-task models."""
        ),
        draw=partial(plot_curves, curves, baseline, xlabel=XLABEL, ylabel=YLABEL),
    )
