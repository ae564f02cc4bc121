"""The shape of an experiment: a recipe, its settings, and the rows and pictures that it returns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Progress: TypeAlias = Callable[[str, float], None]
"""Called with what is being done and the fraction of the experiment that is finished."""


def silent(message: str, fraction: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is asked for.

    Parameters
    ----------
    seed
        Root of every generator; same seed, same rows.
    quick
        Fewer draws and a smaller grid, same questions.
    data
        Folder of real data that the project does not ship, or None.
    progress
        Called as the work proceeds.
    """

    seed: int = 0
    quick: bool = False
    data: Path | None = None
    progress: Progress = silent


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One figure of a report.

    Parameters
    ----------
    name
        File name without extension, unique in its experiment.
    title
        Headline in plain words.
    claim
        What the paper claims.
    finding
        What was measured here, with numbers; says plainly where the claim does not hold.
    alt
        Description for readers who cannot see the picture.
    draw
        Draws on the axes it is given and returns them.
    """

    name: str
    title: str
    claim: str
    finding: str
    alt: str
    draw: "Callable[[Axes], Axes]"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Rows (tidy: one measured quantity a row), pictures, and what was skipped and why."""

    rows: "pd.DataFrame"
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A reproducible experiment of one paper."""

    id: str
    paper: str
    title: str
    run: Callable[[Settings], Outcome]
