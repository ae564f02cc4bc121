"""Square roots of covariances: the defining equations, SciPy's route, and the singular cases."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from mtl_simulators.geometry import (
    covariance_with_spectrum,
    inverse_square_root,
    make_rotation,
    power_law_covariance,
    square_root,
)


def wishart(seed: int, *shape: int) -> np.ndarray:
    factor = np.random.default_rng(seed).standard_normal(shape)
    return factor @ factor.mT / shape[-1]


@pytest.mark.parametrize(
    "covariance", [wishart(0, 5, 9), wishart(1, 3, 4, 7), power_law_covariance(6, exponent=2.0)]
)
def test_roots_satisfy_their_equations(covariance):
    root, inverse = square_root(covariance), inverse_square_root(covariance)
    assert root.shape == inverse.shape == covariance.shape
    assert np.array_equal(root, root.mT) and np.array_equal(inverse, inverse.mT)
    assert np.abs(root @ root - covariance).max() < 1e-13
    assert np.abs(inverse @ covariance @ inverse - np.eye(covariance.shape[-1])).max() < 1e-12
    assert np.abs(inverse @ root - np.eye(covariance.shape[-1])).max() < 1e-12
    assert np.linalg.eigvalsh(root).min() > 0


def test_square_root_agrees_with_the_schur_method():
    covariance = wishart(2, 6, 10)
    assert np.abs(square_root(covariance) - sqrtm(covariance)).max() < 1e-13


@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_error_of_the_inverse_root_grows_no_faster_than_the_condition_number(condition):
    spectrum = np.geomspace(1.0, 1.0 / condition, 8)
    rotation = make_rotation(np.random.default_rng(3), n_features=8)
    inverse = inverse_square_root(covariance_with_spectrum(spectrum, rotation=rotation))
    expected = covariance_with_spectrum(spectrum**-0.5, rotation=rotation)
    eps = np.finfo(np.float64).eps
    assert np.abs(inverse - expected).max() < 10 * eps * condition * np.abs(expected).max()


def test_square_root_of_a_singular_covariance_keeps_its_null_space():
    covariance = wishart(4, 6, 2)
    root = square_root(covariance)
    assert np.abs(root @ root - covariance).max() < 1e-13
    assert np.array_equal(square_root(np.zeros((3, 3))), np.zeros((3, 3)))


@pytest.mark.parametrize(
    "covariance", [np.eye(7), np.diag([4.0, 9.0, 0.25]), np.stack([np.eye(3), 2 * np.eye(3)])]
)
def test_diagonal_covariances_are_exact_and_need_no_factorisation(covariance, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a diagonal covariance was factorised")

    for name in ("eigh", "eigvalsh", "svd"):
        monkeypatch.setattr(np.linalg, name, refuse)
    diagonal = np.diagonal(covariance, axis1=-2, axis2=-1)
    identity = np.eye(covariance.shape[-1])
    assert np.array_equal(square_root(covariance), np.sqrt(diagonal)[..., None] * identity)
    assert np.array_equal(inverse_square_root(covariance), (1 / np.sqrt(diagonal))[..., None] * identity)


def test_results_do_not_share_memory_with_the_argument():
    covariance = np.eye(3)
    square_root(covariance)[0, 0] = inverse_square_root(covariance)[0, 0] = 7.0
    assert np.array_equal(covariance, np.eye(3))


def test_rounding_below_zero_counts_as_zero():
    assert square_root(np.diag([1.0, -1e-12])).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert np.abs(square_root(np.ones((2, 2)) - 1e-12 * np.eye(2)) - np.sqrt(0.5)).max() < 1e-11


@pytest.mark.parametrize(
    "covariance, message",
    [
        (
            np.diag([1.0, 0.0]),
            "covariance is singular: condition number inf, smallest eigenvalue 0; add a ridge",
        ),
        (np.diag([1.0, 1e-17]), r"covariance is singular: condition number 1e\+17"),
        (wishart(5, 4, 2), "covariance is singular: condition number .* add a ridge"),
        (np.zeros((2, 2)), "covariance is singular: condition number inf"),
        (np.stack([np.eye(2), np.ones((2, 2))]), "covariance of task 1 is singular: condition number"),
    ],
)
def test_singular_covariances_have_no_inverse_root(covariance, message):
    with pytest.raises(ValueError, match=message):
        inverse_square_root(covariance)


@pytest.mark.parametrize("root", [square_root, inverse_square_root])
@pytest.mark.parametrize(
    "covariance, message",
    [
        (np.diag([1.0, -0.5]), r"covariance is not positive semidefinite \(smallest eigenvalue -0.5\)"),
        (
            np.array([[1.0, 2.0], [2.0, 1.0]]),
            r"covariance is not positive semidefinite \(smallest eigenvalue -1\)",
        ),
        (np.array([[1.0, 0.5], [0.0, 1.0]]), "covariance is not symmetric"),
        (np.ones((2, 3)), r"covariance has shape \(2, 3\): the last two dimensions must be equal"),
        (np.zeros((0, 0)), "not empty"),
        (np.ones(3), r"covariance has shape \(3,\): expected 2 or 3 dimensions"),
        (np.full((2, 2), np.nan), "covariance holds NaN"),
    ],
)
def test_what_is_no_covariance_has_no_root(root, covariance, message):
    with pytest.raises(ValueError, match=message):
        root(covariance)
