"""One search each: what was planted, what came back, and how well it holds beyond the range."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import sympy

from benchmarks.laws.planted import INSIDE, OUTSIDE, SEQUENCE, Planted, draw, noisy, sequence_rows
from mtl_simulators._typing import FloatArray
from mtl_theory.laws._fit_expression import fit_expression
from mtl_theory.laws._law import Law
from mtl_theory.laws._search._kinds import GuessedKind
from mtl_theory.laws._search_estimator import LawSearch

N_ROWS = 300
N_BEYOND = 1000
# Constants more than the truth that a recovered law may have, and the largest relative error of its skeleton.
SPARE, SAME = 2, 1e-4
BY_NAME = {planted.name: planted for planted in (*INSIDE, *OUTSIDE)}


def searched(frame: pd.DataFrame, y: FloatArray, **options: Any) -> LawSearch:
    """Return a fitted search with the kinds of the columns guessed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessedKind)
        return LawSearch(**options).fit(frame, y)


def r2(y: FloatArray, predicted: FloatArray) -> float:
    return float(1.0 - ((y - predicted) ** 2).mean() / y.var())


def recovered(law: Law, planted: Planted, rows: FloatArray) -> bool:
    """Return whether the law's skeleton, refitted without noise in and beyond the range, is the truth."""
    y = planted.law(*rows.T)
    columns = [planted.columns.index(v.name) for v in law.variables]
    refit = fit_expression(law.expression, law.variables, rows[:, columns], y)
    small = refit.scores.n_constants <= planted.n_constants + SPARE
    return bool(small and refit.scores.rmse <= SAME * np.abs(y).mean())


def covered(law: Law, planted: Planted) -> tuple[int, int]:
    """Return how many planted exponents lie in their intervals, and of how many that were fitted."""
    hits = total = 0
    by_symbol = {p.symbol: p.name for p in law.form.parameters}
    for power in law.form.expression.atoms(type(law.variables[0].symbol ** 0.3)):
        truth = planted.exponents.get(str(power.base))
        symbols = list(power.exp.free_symbols)
        if truth is None or len(symbols) != 1 or symbols[0] not in by_symbol:
            continue
        sign = 1 if power.exp == symbols[0] else -1
        estimate = law.estimates[by_symbol[symbols[0]]]
        total += 1
        hits += estimate.low <= sign * truth <= estimate.high
    return hits, total


def planted_run(name: str, noise: float, seed: int, engine: str, *, n_rows: int = N_ROWS) -> dict[str, Any]:
    """Search a planted law; return whether it came back, R2 beyond the range, and covered exponents."""
    planted = BY_NAME[name]
    rng = np.random.default_rng([seed, ord(name)])
    rows, beyond = draw(planted.columns, rng, n_rows), draw(planted.columns, rng, N_BEYOND, beyond=True)
    y = noisy(planted.law(*rows.T), noise, rng)
    search = searched(pd.DataFrame(rows, columns=list(planted.columns)), y, engine=engine, random_state=seed)
    law = search.best_
    away = search.predict(pd.DataFrame(beyond, columns=list(planted.columns)))
    hits, total = covered(law, planted) if law.variables else (0, 0)
    return {
        "recovered": bool(planted.n_constants) and recovered(law, planted, np.vstack([rows, beyond])),
        "extrapolation_r2": r2(planted.law(*beyond.T), away) if np.isfinite(away).all() else -np.inf,
        "hits": hits,
        "exponents": total,
        "law": law.text(digits=5),
        "engine": law.engine,
    }


def pure_noise_run(seed: int, *, n_rows: int = N_ROWS) -> dict[str, Any]:
    """Search in noise; return whether the best law is the constant."""
    columns = ("n", "T", "ami", "sigma")
    rng = np.random.default_rng([seed, 1])
    frame = pd.DataFrame(draw(columns, rng, n_rows), columns=list(columns))
    law = searched(frame, rng.standard_normal(n_rows)).best_
    return {"right": not law.variables, "law": law.text(digits=5)}


def irrelevant_run(seed: int, *, n_rows: int = N_ROWS) -> dict[str, Any]:
    """Search law A at 5 % noise among five columns; return whether those that do not matter are left out."""
    columns = ("n", "T", "ami", "r", "cos")
    rng = np.random.default_rng([seed, 2])
    rows = draw(columns, rng, n_rows)
    y = noisy(BY_NAME["A"].law(*rows.T[:3]), 0.05, rng)
    law = searched(pd.DataFrame(rows, columns=list(columns)), y).best_
    return {"right": {v.name for v in law.variables} == {"n", "T", "ami"}, "law": law.text(digits=5)}


def sequence_run(which: str, sd: float, seed: int, *, n_rows: int = N_ROWS) -> dict[str, Any]:
    """Search one of the two laws of sequence labelling; return its error and whether its form is right.

    All of law P is to come back; of law B the roots of n and AMI only, since T passes for a ratio. `tied`
    says whether they do in the best law or in one that the report calls a tie with it.
    """
    planted = SEQUENCE[which]
    rng = np.random.default_rng([seed, ord(which)])
    rows = sequence_rows(rng, n_rows)
    truth = planted.law(*rows.T)
    frame = pd.DataFrame(rows, columns=list(planted.columns))
    search = searched(frame, truth + sd * rng.standard_normal(n_rows))
    error = float(np.sqrt(((search.predict(frame) - truth) ** 2).mean()))
    allowed = {0.0: 1e-3, 0.01: 2e-3, 0.03: 4e-3}[sd] if which == "P" else max(sd / 3, 4e-3)

    def formed(law: Law) -> bool:
        return recovered(law, planted, rows) if which == "P" else has_roots(law)

    return {
        "error": error,
        "right": error <= allowed,
        "formed": formed(search.best_),
        "tied": any(formed(law) for law in (search.best_, *search.findings_.best.ties)),
        "law": search.best_.text(digits=5),
    }


def has_roots(law: Law) -> bool:
    """Return whether 1/sqrt(n) and sqrt(AMI) are factors in the law."""
    symbols = {v.name: v.symbol for v in law.variables}
    roots = (("n", sympy.Rational(-1, 2)), ("ami", sympy.Rational(1, 2)))
    return all(name in symbols and law.form.expression.has(symbols[name] ** power) for name, power in roots)
