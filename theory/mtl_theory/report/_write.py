"""A report on disk: the page, its figures and its rows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mtl_theory.experiments import Experiment, Outcome
from mtl_theory.ledger import Paper
from mtl_theory.report._figure import panel_png
from mtl_theory.report._page import Chapter, Contents, render_page
from mtl_theory.report._panel_figures import figure_name
from mtl_theory.report._results import results_parquet
from mtl_theory.report._staged import staged_files
from mtl_theory.theorem import Verification


def write_report(
    directory: Path,
    *,
    verifications: Sequence[Verification],
    outcomes: Sequence[tuple[Experiment, Outcome]],
    command: str,
    seed: int,
    papers: Sequence[Paper] = (),
    quick: bool = False,
    created: datetime | None = None,
) -> Path:
    """Write `report.html`, `figures/*.png` and `results.parquet`, all or none, and return the page's path.

    Parameters
    ----------
    directory
        Folder to write in; made if need be.
    verifications
        What `verify` answered, in reading order.
    outcomes
        Each experiment with what it returned.
    command
        Command line that makes this report again.
    seed
        Root of every generator.
    papers
        The papers reported on, for title and citations.
    quick
        Whether fewer draws were taken.
    created
        Date of the page; now by default.

    Raises
    ------
    OSError
        If the folder cannot be written; what stood there before is untouched.
    ValueError
        If two panels share a name, or the rows of the experiments do not fit in one table.
    """
    chapters = tuple(
        Chapter(
            experiment=experiment,
            figures=tuple((panel, panel_png(panel)) for panel in outcome.panels),
            notes=outcome.notes,
        )
        for experiment, outcome in outcomes
    )
    contents = Contents(
        papers=tuple(papers),
        verifications=tuple(verifications),
        chapters=chapters,
        command=command,
        seed=seed,
        quick=quick,
        created=created or datetime.now(UTC),
    )
    figures = _named_figures(chapters)
    with staged_files(directory) as add:
        for name, png in figures.items():
            add(f"figures/{name}", png)
        add("results.parquet", results_parquet(outcomes, seed=seed))
        return add("report.html", render_page(contents).encode())


def _named_figures(chapters: Sequence[Chapter]) -> dict[str, bytes]:
    figures: dict[str, bytes] = {}
    for chapter in chapters:
        for panel, png in chapter.figures:
            name = figure_name(chapter.experiment, panel)
            if name in figures:
                raise ValueError(
                    f"two panels are called {name}; give each panel of an experiment its own name."
                )
            figures[name] = png
    return figures
