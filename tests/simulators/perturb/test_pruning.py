"""Magnitude pruning: exact counts, ties, per tensor against global."""

import math

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.perturb import MagnitudePruning, ThresholdPruning, corrupt, global_pruning

RNG = np.random.default_rng(0)
FRACTIONS = [0.0, 0.01, 0.1, 1 / 3, 0.5, 0.77, 0.99, 1.0]


@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize("shape", [(7, 11), (4, 7, 11), (2, 3, 5, 4), (13,)])
def test_exact_count_of_the_smallest_in_each_matrix(fraction: float, shape: tuple[int, ...]) -> None:
    """Zeros are the floor(q m + 1/2) smallest: no survivor is smaller than any pruned entry."""
    weights = np.random.default_rng(1).standard_normal(shape) * 10.0
    pruned = corrupt(RNG, weights, MagnitudePruning(fraction=fraction))[0]
    size = math.prod(shape[-2:])
    before, after = np.abs(weights).reshape(-1, size), pruned.reshape(-1, size)
    for magnitudes, left in zip(before, after, strict=True):
        gone = left == 0
        assert gone.sum() == math.floor(fraction * size + 0.5)
        assert magnitudes[gone].max(initial=0.0) <= magnitudes[~gone].min(initial=np.inf)
    np.testing.assert_array_equal(pruned[pruned != 0], weights[pruned != 0])


def test_half_rounds_up() -> None:
    assert (corrupt(RNG, np.ones((1, 5)), MagnitudePruning(fraction=0.5)) == 0).sum() == 3


def test_ties_go_by_index() -> None:
    weights = np.array([[1.0, -1.0, 2.0], [1.0, 1.0, 0.5]])
    pruned = corrupt(RNG, weights, MagnitudePruning(fraction=0.5))[0]
    np.testing.assert_array_equal(pruned, [[0.0, 0.0, 2.0], [1.0, 1.0, 0.0]])


@pytest.mark.parametrize("corruption", [MagnitudePruning(fraction=0.4), ThresholdPruning(threshold=0.3)])
def test_all_draws_are_equal_and_use_no_randomness(corruption: MagnitudePruning | ThresholdPruning) -> None:
    rng, weights = np.random.default_rng(3), np.random.default_rng(4).standard_normal((2, 5, 6))
    draws = corrupt(rng, weights, corruption, n_draws=3)
    assert (draws == draws[:1]).all()
    assert rng.random() == np.random.default_rng(3).random()
    draws[0] = 7.0
    assert not (draws[1] == 7.0).any()


@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize(
    "dtypes", [(np.float64, np.float64), (np.float32, np.float32), (np.float32, np.float64)]
)
def test_global_pruning_counts_over_all_tensors(fraction: float, dtypes: tuple[type, type]) -> None:
    rng = np.random.default_rng(5)
    tensors = [
        rng.standard_normal((20, 30)).astype(dtypes[0]),
        3.0 * rng.standard_normal((4, 17)).astype(dtypes[1]),
    ]
    pruning = global_pruning(tensors, fraction)
    pruned = [corrupt(rng, tensor, pruning)[0] for tensor in tensors]
    n_zero = sum(int((tensor == 0).sum()) for tensor in pruned)
    assert n_zero == math.floor(fraction * 668 + 0.5)
    assert [tensor.dtype for tensor in pruned] == [np.dtype(dtype) for dtype in dtypes]


def test_global_pruning_is_magnitude_pruning_of_the_pooled_tensor() -> None:
    """Two routes, and a case in which per-tensor pruning differs: the small tensor takes all of it."""
    rng = np.random.default_rng(6)
    small, large = rng.uniform(0.1, 1.0, (3, 10)), rng.uniform(5.0, 6.0, (3, 10))
    pruning = global_pruning([small, large], 0.4)
    pooled = corrupt(rng, np.concatenate([small, large]), MagnitudePruning(fraction=0.4))[0]
    both = np.concatenate([corrupt(rng, small, pruning)[0], corrupt(rng, large, pruning)[0]])
    np.testing.assert_array_equal(both, pooled)
    assert (both[3:] == large).all() and (both[:3] == 0).sum() == 24
    assert (corrupt(rng, large, MagnitudePruning(fraction=0.4)) == 0).sum() == 12


def test_global_threshold_takes_every_tie_and_zero_takes_none() -> None:
    weights = np.array([1.0, 1.0, 1.0, 2.0])
    assert global_pruning([weights], 0.25) == ThresholdPruning(threshold=1.0)
    assert (corrupt(RNG, weights, global_pruning([weights], 0.25)) == 0).sum() == 3
    np.testing.assert_array_equal(corrupt(RNG, weights, global_pruning([weights], 0.0))[0], weights)


def test_threshold_is_not_rounded_to_the_precision_of_the_weights() -> None:
    above = np.array([1.0 + 2.0**-23], dtype=np.float32)
    assert corrupt(RNG, above, ThresholdPruning(threshold=1.0 + 0.9 * 2.0**-23))[0] == above


def test_global_pruning_by_replicate() -> None:
    """With a batch axis each replicate has its own threshold, as if it had been pruned alone."""
    rng = np.random.default_rng(7)
    scale = np.array([1.0, 10.0, 100.0])[:, None, None]
    maps, heads = scale * rng.standard_normal((3, 2, 9)), scale * rng.standard_normal((3, 4, 2))
    pruning = global_pruning([maps, heads], 0.3, n_batch_axes=1)
    for b in range(3):
        alone = global_pruning([maps[b], heads[b]], 0.3)
        np.testing.assert_array_equal(corrupt(rng, maps, pruning)[0, b], corrupt(rng, maps[b], alone)[0])
        np.testing.assert_array_equal(corrupt(rng, heads, pruning)[0, b], corrupt(rng, heads[b], alone)[0])


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_pruned_energy_of_gaussian_weights(fraction: float) -> None:
    """Energy lost is q - 2 z phi(z), z = Phi^-1((1 + q) / 2), within 4.5 standard errors of 400 matrices."""
    weights = np.random.default_rng(8).standard_normal((400, 4, 250))
    errors = corrupt(RNG, weights, MagnitudePruning(fraction=fraction))[0] - weights
    lost = (errors**2).mean(axis=(1, 2))
    z = stats.norm.ppf((1 + fraction) / 2)
    # The cut is at a sample quantile: the mean energy of the smallest q m of Y = w^2 exceeds its limit by
    # q (1 - q) / (2 m f_Y) to first order, with the density f_Y = phi(z) / z at the cut. (For uniform Y the
    # order statistics i / (m + 1) give the same: k (k + 1) / (2 m (m + 1)) = q^2 / 2 + q (1 - q) / (2 m).)
    excess = fraction * (1 - fraction) * z / stats.norm.pdf(z) / 2000
    expected = fraction - 2 * z * stats.norm.pdf(z) + excess
    assert abs(lost.mean() - expected) <= 4.5 * lost.std(ddof=1) / np.sqrt(400)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, 30, np.nan])
def test_fraction_outside_the_unit_interval(fraction: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\].*percentage"):
        MagnitudePruning(fraction=fraction)
    with pytest.raises(ValueError, match=r"\[0, 1\].*percentage"):
        global_pruning([np.ones(3)], fraction)


def test_refusals() -> None:
    ones = np.ones((2, 3))
    with pytest.raises(ValueError, match="pass its absolute value"):
        ThresholdPruning(threshold=-1.0)
    with pytest.raises(ValueError, match="does not broadcast"):
        corrupt(RNG, ones, ThresholdPruning(threshold=np.ones((4, 1, 1))))
    with pytest.raises(ValueError, match="single number"):
        corrupt(RNG, 1.0, MagnitudePruning(fraction=0.5))
    with pytest.raises(ValueError, match="drop empty ones"):
        global_pruning([], 0.5)
    with pytest.raises(ValueError, match=r"tensors\[1\] holds NaN"):
        global_pruning([ones, ones * np.nan], 0.5)
    with pytest.raises(ValueError, match=r"pass tensors\.values\(\)"):
        global_pruning({0: ones}, 0.5)  # type: ignore[dict-item]
    for others in (np.ones((3, 3)), np.ones((2, 3, 1))):
        with pytest.raises(ValueError, match="pool with 0"):
            global_pruning([ones, others], 0.5, n_batch_axes=1)
    with pytest.raises(ValueError, match="pool with 0"):
        global_pruning([ones, ones], 0.5, n_batch_axes=2)
