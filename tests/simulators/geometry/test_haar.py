"""Haar measure: exact moments and marginals, each of which a wrong sign convention breaks.

Statistical tests use fixed seeds. A KS test fails a correct law with probability 1e-4; a moment is allowed
4.5 standard errors from the sample, 7e-6.
"""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.geometry import make_orthonormal_tasks, make_rotation, make_subspace

N = 20_000


def assert_mean(sample: np.ndarray, expected: float) -> None:
    error = sample.std(ddof=1) / np.sqrt(sample.size)
    assert abs(sample.mean() - expected) < 4.5 * error


@pytest.fixture(scope="module")
def rotations() -> np.ndarray:
    return make_rotation(np.random.default_rng(1), n_features=4, n_tasks=N)


def test_rotations_are_orthogonal(rotations):
    assert np.abs(rotations @ rotations.mT - np.eye(4)).max() < 1e-13


def test_traces_of_rotations_have_the_moments_of_the_orthogonal_group(rotations):
    # Diaconis and Shahshahani (1994), Theorem 4: E tr Q = 0, E (tr Q)^2 = 1, E tr Q^2 = 1 for d >= 2.
    trace = np.trace(rotations, axis1=1, axis2=2)
    assert_mean(trace, 0.0)
    assert_mean(trace**2, 1.0)
    assert_mean(np.trace(rotations @ rotations, axis1=1, axis2=2), 1.0)


def test_entries_of_rotations_have_the_fourth_moments_of_haar_measure(rotations):
    # Weingarten calculus: E q11^2 q22^2 = (d+1)/(d(d-1)(d+2)), E q11 q22 q12 q21 = -1/(d(d-1)(d+2)).
    q, d = rotations, 4
    scale = d * (d - 1) * (d + 2)
    assert_mean(q[:, 0, 0] ** 2 * q[:, 1, 1] ** 2, (d + 1) / scale)
    assert_mean(q[:, 0, 0] * q[:, 1, 1] * q[:, 0, 1] * q[:, 1, 0], -1 / scale)
    assert_mean(q[:, 3, 3] ** 4, 3 / (d * (d + 2)))


def test_determinants_of_rotations_have_both_signs_equally_often(rotations):
    assert_mean(np.linalg.det(rotations), 0.0)


@pytest.mark.parametrize("row, column", [(0, 0), (1, 1), (2, 2), (2, 5), (0, 3)])
def test_every_entry_of_an_orthonormal_frame_has_the_marginal_of_the_sphere(row, column):
    # A coordinate x of a uniform unit vector in R^d has (x + 1) / 2 ~ Beta((d-1)/2, (d-1)/2).
    frames = make_orthonormal_tasks(np.random.default_rng(2), n_tasks=3, n_features=6, n_replicates=4000)
    law = stats.beta(2.5, 2.5, loc=-1, scale=2)
    assert stats.kstest(frames[:, row, column], law.cdf).pvalue > 1e-4


def test_angle_between_random_lines_has_its_exact_law():
    # The squared cosine of two independent uniform directions in R^5 is Beta(1/2, 2).
    first = make_subspace(np.random.default_rng(3), n_features=5, dimension=1, n_replicates=4000)
    second = make_subspace(np.random.default_rng(4), n_features=5, dimension=1, n_replicates=4000)
    squared = (first * second).sum(axis=(1, 2)) ** 2
    assert stats.kstest(squared, stats.beta(0.5, 2.0).cdf).pvalue > 1e-4
