"""No benefit entry is vacuous: a claim that is a little wrong is refuted in quick mode."""

import dataclasses

import numpy as np
import pytest

from mtl_theory.ledger.benefit import THEOREMS
from mtl_theory.theorem import Verdict

BY_NAME = {theorem.id.split("/")[1]: theorem for theorem in THEOREMS}
# Every component of every case sees 5 % off; where the truth is zero, the amount that is given.
SHARP = {
    "pooled-ami": None,
    "pooled-ami-mean-length": None,
    "pooled-ami-exact": None,
    "pooled-rate": None,
    "matched-weights": None,
    "equal-weights": None,
    "equal-weights-threshold": None,
    "cosine-ami": None,
    "cosine-ami-unbalanced": None,
    "cosine-ami-small": None,
    "channel-composition": None,
    "resample-information": 1e-6,
    "root-ami": None,
    "half-space-bound-corrected": None,
    "half-space-tasks-needed": None,
}
# Bounds: the claim times this is refuted, case by case: no bound is looser than one over this.
BOUNDS = {
    "ami-correlation": [1 - 1e-4],
    "merge-ceiling": [1 - 1e-6] * 3,
    "information-triangle": [0.8, 1 - 1e-6],
    "ami-triangle": [0.99, 1 - 1e-6],
    "single-task-lower-bound": [0.64, 0.67],
}


def test_every_entry_that_holds_is_corrupted_here():
    holding = {name for name, theorem in BY_NAME.items() if theorem.expected is Verdict.HOLDS}
    assert {*SHARP, *BOUNDS} == holding


@pytest.mark.parametrize("factor", [0.95, 1.05])
@pytest.mark.parametrize("name", SHARP)
def test_five_per_cent_off_is_refuted_everywhere(name, factor, corrupted, scaled):
    theorem = BY_NAME[name]
    _, cases = corrupted(theorem, predict=scaled(theorem, factor, SHARP[name]))
    for case in cases:
        assert (case.deviation > 1).all(), (case.name, case.predicted, case.deviation)


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_informative(name, corrupted, scaled):
    for index, factor in enumerate(BOUNDS[name]):
        _, cases = corrupted(BY_NAME[name], predict=scaled(BY_NAME[name], factor))
        assert cases[index].verdict is Verdict.REFUTED, (name, index, cases[index].measured)


def test_the_printed_bound_fails_clearly(verified):
    (case,) = verified(BY_NAME["half-space-bound"]).cases
    np.testing.assert_allclose(case.measured / case.predicted, np.sqrt(2), rtol=1e-9)


def test_cases_in_which_sharing_must_not_help_would_be_refuted_if_it_did(verified):
    theorem = BY_NAME["equal-weights"]
    gain = next(case.gain for case in theorem.cases if case.gain is not None)
    forbidden = tuple(dataclasses.replace(case, gain=gain) for case in theorem.cases[:2])
    helps, hurts = verified(theorem, cases=forbidden).cases
    assert helps.verdict is Verdict.REFUTED and "must not help" in helps.reason
    assert hurts.verdict is Verdict.HOLDS
