"""Heavy coordinates and reciprocal scales: what is asked for, measured back."""

import numpy as np
import pytest

from mtl_simulators.geometry import (
    heavy_covariance,
    make_rotation,
    reciprocal_covariance,
    rotate_covariance,
)


@pytest.mark.parametrize("condition", [1.0, 10.0, 100.0])
def test_condition_number_is_that_of_the_inputs_scale(condition):
    covariance = heavy_covariance(8, heavy=[1, 6], condition=condition)
    assert np.array_equal(covariance, np.diag(np.diag(covariance)))
    assert np.linalg.cond(np.sqrt(covariance)) == pytest.approx(condition, rel=1e-12)
    assert np.linalg.cond(covariance) == pytest.approx(condition**2, rel=1e-12)
    assert np.flatnonzero(np.diag(covariance) > 1).tolist() == ([1, 6] if condition > 1 else [])


def test_disjoint_and_overlapping_heavy_subspaces():
    def overlap(first, second):
        heavy = [heavy_covariance(10, heavy=h, condition=100.0) for h in (first, second)]
        tops = [np.linalg.eigh(c)[1][:, -2:] for c in heavy]
        return np.linalg.svd(tops[0].T @ tops[1], compute_uv=False)

    assert overlap([0, 1], [2, 3]).tolist() == [0.0, 0.0]
    assert np.allclose(overlap([0, 1], [1, 3]), [1.0, 0.0])


def test_only_the_rotation_to_the_right_of_the_scale_moves_the_covariance():
    """R Q D has covariance D^2 for every Q, R D Q has Q'D^2Q."""
    rng = np.random.default_rng(0)
    n, d = 50_000, 4
    covariance = heavy_covariance(d, heavy=[0], condition=10.0)
    scale, q = np.sqrt(covariance), make_rotation(rng, n_features=d)
    rows = rng.standard_normal((n, d))
    left, right = rows @ q @ scale, rows @ scale @ q
    # Entries of a sample covariance have variance (s_ii s_jj + s_ij^2) / n.
    for sample, population in ((left, covariance), (right, rotate_covariance(covariance, q))):
        size = np.sqrt(np.outer(np.diag(population), np.diag(population)) + population**2)
        assert (np.abs(sample.T @ sample / n - population) < 5 * size / np.sqrt(n)).all()
    assert np.abs(rotate_covariance(covariance, q) - covariance).max() > 1


@pytest.mark.parametrize("factor", [1.0, 2.0, 0.1, 10.0])
def test_reciprocal_scales_have_determinant_one(factor):
    covariance = reciprocal_covariance(6, factor=factor)
    scales = np.sqrt(np.diag(covariance))
    assert np.allclose(scales, [factor] * 3 + [1 / factor] * 3, rtol=1e-14)
    assert np.linalg.det(covariance) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("heavy", [[0, 0], [-1], [4], [0.5], [[0, 1]]])
def test_impossible_coordinates_are_refused(heavy):
    with pytest.raises(ValueError, match="heavy"):
        heavy_covariance(4, heavy=heavy, condition=2.0)


def test_impossible_scales_are_refused():
    with pytest.raises(ValueError, match=r"condition must lie in \[1"):
        heavy_covariance(4, heavy=[0], condition=0.5)
    with pytest.raises(ValueError, match="even n_features, got 5; pass 6"):
        reciprocal_covariance(5, factor=2.0)
    for factor in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="factor must be positive"):
            reciprocal_covariance(4, factor=factor)


def test_no_heavy_coordinate_is_isotropic():
    assert np.array_equal(heavy_covariance(3, heavy=[], condition=7.0), np.eye(3))
