"""Every asymptotics entry: its verdict, its statement, its source, its cases."""

import json

import numpy as np
import pytest
import sympy as sp

from mtl_theory.ledger import PAPERS, theorems
from mtl_theory.ledger.asymptotics import THEOREMS
from mtl_theory.theorem import Kind, Verdict, theorem_rng, verify

REQUIRED = (
    "covariate-shift-variance sample-size-dichotomy model-shift-L1 model-shift-L1-corrected model-shift-L2 "
    "head-ratio critical-cosine three-regimes combined-shift many-tasks-width exact-risk-engine "
    "optimal-source-weight capacity-rule reduced-rank-oracle-rate"
).split()
DERIVED_HERE = "head-ratio-criterion transfer-window soft-sharing equal-covariance-bound".split()
NAMED = {theorem.id.split("/")[1]: theorem for theorem in THEOREMS}
every = pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.id.split("/")[1])


@every
def test_quick_verdict(theorem):
    verification = verify(theorem, rng=theorem_rng(theorem, 0), quick=True)
    assert verification.verdict is theorem.expected
    assert verification.as_expected
    assert [case.verdict for case in verification.cases] == [
        Verdict.REFUTED if theorem.expected is Verdict.REFUTED else case.expected for case in theorem.cases
    ]
    assert verification.derived in (None, True)
    json.dumps(verification.record(), allow_nan=False)


def test_every_promised_entry_is_there_and_one_is_expected_refuted():
    assert set(NAMED) == {*REQUIRED, *DERIVED_HERE}
    assert len(THEOREMS) == len(NAMED)
    assert [name for name, t in NAMED.items() if t.expected is Verdict.REFUTED] == ["model-shift-L1"]
    ids = [theorem_id for theorem_id in theorems() if theorem_id.startswith("asymptotics/")]
    assert ids == [theorem.id for theorem in THEOREMS]


@every
def test_statement_source_and_words(theorem):
    claims = (sp.Eq, sp.Le, sp.Gt, sp.Ge, sp.And, sp.Implies)
    assert isinstance(theorem.statement, claims), "a statement claims something"
    assert theorem.statement.free_symbols, "SymPy has evaluated the claim away"
    assert len(theorem.latex) > 10 and r"\text{" not in theorem.latex
    assert theorem.topic == "asymptotics"
    assert theorem.topic in PAPERS["wu"].topics
    assert theorem.source.paper == PAPERS["wu"].name
    assert theorem.source.where.strip() != "" and theorem.remark
    names = [case.name for case in theorem.cases]
    assert all(names) and len(set(names)) == len(names)


def test_kinds():
    assert [n for n, t in NAMED.items() if t.kind is Kind.RATE] == ["reduced-rank-oracle-rate"]
    assert {n for n, t in NAMED.items() if t.kind is Kind.BOUND} == {"soft-sharing", "equal-covariance-bound"}


def test_a_case_that_does_not_apply_names_its_assumption():
    violated = {}
    for name, theorem in NAMED.items():
        for case in theorem.cases:
            if case.expected is Verdict.DOES_NOT_APPLY:
                x = case.build(theorem_rng(theorem, 0))
                violated.setdefault(name, []).append([a.name for a in theorem.assumptions if not a.holds(x)])
    assert violated == {
        "covariate-shift-variance": [["N > p"]],
        "model-shift-L1-corrected": [["N > p"]],
        "model-shift-L2": [["N > p"]],
        "head-ratio-criterion": [["N > p"]],
        "head-ratio": [["cosine other than 0"], ["n_2 > p"]],
        "critical-cosine": [["n_2 > p"]],
        "three-regimes": [["n_2 >= 3p"]],
        "transfer-window": [["p < n_2 < 3p"]],
        "optimal-source-weight": [["n_2 > p"]],
        "many-tasks-width": [["eigengap"], ["few tasks"]],
        "capacity-rule": [["clear of the threshold"]],
        "reduced-rank-oracle-rate": [["detectable"]],
        "exact-risk-engine": [["determined or ridged"]],
    }


def test_cases_in_which_sharing_must_not_help():
    with_gain = {name for name, t in NAMED.items() if any(case.gain is not None for case in t.cases)}
    assert with_gain == {
        "sample-size-dichotomy",
        "critical-cosine",
        "three-regimes",
        "transfer-window",
        "many-tasks-width",
    }


def test_the_theorem_is_not_used_below_the_detection_threshold():
    """d = 100, T = 20, r = 5, n = 200: the simulated risk is well above the oracle rate."""
    theorem = NAMED["reduced-rank-oracle-rate"]
    x = theorem.cases[1].build(None)
    draws = theorem.measure(np.random.default_rng(0), x, 400)[:, 0]
    oracle = 5 * 115 / 99
    assert draws.mean() - 4.5 * draws.std(ddof=1) / 20 > 1.15 * oracle


def test_same_generator_same_numbers():
    for name in ("model-shift-L2", "head-ratio", "capacity-rule", "exact-risk-engine"):
        theorem = NAMED[name]
        x = theorem.cases[0].build(np.random.default_rng(0))
        first, second = (theorem.measure(np.random.default_rng(1), x, 3) for _ in range(2))
        np.testing.assert_array_equal(first, second)
