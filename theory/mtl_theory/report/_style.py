"""How figures look: one style for all, readable in print and for colour-blind readers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Okabe and Ito (2008), ordered so that neighbours differ in lightness too; without yellow, lost on white
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
DPI = 150


@contextmanager
def report_style() -> Iterator[None]:
    """Draw in the style of the report inside this block; the caller's own settings come back after it."""
    import matplotlib.style
    from cycler import cycler

    settings: dict[str, Any] = {
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.labelsize": 11,
        "axes.prop_cycle": cycler(color=PALETTE),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 12,
        "errorbar.capsize": 2.5,
        "figure.facecolor": "white",
        "font.family": "DejaVu Sans",
        "font.size": 10.5,
        "grid.alpha": 0.35,
        "grid.linewidth": 0.6,
        "legend.fontsize": 9.5,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "lines.markersize": 5,
        "savefig.dpi": DPI,
    }
    with matplotlib.style.context(["default", settings]):
        yield
