"""Every robustness entry: its verdict, its statement, its source."""

import json

import pytest
import sympy as sp

from mtl_theory.ledger import PAPERS, theorems
from mtl_theory.ledger.robustness import THEOREMS
from mtl_theory.theorem import Kind, Verdict, theorem_rng, verify

REQUIRED = (
    "toy master-identity noise-slope noise-spread tradeoff crossover adding-a-task orthonormal gaussian-2.7 "
    "gaussian-2.7-probability gaussian-needs-t-ge-k deletion rescaled-deletion multiplicative sign-flip "
    "stuck-at magnitude-pruning quantisation head-noise heterogeneous-noise general-covariance task-weights "
    "ridge-heads no-benefit"
).split()
WRONG_AS_PRINTED = {"robustness/gaussian-2.7-probability", "robustness/multiplicative-as-released"}
every = pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.id.split("/")[1])


@every
def test_quick_verdict(theorem):
    verification = verify(theorem, rng=theorem_rng(theorem, 0), quick=True)
    assert verification.verdict is theorem.expected
    assert verification.as_expected
    assert [c.verdict for c in verification.cases] == [
        Verdict.REFUTED if theorem.expected is Verdict.REFUTED else c.expected for c in theorem.cases
    ]
    assert verification.derived is (None if theorem.derive is None else True)
    json.dumps(verification.record(), allow_nan=False)


@pytest.mark.slow
def test_full_verdicts():
    for theorem in THEOREMS:
        assert verify(theorem, rng=theorem_rng(theorem, 0)).as_expected, theorem.id


def test_every_promised_entry_is_there_and_only_these_are_expected_refuted():
    ids = [theorem.id for theorem in THEOREMS]
    assert len(set(ids)) == len(ids) >= 38
    assert {f"robustness/{name}" for name in REQUIRED} <= set(ids)
    assert {t.id for t in THEOREMS if t.expected is Verdict.REFUTED} == WRONG_AS_PRINTED
    assert all(t.expected is not Verdict.DOES_NOT_APPLY for t in THEOREMS)
    assert [theorem_id for theorem_id in theorems() if theorem_id.startswith("robustness/")] == ids


@every
def test_statement_source_and_words(theorem):
    assert isinstance(theorem.statement, sp.Basic)
    assert isinstance(theorem.statement, (sp.Eq, sp.Le, sp.Lt, sp.Ge, sp.Gt, sp.And, sp.Equivalent)), (
        "a statement claims something"
    )
    assert theorem.statement.free_symbols, "SymPy has evaluated the claim away"
    assert len(theorem.latex) > 10 and r"\text{" not in theorem.latex
    assert theorem.title.strip() == theorem.title != ""
    assert theorem.topic == "robustness"
    assert theorem.source.paper == PAPERS["daras"].name
    assert theorem.source.where.strip() != ""
    assert all(a.name and a.statement for a in theorem.assumptions)
    names = [case.name for case in theorem.cases]
    assert all(names) and len(set(names)) == len(names)


def test_kinds():
    kinds = {t.id.split("/")[1]: t.kind for t in THEOREMS}
    assert {n for n, kind in kinds.items() if kind is Kind.RATE} == {
        "gaussian-2.7-probability",
        "gaussian-2.7-probability-corrected",
    }
    assert {n for n, kind in kinds.items() if kind is Kind.BOUND} == {
        "gaussian-2.7-constants",
        "noise-allocation",
    }


def test_a_case_that_does_not_apply_names_its_assumption():
    violated = {}
    for theorem in THEOREMS:
        for case in theorem.cases:
            if case.expected is Verdict.DOES_NOT_APPLY:
                instance = case.build(theorem_rng(theorem, 0))
                violated[theorem.id.split("/")[1], case.name.split(":")[0]] = [
                    a.name for a in theorem.assumptions if not a.holds(instance)
                ]
    # Each case breaks exactly the assumption that it is there for.
    assert violated == {
        ("master-identity", "a map that is not optimal"): ["stationary map"],
        ("noise-slope", "the same function with another scale of W"): ["orthonormal rows"],
        ("noise-slope", "a saddle point"): ["optimal map"],
        ("noise-slope-per-task", "orthonormal tasks"): ["distinct singular values at the cut"],
        ("gaussian-2.7", "d = 20"): ["many features"],
        ("gaussian-needs-t-ge-k", "k = 4, t = 5 -> 6"): ["t + 1 <= k"],
        ("deletion", "rotated optimum, whole units"): ["uncorrelated heads"],
    }
