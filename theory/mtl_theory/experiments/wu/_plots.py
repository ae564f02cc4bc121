"""Drawing of rows: one function a kind of picture, each takes and returns axes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BASELINE: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 1.4}


def plot_lines(
    series: "Mapping[str, pd.DataFrame]",
    ax: "Axes",
    *,
    xlabel: str,
    ylabel: str,
    x: str = "level",
    scales: tuple[str, str] = ("linear", "linear"),
    even: float | None = None,
    dashed: Sequence[str] = (),
) -> "Axes":
    """Draw values with two standard errors over `x`, one colour a series, and closed forms as lines.

    `even` is where neither side wins; `dashed` names the baselines among the series.
    """
    for label, rows in series.items():
        rows = rows.sort_values(x)
        known = rows["predicted"].notna().all()
        style = "o" if known else "o--" if label in dashed else "o-"
        drawn = ax.errorbar(rows[x], rows["value"], 2 * rows["stderr"], fmt=style, label=label)
        if known:
            ax.plot(rows[x], rows["predicted"], color=drawn[0].get_color())
    if even is not None:
        ax.axhline(even, **BASELINE)
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale=scales[0], yscale=scales[1])
    ax.legend()
    return ax


def plot_phase(rows: "pd.DataFrame", ax: "Axes", *, xlabel: str, ylabel: str, log_x: bool = False) -> "Axes":
    """Draw gains as cells over `level` and `second`, blue where sharing helps, and where theory says zero.

    Cells whose gain is within two standard errors of zero carry a dot.
    """
    grid = rows.pivot(index="second", columns="level", values="value")
    theory = rows.pivot(index="second", columns="level", values="predicted")
    error = rows.pivot(index="second", columns="level", values="stderr")
    x, y = grid.columns.to_numpy(float), grid.index.to_numpy(float)
    limit = float(np.quantile(np.abs(grid.to_numpy()), 0.8))
    cells = ax.pcolormesh(
        _edges(x, log_x), _edges(y, False), grid.to_numpy(), cmap="RdBu", vmin=-limit, vmax=limit
    )
    ax.contour(x, y, theory.to_numpy(), levels=[0.0], colors="black", linewidths=2)
    ax.plot([], [], color="black", linewidth=2, label="theory: no gain")
    unsure = np.argwhere(np.abs(grid.to_numpy()) < 2 * error.to_numpy())
    ax.plot(x[unsure[:, 1]], y[unsure[:, 0]], ".", color="black", label="within 2 standard errors of none")
    ax.figure.colorbar(cells, ax=ax, label="gain over single-task", extend="both")
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log_x else "linear")
    if log_x:
        ticks = [tick for tick in (0.2, 0.5, 1, 2, 5, 10) if x[0] <= tick <= x[-1]]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)
    ax.grid(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2)
    return ax


def plot_matrix(
    rows: "pd.DataFrame", ax: "Axes", *, names: Sequence[str], label: str, scale: float = 1.0
) -> "Axes":
    """Draw values as a square, targets down, sources across; bold beyond two standard errors of zero."""
    order = list(names)
    values = rows.pivot(index="target", columns="source", values="value").reindex(index=order, columns=order)
    error = rows.pivot(index="target", columns="source", values="stderr").reindex(index=order, columns=order)
    shown = scale * values.to_numpy(float)
    limit = float(np.nanmax(np.abs(shown)))
    cells = ax.imshow(shown, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
    for i, j in np.argwhere(np.isfinite(shown)):
        sure = abs(shown[i, j]) > 2 * scale * error.to_numpy(float)[i, j]
        colour = "white" if abs(shown[i, j]) > 0.6 * limit else "black" if sure else "0.4"
        weight = "bold" if sure else "normal"
        ax.text(j, i, f"{shown[i, j]:.1f}", ha="center", va="center", color=colour, weight=weight, size=7.5)
    ax.figure.colorbar(cells, ax=ax, label=label)
    ax.set(xlabel="trained with", ylabel="judged on")
    ax.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=8.5)
    ax.set_yticks(range(len(names)), names, fontsize=8.5)
    ax.grid(False)
    return ax


def plot_bars(
    series: "Mapping[str, pd.DataFrame]", ax: "Axes", *, names: Sequence[str], ylabel: str, column: str
) -> "Axes":
    """Draw values with two standard errors, grouped by the names in `column`."""
    width = 0.8 / len(series)
    for k, (label, rows) in enumerate(series.items()):
        of = rows.set_index(column).reindex(list(names))
        place = np.arange(len(names)) + (k - (len(series) - 1) / 2) * width
        ax.errorbar(place, of["value"], 2 * of["stderr"], fmt="osD^v*"[k % 6], label=label)
    ax.set(ylabel=ylabel)
    ax.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=9)
    ax.legend()
    return ax


def plot_points(x: FloatArray, y: FloatArray, ax: "Axes", *, xlabel: str, ylabel: str) -> "Axes":
    """Draw one value over another, with the diagonal."""
    ends = [min(x.min(), y.min()), max(x.max(), y.max())]
    ax.plot(ends, ends, label="no change", **BASELINE)
    ax.plot(x, y, "o", label="pairs")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


def _edges(centres: FloatArray, logarithmic: bool) -> FloatArray:
    """Return the borders of cells around their centres."""
    at = np.log(centres) if logarithmic else centres
    middle = (at[1:] + at[:-1]) / 2
    ends = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(ends) if logarithmic else ends
