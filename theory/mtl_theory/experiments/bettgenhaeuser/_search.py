"""The front of laws that a search finds, judged on design cells that it has not seen."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mtl_theory.experiments.bettgenhaeuser._forms import VARIABLES
from mtl_theory.experiments.bettgenhaeuser._labels import LENGTH, NODES, TEST_R2
from mtl_theory.experiments.bettgenhaeuser._points import Points
from mtl_theory.experiments.bettgenhaeuser._rows import Row
from mtl_theory.laws import Law

TRAINING_SHARE = 0.8


def search_rows(
    rng: np.random.Generator, points: Points, *, protocol: str, split: int, effort: float
) -> Iterator[Row]:
    """Yield nodes, description length and test R2 of every law on the front of one split by cells."""
    from mtl_theory.laws import LawSearch  # which loads scikit-learn

    n_cells = int(points.cells.max()) + 1
    chosen = rng.permutation(n_cells) < TRAINING_SHARE * n_cells
    seen = points.frame["F"].notna() & chosen[points.cells]
    train, test = points.where(seen), points.where(~seen)
    search = LawSearch(kinds={v.name: v.kind for v in VARIABLES}, effort=effort)
    search.fit(train.frame[[v.name for v in VARIABLES]], train.performance, groups=train.cells)
    for ranked in search.front_:
        common: dict[str, Any] = {
            "protocol": protocol,
            "method": written(ranked.law),
            "level": float(ranked.complexity),
            "split": split,
        }
        yield Row(
            quantity=TEST_R2,
            value=explained(ranked.law, test),
            predicted=ranked.law.scores.r2,
            **common,
        )
        yield Row(quantity=LENGTH, value=ranked.description_length, **common)
        yield Row(quantity=NODES, value=float(ranked.complexity), **common)


def explained(law: Law, points: Points) -> float:
    """Return the share of the variance of new points that a law explains."""
    y = points.performance
    guess = law.predict(points.frame) if law.variables else np.full(len(y), float(law.expression))
    return float(1 - ((y - guess) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def written(law: Law) -> str:
    """Return the formula with two digits."""
    return law.text(digits=2).partition("=")[2].strip()
