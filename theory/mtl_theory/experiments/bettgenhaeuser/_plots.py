"""Drawing of measured points and fitted laws: one function a kind of picture, each takes and returns axes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.experiments._selection import select
from mtl_theory.experiments.bettgenhaeuser._alternatives import CANDIDATES, ROOTS
from mtl_theory.experiments.bettgenhaeuser._labels import BEATEN, FREE, R2, TEST_R2, exponent
from mtl_theory.experiments.bettgenhaeuser._roots import power

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BASELINE: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 1.4}


def plot_lines(
    series: "Mapping[str, pd.DataFrame]",
    ax: "Axes",
    *,
    x: str,
    xlabel: str,
    ylabel: str,
    even: str | None = None,
    scales: tuple[str, str] = ("linear", "linear"),
    ticks: Sequence[float] = (),
    title: str | None = None,
) -> "Axes":
    """Draw values with two standard errors over `x`; where a closed form is known the line follows it.

    `even` labels a baseline at zero.
    """
    for label, rows in series.items():
        ordered = rows.sort_values(x)
        known = ordered["predicted"].notna().all()
        drawn = ax.errorbar(
            ordered[x], ordered["value"], 2 * ordered["stderr"], fmt="o" if known else "o-", label=label
        )
        if known:
            ax.plot(ordered[x], ordered["predicted"], color=drawn[0].get_color())
    if even is not None:
        ax.axhline(0, label=even, **BASELINE)
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale=scales[0], yscale=scales[1])
    if len(ticks):
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)
    ax.legend(title=title)
    return ax


def plot_exponents(series: "Mapping[str, pd.DataFrame]", ax: "Axes") -> "Axes":
    """Draw free exponents with their intervals, a group a variable, a marker a series; roots are lines."""
    names = list(ROOTS)
    offsets = np.linspace(-0.25, 0.25, len(series)) if len(series) > 1 else [0.0]
    for (label, rows), offset in zip(series.items(), offsets, strict=True):
        found = select(rows, method=FREE).set_index("quantity")
        present = [v for v in names if exponent(v) in found.index]
        if not present:
            continue
        group = found.loc[[exponent(v) for v in present]]
        reach = _reach(group)
        places = np.array([names.index(v) for v in present]) + offset
        ax.errorbar(places, group["value"], reach, fmt="o", label=label)
    ax.axhline(0.5, label="the root, 1/2", **BASELINE)
    ax.axhline(0.0, color="grey", linewidth=1)
    ax.axhline(1.0, color="grey", linewidth=1)
    ax.set(xticks=range(len(names)), ylabel="free exponent, 90% interval", xlabel="variable")
    ax.set_xticklabels(["n: samples", "T: tasks (0 = log)", "A: AMI (0 = log)"])
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


def plot_alternatives(rows: "pd.DataFrame", ax: "Axes") -> "Axes":
    """Draw the R2 of every fixed exponent, and how often the root beats it in resamples."""
    place = 0
    ticks: list[int] = []
    labels: list[str] = []
    for colour, (name, candidates) in enumerate(CANDIDATES.items()):
        found = select(rows, method=exponent(name))
        quality = select(found, quantity=R2).set_index("level")["value"]
        shares = select(found, quantity=BEATEN).set_index("level")["value"]
        places = np.arange(place, place + len(candidates))
        ax.plot(places, quality[list(candidates)], "o-", color=f"C{colour}")
        for x, value in zip(places, candidates, strict=True):
            words = "root" if value == ROOTS[name] else f"{100 * shares[value]:.0f}%"
            ax.annotate(words, (x, quality[value]), (0, 7), textcoords="offset points", ha="center")
        ticks += places.tolist()
        labels += [power(name, value) for value in candidates]
        place += len(candidates) + 1
    ax.set(
        ylabel="R²", xlabel="one exponent of the B-form changed (%: resamples in which the root fits better)"
    )
    ax.set_xticks(ticks, labels, rotation=45, ha="right")
    ax.margins(y=0.15)
    return ax


def plot_front(
    series: "Mapping[str, pd.DataFrame]", ax: "Axes", *, wanted: tuple[float, float] | None
) -> "Axes":
    """Draw the R2 of laws on unseen points over their size; `wanted` is a size and an R2 to reach."""
    for label, rows in series.items():
        found = select(rows, quantity=TEST_R2).sort_values("level")
        ax.plot(found["level"], found["value"], "o-", label=label)
    if wanted is not None:
        nodes, quality = wanted
        ax.axhline(quality, label=f"R² {quality:g}", **BASELINE)
        ax.axvline(nodes, color="grey", linewidth=1)
        ax.annotate(f"{nodes:g} nodes", (nodes, 0.05), (4, 0), ("data", "axes fraction"), "offset points")
    ax.set(xlabel="nodes of the formula", ylabel="R² on unseen points", ylim=(0.5, 1.0))
    ax.legend(loc="lower right")
    return ax


def plot_left_out(
    rows: "pd.DataFrame", ax: "Axes", *, laws: Sequence[str], blockings: Sequence[str], floor: float
) -> "Axes":
    """Draw errors on points left out: laws across, one colour a way of leaving out."""
    offsets = np.linspace(-0.24, 0.24, len(blockings))
    for blocking, offset in zip(blockings, offsets, strict=True):
        found = rows[rows["protocol"].str.endswith(f", {blocking}")].set_index("method").loc[list(laws)]
        places = np.arange(len(laws)) + offset
        ax.errorbar(places, found["value"], 2 * found["stderr"], fmt="o", label=blocking)
    ax.axhline(floor, label="scatter of repetitions", **BASELINE)
    ax.set(ylabel="root mean squared error of F1", ylim=(0, None))
    ax.set_xticks(range(len(laws)), [law.replace(" + ", "\n+ ").replace(" with ", "\nwith ") for law in laws])
    ax.tick_params(axis="x", labelrotation=30)
    ax.legend(ncols=2)
    return ax


def plot_break_even(rows: "pd.DataFrame", ax: "Axes") -> "Axes":
    """Draw break-even AMI over n, one colour a number of tasks: measured with intervals, a law as a line."""
    for n_tasks, group in rows.groupby("T"):
        ordered = group.sort_values("n")
        reach = _reach(ordered)
        drawn = ax.errorbar(1000 * ordered["n"], ordered["value"], reach, fmt="o", label=f"T = {n_tasks}")
        ax.plot(1000 * ordered["n"], ordered["predicted"], color=drawn[0].get_color())
    ax.plot([], [], color="grey", label="pooled samples + mismatch")
    ax.set(xlabel="tokens per task n", ylabel="break-even AMI", xscale="log")
    shown = [1000, 2000, 3000, 5000, 10_000, 20_000]
    ax.set_xticks(shown, [f"{size:g}" for size in shown])
    ax.set_xticks([], minor=True)
    ax.legend()
    return ax


def _reach(rows: "pd.DataFrame") -> FloatArray:
    """Return how far each interval reaches below and above its value, `(2, N)`."""
    return np.asarray(np.abs(rows[["low", "high"]].to_numpy() - rows[["value"]].to_numpy()).T)
