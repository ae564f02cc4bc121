"""Panels as PNG files."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mtl_theory.report._staged import staged_files
from mtl_theory.report._style import report_style

if TYPE_CHECKING:
    from mtl_theory.experiments import Panel

SIZE = (7.2, 4.4)  # inches


def panel_png(panel: "Panel") -> bytes:
    """Draw a panel and return it as a PNG of 1080 x 660 pixels, the same bytes for the same numbers."""
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    with report_style():
        figure = Figure(figsize=SIZE, layout="constrained")
        panel.draw(figure.subplots())
        buffer = BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def save_panel(panel: "Panel", path: Path) -> Path:
    """Draw a panel into a PNG file, whole or not at all, and return its path."""
    with staged_files(path.parent) as add:
        add(path.name, panel_png(panel))
    return path
