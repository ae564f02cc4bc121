"""What every corruption keeps (shapes, precision, bytes, an untouched input) and what it refuses."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from mtl_simulators.perturb import (
    AdditiveNoise,
    Corruption,
    ElementDeletion,
    FeatureDeletion,
    MagnitudePruning,
    MultiplicativeNoise,
    NearestQuantization,
    SignFlip,
    StochasticQuantization,
    StuckAt,
    ThresholdPruning,
    UniformNoise,
    UnitDeletion,
    corrupt,
)

ELEMENTWISE: list[Corruption] = [
    AdditiveNoise(std=0.3),
    UniformNoise(std=0.3),
    MultiplicativeNoise(std=0.3),
    ElementDeletion(probability=0.4),
    ElementDeletion(probability=0.4, rescale=True),
    SignFlip(probability=0.4),
    StuckAt(probability=0.4, value=0.5),
    NearestQuantization(step=0.3),
    StochasticQuantization(step=0.3),
    MagnitudePruning(fraction=0.4),
    ThresholdPruning(threshold=0.5),
]
MATRIX_ONLY: list[Corruption] = [
    UnitDeletion(probability=0.4),
    FeatureDeletion(probability=0.4),
    FeatureDeletion(probability=0.4, rescale=True),
]
RANDOM = [c for c in ELEMENTWISE + MATRIX_ONLY if "Pruning" not in repr(c) and "Nearest" not in repr(c)]
WITH_ARRAYS = [AdditiveNoise, UniformNoise, MultiplicativeNoise]


@pytest.mark.parametrize("corruption", ELEMENTWISE + MATRIX_ONLY, ids=repr)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_shape_dtype_and_untouched_input(corruption: Corruption, dtype: type[np.floating[Any]]) -> None:
    weights = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(dtype)
    before = weights.copy()
    weights.setflags(write=False)
    draws = corrupt(np.random.default_rng(1), weights, corruption, n_draws=5)
    assert isinstance(corruption, Corruption)
    assert draws.shape == (5, 2, 3, 4) and draws.dtype == dtype
    assert not np.shares_memory(draws, weights)
    np.testing.assert_array_equal(weights, before)
    assert not np.array_equal(draws[0], before)


@pytest.mark.parametrize("corruption", ELEMENTWISE, ids=repr)
@pytest.mark.parametrize("shape", [(7,), (2, 3, 4, 5), (0,), (3, 0)])
def test_any_rank(corruption: Corruption, shape: tuple[int, ...]) -> None:
    assert corrupt(np.random.default_rng(1), np.ones(shape), corruption, n_draws=2).shape == (2, *shape)


@pytest.mark.parametrize("corruption", RANDOM, ids=repr)
def test_same_generator_same_bytes_and_it_moves_on(corruption: Corruption) -> None:
    weights = np.random.default_rng(2).standard_normal((6, 7))
    rng = np.random.default_rng(3)
    first, second = (corrupt(rng, weights, corruption, n_draws=4).tobytes() for _ in range(2))
    again = corrupt(np.random.default_rng(3), weights, corruption, n_draws=4).tobytes()
    assert first == again != second


def test_integers_and_lists_become_float64() -> None:
    assert corrupt(np.random.default_rng(0), [[1, 2]], SignFlip(probability=1.0)).tolist() == [[[-1.0, -2.0]]]


def test_corruptions_are_frozen_values() -> None:
    """Equal parameters compare and hash equal, arrays too; neither array nor caller can change them."""
    std = np.array([[0.1], [0.2]])
    noise = AdditiveNoise(std=std)
    assert noise == AdditiveNoise(std=std.copy()) and hash(noise) == hash(AdditiveNoise(std=std.copy()))
    assert noise not in (AdditiveNoise(std=2 * std), AdditiveNoise(std=0.1), UniformNoise(std=std))
    assert len({AdditiveNoise(std=0.0), AdditiveNoise(std=-0.0), AdditiveNoise(std=np.array(0.0))}) == 1
    assert len({ElementDeletion(probability=0.1), UnitDeletion(probability=0.1)}) == 2
    std[:] = 5.0
    assert noise == AdditiveNoise(std=np.array([[0.1], [0.2]]))
    with pytest.raises(FrozenInstanceError):
        noise.std = 1.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        noise.std[0] = 1.0  # type: ignore[index]
    assert replace(StuckAt(probability=0.1, value=2.0), probability=0.2) == StuckAt(
        probability=0.2, value=2.0
    )


@pytest.mark.parametrize("kind", [ElementDeletion, UnitDeletion, FeatureDeletion, SignFlip])
@pytest.mark.parametrize("probability", [-0.01, 1.01, 30, np.nan, np.inf])
def test_probability_outside_the_unit_interval(kind: type[SignFlip], probability: float) -> None:
    with pytest.raises(ValueError, match=r"probability must lie in \[0, 1\], got .*percentage by 100"):
        kind(probability=probability)


def test_probability_of_stuck_weights_and_of_several_numbers() -> None:
    with pytest.raises(ValueError, match=r"probability must lie in \[0, 1\]"):
        StuckAt(probability=2.0, value=0.0)
    with pytest.raises(ValueError, match="one corruption a value"):
        SignFlip(probability=np.array([0.1, 0.2]))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [ElementDeletion, UnitDeletion, FeatureDeletion])
def test_rescale_needs_survivors(kind: type[ElementDeletion]) -> None:
    with pytest.raises(ValueError, match=r"rescale needs probability < 1.*rescale=False"):
        kind(probability=1.0, rescale=True)


@pytest.mark.parametrize("kind", WITH_ARRAYS)
def test_std(kind: type[AdditiveNoise]) -> None:
    rng = np.random.default_rng(0)
    for std in (-0.1, np.array([0.1, -0.1])):
        with pytest.raises(ValueError, match=r"std must be at least 0, got -0\.1; pass its absolute"):
            kind(std=std)
    with pytest.raises(ValueError, match="std holds NaN or infinity"):
        kind(std=np.nan)
    # (2,) meant per row, (4,), more axes than the weights, a batch the weights lack.
    for shape in ((2,), (4,), (1, 2, 3), (5, 2, 3)):
        with pytest.raises(ValueError, match=r"std of shape .* does not broadcast .*\(r, 1\)"):
            corrupt(rng, np.ones((2, 3)), kind(std=np.ones(shape)))
    with pytest.raises(ValueError, match="std overflows float32; pass the weights in float64"):
        corrupt(rng, np.ones((2, 3), dtype=np.float32), kind(std=1e200))


def test_values_of_stuck_weights() -> None:
    with pytest.raises(ValueError, match="value holds NaN or infinity"):
        StuckAt(probability=0.1, value=np.inf)
    with pytest.raises(ValueError, match=r"value of shape .* does not broadcast"):
        corrupt(np.random.default_rng(0), np.ones((2, 3)), StuckAt(probability=0.1, value=np.ones(2)))


@pytest.mark.parametrize("corruption", [UnitDeletion(probability=0.1), FeatureDeletion(probability=0.1)])
def test_rows_and_columns_need_a_matrix(corruption: Corruption) -> None:
    with pytest.raises(ValueError, match=r"needs weights of shape \(\.\.\., r, d\), got \(3,\); reshape"):
        corrupt(np.random.default_rng(0), np.ones(3), corruption)


def test_corrupt_checks_its_arguments() -> None:
    rng, flip = np.random.default_rng(0), SignFlip(probability=0.5)
    for bad in (np.nan, np.inf):
        with pytest.raises(
            ValueError, match=r"weights holds NaN or infinity, first at index \(0, 1\); remove"
        ):
            corrupt(rng, [[1.0, bad]], flip)
    with pytest.raises(ValueError, match="n_draws must be an integer of at least 1, got 0"):
        corrupt(rng, np.ones(3), flip, n_draws=0)
    with pytest.raises(ValueError, match=r"pass an instance, SignFlip\(\.\.\.\)"):
        corrupt(rng, np.ones(3), SignFlip)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a corruption has a method draw"):
        corrupt(rng, np.ones(3), 0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"pass numpy\.random\.default_rng\(seed\)"):
        corrupt(0, np.ones(3), flip)  # type: ignore[arg-type]
