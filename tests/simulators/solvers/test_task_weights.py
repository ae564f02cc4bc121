"""Task weights: which tasks they raise and lower, and the conditions that the learned ones satisfy."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import make_rotation
from mtl_simulators.problems import Dataset, Moments, Truth, make_linear
from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    SharedRepresentation,
    SingleTask,
    SolveError,
    inverse_variance_weights,
    kendall_weights,
    solve,
    svd_task_weights,
    weighted_moments,
)

N, D, REPLICATES = 200, 20, 200


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def one_vector(seed: int, noise: list[float]) -> Moments:
    """Draw tasks with one common unit vector and one design."""
    tasks = np.tile(np.eye(D)[0], (1, len(noise), 1))
    truth = Truth(weights=tasks, covariance=np.eye(D), noise=np.array(noise))
    return draw_moments(rng_of(seed), truth, n_samples=N, n_replicates=REPLICATES, shared_design=True)


def cosines(moments: Moments, alpha: np.ndarray | None = None) -> np.ndarray:
    """Return |cos| of the shared vector of capacity 1 with the true one."""
    labels = np.sqrt(np.ones(moments.energy.shape) if alpha is None else alpha)[..., None]
    scaled = Moments(
        gram=moments.gram,
        cross=labels * moments.cross,
        energy=labels[..., 0] ** 2 * moments.energy,
        n_samples=moments.n_samples,
    )
    solution = solve(scaled, SharedRepresentation(capacity=1), rng=rng_of(0))
    return np.abs(solution.representation[:, 0, 0])


def unit_labels(moments: Moments) -> Moments:
    return Moments(
        gram=moments.gram,
        cross=moments.cross / np.sqrt(moments.energy)[..., None],
        energy=np.ones_like(moments.energy),
        n_samples=moments.n_samples,
    )


def noisy_over_clean(weights: np.ndarray) -> np.ndarray:
    """Return the weight of task 1 over the mean of the others."""
    return weights[:, 0] / weights[:, 1:].mean(axis=1)


def test_weight_on_the_clean_task_turns_the_shared_vector_to_the_truth():
    """Proposition 3's example; published values of one instance, each within the range over replicates."""
    alpha = [0.01, 0.1, 0.5, 1, 2, 5, 10, 100]
    published = [0.851, 0.868, 0.920, 0.954, 0.980, 0.995, 0.9987, 1.000]
    moments = one_vector(1, [0.0, 2.0])
    measured = np.array([cosines(moments, np.tile([a, 1.0], (REPLICATES, 1))) for a in alpha])
    assert (np.diff(measured, axis=0) > 0).all()
    assert (measured[-1] > 0.999).all()
    for sample, value in zip(measured, published, strict=True):
        assert abs(sample.mean() - value) < 4 * sample.std() + 5e-4


def test_raw_weights_have_the_wrong_order_and_unit_labels_the_right_one():
    moments = one_vector(2, [2.0, 0.0])
    raw = svd_task_weights(moments, capacity=1, unit_labels=False)
    assert (noisy_over_clean(raw) > 1).mean() > 0.6
    alpha = svd_task_weights(moments, capacity=1)
    assert (noisy_over_clean(alpha) < 1).all()
    # Published for one instance: cosine .954 with equal weights in the labels as they are, .984 with these.
    plain, weighted = cosines(moments), cosines(moments, alpha)
    assert (weighted > plain).all()
    assert plain.mean() == pytest.approx(0.954, abs=4 * plain.std())
    assert weighted.mean() == pytest.approx(0.984, abs=4 * weighted.std())


def test_raw_weights_are_the_projections_as_printed():
    """Published for one instance: weights (242.7, 245.4) clean and noisy; (16.1, 6.9) with unit labels."""
    moments = one_vector(3, [0.0, 2.0])
    raw = svd_task_weights(moments, capacity=1, unit_labels=False)
    for task, value in enumerate((242.7, 245.4)):
        assert abs(raw[:, task].mean() - value) < 4 * raw[:, task].std()
    unit = svd_task_weights(unit_labels(moments), capacity=1, unit_labels=False)
    for task, value in enumerate((16.1, 6.9)):
        assert abs(unit[:, task].mean() - value) < 4 * unit[:, task].std()
    assert np.allclose(svd_task_weights(moments, capacity=1), unit / unit.mean(axis=1, keepdims=True))
    cross = moments.cross[0]
    left = np.linalg.eigh(cross.T @ cross)[1][:, -1:]
    assert np.allclose(raw[0], np.linalg.norm(left.T @ cross.T, axis=0))


@pytest.mark.parametrize(
    ("k", "ratio", "lowered"), [(2, 1.55, 0.05), (3, 1.35, 0.10), (5, 1.21, 0.24), (14, 1.06, 0.47)]
)
def test_one_noisy_task_among_clean_ones(k, ratio, lowered):
    """Additive noise 3 over 0.5; published mean ratios and shares below 1, of samples of unknown size.

    They are compared at 5 standard errors of two samples of this size.
    """
    moments = one_vector(4, [3.0] + [0.5] * (k - 1))
    raw = noisy_over_clean(svd_task_weights(moments, capacity=1, unit_labels=False))
    scale = np.sqrt(2 / REPLICATES)
    assert abs(raw.mean() - ratio) < 5 * raw.std() * scale + 5e-3
    share = (raw < 1).mean()
    assert abs(share - lowered) < 5 * np.sqrt(lowered * (1 - lowered)) * scale
    assert raw.mean() > 1 and share < 0.6
    alpha = svd_task_weights(moments, capacity=1)
    unit = noisy_over_clean(alpha)
    assert (unit < 1).all()
    assert unit.mean() == pytest.approx(0.36, abs=0.03)


@pytest.mark.parametrize(("k", "published"), [(2, 0.62), (3, 0.61), (5, 0.60), (14, 0.61)])
def test_flipped_sign_labels_are_weighted_down(k, published):
    """40% of one task's sign labels drawn anew: weighted down in every replicate, at the published ratio.

    Compared at 5 standard errors of two samples of this size.
    """
    rng = rng_of(5)
    tasks = np.tile(np.eye(D)[0], (REPLICATES, k, 1))
    data = make_linear(rng, weights=tasks, n_samples=N, noise=0.5, shared_design=True).train
    labels = np.sign(data.targets)
    redrawn = rng.random((REPLICATES, N)) < 0.4
    labels[:, 0] = np.where(redrawn, rng.choice([-1.0, 1.0], (REPLICATES, N)), labels[:, 0])
    ratio = noisy_over_clean(svd_task_weights(Dataset(inputs=data.inputs, targets=labels), capacity=1))
    assert (ratio < 1).all()
    assert abs(ratio.mean() - published) < 5 * ratio.std() * np.sqrt(2 / REPLICATES) + 5e-3


@pytest.mark.parametrize("shared_design", [True, False])
def test_whitened_weights_are_the_explained_share_of_the_labels(shared_design):
    rng = rng_of(6)
    data = make_linear(
        rng, rank=2, n_tasks=3, n_features=4, n_samples=15, shared_design=shared_design, n_replicates=5
    ).train
    alone = solve(data, SingleTask(), rng=rng).weights
    explained = 1 - data.moments().squared_error(alone) * 15 / data.moments().energy
    weights = svd_task_weights(data, capacity=3, whitened=True)
    expected = np.sqrt(explained)
    assert np.allclose(weights, expected / expected.mean(axis=1, keepdims=True), rtol=1e-9)
    for form in (data, data.moments()):
        assert np.allclose(svd_task_weights(form, capacity=3, whitened=True), weights, rtol=1e-9)


def test_whitened_weights_do_not_see_the_scale_of_a_design():
    data = make_linear(rng_of(7), alignment=0.6, n_tasks=3, n_features=4, n_samples=15).train
    scaled = Dataset(inputs=data.inputs * np.array([1.0, 100.0, 1.0])[:, None, None], targets=data.targets)
    plain, large = (svd_task_weights(x, capacity=1, whitened=True) for x in (data, scaled))
    assert np.allclose(plain, large, rtol=1e-9)
    assert svd_task_weights(scaled, capacity=1)[0, 1] > 2 * svd_task_weights(data, capacity=1)[0, 1]


def test_weights_turn_with_the_inputs_and_do_not_see_signs():
    data = make_linear(rng_of(8), rank=2, n_tasks=4, n_features=5, n_samples=12, shared_design=True).train
    q = make_rotation(rng_of(9), n_features=5)
    turned = Dataset(inputs=data.inputs @ q, targets=-data.targets)
    assert np.allclose(svd_task_weights(turned, capacity=2), svd_task_weights(data, capacity=2))


def test_inverse_variances_are_those_of_the_residuals():
    """With 100,000 samples the weights are 1 / sigma^2 to the relative error sqrt(2 / n) of a variance."""
    noise = np.array([0.5, 1.0, 3.0])
    truth = Truth(weights=np.ones((1, 3, 4)), covariance=np.eye(4), noise=noise)
    n = 100_000
    for shared_design in (True, False):
        moments = draw_moments(rng_of(10), truth, n_samples=n, n_replicates=20, shared_design=shared_design)
        weights = inverse_variance_weights(moments)
        assert np.allclose(weights.mean(axis=1), 1.0)
        ratios = weights[:, 1:] / weights[:, :1] * (noise[1:] / noise[0]) ** 2
        assert np.abs(ratios - 1).max() < 5 * np.sqrt(4 / n)


def test_inverse_variances_count_the_fitted_parameters():
    """Unequal sizes: E of 1 / weight is sigma^2 only with n_t - d in the denominator."""
    truth = Truth(weights=np.ones((1, 2, 4)), covariance=np.eye(4), noise=np.ones(2))
    moments = draw_moments(rng_of(11), truth, n_samples=[8, 4000], n_replicates=2000, shared_design=False)
    weights = inverse_variance_weights(moments)
    variance_ratio = weights[:, 1] / weights[:, 0]
    assert abs(variance_ratio.mean() - 1) < 5 * variance_ratio.std() / np.sqrt(2000)


def kendall_objective(moments: Moments, weights: np.ndarray) -> np.ndarray:
    """Return the profiled likelihood sum_t n_t log(residual_t / n_t)."""
    return (moments.n_samples * np.log(moments.squared_error(weights))).sum(axis=1)


@pytest.mark.parametrize("shared_design", [True, False])
def test_kendall_weights_are_a_fixed_point(shared_design):
    """1 / weight is proportional to the residuals of the solution that the weights give."""
    rng = rng_of(12)
    data = make_linear(
        rng,
        rank=2,
        n_tasks=4,
        n_features=5,
        n_samples=40,
        noise=[0.3, 0.5, 1.0, 2.0],
        shared_design=shared_design,
    ).train
    alpha = kendall_weights(data, capacity=2, rng=rng)
    assert alpha.shape == (1, 4) and alpha.mean() == pytest.approx(1.0)
    kind = SharedRepresentation if shared_design else AlternatingLeastSquares
    solution = solve(data, kind(capacity=2, task_weights=alpha[0]), rng=rng).weights
    moments = weighted_moments(data)
    inverse = 1 / moments.squared_error(solution)
    assert np.allclose(alpha, inverse / inverse.mean(), rtol=1e-6)
    equal = solve(data, kind(capacity=2), rng=rng).weights
    assert kendall_objective(moments, solution) < kendall_objective(moments, equal)
    assert (np.diff(alpha[0]) < 0).all()


def test_kendall_weights_at_full_capacity_are_inverse_variances():
    data = make_linear(
        rng_of(13), alignment=0.2, n_tasks=3, n_features=4, n_samples=30, shared_design=True
    ).train
    learned = kendall_weights(data, capacity=3, rng=rng_of(14))
    assert np.allclose(learned, inverse_variance_weights(data), rtol=1e-7)


def test_wrong_calls_are_refused():
    rng = rng_of(15)
    data = make_linear(rng, alignment=0.2, n_tasks=3, n_features=4, n_samples=4, shared_design=True).train
    with pytest.raises(ValueError, match="a task has 4 samples, no more than its design has rank"):
        inverse_variance_weights(data)
    with pytest.raises(ValueError, match="fitted without residual"):
        kendall_weights(data, capacity=3, rng=rng)
    with pytest.raises(ValueError, match="capacity r = 4 exceeds"):
        svd_task_weights(data, capacity=4)
    silent = Dataset(inputs=data.inputs, targets=data.targets * np.array([0.0, 1.0, 1.0])[:, None])
    with pytest.raises(ValueError, match="labels that are all zero"):
        svd_task_weights(silent, capacity=1)
    clean = make_linear(rng, alignment=0.2, n_tasks=2, n_features=3, n_samples=9, noise=0.0).train
    with pytest.raises(ValueError, match="fitted without residual"):
        inverse_variance_weights(clean)
    more = make_linear(rng, alignment=0.2, n_tasks=3, n_features=4, n_samples=30, shared_design=True).train
    with pytest.raises(SolveError, match=r"noise levels: .* \(max_iterations=1\)"):
        kendall_weights(more, capacity=1, rng=rng, max_iterations=1)
