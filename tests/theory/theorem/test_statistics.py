"""Error rates, standard errors, blocks and generators of `verify`."""

import tracemalloc

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from mtl_theory.theorem import Case, Kind, Source, Theorem, Verdict, _verify, theorem_rng, verify

MIXING = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [-0.5, 0.5, 0.7]])  # correlated components
MEANS = np.array([4.0, 5.0, 6.0])


def planted(*, id="planted/mean", trials=200, kind=Kind.EQUALITY, predict=lambda i: MEANS, gain=None, **more):
    def measure(rng, instance, n):
        return MEANS + rng.standard_normal((n, 3)) @ MIXING.T

    return Theorem(
        id=id,
        title="A mean",
        source=Source(paper="None", where="nowhere"),
        kind=kind,
        statement=sp.true,
        predict=predict,
        measure=more.pop("measure", measure),
        cases=(Case(name="", build=lambda rng: None, trials=trials, gain=gain),),
        **more,
    )


def results(theorem, n_seeds):
    return [verify(theorem, rng=theorem_rng(theorem, seed)).cases[0] for seed in range(n_seeds)]


def test_z_scores_of_a_true_equality_are_student_and_it_is_rarely_refuted():
    cases = results(planted(), 2000)
    z = np.stack([(c.measured - c.predicted) / c.stderr for c in cases])
    for component in z.T:
        assert stats.kstest(component, stats.t(199).cdf).pvalue > 1e-4
        assert stats.kstest(component, stats.norm.cdf).pvalue > 1e-4  # at 200 draws the two are alike
    # 6000 components at 1.2e-5 each: more than one refutation has probability 2e-3, more than two 6e-5.
    assert sum(c.verdict is Verdict.REFUTED for c in cases) <= 2


@pytest.mark.parametrize("z", [1.0, 2.0])
def test_the_rate_of_false_refutations_is_the_stated_one(monkeypatch, z):
    monkeypatch.setattr(_verify, "Z", z)
    one = planted(
        measure=lambda rng, i, n: MEANS[:1] + rng.standard_normal((n, 1)), predict=lambda i: MEANS[:1]
    )
    rate = np.mean([c.verdict is Verdict.REFUTED for c in results(one, 2000)])
    expected = 2 * stats.t(199).sf(z)
    assert abs(rate - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 2000)


def test_a_gain_of_zero_is_refuted_at_the_stated_rate(monkeypatch):
    # The difference of two independent means has a larger error than either.
    monkeypatch.setattr(_verify, "Z", 2.0)
    monkeypatch.setattr(_verify, "_judged_equality", lambda *a: (MEANS, MEANS, np.zeros(3)))
    theorem = planted(
        measure=lambda rng, i, n: MEANS[0] + rng.standard_normal((n, 3)), gain=lambda m: m[0] - m[1]
    )
    rate = np.mean([c.verdict is Verdict.REFUTED for c in results(theorem, 2000)])
    expected = stats.t(199).sf(2.0)  # one-sided
    assert abs(rate - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 2000)


def test_delta_method_agrees_with_repetition():
    def quantities(instance, mean):
        return [mean[0] * mean[1], np.log(mean[2] / mean[0]), mean.sum(), 7.0]

    theorem = planted(reduce=quantities, predict=lambda i: quantities(i, MEANS))
    cases = results(theorem, 2000)
    measured = np.stack([c.measured for c in cases])[:, :3]
    stderr = np.stack([c.stderr for c in cases])
    # The standard deviation over 2000 repetitions is known to 1 / sqrt(4000).
    np.testing.assert_allclose(stderr[:, :3].mean(axis=0), measured.std(axis=0), rtol=4.5 / np.sqrt(4000))
    np.testing.assert_array_equal(stderr[:, 3], 0.0)
    covariance = MIXING @ MIXING.T / 200
    gradient = np.array([[5.0, 4.0, 0.0], [-1 / 4, 0.0, 1 / 6], [1.0, 1.0, 1.0]])
    exact = np.sqrt(np.einsum("qi,ij,qj->q", gradient, covariance, gradient))
    np.testing.assert_allclose(stderr[:, :3].mean(axis=0), exact, rtol=0.01)


def test_without_reduce_the_error_is_that_of_the_mean():
    drawn = {}

    def measure(rng, instance, n):
        drawn["sample"] = rng.standard_normal((n, 3)) @ MIXING.T + 1e6  # far from zero: no cancellation
        return drawn["sample"]

    theorem = planted(measure=measure, predict=lambda i: np.full(3, 1e6))
    (case,) = results(theorem, 1)
    np.testing.assert_allclose(case.measured, drawn["sample"].mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(case.stderr, drawn["sample"].std(axis=0, ddof=1) / np.sqrt(200), rtol=1e-10)


@pytest.mark.parametrize("kind", [Kind.EQUALITY, Kind.BOUND])
@pytest.mark.parametrize("block", [1, 7, 100, 10_000])
def test_results_do_not_depend_on_the_block(monkeypatch, block, kind):
    theorem = planted(trials=1003, kind=kind)
    (whole,) = results(theorem, 1)
    monkeypatch.setattr(_verify, "BLOCK", block)
    (blocked,) = results(theorem, 1)
    np.testing.assert_allclose(blocked.measured, whole.measured, rtol=1e-13)
    np.testing.assert_allclose(blocked.stderr, whole.stderr, rtol=1e-11)


def test_memory_does_not_grow_with_the_draws():
    sizes = []

    def measure(rng, instance, n):
        sizes.append(n)
        return rng.standard_normal((n, 50))

    def peak(trials):
        theorem = planted(measure=measure, predict=lambda i: np.zeros(50), trials=trials)
        tracemalloc.start()
        try:
            results(theorem, 1)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(_verify.BLOCK), peak(41 * _verify.BLOCK + 1)
    assert max(sizes) == _verify.BLOCK and sizes[-1] == 1
    assert sum(sizes) == 42 * _verify.BLOCK + 1
    assert few > _verify.BLOCK * 50 * 8
    # Two blocks live at the change from one to the next; 42 would be twenty times this.
    assert many < 2.5 * few


def test_a_theorem_has_a_generator_of_its_own():
    a, b = planted(id="planted/a"), planted(id="planted/b")

    def numbers(theorem, seed=0):
        return verify(theorem, rng=theorem_rng(theorem, seed)).cases[0].measured

    alone = numbers(b)
    numbers(a)
    np.testing.assert_array_equal(numbers(b), alone)
    assert not np.isclose(numbers(a), alone).any()
    assert not np.isclose(numbers(b, seed=1), alone).any()


def test_cases_draw_independently_of_each_other():
    def of(n_cases, trials):
        cases = tuple(Case(name=str(i), build=lambda rng: None, trials=trials) for i in range(n_cases))
        theorem = Theorem(**(vars_of(planted()) | {"cases": cases}))
        return [c.measured for c in verify(theorem, rng=theorem_rng(theorem, 0)).cases]

    def vars_of(theorem):
        return {name: value for name, value in vars(theorem).items() if name != "topic"}

    three, one = of(3, 50), of(1, 50)
    np.testing.assert_array_equal(three[0], one[0])
    assert not np.isclose(three[0], three[1]).any()
    # The instance and the draws come from different streams.
    seen = []
    theorem = planted(measure=lambda rng, i, n: seen.append(rng.random()) or np.zeros((n, 3)))
    theorem = Theorem(
        **(vars_of(theorem) | {"cases": (Case(name="", build=lambda rng: seen.append(rng.random())),)})
    )
    verify(theorem, rng=theorem_rng(theorem, 0))
    assert len(set(seen)) == 2
