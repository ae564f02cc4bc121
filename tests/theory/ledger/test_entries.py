"""Every entry of every topic: its verdict, its statement, its source, its kind, its cases."""

import json

import numpy as np
import pytest
import sympy as sp

from mtl_theory.ledger import PAPERS, asymptotics, benefit, robustness, theorems, transfer
from mtl_theory.theorem import Kind, Verdict, theorem_rng, verify

TOPICS = {
    topic.__name__.split(".")[-1]: topic.THEOREMS for topic in (robustness, transfer, asymptotics, benefit)
}
ENTRIES = {theorem.id: theorem for entries in TOPICS.values() for theorem in entries}
PAPER = {"robustness": "daras", "transfer": "wu", "asymptotics": "wu", "benefit": "bettgenhaeuser"}
PROMISED = {
    "robustness": (
        "toy master-identity noise-slope noise-slope-per-task noise-spread tradeoff crossover adding-a-task "
        "orthonormal head-norm no-benefit gaussian-2.7 gaussian-2.7-probability "
        "gaussian-2.7-probability-corrected gaussian-needs-t-ge-k gaussian-2.7-constants "
        "gaussian-2.7-dimensions deletion rescaled-deletion multiplicative multiplicative-as-released "
        "sign-flip stuck-at stuck-at-any-optimum corruption-crossovers magnitude-pruning "
        "magnitude-pruning-haar quantisation quantisation-stochastic head-noise heterogeneous-noise "
        "noise-allocation task-weights ridge-heads general-covariance deletion-general-covariance "
        "normalisations gradient-descent-is-balanced curvature gaussian-crossover near-orthonormal-2.7 "
        "deletion-expansion"
    ),
    "transfer": (
        "capacity-prop1 relu-capacity prop3-same-design prop4-heads prop5-equal-covariance prop6-greedy "
        "fact7 lemma8 theorem2 theorem9-relu arc-cosine-kernel relu-symmetry-breaking lemma10-no-spurious "
        "spurious-minima-unequal-covariance algorithm1-ends-at-single-task algorithm1-interior-gain "
        "algorithm2-raw-wrong-order algorithm2-unit-labels sign-symmetry "
        "prop6-greedy-corrected theorem2-plateau arc-cosine-bounds relu-capacity-noisy"
    ),
    "asymptotics": (
        "covariate-shift-variance sample-size-dichotomy model-shift-L1 model-shift-L1-corrected "
        "model-shift-L2 head-ratio critical-cosine three-regimes combined-shift many-tasks-width "
        "exact-risk-engine optimal-source-weight capacity-rule reduced-rank-oracle-rate "
        "head-ratio-criterion transfer-window soft-sharing equal-covariance-bound"
    ),
    "benefit": (
        "pooled-ami pooled-ami-mean-length pooled-ami-exact pooled-rate matched-weights equal-weights "
        "equal-weights-threshold cosine-ami cosine-ami-unbalanced cosine-ami-small channel-composition "
        "resample-information root-ami half-space-bound half-space-bound-corrected half-space-tasks-needed "
        "ami-correlation merge-ceiling information-triangle ami-triangle single-task-lower-bound"
    ),
}
WRONG_AS_PRINTED = {
    "robustness/gaussian-2.7-probability",
    "robustness/multiplicative-as-released",
    "transfer/prop6-greedy",
    "transfer/relu-capacity-noisy",
    "transfer/spurious-minima-unequal-covariance",
    "transfer/algorithm2-raw-wrong-order",
    "asymptotics/model-shift-L1",
    "benefit/half-space-bound",
}
KINDS = {
    Kind.RATE: {
        "robustness/gaussian-2.7-probability",
        "robustness/gaussian-2.7-probability-corrected",
        "transfer/theorem9-relu",
        "asymptotics/reduced-rank-oracle-rate",
        "benefit/pooled-rate",
    },
    Kind.BOUND: {
        "robustness/gaussian-2.7-constants",
        "robustness/noise-allocation",
        "transfer/prop6-greedy",
        "transfer/prop6-greedy-corrected",
        "transfer/fact7",
        "transfer/lemma8",
        "transfer/theorem2",
        "transfer/arc-cosine-bounds",
        "asymptotics/soft-sharing",
        "asymptotics/equal-covariance-bound",
        "benefit/ami-correlation",
        "benefit/merge-ceiling",
        "benefit/information-triangle",
        "benefit/ami-triangle",
        "benefit/single-task-lower-bound",
    },
}
# Some case of these has sharing that must not help.
WITH_GAIN = {
    "robustness/no-benefit",
    "robustness/ridge-heads",
    "asymptotics/sample-size-dichotomy",
    "asymptotics/critical-cosine",
    "asymptotics/three-regimes",
    "asymptotics/transfer-window",
    "asymptotics/many-tasks-width",
    "benefit/pooled-ami",
    "benefit/equal-weights",
}
# The cases that do not apply, up to the first colon of their names, and the one assumption that each breaks.
VIOLATED = {
    "robustness/master-identity": {"a map that is not optimal": "stationary map"},
    "robustness/noise-slope": {
        "the same function with another scale of W": "orthonormal rows",
        "a saddle point": "optimal map",
    },
    "robustness/noise-slope-per-task": {"orthonormal tasks": "distinct singular values at the cut"},
    "robustness/gaussian-2.7": {"d = 20": "many features"},
    "robustness/gaussian-needs-t-ge-k": {"k = 4, t = 5 -> 6": "t + 1 <= k"},
    "robustness/deletion": {"rotated optimum, whole units": "uncorrelated heads"},
    "transfer/theorem2": {"cos 0.5": "similar tasks"},
    "transfer/relu-capacity": {"noisy labels": "single-task networks are wide enough"},
    "transfer/algorithm1-ends-at-single-task": {
        "fewer samples than features": "the task determines its own fit"
    },
    "asymptotics/covariate-shift-variance": {"N < p": "N > p"},
    "asymptotics/model-shift-L1-corrected": {"N < p": "N > p"},
    "asymptotics/model-shift-L2": {"N < p": "N > p"},
    "asymptotics/head-ratio-criterion": {"N < p": "N > p"},
    "asymptotics/head-ratio": {"cosine 0": "cosine other than 0", "n_2 < p": "n_2 > p"},
    "asymptotics/critical-cosine": {"n_2 < p": "n_2 > p"},
    "asymptotics/three-regimes": {"n_2 = 1.5 p": "n_2 >= 3p"},
    "asymptotics/transfer-window": {"n_2 = 3p": "p < n_2 < 3p"},
    "asymptotics/optimal-source-weight": {"n_2 < p": "n_2 > p"},
    "asymptotics/many-tasks-width": {
        "random effects at r = 3": "eigengap",
        "20 tasks for 60 features": "few tasks",
    },
    "asymptotics/capacity-rule": {"an eigenvalue at the threshold": "clear of the threshold"},
    "asymptotics/reduced-rank-oracle-rate": {"n = 200, singular values 1": "detectable"},
    "asymptotics/exact-risk-engine": {"fewer samples than features, no ridge": "determined or ridged"},
    "benefit/pooled-ami": {"n = 50 for d = 20": "first order"},
    "benefit/pooled-ami-mean-length": {"n = 50 for d = 20": "first order"},
    "benefit/pooled-ami-exact": {"two samples": "convergent integral"},
    "benefit/pooled-rate": {"errors that are not small": "small errors"},
    "benefit/matched-weights": {"different auxiliary tasks": "auxiliary tasks alike"},
    "benefit/equal-weights": {"n = 50 for d = 20": "first order"},
    "benefit/cosine-ami": {"a fifth of the labels positive": "balanced labels"},
    "benefit/channel-composition": {"the paper's symmetric channel on entity labels": "the prior is kept"},
    "benefit/ami-triangle": {"a label inside a finer one": "equal entropies"},
    "benefit/half-space-tasks-needed": {"d = 100,000, n = 10,000, K = 5": "enough samples for the subspace"},
    "benefit/single-task-lower-bound": {"d = 50, n = 60": "fewer samples than features"},
}
REPRODUCED = (
    "robustness/noise-slope robustness/deletion robustness/quantisation-stochastic robustness/head-noise "
    "transfer/capacity-prop1 transfer/lemma8 transfer/algorithm2-unit-labels "
    "transfer/algorithm1-interior-gain asymptotics/model-shift-L2 asymptotics/head-ratio "
    "asymptotics/capacity-rule asymptotics/exact-risk-engine "
    "benefit/pooled-ami benefit/equal-weights-threshold benefit/cosine-ami benefit/merge-ceiling"
).split()
every = pytest.mark.parametrize("theorem", ENTRIES.values(), ids=ENTRIES)
topics = pytest.mark.parametrize("topic", TOPICS)


@every
def test_quick_verdict(theorem, verified):
    verification = verified(theorem)
    assert verification.verdict is theorem.expected
    assert verification.as_expected
    assert [case.verdict for case in verification.cases] == [
        Verdict.REFUTED if theorem.expected is Verdict.REFUTED else case.expected for case in theorem.cases
    ]
    assert verification.derived is (None if theorem.derive is None else True)
    json.dumps(verification.record(), allow_nan=False)


# The full draws of asymptotics take minutes more.
@pytest.mark.slow
@pytest.mark.parametrize("topic", ["robustness", "transfer", "benefit"])
def test_full_verdicts(topic):
    for theorem in TOPICS[topic]:
        assert verify(theorem, rng=theorem_rng(theorem, 0)).as_expected, theorem.id


@topics
def test_every_promised_entry_is_there(topic):
    ids = [theorem.id for theorem in TOPICS[topic]]
    assert sorted(ids) == sorted(f"{topic}/{name}" for name in PROMISED[topic].split())
    assert [theorem_id for theorem_id in theorems() if theorem_id.startswith(f"{topic}/")] == ids


def test_only_these_are_expected_refuted():
    assert {i for i, theorem in ENTRIES.items() if theorem.expected is Verdict.REFUTED} == WRONG_AS_PRINTED
    assert all(theorem.expected is not Verdict.DOES_NOT_APPLY for theorem in ENTRIES.values())


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind):
    assert {i for i, theorem in ENTRIES.items() if theorem.kind is kind} == KINDS[kind]


def test_cases_in_which_sharing_must_not_help():
    with_gain = {i for i, theorem in ENTRIES.items() if any(case.gain is not None for case in theorem.cases)}
    assert with_gain == WITH_GAIN


@every
def test_statement_source_and_words(theorem):
    claims = (sp.Eq, sp.Le, sp.Lt, sp.Ge, sp.Gt, sp.And, sp.Implies, sp.Equivalent)
    assert isinstance(theorem.statement, claims), "a statement claims something"
    assert theorem.statement.free_symbols, "SymPy has evaluated the claim away"
    assert len(theorem.latex) > 10 and r"\text{" not in theorem.latex
    assert theorem.title.strip() == theorem.title != ""
    paper = PAPERS[PAPER[theorem.topic]]
    assert theorem.topic in paper.topics
    assert theorem.source.paper == paper.name
    assert theorem.source.where.strip() != ""
    assert all(a.name and a.statement for a in theorem.assumptions)
    names = [case.name for case in theorem.cases]
    assert all(names) and len(set(names)) == len(names)


@every
def test_what_departs_from_the_paper_says_how(theorem):
    """All of asymptotics and benefit departs, and what is wrong as printed; of transfer, the source tells."""
    departs = theorem.topic in ("asymptotics", "benefit") or theorem.expected is not Verdict.HOLDS
    if theorem.topic == "transfer":
        departs = departs or any(word in theorem.source.where for word in ("correct", "derived", "exact"))
    assert theorem.remark or not departs


@topics
def test_a_case_that_does_not_apply_names_its_assumption(topic):
    """Each case breaks exactly the assumption that it is there for."""
    violated = {}
    for theorem in TOPICS[topic]:
        for case in theorem.cases:
            if case.expected is Verdict.DOES_NOT_APPLY:
                x = case.build(theorem_rng(theorem, 0))
                broken = [a.name for a in theorem.assumptions if not a.holds(x)]
                violated.setdefault(theorem.id, {})[case.name.split(":")[0]] = broken
    assert violated == {
        entry: {case: [assumption] for case, assumption in cases.items()}
        for entry, cases in VIOLATED.items()
        if entry.startswith(f"{topic}/")
    }


@pytest.mark.parametrize("name", REPRODUCED)
def test_same_generator_same_numbers(name):
    theorem = ENTRIES[name]
    x = theorem.cases[0].build(np.random.default_rng(0))
    n = 1 if theorem.cases[0].trials == 1 else 3
    first, second = (theorem.measure(np.random.default_rng(1), x, n) for _ in range(2))
    np.testing.assert_array_equal(first, second)
