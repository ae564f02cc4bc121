"""What is drawn of a law: the list of its pictures, and all of them on one sheet."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mtl_theory.laws import Findings, Table, exponent_profiles
from mtl_theory.report._law_figures import (
    plot_factor,
    plot_front,
    plot_predicted,
    plot_profile,
    plot_residuals,
)
from mtl_theory.report._markup import slug
from mtl_theory.report._staged import staged_files
from mtl_theory.report._style import report_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, COLUMNS = 4.3, 3.5, 3  # inches a panel


class LawPanel(NamedTuple):
    """One picture of a law."""

    name: str
    title: str
    caption: str
    draw: "Callable[[Axes], Axes]"


def law_panels(findings: Findings, table: Table) -> list[LawPanel]:
    """Return the pictures of a law: front, fit, one for each factor, residuals."""
    law, rows = findings.best.law, (table.fitted, table.held_out)
    panels = [
        LawPanel(
            "predicted",
            "Predicted and measured",
            "On the line the law is exact.",
            lambda ax: plot_predicted(law, *rows, ax=ax),
        )
    ]
    if len(findings.front) > 1:
        panels.append(
            LawPanel(
                "front",
                "Laws found",
                "Each law on the front is shorter, or extrapolates clearly better, than all simpler ones.",
                lambda ax: plot_front(findings.front, findings.best, ax=ax),
            )
        )
    panels += [
        LawPanel(
            slug("factor", variable.name),
            f"Against {variable.name}",
            f"The other variables are fixed, the band is the law's {law.level:.0%} interval; points are the "
            "rows, moved along the law to the fixed values. Dashed: beyond the fitted rows.",
            lambda ax, name=variable.name: plot_factor(law, name, *rows, ax=ax),  # type: ignore[misc]
        )
        for variable in law.variables
    ]
    panels.append(
        LawPanel(
            "residuals",
            "What is left",
            "Without structure where the law is complete.",
            lambda ax: plot_residuals(law, *rows, ax=ax),
        )
    )
    return panels


def profile_panels(findings: Findings, table: Table) -> list[LawPanel]:
    """Return a picture for every exponent of a law that the rows determine."""
    law = findings.best.law
    caption = (
        f"All else is refitted at every value. The shaded values are inside the {law.level:.0%} interval; a "
        "cross marks the value that the law has fixed."
    )
    return [
        LawPanel(
            slug("profile", str(place), profile.label),
            profile.label,
            caption,
            lambda ax, profile=profile: plot_profile(profile, ax=ax),  # type: ignore[misc]
        )
        for place, profile in enumerate(exponent_profiles(law, table.fitted, weights=table.weights), 1)
    ]


def save_law_figure(findings: Findings, table: Table, path: Path) -> Path:
    """Draw the best law into a PNG file, whole or not at all, and return its path."""
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    panels = law_panels(findings, table)
    columns = min(COLUMNS, len(panels)) if len(panels) != 4 else 2
    lines = -(-len(panels) // columns)
    with report_style():
        figure = Figure(figsize=(WIDTH * columns, HEIGHT * lines + 0.6), layout="constrained")
        grid = figure.subplots(lines, columns, squeeze=False)
        for ax, panel in zip(grid.flat, panels, strict=False):
            panel.draw(ax)
        for ax in grid.flat[len(panels) :]:
            ax.remove()
        figure.suptitle(findings.best.law.text(), fontsize=12, wrap=True)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    with staged_files(path.parent) as add:
        return add(path.name, buffer.getvalue())
