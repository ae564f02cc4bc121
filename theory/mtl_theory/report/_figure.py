"""Panels as PNG files."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mtl_theory.report._staged import staged_files
from mtl_theory.report._style import report_style
from mtl_theory.report._transfer_matrix import plot_transfer_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from mtl_theory.experiments import Panel
    from mtl_theory.transfer import TransferReport

SIZE = (7.2, 4.4)  # inches


def panel_png(panel: "Panel") -> bytes:
    """Draw a panel and return it as a PNG of 1080 x 660 pixels, the same bytes for the same numbers."""
    return drawn_png(panel.draw, SIZE)


def drawn_png(draw: "Callable[[Axes], Axes]", size: tuple[float, float]) -> bytes:
    """Return what `draw` puts on one pair of axes, as a PNG."""
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    with report_style():
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        buffer = BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def save_panel(panel: "Panel", path: Path) -> Path:
    """Draw a panel into a PNG file, whole or not at all, and return its path."""
    with staged_files(path.parent) as add:
        add(path.name, panel_png(panel))
    return path


def save_transfer_matrix(report: "TransferReport", path: Path) -> Path:
    """Draw a transfer report into a PNG file, whole or not at all, and return its path."""
    side = 2.4 + 1.15 * len(report.names)
    png = drawn_png(lambda ax: plot_transfer_matrix(report, ax), (side + 1.2, side))
    with staged_files(path.parent) as add:
        add(path.name, png)
    return path
