"""Drawing of rows: one function a kind of picture, each takes and returns axes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_theory.experiments._selection import select
from mtl_theory.experiments.daras._labels import ALONE, CORRECTED, RIDGE
from mtl_theory.experiments.daras._rows import by_tasks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BASELINE: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 1.4}


def task_colours(rows: "pd.DataFrame") -> dict[int, Any]:
    """Return a colour for each number of tasks, dark for few and light for many."""
    from matplotlib import colormaps

    counts = sorted(rows["n_tasks"].unique())
    shades = colormaps["viridis"](np.linspace(0.0, 0.85, len(counts)))
    return {int(count): shade for count, shade in zip(counts, shades, strict=True)}


def plot_curves(
    rows: "pd.DataFrame",
    baseline: "pd.DataFrame",
    ax: "Axes",
    *,
    xlabel: str,
    ylabel: str,
    connect: str | None = "predicted",
) -> "Axes":
    """Draw a curve over levels for each number of tasks: values with two standard errors, lines by `connect`.

    `connect` names the column that the lines follow, None for no error bars and lines through the values.
    The single-task baseline is drawn for the largest number of tasks, by its closed form.
    """
    for n_tasks, group in by_tasks(rows):
        colour = task_colours(rows)[n_tasks]
        if connect is None:
            ax.plot(group["level"], group["value"], "o-", color=colour, label=f"T = {n_tasks}")
            continue
        ax.plot(group["level"], group[connect], color=colour)
        ax.errorbar(
            group["level"], group["value"], 2 * group["stderr"], fmt="o", color=colour, label=f"T = {n_tasks}"
        )
    alone = select(baseline, n_tasks=int(baseline["n_tasks"].max())).sort_values("level")
    ax.plot(alone["level"], alone["predicted"], label="single-task", **BASELINE)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


def plot_meeting(rows: "pd.DataFrame", ax: "Axes", *, kappa: float, nothing: float) -> "Axes":
    r"""Draw errors over $\kappa \sigma^2$ with fixed and with ridge heads, and that of predicting zero."""
    colours = task_colours(rows)
    for n_tasks, group in by_tasks(rows, protocol=CORRECTED):
        scaled = kappa * group["level"] ** 2
        ax.plot(scaled, group["predicted"], color=colours[n_tasks])
        ax.errorbar(
            scaled,
            group["value"],
            2 * group["stderr"],
            fmt="o",
            color=colours[n_tasks],
            label=f"T = {n_tasks}",
        )
    for n_tasks, group in by_tasks(rows, protocol=RIDGE):
        ax.plot(kappa * group["level"] ** 2, group["predicted"], ":", color=colours[n_tasks])
    alone = select(rows, protocol=ALONE, n_tasks=max(colours)).sort_values("level")
    ax.plot(kappa * alone["level"] ** 2, alone["predicted"], label="single-task", **BASELINE)
    ax.axhline(nothing, color="grey", linewidth=1)
    ax.annotate(
        "predict zero", (0.01, nothing), (0, 3), ("axes fraction", "data"), "offset points", color="grey"
    )
    ax.plot([], [], ":", color="grey", label="ridge heads")
    ax.set(xlabel=r"noise $\kappa \sigma^2$", ylabel="half mean squared error")
    ax.legend(ncols=2)
    return ax


def plot_differences(rows: "pd.DataFrame", ax: "Axes", *, kappa: float, base: int) -> "Axes":
    """Draw how far each T lies above the smallest, with fixed and with ridge heads, bands of two errors."""
    colours = task_colours(rows)
    for protocol, style in ((CORRECTED, "-"), (RIDGE, ":")):
        for n_tasks, group in by_tasks(rows, protocol=protocol):
            scaled, gap, error = kappa * group["level"] ** 2, group["value"], 2 * group["stderr"]
            label = f"T = {n_tasks}" if protocol == CORRECTED else None
            ax.plot(scaled, gap, style, color=colours[n_tasks], label=label)
            if protocol == CORRECTED:
                ax.fill_between(scaled, gap - error, gap + error, color=colours[n_tasks], alpha=0.15)
    ax.axhline(0, color="black", linewidth=1)
    ax.plot([], [], ":", color="grey", label="ridge heads")
    ax.set(xlabel=r"noise $\kappa \sigma^2$", ylabel=f"half mean squared error, minus that of T = {base}")
    ax.legend(ncols=2)
    return ax


def plot_slopes(
    learned: "Mapping[str, pd.DataFrame]",
    random: "pd.DataFrame",
    ax: "Axes",
    *,
    quantity: str,
    published: Mapping[int, float] | None = None,
) -> "Axes":
    """Draw slopes over T: learned with the spread over runs, random unit vectors with a band, k / T, one."""
    counts = np.sort(random["n_tasks"].unique())
    low, mean, high = (
        select(random, quantity=name).sort_values("n_tasks")
        for name in (f"{quantity} 2.5%", quantity, f"{quantity} 97.5%")
    )
    ax.fill_between(counts, low["value"], high["value"], color="lightgrey", label="random unit vectors, 95%")
    ax.plot(counts, mean["value"], color="grey")
    ax.plot(counts, mean["predicted"], ":", color="black", label="k / T")
    for offset, (label, rows) in zip((-0.08, 0.08), learned.items(), strict=True):
        runs = rows.groupby("n_tasks")["value"]
        ax.errorbar(counts + offset, runs.mean(), 2 * runs.std(), fmt="o", label=f"{label} (2 sd of runs)")
    if published is not None:
        ax.plot(
            list(published), list(published.values()), "x", color="black", label="published figure, one draw"
        )
    ax.axhline(1.0, label="single-task", **BASELINE)
    ax.set(xlabel="number of tasks T", ylabel="slope R(T)", xticks=counts)
    ax.legend()
    return ax


def plot_relative(series: "Mapping[str, pd.DataFrame]", ax: "Axes", *, base: int) -> "Axes":
    """Draw each run's slope relative to its slope at the smallest number of tasks, mean and spread."""
    for offset, (label, rows) in zip(np.linspace(-0.1, 0.1, len(series)), series.items(), strict=True):
        table = rows.pivot(index="run", columns="n_tasks", values="value")
        ratio = table.div(table[base], axis=0)
        ax.errorbar(ratio.columns + offset, ratio.mean(), 2 * ratio.std(), fmt="o-", label=label)
    ax.axhline(1.0, label="no change", **BASELINE)
    ax.set(xlabel="number of tasks T", ylabel=f"slope relative to T = {base}")
    ax.legend()
    return ax


def plot_pruning(
    pruned: "pd.DataFrame",
    baseline: "pd.DataFrame",
    deleted: "pd.DataFrame",
    ax: "Axes",
    *,
    ends: Sequence[int],
) -> "Axes":
    """Draw pruning curves, with random deletion of as many weights for the numbers of tasks in `ends`."""
    colours = task_colours(pruned)
    for n_tasks, group in by_tasks(pruned):
        ax.errorbar(
            group["level"],
            group["value"],
            2 * group["stderr"],
            fmt="o-",
            color=colours[n_tasks],
            label=f"T = {n_tasks}",
        )
    for n_tasks, group in by_tasks(deleted, n_tasks=ends):
        ax.plot(group["level"], group["value"], ":", color=colours[n_tasks])
    ax.plot([], [], ":", color="grey", label="random deletion")
    alone = select(baseline, n_tasks=max(colours)).sort_values("level")
    ax.plot(alone["level"], alone["value"], label="single-task", **BASELINE)
    ax.set(xlabel="fraction of weights removed", ylabel="half mean squared error")
    ax.legend(ncols=2)
    return ax


def plot_thresholds(rows: "pd.DataFrame", ax: "Axes", *, quantity: str) -> "Axes":
    r"""Draw the mean level at which T - 1 and T tasks meet, with the central 95% of task sets."""
    for offset, (name, group) in zip((-0.06, 0.06), rows.groupby("training"), strict=True):
        low, mean, high = (
            select(group, quantity=label).sort_values("n_tasks")["value"].to_numpy()
            for label in (f"{quantity} 2.5%", quantity, f"{quantity} 97.5%")
        )
        counts = np.sort(group["n_tasks"].unique())
        # The mean of a skewed sample can lie outside its central interval only in theory; clip to draw.
        reach = np.clip([mean - low, high - mean], 0.0, None)
        ax.errorbar(counts + offset, mean, reach, fmt="o", label=f"{name}, 95% of task sets")
    ax.axhline(1.0, label=r"$\kappa \sigma^2 = 1$", **BASELINE)
    ax.set(xlabel="number of tasks after the step", ylabel=r"threshold $\kappa \sigma^2$", xticks=counts)
    ax.legend()
    return ax


def plot_kinds(by_kind: "Mapping[str, pd.DataFrame]", ax: "Axes") -> "Axes":
    """Draw the difference of many and few tasks over the growth factor, one marker a kind of failure."""
    for (kind, rows), marker in zip(by_kind.items(), "osD^", strict=True):
        few, many = (
            select(rows, n_tasks=t).sort_values("level")
            for t in (rows["n_tasks"].min(), rows["n_tasks"].max())
        )
        level = few["level"].to_numpy()
        error = 2 * np.hypot(few["stderr"].to_numpy(), many["stderr"].to_numpy())
        ax.errorbar(level, many["value"].to_numpy() - few["value"].to_numpy(), error, fmt=marker, label=kind)
        ax.plot(level, many["predicted"].to_numpy() - few["predicted"].to_numpy(), color="grey", zorder=0)
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="growth factor g", ylabel="half parameter error, many minus few tasks")
    ax.legend()
    return ax
