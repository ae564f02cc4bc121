"""The transfer report as a picture."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mtl_theory.transfer import TransferReport


def plot_transfer_matrix(report: "TransferReport", ax: "Axes") -> "Axes":
    """Draw measured gains of all ordered pairs: blue where the row's task helps the column's, red where not.

    A star marks gains whose interval excludes zero; the small + or - is the predicted sign.
    """
    n_tasks = len(report.names)
    relative = report.gain / report.single_task
    np.fill_diagonal(relative, np.nan)
    limit = float(np.nanmax(np.abs(relative))) or 1.0
    image = ax.imshow(relative, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
    significant = report.significant
    for source in range(n_tasks):
        for target in range(n_tasks):
            if source == target:
                ax.text(target, source, "alone", ha="center", va="center", color="grey")
                continue
            value = relative[source, target]
            star = "*" if significant[source, target] else ""
            predicted = report.predicted[source, target]
            sign = "" if not np.isfinite(predicted) else "\ntheory +" if predicted > 0 else "\ntheory −"
            dark = abs(value) > 0.6 * limit
            ax.text(
                target,
                source,
                f"{value:+.0%}{star}{sign}",
                ha="center",
                va="center",
                color="white" if dark else "black",
            )
    ax.set_xticks(range(n_tasks), report.names)
    ax.set_yticks(range(n_tasks), report.names)
    ax.set_xlabel("task that is helped")
    ax.set_ylabel("task trained with it")
    ax.grid(visible=False)
    figure = ax.get_figure()
    if figure is not None:
        figure.colorbar(image, ax=ax, label="gain, share of the single-task error")
    return ax
