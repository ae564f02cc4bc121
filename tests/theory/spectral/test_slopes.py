import numpy as np
import pytest

from mtl_simulators.geometry import (
    make_equicorrelated_tasks,
    make_gaussian_tasks,
    make_orthonormal_tasks,
    rescale_tasks,
)
from mtl_theory.spectral import (
    clean_error,
    crossover_variance,
    mean_square_norm,
    noise_slope,
    noise_slopes,
    singular_values,
)


def random_covariance(rng, n_features):
    factor = rng.standard_normal((n_features, n_features))
    return factor @ factor.T / n_features


@pytest.mark.parametrize("capacity", [1, 3, 6, 9])
@pytest.mark.parametrize("n_features", [3, 6, 20])
@pytest.mark.parametrize("with_covariance", [False, True])
def test_slopes_of_prefixes_equal_the_direct_svd(capacity, n_features, with_covariance):
    rng = np.random.default_rng(10)
    weights = rng.standard_normal((4, 6, n_features))
    covariance = random_covariance(rng, n_features) if with_covariance else None
    slopes = noise_slopes(weights, capacity, covariance)
    for t in range(1, 7):
        values = singular_values(weights[:, :t], covariance)
        direct = (values[:, :capacity] ** 2).sum(axis=-1) / t
        np.testing.assert_allclose(slopes[:, t - 1], direct, rtol=1e-10)
        np.testing.assert_allclose(noise_slope(weights[:, :t], capacity, covariance), direct, rtol=1e-10)


@pytest.mark.parametrize("capacity", [1, 4, 8, 11])
def test_clean_error_and_slope_share_out_the_norm(capacity):
    rng = np.random.default_rng(11)
    weights, covariance = rng.standard_normal((5, 8, 12)), random_covariance(rng, 12)
    nu = np.einsum("btd,de,bte->bt", weights, covariance, weights).mean(axis=-1)
    shared = clean_error(weights, capacity, covariance) + noise_slope(weights, capacity, covariance)
    np.testing.assert_allclose(shared, nu, rtol=1e-12)
    np.testing.assert_allclose(mean_square_norm(weights, covariance), nu, rtol=1e-12)
    np.testing.assert_allclose(mean_square_norm(weights), (weights**2).sum(-1).mean(-1), rtol=1e-14)


def test_clean_error_is_the_residual_of_a_projection_and_keeps_a_small_tail():
    rng = np.random.default_rng(12)
    weights = 1e4 * rng.standard_normal((1, 6, 2)) @ rng.standard_normal((2, 9))
    weights += 1e-6 * rng.standard_normal((1, 6, 9))
    _, _, basis = np.linalg.svd(weights)
    residual = weights - weights @ basis[:, :2].mT @ basis[:, :2]
    error = clean_error(weights, 2)
    # The tail is 1e-20 of the norm: the difference nu - R would be rounding noise.
    np.testing.assert_allclose(error, (residual**2).sum(axis=(1, 2)) / 6, rtol=1e-3)
    assert 1e-13 < error[0] < 1e-10


def test_singular_values_interlace_as_tasks_are_added():
    weights = np.random.default_rng(13).standard_normal((500, 7, 9))
    for t in range(1, 7):
        before, after = singular_values(weights[:, :t]), singular_values(weights[:, : t + 1])
        assert (after[:, :t] >= before - 1e-12).all()
        assert (before >= after[:, 1:] - 1e-12).all()


@pytest.mark.parametrize("capacity", [1, 2, 4])
def test_what_a_new_task_must_and_may_have_to_lower_the_slope(capacity):
    weights = np.random.default_rng(14).standard_normal((2000, 6, 8)) * 0.5
    slopes = noise_slopes(weights, capacity)
    falls = slopes[:, 5] < slopes[:, 4]
    _, _, basis = np.linalg.svd(weights[:, :5])
    new = weights[:, 5]
    inside = (np.einsum("bkd,bd->bk", basis[:, :capacity], new) ** 2).sum(axis=-1)
    sufficient = (new**2).sum(axis=-1) < slopes[:, 4]
    necessary = inside < slopes[:, 4]
    assert falls[sufficient].all()
    assert not falls[~necessary].any()
    assert 0 < sufficient.sum() < falls.sum() < necessary.sum() < 2000  # neither condition is both


def test_toy_example():
    tasks = np.eye(3)[None]
    slopes = noise_slopes(tasks, 1)
    np.testing.assert_allclose(slopes[0], [1, 1 / 2, 1 / 3], atol=1e-12)
    np.testing.assert_allclose(clean_error(tasks[:, :2], 1), 1 / 2, atol=1e-12)
    np.testing.assert_allclose(clean_error(tasks, 1), 2 / 3, atol=1e-12)
    np.testing.assert_allclose(crossover_variance(1, slopes[0, 1], 1, slopes[0, 2]), 1, atol=1e-12)


@pytest.mark.parametrize("capacity", [1, 3, 5])
def test_orthonormal_tasks(capacity):
    tasks = make_orthonormal_tasks(np.random.default_rng(15), n_tasks=8, n_features=11, n_replicates=2)
    t = np.arange(1, 9)
    slopes = noise_slopes(tasks, capacity)
    np.testing.assert_allclose(slopes, np.tile(np.minimum(capacity, t) / t, (2, 1)), atol=1e-12)
    crossovers = crossover_variance(1.0, slopes[:, capacity - 1 : -1], 1.0, slopes[:, capacity:])
    np.testing.assert_array_equal(crossovers, np.ones((2, 8 - capacity)))


def test_where_more_tasks_must_not_help():
    e = np.eye(6)
    assert noise_slopes(e[None], 5)[0].round(4).tolist() == [1, 1, 1, 1, 1, 0.8333]
    np.testing.assert_allclose(noise_slopes(np.tile(e[0], (1, 7, 1)), 1), 1.0, atol=1e-12)
    pair = noise_slopes(e[None, [0, 1, 2, 3, 0, 0]], 2)[0]
    np.testing.assert_allclose(pair[3:], [0.5, 0.6, 2 / 3], atol=1e-12)
    np.testing.assert_allclose(noise_slope(e[None, :5], 2), 0.4, atol=1e-12)
    loud = e[None, :5] * np.array([1, 1, 1, 1, 3])[:, None]
    np.testing.assert_allclose(noise_slope(loud, 2), 2.0, atol=1e-12)
    with pytest.raises(ValueError, match=r"does not fall at index \(\) \(0.5 to 2\)"):
        crossover_variance(1.0, 0.5, 2.6, 2.0)


def test_equicorrelated_tasks_have_a_floor():
    tasks = make_equicorrelated_tasks(np.random.default_rng(16), n_tasks=16, n_features=40, cosine=0.7)
    slopes = noise_slopes(tasks, 1)[0]
    np.testing.assert_allclose(slopes[[1, 3, 7, 15]], [0.85, 0.775, 0.7375, 0.71875], atol=1e-10)


def test_unit_norm_tasks_all_meet_at_one():
    rng = np.random.default_rng(17)
    tasks = rescale_tasks(make_gaussian_tasks(rng, n_tasks=12, n_features=60, n_replicates=200), 1.0)
    slopes = noise_slopes(tasks, 3)
    np.testing.assert_allclose(slopes[:, :3], 1.0, atol=1e-12)
    assert (slopes[:, 3:] < 1).all()
    # One draw of the source of these values: R(4), R(6), R(12) = .834, .622, .406.
    columns = slopes[:, [3, 5, 11]]
    scores = (np.array([0.834, 0.622, 0.406]) - columns.mean(axis=0)) / columns.std(axis=0)
    assert (np.abs(scores) < 4.5).all()
    falling = slopes[:, 3:-1] - slopes[:, 4:] > 1e-3
    crossovers = crossover_variance(1.0, slopes[:, 3:-1][falling], 1.0, slopes[:, 4:][falling])
    np.testing.assert_allclose(crossovers, 1.0, atol=1e-10)


def test_errors_are_equal_at_the_crossover_of_gaussian_tasks():
    tasks = make_gaussian_tasks(np.random.default_rng(18), n_tasks=10, n_features=1000, n_replicates=500)
    slopes = noise_slopes(tasks, 4)[:, 3:]
    nus = np.stack([mean_square_norm(tasks[:, :t]) for t in range(4, 11)], axis=-1)
    crossovers = crossover_variance(nus[:, :-1], slopes[:, :-1], nus[:, 1:], slopes[:, 1:])
    for offset, order in ((-0.05, -1), (0.0, 0), (0.05, 1)):
        excess = crossovers + offset - 1
        difference = nus[:, :-1] + excess * slopes[:, :-1] - nus[:, 1:] - excess * slopes[:, 1:]
        np.testing.assert_array_equal(np.sign(difference.round(12)), order)
    # Reference over t, from 500 other draws: means .999-1.009, standard deviations .056-.115.
    spread = crossovers.std(axis=0)
    error = 4.5 * np.sqrt(2 / 500)  # of a difference of two means of 500, in standard deviations
    assert (
        (crossovers.mean(axis=0) > 0.999 - error * spread)
        & (crossovers.mean(axis=0) < 1.009 + error * spread)
    ).all()
    relative = 4.5 * np.sqrt(2 / 1000)  # of a ratio of two standard deviations
    np.testing.assert_allclose([spread.min(), spread.max()], [0.056, 0.115], rtol=relative)


def test_a_new_set_with_smaller_norm_can_win_without_noise():
    assert crossover_variance(1.0, 0.5, 0.5, 0.25) == -1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: noise_slope(np.ones((1, 2, 3)), 0), "capacity must be an integer of at least 1"),
        (lambda: noise_slopes(np.ones((1, 2, 3)), 1.5), "capacity"),
        (lambda: clean_error(np.ones((1, 2, 3)), -1), "capacity"),
        (lambda: noise_slope(np.full((1, 2, 3), np.inf), 1), "infinity"),
        (lambda: mean_square_norm(np.ones((2, 3))), "3 dimensions"),
        (lambda: crossover_variance(1.0, 0.5, 1.0, 0.5), "does not fall"),
        (lambda: crossover_variance(1.0, [0.5, 0.2], 1.0, 0.3), r"index \(1,\)"),
        (lambda: crossover_variance(1.0, np.nan, 1.0, 0.3), "slope_first holds NaN"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
