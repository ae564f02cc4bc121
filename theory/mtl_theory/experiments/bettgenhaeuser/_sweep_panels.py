"""The figures about the sweep, in reading order."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mtl_simulators.labels import ami_of_agreement
from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import only_row, select
from mtl_theory.experiments._text import largest_score, prose, with_error
from mtl_theory.experiments.bettgenhaeuser._labels import (
    ALONE,
    CHANNEL,
    EQUAL,
    ERROR,
    GAIN,
    LS_ALONE,
    LS_EQUAL,
    LS_MATCHED,
    MATCHED,
    POOLED_FORM,
    ROTATED,
    TEST_R2,
    B,
    constant,
)
from mtl_theory.experiments.bettgenhaeuser._plots import (
    plot_alternatives,
    plot_exponents,
    plot_front,
    plot_lines,
)
from mtl_theory.experiments.bettgenhaeuser._roots import free_exponents, interval, r2, verdict

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NO_GAIN = "single-task"
SHORT = {MATCHED: "matched filter", EQUAL: "equal weights", LS_EQUAL: "least squares"}
GAIN_AXIS = "error of single-task minus error of pooling"


def fitted_to(mode: str, method: str) -> str:
    """Return the protocol of laws that were fitted to one estimator's points."""
    return f"{mode}, {method}"


def sweep_panels(rows: "pd.DataFrame") -> tuple[Panel, ...]:
    """Return the figures in reading order."""
    return (
        _law(rows),
        _channel_transfer(rows),
        _rotated_transfer(rows),
        _estimators(rows),
        _exponents(rows),
        _alternatives(rows),
        _front(rows),
    )


def _law(rows: "pd.DataFrame") -> Panel:
    found = select(rows, protocol=CHANNEL, method=MATCHED, quantity=ERROR)
    alone = select(rows, protocol=CHANNEL, method=ALONE, quantity=ERROR)
    middle = float(found["n"].median() if len(found["n"].unique()) % 2 else sorted(found["n"].unique())[1])
    amis = [ami for ami in (0.02, 0.13, 0.43, 1.0) if ami in set(found["A"])]
    tasks = sorted(found["T"].unique())
    chosen = select(found, T=tasks[-1], A=amis)
    series = {f"AMI {ami:g}": select(chosen, A=ami) for ami in amis}
    series[f"{NO_GAIN}"] = select(alone, T=tasks[-1], A=1.0)
    pair = select(rows, protocol=[CHANNEL, ROTATED], method=[ALONE, MATCHED, EQUAL], quantity=ERROR)
    laws = select(rows, protocol=fitted_to(CHANNEL, MATCHED))
    return Panel(
        name="exact-law",
        title=f"Error against samples for noisy copies, T = {tasks[-1]}: measured points, exact law",
        claim="Performance goes with the roots of n, T and AMI.",
        finding=prose(
            f"""For the pooled filter the law is known: an auxiliary label of correlation c counts as c² main
            labels, so the error is that of n(1+(T-1)c²) samples. All {len(pair)} measured errors of filters
            (both kinds of tasks, three weightings) agree with their laws, the largest deviation being
            {largest_score(pair):.1f} standard errors of {pair["n_draws"].iloc[0]} draws. The
            pooled-sample form in AMI fitted to the matched
            filter has R² {r2(laws, POOLED_FORM)}, with p = {interval(laws, POOLED_FORM, constant("p"))} and
            k = {interval(laws, POOLED_FORM, constant("k"))}; the B-form has {r2(laws, B)}. At n =
            {middle:g}, AMI 0.13, the error falls from
            {_value(select(alone, n=middle, T=tasks[-1], A=0.13))} alone to
            {_value(select(found, n=middle, T=tasks[-1], A=0.13))}."""
        ),
        alt="Falling lines on logarithmic axes, one an AMI, through their points; single-task on top.",
        draw=partial(
            plot_lines,
            series,
            x="n",
            xlabel="samples per task n",
            ylabel="error on clean labels",
            scales=("log", "log"),
            ticks=sorted(found["n"].unique()),
        ),
    )


def _channel_transfer(rows: "pd.DataFrame") -> Panel:
    gains = select(rows, protocol=CHANNEL, method=EQUAL, quantity=GAIN)
    sizes = sorted(gains["n"].unique())
    middle = sizes[1]
    chosen = select(gains, n=middle)
    matched = select(rows, protocol=CHANNEL, method=MATCHED, quantity=GAIN)
    hurt, helped = _clear(gains)
    counts = sorted(gains["T"].unique())
    limits = ", ".join(f"{_threshold(t):.3f} for T = {t}" for t in counts)
    return Panel(
        name="noisy-copies",
        title=f"Noisy copies, equal weights, n = {middle:g}: negative transfer at low AMI",
        claim="Tasks of low AMI can hurt; the loss must be weighted or the tasks chosen.",
        finding=prose(
            f"""With equal weights {hurt} of {len(gains)} points lie more than two standard errors below
            single-task learning and {helped} above. The theory's limit is c = 1/(1+√T), an AMI of {limits},
            whatever n. With weights equal to c no point of {len(matched)} is clearly below
            ({_clear(matched)[0]} by more than two standard errors where chance alone gives about
            {0.023 * len(matched):.0f}): negative transfer of noisy copies is a matter of weights."""
        ),
        alt="Gains over AMI on a logarithmic axis, one line a number of tasks: below zero at the left.",
        draw=_gain_plot(chosen),
    )


def _rotated_transfer(rows: "pd.DataFrame") -> Panel:
    gains = select(rows, protocol=ROTATED, method=EQUAL, quantity=GAIN)
    tasks = sorted(gains["T"].unique())[-1]
    chosen = select(gains, T=tasks)
    sizes = sorted(gains["n"].unique())
    crossings = ", ".join(f"{_break_even(select(chosen, n=n)):.2f} at n = {n:g}" for n in sizes)
    matched = select(rows, protocol=ROTATED, method=MATCHED, quantity=GAIN)
    return Panel(
        name="other-functions",
        title=f"Other functions of the same AMI, equal weights, T = {tasks}: break-even grows with n",
        claim="AMI says how much a task can help.",
        finding=prose(
            f"""AMI alone does not: with rotated teachers the same AMI hurts much more often
            ({_clear(gains)[0]} of {len(gains)} points clearly below single-task, {_clear(matched)[0]} even
            with weights c), because other directions leave a bias that more samples do not remove. The AMI at
            which pooling breaks even by the law grows with n: {crossings}. For noisy copies it does not
            depend on n."""
        ),
        alt="Gains over AMI, one line a number of samples: the more samples, the later the crossing of zero.",
        draw=partial(
            plot_lines,
            {f"n = {n:g}": select(chosen, n=n) for n in sizes},
            x="A",
            xlabel="AMI",
            ylabel=GAIN_AXIS,
            even=NO_GAIN,
        ),
    )


def _estimators(rows: "pd.DataFrame") -> Panel:
    gains = select(rows, protocol=CHANNEL, quantity=GAIN)
    n = sorted(gains["n"].unique())[2]
    tasks = sorted(gains["T"].unique())[-2]
    chosen = select(gains, n=n, T=tasks)
    methods = (EQUAL, MATCHED, LS_EQUAL, LS_MATCHED)
    shares = ", ".join(
        f"{method}: {_clear(select(gains, method=method))[0]} of {len(select(gains, method=method))}"
        for method in methods
    )
    law = select(rows, protocol=CHANNEL, method=[LS_ALONE, LS_EQUAL, LS_MATCHED], quantity=ERROR)
    ratio = (law["value"] / law["predicted"]).mean()
    return Panel(
        name="estimators",
        title=f"What a noisy copy is worth depends on the estimator: n = {n:g}, T = {tasks}",
        claim="One law in n, T and AMI describes multitask learning.",
        finding=prose(
            f"""Points clearly below their own single-task baseline: {shares}. Least squares has
            smaller errors but profits less from noisy copies, because it explains most of the variance of
            clean labels and little of that of noisy ones; heads equal to c can hurt it a little at very low
            AMI. Its own law, derived here, meets the measured errors at {ratio:.3f} of it on average over
            {len(law)} points, with deviations of at most {largest_score(law):.1f} standard errors. The
            constants of a law in n, T and AMI belong to an estimator."""
        ),
        alt="Gains over AMI for four estimators with their laws; filters above least squares, all rising.",
        draw=partial(
            plot_lines,
            {method: select(chosen, method=method) for method in methods},
            x="A",
            xlabel="AMI",
            ylabel=GAIN_AXIS,
            even=NO_GAIN,
            scales=("log", "linear"),
            ticks=sorted(chosen["A"].unique()),
        ),
    )


def _exponents(rows: "pd.DataFrame") -> Panel:
    pairs = ((CHANNEL, MATCHED), (CHANNEL, EQUAL), (ROTATED, MATCHED), (ROTATED, EQUAL), (CHANNEL, LS_EQUAL))
    series = {f"{mode}, {SHORT[way]}": select(rows, protocol=fitted_to(mode, way)) for mode, way in pairs}
    told = "; ".join(f"{name}: {free_exponents(found)}" for name, found in series.items())
    return Panel(
        name="exponents",
        title="Exponents of n, T and AMI when they are left free",
        claim="The square root in all three: √n and √T as in Maurer et al., and √AMI.",
        finding=prose(
            f"""{told}. The true law of the first row is a root of n(1+(T-1)c²), and still the additive form
            shows other exponents for T and AMI: the 1 in the bracket bends them. An exponent fitted to an
            additive form describes that form and the range of the points, not the learner."""
        ),
        alt="Three groups of points with intervals around horizontal lines at 0, 1/2 and 1.",
        draw=partial(plot_exponents, series),
    )


def _alternatives(rows: "pd.DataFrame") -> Panel:
    found = select(rows, protocol=fitted_to(CHANNEL, MATCHED))
    other = select(rows, protocol=fitted_to(ROTATED, EQUAL))
    return Panel(
        name="ties",
        title="Noisy copies, matched weights: the B-form with one exponent changed",
        claim="Roots describe the data.",
        finding=prose(
            f"""In the B-form on these points {verdict(found, "n")}. {verdict(found, "T")}.
            {verdict(found, "A")}. For rotated teachers with equal weights: {verdict(other, "n")};
            {verdict(other, "T")}; {verdict(other, "A")}."""
        ),
        alt="R² of the B-form with exponents from 1/4 to 1 for each variable, the root marked.",
        draw=partial(plot_alternatives, found),
    )


def _front(rows: "pd.DataFrame") -> Panel:
    pairs = ((CHANNEL, MATCHED), (ROTATED, EQUAL))
    fronts = {
        f"{mode}, {SHORT[way]}": select(rows, protocol=fitted_to(mode, way), quantity=TEST_R2)
        for mode, way in pairs
    }
    series = {label: found for label, found in fronts.items() if len(found)}
    told = "; ".join(f"{name}: {_found(found)}" for name, found in series.items())
    return Panel(
        name="front",
        title="Laws found by search: R² on unseen points against the size of the formula",
        claim="Symbolic regression finds the law behind the points.",
        finding=prose(
            f"""A fifth of the points was kept apart. {told} (n in thousands). For noisy copies that is the
            pooled-sample law again, though nothing in the search asks for it; it is given AMI, not c², so
            the exact law is outside its family."""
        ),
        alt="Rising curves of R² over the number of nodes.",
        draw=partial(plot_front, series, wanted=None),
    )


def _found(rows: "pd.DataFrame") -> str:
    """Name the smallest law that explains 99% of unseen points, or the best one."""
    good = rows[rows["value"] >= 0.99].sort_values("level")
    law = (good if len(good) else rows.sort_values("value", ascending=False)).iloc[0]
    return f"R² {law['value']:.3f} with {law['level']:.0f} nodes, {law['method']}"


def _gain_plot(chosen: "pd.DataFrame") -> "partial[Axes]":
    return partial(
        plot_lines,
        {f"T = {t}": select(chosen, T=t) for t in sorted(chosen["T"].unique())},
        x="A",
        xlabel="AMI",
        ylabel=GAIN_AXIS,
        even=NO_GAIN,
        scales=("log", "linear"),
        ticks=sorted(chosen["A"].unique()),
    )


def _value(rows: "pd.DataFrame") -> str:
    row = only_row(rows)
    return with_error(float(row["value"]), float(row["stderr"]))


def _clear(gains: "pd.DataFrame") -> tuple[int, int]:
    """Return the numbers of points more than two standard errors below and above zero."""
    score = gains["value"] / gains["stderr"]
    return int((score < -2).sum()), int((score > 2).sum())


def _break_even(gains: "pd.DataFrame") -> float:
    """Return the AMI at which the law's gain crosses zero, by interpolation."""
    ordered = gains.sort_values("A")
    return float(np.interp(0.0, ordered["predicted"], ordered["A"]))


def _threshold(n_tasks: int) -> float:
    """Return the AMI of balanced labels of correlation 1/(1+√T)."""
    return float(ami_of_agreement(1 / (1 + np.sqrt(n_tasks)), prior=[0.5, 0.5]))
