"""From rows to ranked laws: engines propose, one back end fits and ranks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from mtl_theory.laws._engines._engine import Budget, Engine
from mtl_theory.laws._errors import Failure, FitError
from mtl_theory.laws._limits import Limit
from mtl_theory.laws._search._ranking import Ranked, Rows, best_of, fit_candidates, front_of, with_holdout
from mtl_theory.laws._violation import violation

# A limit holds when it is broken by less than this share of the target's spread.
TOLERANCE = 1e-6
# So many of the shortest laws, whatever their size, get errors on rows left out.
SCORED = 12


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The best law, the front by complexity, and everything that was ranked, the shortest first."""

    best: Ranked
    front: tuple[Ranked, ...]
    ranked: tuple[Ranked, ...]


def find_laws(
    rows: Rows, engines: Sequence[Engine], *, budget: Budget, seed: int, limits: Sequence[Limit] = ()
) -> Findings:
    """Return the laws that the engines find, refitted and ranked on one scale; the constant always competes.

    Raises
    ------
    FitError
        When no law obeys the limits.
    """
    mean = float(rows.weights @ rows.y / rows.weights.sum())
    found: list[tuple[str, sympy.Expr]] = [("constant", sympy.Float(mean))]
    for engine in engines:
        proposed = engine.candidates(rows.X, rows.y, rows.weights, rows.variables, budget=budget, seed=seed)
        found += [(engine.name, expression) for expression in proposed]
    spread = float(np.std(rows.y))
    obedient = [
        one
        for one in fit_candidates(found, rows)
        if all(violation(limit, one.law) <= TOLERANCE * spread for limit in limits)
    ]
    if not obedient:
        raise FitError(Failure.NON_FINITE, f"none of {len(found)} laws obeys the limits; relax them")
    ranked = with_holdout(worth_scoring(obedient), rows, seed=seed)
    front = front_of(ranked)
    best = best_of(ranked)
    chosen = next((one for one in front if one.law is best.law), best)
    return Findings(best=chosen, front=tuple(front), ranked=tuple(ranked))


def worth_scoring(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return the shortest laws and, of every complexity, the shortest, in order."""
    chosen: dict[int, Ranked] = {}
    for one in ranked:
        chosen.setdefault(one.complexity, one)
    leaders = {id(one) for one in [*ranked[:SCORED], *chosen.values()]}
    return [one for one in ranked if id(one) in leaders]
