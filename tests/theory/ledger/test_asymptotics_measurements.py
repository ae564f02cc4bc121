"""What the asymptotics entries measure is what their names say: against raw data and labels."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Truth, draw_dataset
from mtl_simulators.solvers import SoftSharing, WeightedPooling, solve
from mtl_theory.ledger._blocks import in_blocks
from mtl_theory.ledger.asymptotics import (
    _covariates,
    _engine,
    _heads,
    _many_tasks,
    _model_shift,
    _regimes,
    _weighting,
)
from mtl_theory.ledger.asymptotics._designs import Pair, exact_single_task_risk, extrapolate, whole


def agree(first, second):
    """Whether two samples of one mean agree within 4.5 standard errors of their difference."""
    error = np.hypot(*(x.std(axis=0, ddof=1) / np.sqrt(len(x)) for x in (first, second)))
    return bool((np.abs(first.mean(axis=0) - second.mean(axis=0)) <= 4.5 * error).all())


def test_risk_given_the_design_is_the_risk_of_least_squares_on_raw_data():
    """Two tasks stacked with head ratio a, solved by lstsq on samples and noisy labels."""
    rng = np.random.default_rng(0)
    p, pair = 12, Pair(source=2.0, target=2.5, head_ratio=-0.6, n_features=12)
    direction = rng.standard_normal((400, p))
    source_vector = direction / np.linalg.norm(direction, axis=1, keepdims=True)  # |b_1 - a b_2| = 1, b_2 = 0
    weights = np.stack([source_vector, np.zeros((400, p))], axis=1)
    truth = Truth(weights=weights, covariance=np.eye(p), noise=np.ones(2))
    data = draw_dataset(rng, truth, n_samples=pair.counts(1), shared_design=False)
    risks = []
    for inputs, targets in zip(data.inputs, data.targets, strict=True):
        stacked = np.concatenate([pair.head_ratio * inputs[0], inputs[1]])
        estimate = np.linalg.lstsq(stacked, np.concatenate(targets))[0]
        risks.append((estimate**2).sum())
    given_design = _model_shift._resolvents(np.random.default_rng(1), pair, 1, 400)[:, :2].sum(axis=1)
    assert agree(np.array(risks), given_design)


def test_residuals_shrink_like_one_over_p():
    """Relative excess over the limit at p, 2p, 4p: halving, and gone after extrapolation."""
    limits = np.array([3 / 7, 0.2628571428571428])
    excess, error = [], []
    for k, p in enumerate((24, 48, 96)):
        pair = Pair(source=4 / 3, target=2.0, n_features=p)
        draws = _model_shift._resolvents(np.random.default_rng(k), pair, 1, 600)[:, :2] / limits - 1
        excess.append(draws.mean(axis=0))
        error.append(draws.std(axis=0, ddof=1) / np.sqrt(600))
    assert (excess[0] > 4.5 * error[0]).all()
    for small, large in ((0, 1), (1, 2)):
        left = np.abs(2 * excess[large] - excess[small])
        assert (left <= 4.5 * np.hypot(2 * error[large], error[small]) + 0.003).all()
    assert (np.abs(excess[2]) < 0.5 * np.abs(excess[0])).all()


def test_labels_reversed_in_noise_are_a_fair_sample():
    """The head-ratio entry averages over eps and -eps: the same mean as fresh labels."""
    x = _heads.Angled(pair=Pair(source=3.0, target=3.0, n_features=16), cosine=0.8)
    paired = _heads._angles(np.random.default_rng(0), x, 1, 500)
    truth = x.truth(16, 0.8)
    rng = np.random.default_rng(1)
    moments = draw_moments(rng, truth, n_samples=(48, 48), n_replicates=500, shared_design=False)
    fresh = np.arctan(_heads.head_ratio(solve(moments, _heads.SOLVER, rng=rng)))[:, None]
    assert agree(paired, fresh)
    assert paired.std() < 0.8 * fresh.std()


@pytest.mark.parametrize("ratio", [0.5, 1.3])
def test_control_variates_leave_the_mean(ratio):
    x = _heads.Angled(pair=Pair(source=2.0, target=3.0, n_features=16), cosine=0.7)
    controlled = _heads._controlled_risk(np.random.default_rng(0), x, 0.7, ratio, 1, 2_000)
    truth = x.truth(16, 0.7)
    rng = np.random.default_rng(1)
    moments = draw_moments(rng, truth, n_samples=(32, 48), n_replicates=2_000, shared_design=False)
    plain = excess_risk(solve(moments, _heads.SOLVER, rng=rng).weights, truth)[:, 1]
    assert agree(controlled, plain)


def test_growing_sources_and_weights_against_labelled_pooling():
    """Random effects, fixed weights on the source: risk of the solver on labels, p = 40."""
    p, weight = 40, 0.3
    x = _weighting.Weighed(pair=Pair(source=2.0, target=3.0, n_features=p), spread=0.3)
    rng = np.random.default_rng(2)
    weights = np.sqrt(2) * 0.3 / np.sqrt(p) * rng.standard_normal((1_000, 2, p))
    weights[:, 1] = 0.0
    truth = Truth(weights=weights, covariance=np.eye(p), noise=np.full(2, 0.5))
    moments = draw_moments(rng, truth, n_samples=(80, 120), n_replicates=1_000, shared_design=False)
    for value, column in ((weight, None), (1.0, -1)):
        solver = WeightedPooling(task_weights=np.array([value, 1.0]))
        labelled = excess_risk(solve(moments, solver, rng=rng).weights, truth)[:, 1]
        if column is None:
            gram = moments.gram
            inverse = np.linalg.inv(value * gram[:, 0] + gram[:, 1])
            pulled, kept = inverse @ gram[:, 0], inverse @ gram[:, 1]
            noise = value**2 * (pulled * inverse).sum((1, 2)) + (kept * inverse).sum((1, 2))
            given = 0.18 * value**2 * (pulled**2).sum((1, 2)) / p + 0.25 * noise
        else:
            draws = _weighting._measure_weighed(np.random.default_rng(3), x, 150)
            given = draws[:, : draws.shape[1] // 2][:, column]
            growing = _regimes.Growing(spread=0.3, sources=(2.0,), n_features=p)
            assert agree(_regimes._measure_growing(np.random.default_rng(4), growing, 150)[:, 1], given)
        assert agree(labelled, given)


def test_single_task_risk_is_exact_at_finite_size():
    rng = np.random.default_rng(5)
    truth = Truth(weights=np.zeros((1, 1, 10)), covariance=np.eye(10), noise=np.array([0.7]))
    gram = draw_moments(rng, truth, n_samples=25, n_replicates=4_000, shared_design=False).gram
    draws = 0.49 * np.trace(np.linalg.inv(gram[:, 0]), axis1=1, axis2=2)
    error = draws.std(ddof=1) / np.sqrt(4_000)
    assert abs(draws.mean() - exact_single_task_risk(25, 10, 0.7)) <= 4.5 * error


def test_soft_sharing_risk_is_that_of_the_solver():
    p = 15
    rng = np.random.default_rng(6)
    covariance = np.stack([np.diag(np.geomspace(0.3, 3, p)), np.eye(p)])
    weights = np.sqrt(0.18 / p) * rng.standard_normal((3_000, 2, p))
    weights[:, 1] = rng.standard_normal(p)
    weights[:, 0] += weights[:, 1]
    truth = Truth(weights=weights, covariance=covariance, noise=np.full(2, _weighting.NOISE))
    moments = draw_moments(rng, truth, n_samples=(30, 25), n_replicates=3_000, shared_design=False)
    labelled = excess_risk(solve(moments, SoftSharing(strength=20.0), rng=rng).weights, truth)[:, 1]
    given = _weighting._soft_risk(moments.gram, 20.0, 0.18, covariance[1])
    assert agree(labelled, given)


def test_engine_risk_given_the_design_is_that_of_the_solver():
    x = _engine.make_engine(1)
    truth = x.truth(1)
    given = _engine._engine_risks(np.random.default_rng(7), x, 1, 600).sum(axis=1)
    rng = np.random.default_rng(8)
    one_each = Truth(
        weights=truth.weights[rng.integers(len(truth.weights), size=3_000)],
        covariance=truth.covariance,
        noise=truth.noise,
    )
    moments = draw_moments(rng, one_each, n_samples=x.counts(1), n_replicates=3_000, shared_design=False)
    solver = WeightedPooling(task_weights=x.task_weights, heads=x.heads)
    labelled = excess_risk(solve(moments, solver, rng=rng).weights, one_each)[:, x.target]
    assert agree(labelled, given)


def test_twice_the_features_are_two_copies():
    """The engine's limit does not change with the scale at which its instance is simulated."""
    x = _engine.make_engine(2, ridge=0.7)
    small, large = (
        _engine.asymptotic_risk(
            x.truth(scale),
            n_samples=x.counts(scale),
            target=0,
            heads=x.heads,
            task_weights=x.task_weights,
            ridge=0.7 * scale * x.n_features,
        )
        for scale in (1, 2)
    )
    np.testing.assert_allclose(large.bias, small.bias, rtol=1e-9)
    np.testing.assert_allclose(large.variance, small.variance, rtol=1e-9)


def test_shifted_designs_have_the_promised_spectrum():
    pair = Pair(source=200.0, target=200.0, n_features=10)
    for signs_only in (False, True):
        x = _covariates.Shifted(pair=pair, singular_values=np.linspace(0.5, 2, 10), signs_only=signs_only)
        gram, metric = _covariates._shifted_grams(np.random.default_rng(0), x, 1, 40)
        first, second = gram.mean(axis=0) / 2_000
        np.testing.assert_allclose(second, metric, atol=0.06)
        ratios = np.sqrt(np.linalg.eigvals(np.linalg.solve(second, first)).real)
        np.testing.assert_allclose(np.sort(ratios), np.linspace(0.5, 2, 10), rtol=0.05)


def test_many_tasks_have_the_promised_eigenvalues():
    x = _many_tasks.Many(eigenvalues=_many_tasks.STRONG, samples=2.5, capacities=(1,), condition=30.0)
    for scale in (1, 2):
        truth = x.truth(np.random.default_rng(0), scale)
        energies = np.linalg.eigvalsh(truth.weights[0] @ truth.covariance @ truth.weights[0].T)
        np.testing.assert_allclose(energies[::-1], _many_tasks.STRONG, rtol=1e-9)
        assert np.linalg.cond(truth.covariance) == pytest.approx(30.0)


def test_small_tools():
    np.testing.assert_allclose(extrapolate(None, np.array([1.2, 3.1, 1.1, 3.05])), [1.0, 3.0])
    with pytest.raises(ValueError, match="whole number"):
        whole(10.5)
    sizes = []
    draws = in_blocks(
        lambda rng, size: sizes.append(size) or rng.standard_normal((size, 2)),
        np.random.default_rng(0),
        1_100,
        entries=2**10,
    )
    assert draws.shape == (1_100, 2) and sizes == [512, 512, 76]
