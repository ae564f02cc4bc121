"""Beam search over structures, the shortest description first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from time import monotonic

from mtl_theory.laws._engines._engine import Budget
from mtl_theory.laws._scores import FLOOR
from mtl_theory.laws._search._dictionary import build_dictionary
from mtl_theory.laws._search._grammar import Factor
from mtl_theory.laws._search._moves import Job, exchanged, new_factors, new_terms, reduced, tangent
from mtl_theory.laws._search._projection import Table, fit_structures
from mtl_theory.laws._search._structure import Fitted, Start, Structure

ROWS_A_CONSTANT = 4


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The size of the search."""

    n_terms: int = 3
    n_factors: int = 4
    width: int = 6
    n_rounds: int = 8
    each: int = 4
    n_factor_moves: int = 8


def description_length(fitted: Fitted, table: Table) -> float:
    """Return the nats for residual (y in units of its standard deviation), constants and structure."""
    n = table.n_rows
    structure = fitted.structure
    if not fitted.rss < float("inf"):
        return float("inf")
    residual = n / 2 * log(max(fitted.rss / n, FLOOR**2))
    constants = structure.n_constants / 2 * log(n)
    return residual + constants + structure.structural_cost(table.X.shape[1])


class Archive:
    """Every structure fitted so far with its best fit."""

    def __init__(self, table: Table, limits: Limits) -> None:
        self.table, self.limits = table, limits
        self.fits: dict[Structure, Fitted] = {}
        self.lengths: dict[Structure, float] = {}
        self.expanded: set[Structure] = set()

    def allows(self, structure: Structure) -> bool:
        # With hardly more rows than constants the residual vanishes and the description length with it.
        affordable = structure.n_constants <= max(1, self.table.n_rows // ROWS_A_CONSTANT)
        short = all(len(term) <= self.limits.n_factors for term in structure.terms)
        return affordable and short and len(structure.terms) <= self.limits.n_terms

    def fit(self, jobs: Iterable[Job], *, n_steps: int = 16) -> None:
        """Fit what is new among the jobs; where a structure comes twice its first start counts."""
        new: dict[Structure, Start] = {}
        for structure, start in jobs:
            if structure not in self.fits and self.allows(structure):
                new.setdefault(structure, start)
        self.add(fit_structures(list(new.items()), self.table, n_steps=n_steps))

    def add(self, fits: Iterable[Fitted]) -> None:
        for fitted in fits:
            known = self.fits.get(fitted.structure)
            if known is None or fitted.rss < known.rss:
                self.fits[fitted.structure] = fitted
                self.lengths[fitted.structure] = description_length(fitted, self.table)

    def best(self, count: int) -> list[Fitted]:
        """Return the fits of shortest description, ties in the order in which they were found."""
        ordered = sorted(self.lengths, key=lambda structure: self.lengths[structure])
        return [self.fits[s] for s in ordered[:count] if self.lengths[s] < float("inf")]


def search(factors: Sequence[Factor], table: Table, *, budget: Budget, limits: Limits) -> Archive:
    """Return the archive of a beam search from the constant."""
    deadline = monotonic() + budget.seconds
    archive = Archive(table, limits)
    archive.fit([(Structure((), ()), Start(()))])
    if table.scale == 0 or not factors:
        return archive
    dictionary = build_dictionary(factors, table, megabytes=budget.megabytes)
    for _ in range(limits.n_rounds):
        beam = [f for f in archive.best(limits.width) if f.structure not in archive.expanded]
        if not beam or monotonic() > deadline:
            break
        jobs: list[Job] = []
        for fitted in beam:
            archive.expanded.add(fitted.structure)
            here = tangent(fitted, table)
            if len(fitted.structure.terms) < limits.n_terms:
                jobs += new_terms(fitted, here, dictionary, each=limits.each)
            jobs += new_factors(fitted, here, factors, table, at_most=limits.n_factor_moves)
            jobs += exchanged(fitted, factors, table)
            jobs += reduced(fitted)
        archive.fit(jobs)
    leaders = archive.best(3 * limits.width)
    archive.add(fit_structures([(f.structure, f.start) for f in leaders], table, n_steps=80))
    return archive
