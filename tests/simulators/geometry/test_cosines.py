"""Cosines and lengths measured on task vectors."""

import numpy as np
import pytest

from mtl_simulators.geometry import cosine_matrix, make_gaussian_tasks, rescale_tasks, square_root


@pytest.fixture
def weights() -> np.ndarray:
    return make_gaussian_tasks(np.random.default_rng(0), n_tasks=4, n_features=6, n_replicates=5)


@pytest.fixture
def covariance() -> np.ndarray:
    factor = np.random.default_rng(1).standard_normal((6, 8))
    return factor @ factor.T


def test_cosines_are_those_of_the_definition(weights):
    cosines = cosine_matrix(weights)
    for b, s, t in np.ndindex(5, 4, 4):
        u, v = weights[b, s], weights[b, t]
        assert cosines[b, s, t] == pytest.approx(u @ v / np.sqrt((u @ u) * (v @ v)), abs=1e-14)


def test_cosines_in_a_metric_are_cosines_of_whitened_tasks(weights, covariance):
    direct = cosine_matrix(weights, covariance)
    assert np.abs(direct - cosine_matrix(weights @ square_root(covariance))).max() < 1e-12
    assert np.abs(direct - cosine_matrix(weights)).max() > 0.05


def test_cosines_in_a_metric_are_correlations_of_targets(weights, covariance):
    # Inputs with exactly this second moment: the rows of sqrt(6) times its square root.
    targets = np.sqrt(6) * square_root(covariance) @ weights[0].T
    second = targets.T @ targets
    expected = second / np.sqrt(np.outer(np.diag(second), np.diag(second)))
    assert np.abs(cosine_matrix(weights, covariance)[0] - expected).max() < 1e-12


def test_cosines_are_symmetric_with_unit_diagonal_and_never_beyond_one(weights, covariance):
    twins = np.concatenate([weights, -3 * weights[:, :2], weights[:, :1] + 1e-9], axis=1)
    for cosines in (cosine_matrix(twins), cosine_matrix(twins, covariance)):
        assert np.array_equal(cosines, cosines.mT)
        assert (np.diagonal(cosines, axis1=1, axis2=2) == 1).all()
        assert np.abs(cosines).max() == 1
        assert np.abs(cosines[:, [0, 1], [4, 5]] + 1).max() < 1e-14


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_cosines_and_lengths_do_not_depend_on_the_scale_of_the_tasks(weights, covariance, scale):
    scales = np.array([1.0, scale, 1.0, scale])[:, None]
    assert np.abs(cosine_matrix(weights * scales) - cosine_matrix(weights)).max() < 1e-14
    assert (
        np.abs(cosine_matrix(weights * scales, covariance) - cosine_matrix(weights, covariance)).max() < 1e-13
    )
    assert np.abs(rescale_tasks(weights * scales, 2.0) - rescale_tasks(weights, 2.0)).max() < 1e-14


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_cosines_do_not_depend_on_the_scale_of_the_metric(weights, covariance, scale):
    assert (
        np.abs(cosine_matrix(weights, scale * covariance) - cosine_matrix(weights, covariance)).max() < 1e-13
    )


@pytest.mark.parametrize("norms", [0.5, [1.0, 2.0, 3.0, 4e-5]])
def test_rescaled_tasks_have_the_lengths_asked_for_and_the_same_directions(weights, norms):
    rescaled = rescale_tasks(weights, norms)
    lengths = np.linalg.norm(rescaled, axis=-1)
    assert np.abs(lengths / np.broadcast_to(norms, 4) - 1).max() < 1e-14
    assert np.abs(cosine_matrix(rescaled) - cosine_matrix(weights)).max() < 1e-14
    assert ((rescaled * weights).sum(axis=-1) > 0).all()


def test_tasks_without_direction_are_refused(weights):
    weights[2, 1] = 0.0
    for measure in (cosine_matrix, lambda w: rescale_tasks(w, 1.0)):
        with pytest.raises(ValueError, match=r"task 1 of replicate 2 is the zero vector, .* drop that task"):
            measure(weights)


def test_tasks_that_the_metric_does_not_see_are_refused(weights):
    # Rounding leaves the null direction a length that is as often above zero as below: try several.
    for direction in np.random.default_rng(2).standard_normal((20, 6)):
        blind = np.eye(6) - np.outer(direction, direction) / (direction @ direction)
        weights[3, 2] = 1e7 * direction
        with pytest.raises(ValueError, match="task 2 of replicate 3 has length zero in the metric"):
            cosine_matrix(weights, 5.0 * blind)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda w: cosine_matrix(w[0]), r"weights has shape \(4, 6\): expected 3 dimensions"),
        (lambda w: cosine_matrix(w * np.nan), "weights holds NaN"),
        (
            lambda w: cosine_matrix(w, np.eye(5)),
            r"covariance has shape \(5, 5\), but the tasks have 6 features",
        ),
        (lambda w: cosine_matrix(w, -np.eye(6)), "covariance is not positive semidefinite"),
        (
            lambda w: rescale_tasks(w, [1.0, 2.0]),
            r"norms has shape \(2,\): pass one number or one a task, \(4,\)",
        ),
        (lambda w: rescale_tasks(w, -1.0), "norms must be positive, got a smallest value of -1"),
    ],
)
def test_bad_input_is_refused(weights, call, message):
    with pytest.raises(ValueError, match=message):
        call(weights)
