"""What a theorem refuses, what a verification reports, and when it is as expected."""

import json

import numpy as np
import pytest
import sympy as sp

from mtl_theory.theorem import Case, CaseResult, Kind, Source, Theorem, Verdict, Verification, log_log_slope

HOLDS, REFUTED, DOES_NOT_APPLY = Verdict
KEYS = ["id", "paper", "title", "kind", "verdict", "expected", "predicted", "measured", "stderr", "trials"]


def theorem(**more):
    fields = {
        "id": "planted/mean",
        "title": "A mean",
        "source": Source(paper="Nobody 1900", where="Theorem 1"),
        "kind": Kind.EQUALITY,
        "statement": sp.Eq(sp.Symbol("alpha"), sp.Symbol("beta") ** 2),
        "predict": lambda i: 1.0,
        "measure": lambda rng, i, n: np.ones((n, 1)),
        "cases": (Case(name="", build=lambda rng: None),),
    }
    return Theorem(**(fields | more))


def result(verdict, expected=HOLDS, deviation=(0.5,)):
    numbers = (
        np.full(len(deviation), np.nan) if verdict is DOES_NOT_APPLY else np.arange(len(deviation)) + 1.0
    )
    return CaseResult(
        name="",
        verdict=verdict,
        expected=expected,
        predicted=numbers,
        measured=10 * numbers,
        stderr=numbers / 10,
        deviation=np.full(len(deviation), np.nan) if verdict is DOES_NOT_APPLY else np.array(deviation),
        trials=7,
    )


def verification(*cases, verdict=HOLDS, expected=HOLDS, derived=None):
    return Verification(
        theorem=theorem(expected=expected), verdict=verdict, cases=cases, derived=derived, seconds=1.23456
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": "noslash"}, "reads topic/name, got 'noslash'"),
        ({"id": "/name"}, "reads topic/name"),
        ({"id": "topic/"}, "reads topic/name"),
        ({"cases": ()}, "lists no case"),
        ({"kind": Kind.RATE}, "give the `reduce`"),
        ({"kind": Kind.BOUND, "reduce": lambda i, m: m}, "is a bound, judged draw by draw"),
        ({"slack": -1e-3}, "give slack >= 0"),
        ({"slack": float("nan")}, "give slack >= 0"),
        ({"scale": 0.0}, "scale > 0"),
    ],
)
def test_a_theorem_that_cannot_be_verified_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        theorem(**changed)


def test_topic_and_latex():
    assert theorem(id="a/b/c").topic == "a"
    assert theorem().latex == r"\alpha = \beta^{2}"


def test_log_log_slope_of_a_power():
    grid = np.array([1.0, 3.0, 10.0, 50.0])
    assert log_log_slope(grid, 7 * grid**-1.5) == pytest.approx(-1.5, abs=1e-12)


@pytest.mark.parametrize(
    ("cases", "verdict", "expected", "derived", "as_expected"),
    [
        ([result(HOLDS)], HOLDS, HOLDS, None, True),
        ([result(HOLDS)], HOLDS, HOLDS, True, True),
        ([result(HOLDS)], REFUTED, HOLDS, False, False),
        ([result(REFUTED)], REFUTED, HOLDS, None, False),
        ([result(HOLDS)], HOLDS, REFUTED, None, False),
        ([result(REFUTED)], REFUTED, REFUTED, None, True),
        ([result(REFUTED), result(HOLDS)], REFUTED, REFUTED, None, True),
        ([result(REFUTED)], REFUTED, REFUTED, False, False),
        ([result(REFUTED), result(DOES_NOT_APPLY, DOES_NOT_APPLY)], REFUTED, REFUTED, None, True),
        ([result(REFUTED), result(HOLDS, DOES_NOT_APPLY)], REFUTED, REFUTED, None, False),
        ([result(REFUTED), result(HOLDS, REFUTED)], REFUTED, REFUTED, None, False),
        ([result(HOLDS), result(DOES_NOT_APPLY, DOES_NOT_APPLY)], HOLDS, HOLDS, None, True),
        ([result(HOLDS), result(DOES_NOT_APPLY)], HOLDS, HOLDS, None, False),
        ([result(HOLDS), result(HOLDS, DOES_NOT_APPLY)], HOLDS, HOLDS, None, False),
        ([result(DOES_NOT_APPLY, DOES_NOT_APPLY)], DOES_NOT_APPLY, DOES_NOT_APPLY, None, True),
        ([result(DOES_NOT_APPLY)], DOES_NOT_APPLY, HOLDS, None, False),
    ],
)
def test_as_expected(cases, verdict, expected, derived, as_expected):
    assert (
        verification(*cases, verdict=verdict, expected=expected, derived=derived).as_expected is as_expected
    )


def test_headline_is_the_worst_component_of_the_worst_case():
    v = verification(result(HOLDS, deviation=(0.1, 0.2)), result(HOLDS, deviation=(0.3, 0.9, 0.4)))
    assert v.headline == (2.0, 20.0, 0.2)
    assert v.trials == 14
    assert verification(result(DOES_NOT_APPLY), result(HOLDS)).headline == (1.0, 10.0, 0.1)


def strict(record):
    return json.loads(json.dumps(record, allow_nan=False))


def test_records_are_strict_json():
    record = strict(verification(result(HOLDS)).record())
    assert list(record) == [*KEYS, "seconds"]
    assert record["paper"] == "Nobody 1900" and record["kind"] == "equality"
    assert (record["predicted"], record["measured"], record["stderr"]) == (1.0, 10.0, 0.1)
    assert record["seconds"] == 1.235 and record["trials"] == 7
    nothing = strict(verification(result(DOES_NOT_APPLY), verdict=DOES_NOT_APPLY).record())
    assert nothing["predicted"] is nothing["measured"] is nothing["stderr"] is None
    assert nothing["verdict"] == "does not apply"


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_numbers_that_json_cannot_write_become_null(value):
    case = CaseResult(
        name="",
        verdict=REFUTED,
        expected=HOLDS,
        predicted=np.array([value]),
        measured=np.array([1.0]),
        stderr=np.array([value]),
        deviation=np.array([2.0]),
        trials=1,
    )
    record = strict(verification(case, verdict=REFUTED).record())
    assert (record["predicted"], record["measured"], record["stderr"]) == (None, 1.0, None)
