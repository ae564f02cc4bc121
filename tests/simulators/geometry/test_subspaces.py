"""Principal angles: against SciPy, at the ends of their range, and asked for then measured."""

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import subspace_angles

from mtl_simulators.geometry import make_rotation, make_subspace, make_subspace_at_angles, principal_angles


def planes_at(angles: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return two coordinate subspaces at angles known without computing any decomposition."""
    r = len(angles)
    first = np.eye(r, 2 * r)
    second = np.hstack([np.diag(np.cos(angles)), np.diag(np.sin(angles))])
    return first, second


@pytest.mark.parametrize("first_rank, second_rank, n_features", [(3, 3, 10), (2, 5, 9), (5, 2, 9), (1, 1, 2)])
def test_angles_agree_with_scipy(first_rank, second_rank, n_features):
    # Generic angles only: scipy 1.17 may take an angle near zero from its cosine, at an error of 1e-8.
    rng = np.random.default_rng(0)
    first = rng.standard_normal((6, first_rank, n_features))
    second = rng.standard_normal((6, second_rank, n_features))
    angles = principal_angles(first, second)
    assert angles.min() > 0.01
    for b in range(6):
        assert np.abs(angles[b][::-1] - subspace_angles(first[b].T, second[b].T)).max() < 1e-12


def test_hyperplanes_meet_in_all_but_one_dimension():
    # Two hyperplanes of R^5 share three dimensions; the remaining angle is that between their normals.
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 6, 4, 5))
    normals = [np.linalg.svd(rows)[2][:, -1] for rows in (first, second)]
    between = np.arccos(np.abs((normals[0] * normals[1]).sum(axis=-1)))
    angles = principal_angles(first, second)
    assert np.abs(angles[:, :3]).max() < 1e-14
    assert between.min() > 0.01 and np.abs(angles[:, 3] - between).max() < 1e-12


@pytest.mark.parametrize("tiny", [1e-3, 1e-7, 1e-9, 1e-12])
def test_tiny_angles_are_as_accurate_as_large_ones(tiny):
    # An arccosine alone is wrong by up to 1e-8 near zero, an arcsine near a right angle.
    expected = np.array([tiny, 0.5, np.pi / 2 - tiny])
    first, second = planes_at(list(expected))
    rotation = make_rotation(np.random.default_rng(1), n_features=6)
    mix = np.random.default_rng(2).standard_normal((3, 3))
    assert np.abs(principal_angles(first, second) - expected).max() < 1e-15
    assert np.abs(principal_angles(first @ rotation, mix @ second @ rotation) - expected).max() < 1e-14


def test_angles_do_not_depend_on_order_basis_row_lengths_or_orientation():
    rng = np.random.default_rng(3)
    first, second = rng.standard_normal((4, 2, 7)), rng.standard_normal((4, 3, 7))
    angles = principal_angles(first, second)
    assert angles.shape == (4, 2) and (np.diff(angles, axis=-1) >= 0).all()
    rotation = make_rotation(rng, n_features=7)
    same = [
        principal_angles(second, first),
        principal_angles(rng.standard_normal((2, 2)) @ first, second),
        principal_angles(first @ rotation, second @ rotation),
        principal_angles(np.array([[1e-200], [1e200]]) * first, second),
    ]
    for other in same:
        assert np.abs(other - angles).max() < 1e-13


def test_leading_axes_broadcast():
    rng = np.random.default_rng(4)
    first, second = rng.standard_normal((5, 1, 2, 6)), rng.standard_normal((3, 2, 6))
    angles = principal_angles(first, second)
    assert angles.shape == (5, 3, 2)
    assert np.abs(angles[4, 2] - principal_angles(first[4, 0], second[2])).max() < 1e-14


def test_equal_contained_and_orthogonal_subspaces():
    basis = make_subspace(np.random.default_rng(5), n_features=8, dimension=6)
    assert np.abs(principal_angles(basis, basis)).max() < 1e-14
    assert np.abs(principal_angles(basis, basis[:, :2])).max() < 1e-14
    assert np.abs(principal_angles(basis[:, :3], basis[:, 3:]) - np.pi / 2).max() < 1e-14


@pytest.mark.parametrize(
    "angles, n_features",
    [
        ([0.3], 2),
        ([0.0, 0.7, 1.5], 5),
        ([1e-9, 1e-4, np.pi / 2], 20),
        ([0.2, 0.2, 0.2], 6),
        ([0.0, 0.0], 2),
        ([np.pi / 2, 0.0, 1.0], 30),
    ],
)
def test_subspaces_have_the_angles_asked_for(angles, n_features):
    rng = np.random.default_rng(6)
    basis = rng.standard_normal((4, len(angles), n_features))
    made = make_subspace_at_angles(rng, basis=basis, angles=angles)
    assert made.shape == basis.shape
    assert np.abs(made @ made.mT - np.eye(len(angles))).max() < 1e-13
    assert np.abs(principal_angles(basis, made) - np.sort(angles)).max() < 1e-10
    # Second route: P - P' has every sine twice as singular values, P P' has the cosines, and zeros follow.
    before, after = np.linalg.pinv(basis) @ basis, made.mT @ made
    sines = np.linalg.svd(before - after, compute_uv=False)
    cosines = np.linalg.svd(before @ after, compute_uv=False)
    r = len(angles)
    assert np.abs(sines[:, : 2 * r] - np.sort(np.repeat(np.sin(angles), 2))[::-1][:n_features]).max() < 1e-12
    assert np.abs(cosines[:, :r] - np.sort(np.cos(angles))[::-1]).max() < 1e-12


def test_each_row_makes_its_own_angle():
    rng = np.random.default_rng(7)
    angles = np.array([1.1, 0.0, 0.4])
    basis = make_subspace(rng, n_features=9, dimension=3)
    made = make_subspace_at_angles(rng, basis=basis, angles=angles)
    own = principal_angles(basis, made[0][:, None, :])[:, 0]
    assert np.abs(own - angles).max() < 1e-13


def test_one_basis_serves_many_replicates():
    basis = np.eye(2, 6)
    made = make_subspace_at_angles(
        np.random.default_rng(8), basis=basis, angles=[0.3, 0.6], n_replicates=3000
    )
    assert np.abs(principal_angles(basis, made) - [0.3, 0.6]).max() < 1e-12
    # The principal vector inside the span is uniform on its circle, the one outside on a sphere of R^4.
    inside = made[:, 0, 0] / np.cos(0.3)
    outside = made[:, 1, 4] / np.sin(0.6)
    assert stats.kstest(inside, stats.beta(0.5, 0.5, loc=-1, scale=2).cdf).pvalue > 1e-4
    assert stats.kstest(outside, stats.beta(1.5, 1.5, loc=-1, scale=2).cdf).pvalue > 1e-4


def test_replicates_of_a_basis_may_be_named_or_left_out():
    basis = make_subspace(np.random.default_rng(9), n_features=6, dimension=2, n_replicates=3)
    left_out = make_subspace_at_angles(np.random.default_rng(1), basis=basis, angles=[0.1, 0.2])
    named = make_subspace_at_angles(np.random.default_rng(1), basis=basis, angles=[0.1, 0.2], n_replicates=3)
    assert np.array_equal(left_out, named)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"dimension": 6}, "dimension=6 exceeds n_features=5; pass a dimension of 1 to 5"),
        ({"dimension": 0}, "dimension must be an integer of at least 1, got 0"),
        ({"n_features": 0}, "n_features must be an integer of at least 1, got 0"),
    ],
)
def test_impossible_subspaces_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_subspace(np.random.default_rng(0), **{"n_features": 5, "dimension": 2, **arguments})


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"angles": [0.1, 0.1, 0.1]},
            "3 non-zero angles to 3 dimensions need at least 6 features, got 5: at most 2",
        ),
        (
            {"angles": [0.1, 0.1]},
            r"angles has shape \(2,\) for a basis of 3 rows; pass one angle a row, \(3,\)",
        ),
        ({"angles": [0.0, -0.1, 0.0]}, r"leave \[0, pi/2\], .* pass radians"),
        ({"angles": [0.0, 0.0, 45.0]}, r"leave \[0, pi/2\], .* pass radians"),
        ({"angles": [0.0, 0.0, np.nan]}, "angles holds NaN"),
        ({"basis": np.ones((3, 5))}, "basis has 3 rows that span only 1 dimensions; drop the dependent rows"),
        ({"basis": np.eye(5)[0]}, r"basis has shape \(5,\): expected 2 or 3 dimensions"),
        (
            {"basis": np.zeros((0, 3, 5))},
            r"basis has shape \(0, 3, 5\): pass 1 to 5 linearly independent rows",
        ),
        ({"basis": np.tile(np.eye(3, 5), (2, 1, 1)), "n_replicates": 4}, "n_replicates=4, but basis holds 2"),
    ],
)
def test_impossible_angles_are_refused(arguments, message):
    valid = {"basis": np.eye(3, 5), "angles": [0.0, 0.1, 0.2]}
    with pytest.raises(ValueError, match=message):
        make_subspace_at_angles(np.random.default_rng(0), **{**valid, **arguments})


@pytest.mark.parametrize(
    "first, second, message",
    [
        ([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]], np.eye(2, 3), "first has 2 rows that span only 1 dimensions"),
        (
            np.eye(2, 3),
            [[[1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]],
            "second has 1 rows that span only 0 dimensions",
        ),
        (np.ones((4, 3)), np.eye(2, 3), r"first has shape \(4, 3\): pass 1 to 3 linearly independent rows"),
        (np.eye(2, 3), np.eye(2, 4), r"first \(2, 3\) and second \(2, 4\) differ in features"),
        (
            np.tile(np.eye(3), (2, 1, 1)),
            np.tile(np.eye(3), (4, 1, 1)),
            "do not broadcast; make them equal or 1",
        ),
        (np.ones(3), np.eye(3), r"first has shape \(3,\): expected 2 or 3 or 4 dimensions"),
        (np.eye(2), [[np.inf, 1.0]], "second holds NaN or infinity"),
    ],
)
def test_angles_of_ill_defined_subspaces_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        principal_angles(first, second)
