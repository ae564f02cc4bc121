"""The structured engine: sums of products of factors, searched in a beam."""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._engines._engine import Budget
from mtl_theory.laws._search._beam import Archive, Limits, search
from mtl_theory.laws._search._grammar import grammar
from mtl_theory.laws._search._projection import Table, at_bound
from mtl_theory.laws._search._snapping import rivals, snap
from mtl_theory.laws._search._structure import Fitted
from mtl_theory.laws._variables import Variable

# Candidates that are handed on: the shortest of every size, and the shortest of all.
HANDED_ON = 8
SNAPPED = 8


@dataclass(frozen=True, kw_only=True)
class Structured:
    """Sums of products of powers, logarithms, saturations and effective sample sizes; deterministic.

    Laws are `c0 + sum_t c_t prod_k f_k` with factors `x^p`, `(1-x)^p` of a share, `x` and `(1+-x)^p` of a
    cosine, `log x`, `exp(-x/tau)` and `(1 + kappa z)^p` with z a variable or a product of two.
    The asymptote c0 is always kept: without it a small one passes for a slower power.

    Parameters
    ----------
    n_terms, n_factors
        The most terms beside the offset, and factors of a term.
    """

    n_terms: int = 3
    n_factors: int = 4
    name: str = "structured"

    def available(self) -> str | None:
        """Return None: the engine needs NumPy only."""
        return None

    def candidates(
        self,
        X: FloatArray,
        y: FloatArray,
        weights: FloatArray,
        variables: Sequence[Variable],
        *,
        budget: Budget,
        seed: int,
    ) -> list[sympy.Expr]:
        """Return the laws of shortest description, one of every size and near-ties of the best."""
        del seed  # nothing is drawn
        table = Table(X, y, weights)
        factors = grammar([v.kind for v in variables], X)
        limits = Limits(
            n_terms=self.n_terms, n_factors=self.n_factors, width=max(1, round(6 * budget.effort))
        )
        archive = search(factors, table, budget=budget, limits=limits)
        snap(archive, count=SNAPPED)
        rivals(archive, count=2)
        symbols = [v.symbol for v in variables]
        return [fitted.expression(symbols) for fitted in handed_on(archive)]


def handed_on(archive: Archive) -> list[Fitted]:
    """Return the best of all and of every number of leaves and terms, no constant at a bound."""
    inside = [f for f in archive.best(len(archive.fits)) if not at_bound(f, archive.table)]
    chosen: dict[tuple[int, int], Fitted] = {}
    for fitted in inside:
        chosen.setdefault((fitted.structure.n_leaves, len(fitted.structure.terms)), fitted)
    picked = {f.structure: f for f in [*inside[:HANDED_ON], *chosen.values()]}
    return sorted(picked.values(), key=lambda f: archive.lengths[f.structure])
