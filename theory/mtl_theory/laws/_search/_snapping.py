"""Exponents set to halves and integers where the interval and the description length agree."""

from collections.abc import Iterator

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._search._beam import Archive
from mtl_theory.laws._search._moves import Job
from mtl_theory.laws._search._projection import Table, evaluate, parameters_of, stack
from mtl_theory.laws._search._structure import SNAP_COSTS, Fitted, snappable

# Standard errors within which a simple exponent is tried; the description length decides.
REACH = 3.0
# Noise-free exponents come out of the descent within this of the truth, their standard errors far smaller.
ROUNDING = 1e-5
# Rounds of at most one exponent each: the most that three terms of four factors hold.
MOST_EXPONENTS = 12


def standard_errors(fitted: Fitted, table: Table) -> FloatArray:
    """Return the Gauss-Newton standard error of every exponent (P,), zero for fixed ones."""
    structure = fitted.structure
    batch = stack([structure], table)
    state = evaluate(batch, table, parameters_of(batch, [fitted.start], [structure]))
    free = np.flatnonzero(batch.free[0])
    jacobian = state.jacobian[0, free]
    lengths = np.linalg.norm(jacobian, axis=1)
    lengths[lengths == 0] = 1.0
    jacobian /= lengths[:, None]
    variance = fitted.rss / max(table.n_rows - structure.n_constants, 1)
    errors = np.zeros(batch.free.shape[1])
    errors[free] = (
        np.sqrt(variance * np.maximum(np.diag(np.linalg.pinv(jacobian @ jacobian.T)), 0.0)) / lengths
    )
    return errors[: len(structure.exponents)]


def snapped_once(fitted: Fitted, table: Table) -> Iterator[Job]:
    """Yield the law with one free exponent fixed at a half or an integer within its reach."""
    errors = standard_errors(fitted, table)
    for p, ((_, factor), error) in enumerate(zip(fitted.structure.exponents, errors, strict=True)):
        if fitted.structure.fixed[p] is not None or not snappable(factor):
            continue
        for value in SNAP_COSTS:
            if abs(value - fitted.exponents[p]) <= max(REACH * error, ROUNDING):
                yield fitted.structure.with_fixed(p, value), fitted.start


def snap(archive: Archive, *, count: int) -> None:
    """Add to the archive what snapping makes of its `count` best laws, one exponent at a time."""
    front = archive.best(count)
    for _ in range(MOST_EXPONENTS):
        before = {f.structure for f in front}
        archive.fit([job for f in front for job in snapped_once(f, archive.table)], n_steps=40)
        front = [f for f in archive.best(count) if f.structure not in before]
        if not front:
            return


def rivals(archive: Archive, *, count: int) -> None:
    """Add the nearest other exponents of the best laws: what the data cannot tell apart is then seen."""
    jobs: list[Job] = []
    for fitted in archive.best(count):
        for p, value in enumerate(fitted.structure.fixed):
            if value is not None:
                jobs += [
                    (fitted.structure.with_fixed(p, other), fitted.start)
                    for other in (value - 0.5, value + 0.5)
                    if other in SNAP_COSTS
                ]
    archive.fit(jobs, n_steps=40)
