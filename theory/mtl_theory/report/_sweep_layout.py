"""Which columns of a sweep go where in its picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MOST_PANELS, MOST_LINES, N_BINS = 6, 6, 10
# Columns that number rows rather than measure something.
BOOKKEEPING = frozenset({"point", "row", "replicate", "point_seed", "seed", "solver"})

WORDS = {
    "n_tasks": "number of tasks",
    "n_samples": "samples a task",
    "n_features": "number of features",
    "ami": "adjusted mutual information of the labels",
    "cosine": "cosine between tasks",
    "noise": "label noise",
    "rank": "rank of the tasks",
    "capacity": "capacity",
    "risk": "risk",
    "transfer_gain": "gain over single-task",
    "sin_theta": "sine of the angle to the best map",
}
# What the risk of a problem is.
RISKS = {
    "linear": "excess risk",
    "relu": "mean squared error",
    "label-channel": "error rate",
    "rotated-teacher": "error rate",
}


@dataclass(frozen=True, kw_only=True)
class SweepPanel:
    """Rows that one pair of axes shows, against column `x`."""

    x: str
    title: str
    rows: "pd.DataFrame"


Parts: TypeAlias = tuple[str | None, list[SweepPanel], dict[str, Any]]
"""Column of the lines, panels, and factors that are held."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The panels of a picture, with what they have in common.

    Parameters
    ----------
    y, hue
        Columns on the vertical axis and of the lines.
    y_words
        What the vertical axis says.
    held
        Factors that are held at one level in all panels.
    n_rows
        Median number of rows that a point of a line averages.
    """

    y: str
    y_words: str
    hue: str | None
    panels: tuple[SweepPanel, ...]
    n_rows: int
    held: Mapping[str, Any] = field(default_factory=dict)


def sweep_layout(frame: "pd.DataFrame", content: Mapping[str, Any]) -> Layout:
    """Lay the rows of a sweep out.

    Raises
    ------
    ValueError
        Where there is nothing to draw.
    """
    if "experiment" in content["run"]:
        raise ValueError("rows of an experiment have pictures of their own: mtlaws reproduce draws them.")
    if frame.empty:
        raise ValueError("there are no rows yet to draw; run the sweep first.")
    factors = [factor["name"] for factor in content["factors"] if factor["name"] != "seed"]
    y = _measure(frame, content, factors)
    lay_out = _sample if content["design"]["type"] == "SpaceFilling" else _grid
    hue, panels, held = lay_out(frame, factors)
    first = panels[0]
    counts = first.rows.groupby([first.x] if hue is None else [first.x, hue]).size()
    return Layout(
        y=y,
        y_words=_words_of(y, content["run"].get("problem", "")),
        hue=hue,
        panels=tuple(panels),
        held=held,
        n_rows=int(counts.median()),
    )


def in_words(column: str) -> str:
    """Return what a column is called under an axis."""
    if column.startswith("main_"):
        return f"{in_words(column.removeprefix('main_'))}, main task"
    return WORDS.get(column, column.replace("_", " "))


def _measure(frame: "pd.DataFrame", content: Mapping[str, Any], factors: list[str]) -> str:
    """Return the column to draw: the first measure."""
    measures = content["run"].get("measures")
    if measures:
        return str(measures[0])
    numbers = frame.select_dtypes("number").columns
    found = [str(name) for name in numbers if name not in factors and name not in BOOKKEEPING]
    if not found:
        raise ValueError("the rows hold no measured numbers to draw.")
    return found[0]


def _words_of(measure: str, problem: str) -> str:
    """Return what a measure is called, which for a risk depends on the problem."""
    return in_words(measure).replace("risk", RISKS.get(problem, "risk"))


def _grid(frame: "pd.DataFrame", factors: list[str]) -> Parts:
    """Give the factor with most levels the axis, the next the lines or panels, and hold the others."""
    levels = {name: np.unique(frame[name]) for name in factors}
    numeric_first = sorted(factors, key=lambda n: (levels[n].dtype.kind not in "iuf", -levels[n].size))
    x, *others = [name for name in numeric_first if levels[name].size > 1] or factors[:1]
    hue = "solver" if "solver" in frame else others.pop(0) if others else None
    panel = others.pop(0) if others else None
    held = {name: levels[name][levels[name].size // 2] for name in others}
    for name, level in held.items():
        frame = frame[frame[name] == level]
    if hue is not None and hue != "solver":
        frame = frame[frame[hue].isin(_spread(levels[hue], MOST_LINES))]
    if panel is None:
        panels = [SweepPanel(x=x, title="", rows=frame)]
    else:
        panels = [
            SweepPanel(x=x, title=f"{in_words(panel)} = {level}", rows=frame[frame[panel] == level])
            for level in _spread(levels[panel], MOST_PANELS)
        ]
    return hue, panels, held


def _sample(frame: "pd.DataFrame", factors: list[str]) -> Parts:
    """Give every factor a panel, its values in bins."""
    hue = "solver" if "solver" in frame else None
    panels = [
        SweepPanel(x=name, title="", rows=frame.assign(**{name: _binned(frame[name])}))
        for name in factors[:MOST_PANELS]
    ]
    return hue, panels, {}


def _binned(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return numbers moved to the median of their bin, bins holding equally many."""
    import pandas as pd

    if column.dtype.kind not in "iuf" or column.nunique() <= N_BINS:
        return column
    bins = pd.qcut(column, N_BINS, labels=False, duplicates="drop")
    return column.groupby(bins).transform("median")


def _spread(levels: Any, most: int) -> Any:
    """Return at most so many levels, the ends among them."""
    places = np.linspace(0, levels.size - 1, min(most, levels.size)).round().astype(int)
    return levels[places]
