"""The figures about the published table, in reading order."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import only_row, select, value_of
from mtl_theory.experiments._text import measured, prose, with_error
from mtl_theory.experiments.bettgenhaeuser._forms import FORMS
from mtl_theory.experiments.bettgenhaeuser._labels import (
    ALL_POINTS,
    BELOW,
    BREAK_EVEN,
    FLOOR,
    FREE,
    GAIN,
    LEFT_OUT,
    MEASURED,
    MISMATCH,
    ONES,
    POOLED_FORM,
    PUBLISHED,
    R2,
    SCORE,
    SINGLE,
    TEST_R2,
    B,
    constant,
    exponent,
)
from mtl_theory.experiments.bettgenhaeuser._plots import (
    plot_alternatives,
    plot_break_even,
    plot_exponents,
    plot_front,
    plot_left_out,
    plot_lines,
)
from mtl_theory.experiments.bettgenhaeuser._roots import free_exponents, interval_of, r2, verdict
from mtl_theory.experiments.bettgenhaeuser._rows import grouped, records

if TYPE_CHECKING:
    import pandas as pd

BLOCKINGS = ("10-fold", "unseen T", "unseen n", "unseen AMI")
LARGEST_FORMULA, LEAST_R2 = 25, 0.9
SHOWN_SIZES = (1.0, 2.0, 3.0, 5.0, 10.0)


def published_panels(rows: "pd.DataFrame") -> tuple[Panel, ...]:
    """Return the figures in reading order."""
    return (
        _transfer(rows),
        _break_even(rows),
        _laws(rows),
        _exponents(rows),
        _alternatives(rows),
        _front(rows),
    )


def _transfer(rows: "pd.DataFrame") -> Panel:
    gains = select(rows, protocol=MEASURED, quantity=GAIN, T=2)
    alone = select(rows, protocol=MEASURED, method=SINGLE, quantity=SCORE)
    below = select(rows, quantity=BELOW)
    baselines = ", ".join(f"{n * 1000:g} tokens {measured(alone, n=n)}" for n in SHOWN_SIZES)
    at_zero = ", ".join(
        f"{value_of(gains, n=n, A=0.0):+.3f} at {n * 1000:g}" for n in SHOWN_SIZES if n != 2.0
    )
    return Panel(
        name="negative-transfer",
        title="Two tasks against one: gain in F1 over the AMI of the second task",
        claim="More tasks and closer tasks improve performance.",
        finding=prose(
            f"""Closer tasks do; more tasks only where they are close enough. Of the points with several tasks
            {_percent(below, "all")} lie below single-task learning on the main task's own tokens:
            {_percent(below, "AMI below 0.3")} with AMI below 0.3, {_percent(below, "AMI of 0.55 or more")} of
            those with 0.55 or more. An unrelated second task (AMI 0) changes F1 by {at_zero} tokens.
            Single-task F1: {baselines}. No formula that only rises with T, √T included, can show this."""
        ),
        alt="Rising curves over AMI, one a number of tokens; those of many tokens start far below zero.",
        draw=partial(
            plot_lines,
            {f"n = {1000 * n:g}": select(gains, n=n) for n in SHOWN_SIZES},
            x="A",
            xlabel="AMI of the second task",
            ylabel="F1 minus single-task F1",
            even=SINGLE,
        ),
    )


def _break_even(rows: "pd.DataFrame") -> Panel:
    found = select(rows, protocol=PUBLISHED, quantity=BREAK_EVEN)
    two = select(found, T=2).sort_values("n")
    listed = ", ".join(
        f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}] at {1000 * row.n:g}"
        for row in records(two[two["value"] > 0])
    )
    never = ", ".join(f"{1000 * n:g}" for n in two[two["value"] == 0]["n"]) or "no size"
    law = select(rows, protocol=ALL_POINTS)
    inside = int(((two["predicted"] >= two["low"]) & (two["predicted"] <= two["high"])).sum())
    return Panel(
        name="break-even",
        title="The AMI from which on a second task helps, against the number of tokens",
        claim="√n, √T and √AMI as factors: the effect of one factor has the same sign everywhere.",
        finding=prose(
            f"""The more data the main task has, the closer a second task must be: {listed} tokens (90%
            intervals from resampled residuals; no loss was seen at {never} tokens, where AMI 0 is a single
            run).
            The best named law, pooled samples with mismatch (R² {r2(law, MISMATCH)} on all rows), rises only
            from {two["predicted"].iloc[0]:.2f} to {two["predicted"].iloc[-1]:.2f} and lies inside {inside} of
            {len(two)} intervals: a high R² is no warrant for the sign of transfer. More tasks need less: at
            1000 and 5000 tokens {_tens(found)} with ten. In theory noisy copies
            pooled with fixed weights break even at an AMI that does not depend on n, while
            tasks of another function do so later with more data: the networks behave as if noisy copies
            were other functions."""
        ),
        alt="Points with intervals rising from about 0.05 at 1000 tokens to 0.6 at 10,000, and a line.",
        draw=partial(plot_break_even, found),
    )


def _laws(rows: "pd.DataFrame") -> Panel:
    left = select(rows, quantity=LEFT_OUT)
    fits = select(rows, protocol=PUBLISHED)
    floor = only_row(rows, quantity=FLOOR)
    folds = select(left, protocol=f"{PUBLISHED}, 10-fold")
    constants = ", ".join(interval3(fits, B, constant(name)) for name in "abce")

    def unseen(name: str) -> str:
        return ", ".join(
            f"{measured(left, method=name, protocol=f'{PUBLISHED}, {blocking}')} for {blocking}"
            for blocking in BLOCKINGS[1:]
        )

    refused = left[left["value"].isna()]
    unfit = [f"{row.method}, {row.protocol.partition(', ')[2]}" for row in records(refused)]
    return Panel(
        name="laws",
        title="Errors of laws on points that they have not seen",
        claim="A formula in √n, √T and √AMI describes the measurements.",
        finding=prose(
            f"""Confirmed as a description: the B-form a + b/√n + c/√(nT) + e√A has R² {r2(fits, B)} with
            {constants}; with exponents 1 in their place {r2(fits, ONES)}. Better: pooled samples with
            mismatch, {r2(fits, MISMATCH)}; pooled samples alone {r2(fits, POOLED_FORM)}. Ten-fold errors:
            {", ".join(f"{name} {measured(folds, method=name)}" for name in FORMS)}; the scatter of
            repetitions is {with_error(floor["value"], floor["stderr"])}, so R² could reach
            {floor["level"]:.4f}: no named law does. Whole levels left out cost
            more: B-form {unseen(B)}; pooled samples with mismatch {unseen(MISMATCH)}. Refused fits (a
            constant ran away without a level): {"; ".join(unfit) or "none"}."""
        ),
        alt="Root mean squared errors of eight laws in four kinds of leaving out, falling to the right.",
        draw=partial(
            plot_left_out, left, laws=tuple(FORMS), blockings=BLOCKINGS, floor=float(floor["value"])
        ),
    )


def _exponents(rows: "pd.DataFrame") -> Panel:
    fits = select(rows, protocol=PUBLISHED)
    inside = {v: only_row(fits, method=FREE, quantity=exponent(v)) for v in "nTA"}
    words = "; ".join(
        f"{v} {'includes' if row['low'] <= 0.5 <= row['high'] else 'excludes'} 1/2 and "
        f"{'includes' if row['low'] <= 1 <= row['high'] else 'excludes'} 1"
        for v, row in inside.items()
    )
    zero = "includes" if inside["T"]["low"] <= 0 <= inside["T"]["high"] else "excludes"
    return Panel(
        name="exponents",
        title="Exponents left free on the published table",
        claim="The square root in all three.",
        finding=prose(
            f"""Fitted: {free_exponents(fits)}, for R² {r2(fits, FREE)} instead of {r2(fits, B)}. The
            interval of {words}. That of T {zero} 0, the logarithm. So n falls more slowly than its root,
            √AMI is allowed, and T looks like a logarithm; with n and AMI held at their roots √T is tied with
            the logarithm (next figure)."""
        ),
        alt="Three points with intervals: n between 0.26 and 0.45, T around 0, AMI from 0.3 to 0.9.",
        draw=partial(plot_exponents, {PUBLISHED: fits}),
    )


def _alternatives(rows: "pd.DataFrame") -> Panel:
    fits = select(rows, protocol=PUBLISHED)
    quality = select(fits, quantity=R2, method=[exponent(v) for v in "nTA"])
    spans = {v: select(quality, method=exponent(v))["value"] for v in "nTA"}
    told = ", ".join(f"{v} {span.min():.3f} to {span.max():.3f}" for v, span in spans.items())
    return Panel(
        name="ties",
        title="Which roots the published table identifies",
        claim="√n, √T and √AMI.",
        finding=prose(
            f"""One exponent of the B-form changed at a time, R² runs over: {told}. {verdict(fits, "n")}.
            {verdict(fits, "T")}. {verdict(fits, "A")}. Identified is that n enters with an exponent well
            below 1; the roots of T and AMI are compatible with the points and not forced by them."""
        ),
        alt="R² of the B-form with exponents from 1/4 to 1 for each variable; only that of n falls clearly.",
        draw=partial(plot_alternatives, fits),
    )


def _front(rows: "pd.DataFrame") -> Panel:
    found = select(rows, protocol=PUBLISHED, quantity=TEST_R2)
    splits = [group.sort_values("level") for _, group in grouped(found, "split")]
    quality = [float(split[split["level"] <= LARGEST_FORMULA]["value"].max()) for split in splits]
    first = [next((row for row in records(split) if row.value >= LEAST_R2), None) for split in splits]
    told = "; ".join(
        "none" if row is None else f"{row.method} ({row.level:.0f} nodes, {row.value:.3f})" for row in first
    )
    scatter = f" ± {np.std(quality, ddof=1):.3f} (sd of {len(quality)} splits)" if len(quality) > 1 else ""
    return Panel(
        name="front",
        title="Laws found by search on four fifths of the cells, judged on the rest",
        claim="Symbolic regression finds interpretable formulas of the paper's factors.",
        finding=prose(
            f"""With at most {LARGEST_FORMULA} nodes R² on unseen cells reaches
            {np.mean(quality):.3f}{scatter}. The smallest laws of {LEAST_R2:g} or more: {told} (n in
            thousands). What is found first is not a sum of roots but pooled samples: powers of n and of
            1 + κ·AMI·T, as for a pooled estimator."""
        ),
        alt="Rising curves of R² over nodes, crossing 0.9 between 12 and 15 nodes.",
        draw=partial(
            plot_front,
            {f"split {place}": split for place, split in enumerate(splits, start=1)},
            wanted=(LARGEST_FORMULA, LEAST_R2),
        ),
    )


def interval3(rows: "pd.DataFrame", method: str, quantity: str) -> str:
    """Return a constant with its interval to three digits."""
    row = only_row(rows, method=method, quantity=quantity)
    name = quantity.rpartition(" ")[2]
    return f"{name} = {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _tens(found: "pd.DataFrame") -> str:
    """Return the break-even AMI of ten tasks, with their intervals."""
    return " and ".join(interval_of(only_row(found, T=10, n=n)) for n in (1.0, 5.0))


def _percent(below: "pd.DataFrame", label: str) -> str:
    row = only_row(below, method=label)
    return f"{100 * row['value']:.0f} ± {100 * row['stderr']:.0f}%"
