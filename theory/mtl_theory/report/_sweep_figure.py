"""The rows of a sweep as a picture."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_theory.report._axes import plain_numbers
from mtl_theory.report._staged import staged_files
from mtl_theory.report._style import PALETTE, report_style
from mtl_theory.report._sweep_layout import Layout, in_words, sweep_layout

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BASELINES = ("single-task", "relu-single-task")


def plot_sweep(frame: "pd.DataFrame", *, y: str, x: str, hue: str | None = None, ax: "Axes") -> "Axes":
    """Draw the mean of column `y` over the rows at every value of `x`, a line for every value of `hue`.

    The band is the mean plus and minus two standard errors over those rows. The single-task baseline is
    dashed. The axis of x is logarithmic where its values are evenly spaced in the logarithm. Lines are
    labelled; `ax.legend()` shows the labels.
    """
    groups = [(y, frame)] if hue is None else list(frame.groupby(hue, sort=False))
    colours = iter(PALETTE * len(groups))
    for label, rows in groups:
        summary = rows.groupby(x)[y].agg(["mean", "sem"]).dropna(subset="mean")
        if summary.empty:  # a measure that this solver does not have
            continue
        baseline = hue == "solver" and label in BASELINES
        style: dict[str, Any] = {"color": "0.35", "ls": "--"} if baseline else {"color": next(colours)}
        at, mean = summary.index.to_numpy(), summary["mean"].to_numpy()
        ax.plot(at, mean, label=_label(hue, label), marker="" if baseline else "o", ms=3.5, **style)
        spread = 2 * summary["sem"].fillna(0.0).to_numpy()
        ax.fill_between(at, mean - spread, mean + spread, color=style["color"], alpha=0.18, lw=0)
    _scale_x(ax, np.unique(frame[x]))
    ax.set_xlabel(in_words(x))
    ax.set_ylabel(in_words(y))
    return ax


def save_sweep_figure(frame: "pd.DataFrame", spec_content: Mapping[str, Any], path: Path) -> Path:
    """Draw the rows of a sweep into a PNG file, whole or not at all, and return its path.

    A grid is drawn against the factor with most levels, in a panel for each level of another; further
    factors are held at their middle level, which the caption says. A space-filling sample is drawn against
    every factor in turn.

    Parameters
    ----------
    frame
        The rows, as `Store.frame` returns them.
    spec_content
        What the sweep is: `SweepSpec.content`, or `content` of `Store.description`.

    Raises
    ------
    ValueError
        Where there is nothing to draw.
    """
    layout = sweep_layout(frame, spec_content)
    with report_style():
        png = _drawn(layout, spec_content)
    with staged_files(path.parent) as add:
        add(path.name, png)
    return path


def _drawn(layout: Layout, content: Mapping[str, Any]) -> bytes:
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    columns = 2 if len(layout.panels) == 4 else min(len(layout.panels), 3)
    lines = -(-len(layout.panels) // columns)
    size = (max(1.2 + 3.0 * columns, 6.4), 0.9 + 3.2 * lines)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for ax, panel in zip(grid.flat, layout.panels, strict=False):
        plot_sweep(panel.rows, y=layout.y, x=panel.x, hue=layout.hue, ax=ax)
        ax.set_title(panel.title)
        ax.set_ylabel(layout.y_words)
    _scale_y(list(grid.flat[: len(layout.panels)]))
    for ax in grid.flat[len(layout.panels) :]:
        ax.remove()
    for ax in grid[:, 1:].flat:
        ax.set_ylabel("")
    _legend(figure, grid.flat[0])
    figure.supxlabel(_caption(layout, content), fontsize=8.5, color="0.35")
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _legend(figure: "Figure", ax: "Axes") -> None:
    handles, labels = ax.get_legend_handles_labels()
    if len(handles) > 1:
        figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 4))


def _caption(layout: Layout, content: Mapping[str, Any]) -> str:
    """Say in one line what was averaged and what was held."""
    held = {**content["constants"], **layout.held}
    parts = [f"mean ± 2 standard errors of {layout.n_rows} rows a point"]
    parts += [f"{in_words(name)} = {value}" for name, value in held.items()]
    return "; ".join(parts)


def _label(hue: str | None, value: Any) -> str:
    if hue == "solver":
        return str(value).replace("(", " (").replace("=", " ")
    return str(value) if hue is None else f"{in_words(hue)} = {value:g}"


def _scale_x(ax: "Axes", levels: Any) -> None:
    """Use a logarithmic axis for levels that are evenly spaced on it; mark few levels each."""
    if levels.dtype.kind not in "iuf" or levels.size < 3 or levels.min() <= 0:
        return
    plain, logarithm = (np.diff(values) / np.ptp(values) for values in (levels, np.log(levels)))
    if logarithm.std() >= plain.std():
        return
    ax.set_xscale("log")
    plain_numbers(ax.xaxis, levels.max() / levels.min())
    if levels.size <= 6:
        ax.set_xticks(levels)


def _scale_y(axes: "Sequence[Axes]") -> None:
    """Use a logarithmic axis for means that are positive and span a factor of 20."""
    means = np.concatenate([np.asarray(line.get_ydata()) for ax in axes for line in ax.get_lines()])
    low, high = means.min(), means.max()
    if low > 0 and high > 20 * low:
        for ax in axes:
            ax.set_yscale("log")
            plain_numbers(ax.yaxis, high / low)
        axes[0].set_ylim(bottom=low / 1.5)  # bands that reach to zero would reach down for ever
    elif low < 0 < high:
        for ax in axes:
            ax.axhline(0.0, color="0.6", lw=0.8, zorder=0)
