import numpy as np
import pytest

from mtl_simulators import geometry
from mtl_theory import spectral
from mtl_theory.spectral import mean_cosine, noise_slope, subspace_alignment


@pytest.mark.parametrize("cosine", [-0.2, 0.0, 0.55, 1.0])
def test_mean_cosine_measures_the_one_asked_for(cosine):
    tasks = geometry.make_equicorrelated_tasks(
        np.random.default_rng(0),
        n_tasks=5,
        n_features=9,
        cosine=cosine,
        norms=[1, 2, 3, 4, 5],
        n_replicates=3,
    )
    np.testing.assert_allclose(mean_cosine(tasks), cosine, atol=1e-12)


def test_mean_cosine_sets_the_slope_of_equicorrelated_unit_tasks():
    tasks = geometry.make_equicorrelated_tasks(np.random.default_rng(1), n_tasks=6, n_features=9, cosine=0.4)
    np.testing.assert_allclose(noise_slope(tasks, 1), (1 + 5 * mean_cosine(tasks)) / 6, rtol=1e-10)


def test_mean_cosine_in_a_covariance_by_loops():
    rng = np.random.default_rng(2)
    tasks, factor = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 4))
    sigma = factor @ factor.T
    expected = [
        np.mean(
            [
                w[s] @ sigma @ w[t] / np.sqrt((w[s] @ sigma @ w[s]) * (w[t] @ sigma @ w[t]))
                for s in range(3)
                for t in range(3)
                if s != t
            ]
        )
        for w in tasks
    ]
    np.testing.assert_allclose(mean_cosine(tasks, sigma), expected, rtol=1e-10)


def test_subspace_alignment_measures_the_angles_asked_for():
    rng = np.random.default_rng(3)
    basis = geometry.make_subspace(rng, n_features=9, dimension=3)
    angles = np.array([0.0, 0.7, np.pi / 2])
    other = geometry.make_subspace_at_angles(rng, basis=basis, angles=angles, n_replicates=4)
    np.testing.assert_allclose(subspace_alignment(basis, other), np.mean(np.cos(angles) ** 2), atol=1e-12)


def test_subspace_alignment_is_the_overlap_of_projections():
    rng = np.random.default_rng(4)
    first, second = rng.standard_normal((5, 2, 8)), rng.standard_normal((5, 4, 8))
    traces = [
        np.trace(np.linalg.pinv(a) @ a @ np.linalg.pinv(b) @ b) / 2
        for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(subspace_alignment(first, second), traces, rtol=1e-10)
    np.testing.assert_allclose(subspace_alignment(second, first), traces, rtol=1e-10)


def test_subspace_alignment_of_random_spans_averages_to_the_larger_share():
    rng = np.random.default_rng(5)
    first = geometry.make_subspace(rng, n_features=12, dimension=2, n_replicates=4000)
    second = geometry.make_subspace(rng, n_features=12, dimension=5, n_replicates=4000)
    scores = subspace_alignment(first, second)
    assert abs(scores.mean() - 5 / 12) < 4.5 * scores.std() / np.sqrt(4000)


def test_principal_angles_are_those_of_the_geometry_room():
    assert spectral.principal_angles is geometry.principal_angles


def test_one_task_has_no_mean_cosine():
    with pytest.raises(ValueError, match="at least two tasks"):
        mean_cosine(np.ones((2, 1, 3)))
