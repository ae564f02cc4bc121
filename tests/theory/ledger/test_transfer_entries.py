"""Every transfer entry: its verdict, its statement, its source, its cases."""

import json

import numpy as np
import pytest
import sympy as sp

from mtl_theory.ledger import PAPERS, theorems
from mtl_theory.ledger.transfer import THEOREMS
from mtl_theory.theorem import Kind, Verdict, theorem_rng, verify

REQUIRED = (
    "capacity-prop1 relu-capacity prop3-same-design prop4-heads prop5-equal-covariance prop6-greedy fact7 "
    "lemma8 theorem2 theorem9-relu arc-cosine-kernel relu-symmetry-breaking lemma10-no-spurious "
    "spurious-minima-unequal-covariance algorithm1-ends-at-single-task algorithm1-interior-gain "
    "algorithm2-raw-wrong-order algorithm2-unit-labels sign-symmetry"
).split()
COMPANIONS = "prop6-greedy-corrected theorem2-plateau arc-cosine-bounds relu-capacity-noisy".split()
WRONG_AS_PRINTED = {
    "prop6-greedy",
    "relu-capacity-noisy",
    "spurious-minima-unequal-covariance",
    "algorithm2-raw-wrong-order",
}
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


@pytest.mark.slow
def test_full_verdicts():
    for theorem in THEOREMS:
        assert verify(theorem, rng=theorem_rng(theorem, 0)).as_expected, theorem.id


def test_every_promised_entry_is_there_and_only_these_are_expected_refuted():
    assert set(NAMED) == {*REQUIRED, *COMPANIONS}
    assert len(THEOREMS) == len(NAMED)
    assert {name for name, t in NAMED.items() if t.expected is Verdict.REFUTED} == WRONG_AS_PRINTED
    ids = [theorem_id for theorem_id in theorems() if theorem_id.startswith("transfer/")]
    assert ids == [theorem.id for theorem in THEOREMS]


@every
def test_statement_source_and_words(theorem):
    claims = (sp.Eq, sp.Le, sp.Lt, sp.Ge, sp.And, sp.Implies)
    assert isinstance(theorem.statement, claims), "a statement claims something"
    assert theorem.statement.free_symbols, "SymPy has evaluated the claim away"
    assert len(theorem.latex) > 10 and r"\text{" not in theorem.latex
    assert theorem.topic == "transfer"
    assert theorem.topic in PAPERS["wu"].topics
    assert theorem.source.paper == PAPERS["wu"].name
    assert theorem.source.where.strip() != "" and theorem.title.strip() == theorem.title != ""
    # What departs from the paper says how.
    assert theorem.remark or theorem.expected is Verdict.HOLDS
    assert theorem.remark or not any(word in theorem.source.where for word in ("correct", "derived", "exact"))
    names = [case.name for case in theorem.cases]
    assert all(names) and len(set(names)) == len(names)


def test_kinds():
    assert [n for n, t in NAMED.items() if t.kind is Kind.RATE] == ["theorem9-relu"]
    assert {n for n, t in NAMED.items() if t.kind is Kind.BOUND} == {
        "prop6-greedy",
        "prop6-greedy-corrected",
        "fact7",
        "lemma8",
        "theorem2",
        "arc-cosine-bounds",
    }


def test_a_case_that_does_not_apply_names_its_assumption():
    violated = {}
    for name, theorem in NAMED.items():
        for case in theorem.cases:
            if case.expected is Verdict.DOES_NOT_APPLY:
                x = case.build(theorem_rng(theorem, 0))
                violated.setdefault(name, []).append([a.name for a in theorem.assumptions if not a.holds(x)])
    assert violated == {
        "theorem2": [["similar tasks"]],
        "relu-capacity": [["single-task networks are wide enough"]],
        "algorithm1-ends-at-single-task": [["the task determines its own fit"]],
    }


def test_same_generator_same_numbers():
    for name in ("capacity-prop1", "lemma8", "algorithm2-unit-labels", "algorithm1-interior-gain"):
        theorem = NAMED[name]
        x = theorem.cases[0].build(np.random.default_rng(0))
        n = 1 if theorem.cases[0].trials == 1 else 3
        first, second = (theorem.measure(np.random.default_rng(1), x, n) for _ in range(2))
        np.testing.assert_array_equal(first, second)
