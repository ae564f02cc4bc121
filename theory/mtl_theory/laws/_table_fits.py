"""Laws of a table: one that is given, or those that a search finds."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mtl_theory.laws._clean_table import Table
from mtl_theory.laws._engines._names import resolve
from mtl_theory.laws._fit import fit_law
from mtl_theory.laws._form import Form
from mtl_theory.laws._intervals import Bootstrap, ProfileLikelihood
from mtl_theory.laws._law import Law
from mtl_theory.laws._limits import Limit
from mtl_theory.laws._search._finding import Findings
from mtl_theory.laws._search._kinds import GuessedKind
from mtl_theory.laws._search._lengths import complexity
from mtl_theory.laws._search._ranking import Ranked
from mtl_theory.laws._search_estimator import search_class
from mtl_theory.laws._variables import Kind

if TYPE_CHECKING:
    import pandas as pd


def fit_table(table: Table, form: Form, *, seed: int = 0) -> Findings:
    """Fit a form to a table; intervals by profile likelihood, or by a bootstrap over groups if it has them.

    Raises
    ------
    FitError
        When the fit cannot be trusted.
    ValueError
        On rows that the form does not admit.
    """
    if table.group is None:
        intervals: Bootstrap | ProfileLikelihood = ProfileLikelihood()
    else:
        intervals = Bootstrap(rng=np.random.default_rng(seed), groups=table.fitted[table.group].to_numpy())
    law = fit_law(table.fitted, form, target=table.target, weights=table.weights, intervals=intervals)
    only = Ranked(
        law=law,
        complexity=complexity(law.form.expression),
        description_length=law.scores.description_length,
    )
    return with_held_out(Findings(best=only, front=(only,), ranked=(only,)), table.held_out)


def search_table(
    table: Table,
    *,
    engine: str = "structured",
    kinds: Mapping[str, Kind] | None = None,
    limits: Sequence[Limit] = (),
    seed: int = 0,
) -> Findings:
    """Search a table for laws.

    The error on rows that the table holds out takes the place of the extrapolation error of each law; the
    choice of the best law does not see it.

    Raises
    ------
    EngineUnavailable
        When the engine cannot run here.
    FitError
        When no law obeys the limits.
    """
    known = {name: kind for name, kind in (kinds or {}).items() if name in table.features}
    search = search_class()(engine=engine, kinds=known, limits=limits, random_state=seed)
    rows = table.fitted
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessedKind)  # the table's notes say it
        search.fit(
            rows[list(table.features)],
            rows[table.target],
            sample_weight=None if table.weights is None else rows[table.weights].to_numpy(),
            groups=None if table.group is None else rows[table.group].to_numpy(),
        )
    found = search.findings_
    named = _mapped(found, lambda law: replace(law, target=table.target))
    return with_held_out(named, table.held_out)


def require_engine(engine: str) -> None:
    """Raise `EngineUnavailable` where an engine cannot run here; `search_table` would, after other work."""
    resolve(engine)


def with_held_out(findings: Findings, held_out: "pd.DataFrame") -> Findings:
    """Return the findings with the error on rows kept apart as every law's extrapolation score."""
    if held_out.empty:
        return findings

    def judged(law: Law) -> Law:
        return replace(law, scores=replace(law.scores, extrapolation=_error(law, held_out)))

    return _mapped(findings, judged)


def _mapped(findings: Findings, change: Callable[[Law], Law]) -> Findings:
    """Return the findings with every law changed."""

    def changed(one: Ranked) -> Ranked:
        return replace(one, law=change(one.law), ties=tuple(change(law) for law in one.ties))

    by_identity = {id(one): changed(one) for one in (*findings.ranked, *findings.front, findings.best)}
    return Findings(
        best=by_identity[id(findings.best)],
        front=tuple(by_identity[id(one)] for one in findings.front),
        ranked=tuple(by_identity[id(one)] for one in findings.ranked),
    )


def _error(law: Law, rows: "pd.DataFrame") -> float:
    """Return the root mean square error on rows; infinite where the law is not finite there."""
    with np.errstate(all="ignore"):
        error = float(np.sqrt(np.mean((rows[law.target].to_numpy() - law.predict(rows)) ** 2)))
    return error if np.isfinite(error) else float("inf")
