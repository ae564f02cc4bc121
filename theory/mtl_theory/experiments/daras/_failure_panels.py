"""The figures about deletion and pruning of the shared map."""

from functools import partial
from typing import TYPE_CHECKING

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select
from mtl_theory.experiments._text import largest_score, measured, prose
from mtl_theory.experiments.daras._labels import (
    ALONE,
    CORRECTED,
    DELETION,
    EXPECTED,
    HALF_MSE,
    PRUNING,
)
from mtl_theory.experiments.daras._plots import plot_curves, plot_pruning
from mtl_theory.experiments.daras._study import TASK_COUNTS

if TYPE_CHECKING:
    import pandas as pd

FEW, MANY = min(TASK_COUNTS), max(TASK_COUNTS)
YLABEL = "half mean squared error, held-out images"
HALF = 0.5  # the fraction of weights at which the text compares


def deletion_panel(rows: "pd.DataFrame") -> Panel:
    """Show the error under random deletion of single weights."""
    deleted = select(rows, corruption=DELETION)
    curves = select(deleted, protocol=CORRECTED, quantity=HALF_MSE)
    expected = select(deleted, quantity=EXPECTED)
    at_half = partial(measured, select(expected, level=HALF))
    return Panel(
        name="deletion",
        title="Random deletion of weights of the shared map",
        claim=prose(
            """The paper reports that bilingual text models overtake monolingual ones under random
            deletion. Its linear theory gives no such crossing: the smaller slope grows more slowly, but
            with equal norms the curves meet only where everything is deleted."""
        ),
        finding=prose(
            f"""Closed form (lines) and {int(curves["n_draws"].max())} draws a point agree within
            {largest_score(curves):.1f} standard errors. At p = {HALF:g} the error is
            {at_half(protocol=CORRECTED, n_tasks=FEW)} at T = {FEW},
            {at_half(protocol=CORRECTED, n_tasks=MANY)} at T = {MANY} and
            {at_half(protocol=ALONE, n_tasks=MANY)} for single-task models (± over training runs). T =
            {MANY} is below T = {FEW} {_where_ahead(select(expected, protocol=CORRECTED))}."""
        ),
        alt=prose(
            """Error over the probability of deletion; the curves of few tasks start lower, and all end
            together at the error of predicting zero."""
        ),
        draw=partial(
            plot_curves,
            curves,
            select(deleted, protocol=ALONE, quantity=HALF_MSE),
            xlabel="probability p of deletion",
            ylabel=YLABEL,
        ),
    )


def _where_ahead(expected: "pd.DataFrame") -> str:
    few, many = (select(expected, n_tasks=t).sort_values("level").set_index("level") for t in (FEW, MANY))
    gain = (few["value"] - many["value"]).drop(1.0)
    ahead = gain[gain > 0]
    return (
        f"at p = {', '.join(f'{level:g}' for level in ahead.index)}" if len(ahead) else "nowhere before p = 1"
    )


def pruning_panel(rows: "pd.DataFrame") -> Panel:
    """Show the error under magnitude pruning beside random deletion of as many weights."""
    pruned = select(rows, corruption=PRUNING, quantity=HALF_MSE)
    deleted = select(rows, protocol=CORRECTED, corruption=DELETION, quantity=EXPECTED)
    at_half = partial(measured, select(pruned, level=HALF))
    deleted_half = partial(measured, select(deleted, level=HALF))
    return Panel(
        name="pruning",
        title="Magnitude pruning of the shared map, beside random deletion",
        claim=prose(
            """The paper names magnitude pruning among the failures that multitasking guards against.
            The released linear experiment lists it, but its code has no branch for it and leaves the
            map as it is."""
        ),
        finding=prose(
            f"""With half of the weights pruned the error is {at_half(protocol=CORRECTED, n_tasks=FEW)}
            at T = {FEW}, {at_half(protocol=CORRECTED, n_tasks=MANY)} at T = {MANY} and
            {at_half(protocol=ALONE, n_tasks=MANY)} for single-task models; random deletion of half
            gives {deleted_half(n_tasks=FEW)} and {deleted_half(n_tasks=MANY)} (± over training runs;
            pruning itself is not random)."""
        ),
        alt=prose(
            """Error over the fraction of weights pruned, rising late; dotted lines for random deletion
            of as many weights lie above."""
        ),
        draw=partial(
            plot_pruning,
            select(pruned, protocol=CORRECTED),
            select(pruned, protocol=ALONE),
            deleted,
            ends=[FEW, MANY],
        ),
    )
