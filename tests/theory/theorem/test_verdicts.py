"""Planted theorems: the answer of `verify` is known beforehand."""

import dataclasses

import numpy as np
import pytest
import sympy as sp

from mtl_theory.theorem import (
    Assumption,
    Case,
    Kind,
    Source,
    Theorem,
    Verdict,
    log_log_slope,
    theorem_rng,
    verify,
)

x = sp.Symbol("x")
HOLDS, REFUTED, DOES_NOT_APPLY = Verdict


def planted(truth=(1.0, 2.0), claim=None, *, std=1.0, trials=400, cases=None, **more):
    """Claim that means of Gaussian draws, an instance of their own, are `claim`; `truth` if not given."""
    fields = {
        "id": "planted/mean",
        "title": "A mean",
        "source": Source(paper="None", where="nowhere"),
        "kind": Kind.EQUALITY,
        "statement": sp.Eq(sp.Function("E")(x), x),
        "predict": lambda means: means if claim is None else claim,
        "measure": lambda rng, means, n: means + std * rng.standard_normal((n, len(means))),
        "cases": cases or (Case(name="Gaussian", build=lambda rng: np.asarray(truth), trials=trials),),
    }
    return Theorem(**(fields | more))


def check(theorem, seed=0, **how):
    return verify(theorem, rng=theorem_rng(theorem, seed), **how)


def test_a_true_equality_holds():
    verification = check(planted())
    assert verification.verdict is HOLDS and verification.as_expected
    assert verification.counterexample is None and verification.derived is None
    assert verification.trials == 400
    (case,) = verification.cases
    np.testing.assert_array_equal(case.predicted, [1.0, 2.0])
    assert (np.abs(case.measured - [1, 2]) < 4.5 * case.stderr).all()
    np.testing.assert_allclose(case.stderr, 1 / 20, rtol=4.5 / np.sqrt(800))


@pytest.mark.parametrize("component", [0, 1])
def test_an_equality_off_by_ten_standard_errors_is_refuted_with_the_counterexample(component):
    claim = [1.0, 2.0]
    claim[component] += 0.5
    verification = check(planted(claim=claim))
    assert verification.verdict is REFUTED and not verification.as_expected
    (case,) = verification.cases
    assert verification.counterexample is case
    assert case.deviation.argmax() == component and case.deviation[1 - component] <= 1 < case.deviation.max()
    predicted, measured, stderr = verification.headline
    assert predicted == claim[component]
    assert abs(measured - predicted + 0.5) < 4.5 * stderr
    expected = abs(measured - predicted) / (4.5 * stderr + 1e-10 * predicted)
    assert case.deviation[component] == pytest.approx(expected, rel=1e-12)


def test_the_counterexample_is_the_clearest_of_the_refuting_cases():
    offsets = {"right": 0.0, "far off": 3.0, "off": 1.0}
    cases = tuple(
        Case(name=name, build=lambda rng, o=o: np.array([o]), trials=100) for name, o in offsets.items()
    )
    verification = check(planted(claim=[0.0], cases=cases))
    assert [c.verdict for c in verification.cases] == [HOLDS, REFUTED, REFUTED]
    assert verification.counterexample.name == "far off"
    assert verification.headline[1] == verification.counterexample.measured[0]


@pytest.mark.parametrize(
    ("claim", "verdict"), [(1 + 0.9e-10, HOLDS), (1 + 1.2e-10, REFUTED), (1 - 1.2e-10, REFUTED)]
)
def test_a_deterministic_equality_is_judged_to_rounding(claim, verdict):
    exact = planted([1.0], [claim], std=0.0, trials=1)
    assert check(exact).verdict is verdict


@pytest.mark.parametrize(
    ("truth", "scale", "slack", "off", "verdict"),
    [
        (100.0, 1.0, 0.01, 0.99, HOLDS),  # relative to the prediction where that is large
        (100.0, 1.0, 0.01, 1.03, REFUTED),
        (0.0, 1.0, 0.01, 0.0099, HOLDS),  # absolute, in units of the scale, where it is small
        (0.0, 1.0, 0.01, 0.011, REFUTED),
        (0.0, 20.0, 0.01, 0.19, HOLDS),
        (0.0, 20.0, 0.01, 0.21, REFUTED),
        (0.001, 1e-9, 0.01, 0.99e-5, HOLDS),  # relative throughout with a tiny scale
        (0.001, 1e-9, 0.01, 1.03e-5, REFUTED),
        (-100.0, 1.0, 0.01, -0.99, HOLDS),
    ],
)
def test_slack_is_relative_above_the_scale_and_absolute_below(truth, scale, slack, off, verdict):
    theorem = planted([truth], [truth + off], std=0.0, trials=1, slack=slack, scale=scale)
    assert check(theorem).verdict is verdict


def test_slack_adds_to_the_standard_error():
    # Ten standard errors of 1/20 off: 4.5 are allowed, and the slack covers 1.5 x 0.35 = 10.5 more.
    assert check(planted([1.0], [1.5])).verdict is REFUTED
    assert check(planted([1.0], [1.5], slack=0.35)).verdict is HOLDS


def drawn(values):
    """Measure the given draws, in order."""
    table = np.atleast_2d(np.asarray(values, dtype=float))
    table = table.T if table.shape[0] == 1 else table
    return {
        "kind": Kind.BOUND,
        "measure": lambda rng, instance, n: table[:n],
        "cases": (Case(name="given draws", build=lambda rng: None, trials=len(table)),),
    }


@pytest.mark.parametrize(
    ("draws", "bound", "verdict"),
    [
        ([0.1, 0.9, 0.5], 1.0, HOLDS),
        ([0.1, 1.0, 0.5], 1.0, HOLDS),
        ([0.1, 1.001, 0.5], 1.0, REFUTED),  # once is enough
        ([-5.0, -3.0, -2.0], -1.0, HOLDS),
        ([-5.0, -0.9, -2.0], -1.0, REFUTED),
        ([-2.0, -1.0], -1.0, HOLDS),
        ([-1.0, -0.1], 0.0, HOLDS),
        ([0.0, 0.0], 0.0, HOLDS),
        ([-1.0, 1e-6], 0.0, REFUTED),
    ],
)
def test_a_bound_is_refuted_by_one_draw_above_it(draws, bound, verdict):
    verification = check(planted(claim=[bound], **drawn(draws)))
    assert verification.verdict is verdict
    assert verification.headline == (bound, max(draws), 0.0)
    assert (verification.counterexample is None) == (verdict is HOLDS)


def test_a_bound_reports_its_looseness_and_is_judged_by_component():
    verification = check(planted(claim=[2.0, 2.0], **drawn([[0.5, -9.0], [0.25, 1.0]])))
    np.testing.assert_allclose(verification.cases[0].deviation, [0.25, 0.5], rtol=1e-9)
    np.testing.assert_array_equal(verification.cases[0].measured, [0.5, 1.0])
    verification = check(planted(claim=[2.0, 0.9], **drawn([[0.5, -9.0], [0.25, 1.0]])))
    assert verification.verdict is REFUTED


def test_slack_loosens_a_bound():
    assert check(planted(claim=[1.0], slack=0.01, **drawn([0.5, 1.009]))).verdict is HOLDS
    assert check(planted(claim=[1.0], slack=0.01, **drawn([0.5, 1.011]))).verdict is REFUTED


def rate(claim, *, noise=0.01, **more):
    """Claim the exponent of `m(n) = 5 n^-1/2` on a grid."""
    grid = np.array([10.0, 30.0, 100.0])
    return planted(
        5 * grid**-0.5,
        [claim],
        kind=Kind.RATE,
        std=noise,
        reduce=lambda means, mean: log_log_slope(grid, mean),
        **more,
    )


def test_a_rate_is_judged_by_its_fitted_exponent():
    held = check(rate(-0.5))
    assert held.verdict is HOLDS
    predicted, measured, stderr = held.headline
    assert predicted == -0.5 and abs(measured + 0.5) < 4.5 * stderr < 0.01
    assert check(rate(-0.55)).verdict is REFUTED
    assert check(rate(-0.55, slack=0.05)).verdict is HOLDS  # absolute, in units of the exponent


def test_a_rate_without_noise_on_small_numbers():
    # A finite difference must not step out of the logarithm's domain.
    grid = np.array([1.0, 2.0, 4.0])
    exact = planted(
        1e-9 * grid**-2.0,
        [-2.0],
        kind=Kind.RATE,
        std=0.0,
        trials=1,
        reduce=lambda i, mean: log_log_slope(grid, mean),
    )
    assert check(exact).verdict is HOLDS
    assert check(dataclasses.replace(exact, predict=lambda i: [-2.001])).verdict is REFUTED


POSITIVE = Assumption(
    name="positive", statement="every mean is positive", holds=lambda means: means.min() > 0
)
SMALL = Assumption(name="small", statement="every mean is below nine", holds=lambda means: means.max() < 9)


def test_a_violated_assumption_is_named_and_nothing_is_measured():
    def never(rng, means, n):
        raise AssertionError("measured outside the assumptions")

    theorem = planted([-1.0, 10.0], assumptions=(POSITIVE, SMALL), measure=never, expected=DOES_NOT_APPLY)
    verification = check(theorem)
    (case,) = verification.cases
    assert verification.verdict is case.verdict is DOES_NOT_APPLY
    assert case.reason == "violates the assumption 'positive': every mean is positive"
    assert case.trials == verification.trials == 0
    assert np.isnan(verification.headline).all()
    assert not verification.as_expected  # the case itself is expected to hold


def test_one_case_that_applies_decides():
    def cases(expected):
        return (
            Case(name="in", build=lambda rng: np.array([1.0]), trials=100),
            Case(name="out", build=lambda rng: np.array([-1.0]), trials=100, expected=expected),
        )

    verification = check(planted(cases=cases(DOES_NOT_APPLY), assumptions=(POSITIVE,)))
    assert [c.verdict for c in verification.cases] == [HOLDS, DOES_NOT_APPLY]
    assert verification.verdict is HOLDS and verification.as_expected
    surprised = check(planted(cases=cases(HOLDS), assumptions=(POSITIVE,)))
    assert surprised.verdict is HOLDS and not surprised.as_expected
    assert surprised.headline[0] == 1.0
    refuted = check(planted(claim=[3.0], cases=cases(DOES_NOT_APPLY), assumptions=(POSITIVE,)))
    assert refuted.verdict is REFUTED


@pytest.mark.parametrize(
    ("truth", "verdict"), [((1.0, 1.0), HOLDS), ((1.0, 2.0), HOLDS), ((2.0, 1.9), REFUTED)]
)
def test_a_case_that_must_not_gain(truth, verdict):
    case = Case(name="", build=lambda rng: np.array(truth), trials=10_000, gain=lambda m: m[0] - m[1])
    verification = check(planted(cases=(case,)))
    assert verification.verdict is verdict
    if verdict is REFUTED:
        gain = verification.cases[0].measured @ [1, -1]
        assert verification.cases[0].reason == f"multitasking must not help here, but gains {gain:.3g}"
        assert verification.cases[0].deviation.max() <= 1  # the numbers themselves are right


def test_slack_also_covers_a_gain():
    case = Case(name="", build=lambda rng: np.array([2.0, 1.9]), gain=lambda m: m[0] - m[1])
    assert check(planted(std=0.0, cases=(case,))).verdict is REFUTED
    assert check(planted(std=0.0, cases=(case,), slack=0.051)).verdict is HOLDS


@pytest.mark.parametrize(
    ("residuals", "derived"),
    [
        ((sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1, sp.Integer(0)), True),
        ((x - x, sp.expand((x + 1) ** 2) - x**2 - 2 * x), False),
        ((), False),  # nothing derived is no proof
    ],
)
def test_a_derivation_must_leave_nothing(residuals, derived):
    verification = check(planted(derive=lambda: residuals))
    assert verification.derived is derived
    assert verification.verdict is (HOLDS if derived else REFUTED)
    assert verification.as_expected is derived
    assert verification.counterexample is None


def test_a_failed_derivation_is_never_expected():
    verification = check(planted(derive=lambda: (x,), expected=REFUTED))
    assert verification.verdict is REFUTED and not verification.as_expected


def test_a_measurement_that_is_not_finite_raises():
    for value in (np.nan, np.inf):
        broken = planted(measure=lambda rng, means, n, v=value: np.full((n, 2), v))
        with pytest.raises(RuntimeError, match="planted/mean: the measurement returned NaN or infinity"):
            check(broken)
    with pytest.raises(RuntimeError, match="prediction is NaN or infinity in case 'Gaussian'"):
        check(planted(claim=[1.0, np.nan]))
    with pytest.raises(RuntimeError, match="measured quantities hold NaN"):
        check(planted(claim=[np.e], reduce=lambda i, mean: mean[0] * np.nan))


@pytest.mark.parametrize("kind", [Kind.EQUALITY, Kind.BOUND])
def test_shapes_that_do_not_fit_raise(kind):
    with pytest.raises(RuntimeError, match=r"predicted \(1,\), measured \(2,\)"):
        check(planted(claim=[1.0], kind=kind))


@pytest.mark.parametrize("trials", [-3, 0, 1, 2.5])
def test_too_few_trials_are_refused(trials):
    with pytest.raises(ValueError, match="trials must be an integer of at least 2"):
        check(planted(), trials=trials)


def test_trials_override_all_but_deterministic_cases():
    cases = tuple(
        Case(name=str(n), build=lambda rng: np.array([1.0]), trials=n, quick_trials=q)
        for n, q in ((1, None), (50, None), (5000, None), (5000, 7))
    )
    theorem = planted(std=0.0, cases=cases)
    assert [c.trials for c in check(theorem).cases] == [1, 50, 5000, 5000]
    assert [c.trials for c in check(theorem, quick=True).cases] == [1, 50, 500, 7]
    assert [c.trials for c in check(theorem, quick=True, trials=30).cases] == [1, 30, 30, 30]
