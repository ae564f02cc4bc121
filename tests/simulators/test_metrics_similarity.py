"""Similarity of covariances: reference numbers, invariances, and the two scores against each other."""

import numpy as np
import pytest

from mtl_simulators import covariance_similarity, normalized_covariance_similarity
from mtl_simulators.geometry import heavy_covariance, make_rotation

D = 50
scores = pytest.mark.parametrize("score", [covariance_similarity, normalized_covariance_similarity])


def heavy(first):
    """Variance 10^4 on five coordinates, 1 on the rest: inputs Z diag(100, ..., 1)."""
    return heavy_covariance(D, heavy=range(first, first + 5), condition=100.0)


def grams(n, *covariances, seed=0):
    rng = np.random.default_rng(seed)
    samples = [rng.standard_normal((n, D)) @ np.sqrt(c) for c in covariances]
    return [x.T @ x for x in samples]


def from_factors(first, second, energy):
    """The score by its definition, through F = U D^(1/2)."""
    factors = []
    for matrix in (first, second):
        left, values, _ = np.linalg.svd(matrix)
        rank = 1 + int(np.argmax(np.cumsum(values) >= energy * values.sum() * (1 - 1e-12)))
        factors.append(left[:, :rank] * np.sqrt(values[:rank]))
    f, g = factors
    return np.linalg.norm(f.T @ g) / (np.linalg.norm(f) * np.linalg.norm(g))


@pytest.mark.parametrize("energy", [0.3, 0.9, 0.99, 1.0])
def test_it_is_its_definition(energy):
    rng = np.random.default_rng(1)
    for _ in range(10):
        a, b = (x.T @ x for x in rng.standard_normal((2, 12, 8)) * np.logspace(0, -1, 8))
        assert covariance_similarity(a, b, energy=energy) == pytest.approx(
            from_factors(a, b, energy), rel=1e-9
        )


def test_reference_values_of_populations():
    same, other, isotropic = heavy(0), heavy(5), np.eye(D)
    assert covariance_similarity(isotropic, isotropic, energy=1.0) == pytest.approx(1 / np.sqrt(D), rel=1e-12)
    assert covariance_similarity(same, same) == pytest.approx(1 / np.sqrt(5), rel=1e-12)
    assert covariance_similarity(same, other) == 0.0
    # tr(C_1 C_2) = 10 * 10^4 + 40 and tr C = 50,045.
    assert covariance_similarity(same, other, energy=1.0) == pytest.approx(0.00632, abs=5e-6)


def test_reference_values_of_samples():
    isotropic = grams(5000, np.eye(D), seed=2)
    # |C|_F / tr C of a Gram matrix of n rows is sqrt((1 + (d + 1)/n) / d) to leading order.
    assert covariance_similarity(*isotropic * 2, energy=1.0) == pytest.approx(
        np.sqrt((1 + (D + 1) / 5000) / D), rel=1e-3
    )
    same, again, other = grams(5000, heavy(0), heavy(0), heavy(5), seed=3)
    assert covariance_similarity(same, again) == pytest.approx(0.447, abs=2e-3)
    assert covariance_similarity(same, other) == pytest.approx(0.0002, abs=2e-4)
    assert covariance_similarity(same, other, energy=1.0) == pytest.approx(0.0063, abs=2e-4)


@scores
def test_neither_scale_nor_a_joint_rotation_matters(score):
    first, second = grams(200, heavy(0), heavy(3), seed=4)
    value = score(first, second)
    rotation = make_rotation(np.random.default_rng(5), n_features=D)
    assert score(1e-3 * first, 1e5 * second) == pytest.approx(value, rel=1e-12)
    turned = score(rotation.T @ first @ rotation, rotation.T @ second @ rotation)
    assert turned == pytest.approx(value, abs=1e-12)
    assert score(second, first) == pytest.approx(value, rel=1e-12)


@scores
def test_rotations_of_the_rows_do_not_matter(score):
    x = np.random.default_rng(6).standard_normal((2, 30, 6)) * np.arange(1, 7)
    rotation = make_rotation(np.random.default_rng(7), n_features=30)
    turned = rotation @ x[0]
    assert score(turned.T @ turned, x[1].T @ x[1]) == pytest.approx(
        score(x[0].T @ x[0], x[1].T @ x[1]), abs=1e-12
    )


@pytest.mark.parametrize("energy", [0.99, 1.0])
def test_separate_rotations_leave_only_chance(energy):
    # Over random rotations the mean of tr(C_1 C_2) is tr C_1 tr C_2 / d, so that of the squared score is 1/d,
    # however much is cut off: 0.1414 squared. 400 pairs, 4.5 standard errors.
    rotations = make_rotation(np.random.default_rng(8), n_features=D, n_tasks=800)
    turned = rotations.mT @ heavy(0) @ rotations
    score = covariance_similarity(turned[:400], turned[400:], energy=energy)
    square = score**2
    assert abs(square.mean() - 1 / D) < 4.5 * square.std(ddof=1) / np.sqrt(400)
    assert (score < 0.3).all()


def test_truncation_can_hide_shared_weak_directions():
    # Half of all directions are shared, with a variance that the cut removes.
    first = np.diag([1e4] + [0.0] * 4 + [1.0] * 5)
    second = np.diag([0.0, 1e4] + [0.0] * 3 + [1.0] * 5)
    assert covariance_similarity(first, second) == 0.0
    assert covariance_similarity(first, second, energy=1.0) > 0


def test_the_normalized_score_is_one_for_equal_covariances_only():
    first, second = grams(100, heavy(0), np.eye(D), seed=9)
    assert normalized_covariance_similarity(first, 3 * first) == pytest.approx(1.0, rel=1e-12)
    assert normalized_covariance_similarity(first, second) < 0.9
    assert normalized_covariance_similarity(heavy(0), np.eye(D)) == pytest.approx(
        np.trace(heavy(0)) / (np.linalg.norm(heavy(0)) * np.sqrt(D)), rel=1e-12
    )


@scores
def test_batches_broadcast(score):
    rng = np.random.default_rng(10)
    x = rng.standard_normal((3, 2, 9, 4))
    batch = x.mT @ x
    together = score(batch, batch[0, 0])
    assert together.shape == (3, 2)
    for index in np.ndindex(3, 2):
        assert together[index] == pytest.approx(float(score(batch[index], batch[0, 0])), rel=1e-12)


@scores
def test_wrong_matrices_are_refused(score):
    good = np.eye(3)
    for bad, message in (
        (np.ones((3, 2)), "equal"),
        (np.triu(np.ones((3, 3))), "symmetric"),
        (-good, "semidefinite"),
        (np.zeros((3, 3)), "zero matrix"),
        (np.eye(4), "broadcast"),
        (np.full((3, 3), np.nan), "NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            score(good, bad)


@pytest.mark.parametrize("energy", [0.0, -0.1, 1.1, np.nan])
def test_energies_out_of_range_are_refused(energy):
    with pytest.raises(ValueError, match="energy"):
        covariance_similarity(np.eye(2), np.eye(2), energy=energy)
