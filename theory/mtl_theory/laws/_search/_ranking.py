"""Candidates of all engines on one scale: description length, the front, ties, and the best law."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from mtl_simulators._typing import FloatArray, IntArray
from mtl_theory.laws._errors import FitError
from mtl_theory.laws._fit_expression import fit_expression
from mtl_theory.laws._law import Law
from mtl_theory.laws._search._holdout import folds, largest, left_out_error
from mtl_theory.laws._search._lengths import complexity, structural_cost
from mtl_theory.laws._variables import Variable

# A difference of three nats is odds of twenty to one: below it the data cannot tell two laws apart.
TIE = 3.0
# Within this the extrapolation error may overrule the description length.
NEARLY_EQUAL = 2.0
# By more than a quarter: smaller differences of extrapolation errors are noise.
VETO = 1.25


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A fitted law with its place among the others.

    Parameters
    ----------
    law
        Constants with intervals; its scores hold the errors on rows left out.
    complexity
        Nodes of the expression's tree.
    description_length
        Nats for the residuals, the constants and the structure; only differences mean something.
    ties
        Other laws of no more constants, within three nats: the data cannot tell them apart.
    """

    law: Law
    complexity: int
    description_length: float
    ties: tuple[Law, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What laws are ranked on: X (N, d), y (N,), weights (N,), groups (N,) or None."""

    X: FloatArray
    y: FloatArray
    weights: FloatArray
    groups: IntArray | None
    variables: tuple[Variable, ...]


def fit_candidates(found: Sequence[tuple[str, sympy.Expr]], rows: Rows) -> list[Ranked]:
    """Return every candidate (engine, expression) refitted, the shortest first.

    What cannot be trusted is left out, and so is what another candidate became too.
    """
    ranked: dict[sympy.Expr, Ranked] = {}
    for engine, expression in found:
        try:
            # Constants on trial may overflow; such trials lose.
            with np.errstate(all="ignore"):
                law = fit_expression(expression, rows.variables, rows.X, rows.y, rows.weights)
        except FitError:
            continue
        cost = structural_cost(expression, rows.variables)
        candidate = Ranked(
            law=replace(law, engine=engine),
            complexity=complexity(expression),
            description_length=law.scores.description_length + cost,
        )
        ranked.setdefault(law.form.expression, candidate)
    return sorted(ranked.values(), key=lambda r: (r.description_length, r.complexity))


def with_holdout(ranked: Sequence[Ranked], rows: Rows, *, seed: int) -> list[Ranked]:
    """Return the laws with their errors on rows left out."""
    by_fold = folds(len(rows.y), rows.groups, seed=seed)
    by_size = largest(rows.X, rows.variables)
    by_name = dict(zip((v.name for v in rows.variables), rows.X.T, strict=True))
    scored = []
    for one in ranked:
        columns = np.array([by_name[v.name] for v in one.law.variables]).reshape(-1, len(rows.y))
        scores = replace(
            one.law.scores,
            cross_validation=left_out_error(one.law, columns, rows.y, rows.weights, by_fold),
            extrapolation=left_out_error(one.law, columns, rows.y, rows.weights, by_size),
        )
        scored.append(replace(one, law=replace(one.law, scores=scores)))
    return scored


def extrapolation_of(ranked: Ranked) -> float:
    """Return the extrapolation error, infinite where it is unknown."""
    error = ranked.law.scores.extrapolation
    return float("inf") if error is None else error


def best_of(ranked: Sequence[Ranked]) -> Ranked:
    """Return the shortest law, unless one nearly as short extrapolates better by more than a quarter."""
    shortest = min(r.description_length for r in ranked)
    near = [r for r in ranked if r.description_length <= shortest + NEARLY_EQUAL]
    least = min(extrapolation_of(r) for r in near)
    sound = [r for r in near if extrapolation_of(r) <= VETO * least]
    return min(sound or near, key=lambda r: (r.description_length, r.complexity))


def front_of(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return, by complexity, the laws shorter than all simpler ones, or clearly better at extrapolating."""
    front: list[Ranked] = []
    shortest, least = float("inf"), float("inf")
    for one in sorted(ranked, key=lambda r: (r.complexity, r.description_length, extrapolation_of(r))):
        if one.description_length < shortest or VETO * extrapolation_of(one) < least:
            front.append(replace(one, ties=ties_of(one, ranked)))
        shortest = min(shortest, one.description_length)
        least = min(least, extrapolation_of(one))
    return front


def ties_of(one: Ranked, ranked: Sequence[Ranked]) -> tuple[Law, ...]:
    """Return the other laws within a tie; one of more constants is this law with an idle piece."""
    return tuple(
        other.law
        for other in ranked
        if other.law is not one.law
        and abs(other.description_length - one.description_length) <= TIE
        and other.law.scores.n_constants <= one.law.scores.n_constants
    )
