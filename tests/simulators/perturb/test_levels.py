"""Draws over levels and names: nothing is used twice unless asked for, and then only across names.

Each correlation is compared with zero at 4.5 standard errors, n^-1/2 for n independent pairs: a two-sided
error of 6.8e-6 a pair; with the 130 or so of this file a correct library fails for one choice of seeds in a
thousand.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np
import pytest

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb import (
    AdditiveNoise,
    Corruption,
    ElementDeletion,
    FeatureDeletion,
    MagnitudePruning,
    MultiplicativeNoise,
    StochasticQuantization,
    UniformNoise,
    UnitDeletion,
    corruption_levels,
)

SHAPE = (4, 25)
WEIGHTS = {n_tasks: np.random.default_rng(n_tasks).standard_normal(SHAPE) for n_tasks in (4, 5, 6)}
SAME = dict.fromkeys(("a", "b", "c"), np.ones(SHAPE))
NOISE = [AdditiveNoise(std=v) for v in (0.5, 1.0, 2.0)]
DELETION = [ElementDeletion(probability=p) for p in (0.2, 0.4, 0.6)]
SEED = 11
Name = TypeVar("Name", bound=Hashable)


def collect(
    weights: Mapping[Name, FloatArray], corruptions: Sequence[Corruption], *, common_draws: bool = False
) -> dict[tuple[Name, int], FloatArray]:
    rng = np.random.default_rng(SEED)
    levels = corruption_levels(rng, weights, corruptions, n_draws=100, common_draws=common_draws)
    return {(name, level): draws for name, level, draws in levels}


def assert_uncorrelated(x: FloatArray, y: FloatArray) -> None:
    assert abs(np.corrcoef(x.ravel(), y.ravel())[0, 1]) < 4.5 / np.sqrt(x.size)


def test_order_and_shapes() -> None:
    drawn = collect(WEIGHTS, NOISE)
    assert list(drawn) == [(name, level) for level in range(3) for name in (4, 5, 6)]
    assert all(draws.shape == (100, *SHAPE) for draws in drawn.values())


@pytest.mark.parametrize("corruptions", [NOISE, DELETION, [NOISE[0]] * 3], ids=["noise", "deletion", "equal"])
def test_independent_over_levels_and_names(corruptions: list[Corruption]) -> None:
    """Equal weights and even equal levels: every pair of level and name still has draws of its own."""
    for x, y in combinations(collect(SAME, corruptions).values(), 2):
        assert_uncorrelated(x - 1.0, y - 1.0)


@pytest.mark.parametrize("corruptions", [NOISE, DELETION], ids=["noise", "deletion"])
def test_common_draws_are_equal_over_names_and_independent_over_levels(corruptions: list[Corruption]) -> None:
    drawn = collect(SAME, corruptions, common_draws=True)
    for level in range(3):
        np.testing.assert_array_equal(drawn["a", level], drawn["b", level])
        np.testing.assert_array_equal(drawn["a", level], drawn["c", level])
    for x, y in combinations([drawn["a", level] for level in range(3)], 2):
        assert_uncorrelated(x - 1.0, y - 1.0)


def test_common_draws_across_different_weights() -> None:
    """Under common draws it is the noise and the masks that agree, not the weights."""
    noisy = collect(WEIGHTS, NOISE, common_draws=True)
    deleted = collect(WEIGHTS, DELETION, common_draws=True)
    for level in range(3):
        reference = noisy[4, level] - WEIGHTS[4]
        for n_tasks in (5, 6):
            # The noise is recovered by a subtraction of numbers below 10: rounding under 1e-14.
            np.testing.assert_allclose(noisy[n_tasks, level] - WEIGHTS[n_tasks], reference, atol=1e-14)
            np.testing.assert_array_equal(deleted[n_tasks, level] == 0, deleted[4, level] == 0)


def test_masks_are_not_nested_over_levels() -> None:
    """Re-used uniforms would delete at p = 0.4 all that p = 0.2 deletes; independent ones the product."""
    for common_draws in (False, True):
        drawn = collect(SAME, DELETION, common_draws=common_draws)
        both = (drawn["a", 0] == 0) & (drawn["a", 1] == 0)
        assert abs(both.mean() - 0.2 * 0.4) < 4.5 * both.std(ddof=1) / np.sqrt(both.size)


def test_common_draws_shrink_the_error_of_a_difference() -> None:
    """The purpose of common draws: a difference between two names keeps only the noise they do not share."""
    scaled = {"w": np.ones(SHAPE), "1.05 w": np.full(SHAPE, 1.05)}
    spread = {}
    for common in (True, False):
        drawn = collect(scaled, [MultiplicativeNoise(std=0.5)], common_draws=common)
        energy = {name: ((drawn[name, 0] - w) ** 2).sum(axis=(1, 2)) for name, w in scaled.items()}
        spread[common] = (energy["1.05 w"] - energy["w"]).std()
    # Exact ratio (1.05^2 - 1) / sqrt(1.05^4 + 1) = 0.069. A standard deviation of 100 draws is known to 7 %,
    # the ratio to 10 %: the bound is 4.5 standard errors above.
    assert spread[True] < 0.1 * spread[False]


@pytest.mark.parametrize("common_draws", [False, True])
def test_same_seed_same_bytes_and_a_second_call_differs(common_draws: bool) -> None:
    first, again = (collect(WEIGHTS, NOISE, common_draws=common_draws) for _ in range(2))
    assert all(first[key].tobytes() == again[key].tobytes() for key in first)
    rng = np.random.default_rng(SEED)
    calls = [
        [draws for _, _, draws in corruption_levels(rng, SAME, NOISE, n_draws=100, common_draws=common_draws)]
        for _ in range(2)
    ]
    for x, y in zip(*calls, strict=True):
        assert_uncorrelated(x, y)


@pytest.mark.parametrize("common_draws", [False, True])
def test_appended_levels_and_names_leave_the_earlier_draws(common_draws: bool) -> None:
    few = collect({4: WEIGHTS[4]}, NOISE[:1], common_draws=common_draws)
    many = collect(WEIGHTS, NOISE, common_draws=common_draws)
    np.testing.assert_array_equal(few[4, 0], many[4, 0])


def test_generators_are_taken_at_the_call() -> None:
    """What the caller does with the generator before consuming the levels changes nothing."""
    rng = np.random.default_rng(SEED)
    levels = corruption_levels(rng, WEIGHTS, NOISE, n_draws=100)
    rng.standard_normal(10)
    rng.spawn(3)
    late = {(name, level): draws for name, level, draws in levels}
    np.testing.assert_array_equal(late[6, 2], collect(WEIGHTS, NOISE)[6, 2])


class Spawning:
    """A corruption of a user's own, which spawns from its generator."""

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        (child,) = rng.spawn(1)
        return weights + child.standard_normal((n_draws, *weights.shape))


def test_a_users_corruption_that_spawns_is_common_too() -> None:
    drawn = collect(SAME, [Spawning(), Spawning()], common_draws=True)
    np.testing.assert_array_equal(drawn["a", 0], drawn["b", 0])
    assert_uncorrelated(drawn["a", 0], drawn["a", 1])


@pytest.mark.parametrize(
    "corruption",
    [
        UniformNoise(std=0.1),
        UnitDeletion(probability=0.5),
        FeatureDeletion(probability=0.5),
        StochasticQuantization(step=0.3),
        MagnitudePruning(fraction=0.5),
    ],
    ids=repr,
)
def test_every_kind_consumes_the_same_numbers_whatever_the_weights(corruption: Corruption) -> None:
    """Common draws rest on this: after a draw the generator stands in one place for all weights."""
    states = []
    for weights in (np.zeros(SHAPE), *WEIGHTS.values()):
        rng = np.random.default_rng(SEED)
        corruption.draw(rng, weights, n_draws=3)
        states.append(rng.random())
    assert len(set(states)) == 1


def test_refusals_come_at_the_call() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="got 0 named weights and 3 levels; pass at least one"):
        corruption_levels(rng, {}, NOISE, n_draws=1)
    with pytest.raises(ValueError, match="got 3 named weights and 0 levels"):
        corruption_levels(rng, SAME, [], n_draws=1)
    with pytest.raises(ValueError, match="n_draws must be an integer"):
        corruption_levels(rng, SAME, NOISE, n_draws=0)
    with pytest.raises(ValueError, match=r"weights_by_name\['bad'\] holds NaN"):
        corruption_levels(rng, {"bad": np.array([np.nan])}, NOISE, n_draws=1)
    with pytest.raises(ValueError, match="pass an instance"):
        corruption_levels(rng, SAME, [AdditiveNoise], n_draws=1)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="default_rng"):
        corruption_levels(None, SAME, NOISE, n_draws=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [np.ones((4, 26)), np.ones(SHAPE, dtype=np.float32)])
def test_common_draws_need_equal_shapes_and_dtypes(other: FloatArray) -> None:
    weights = {"a": np.ones(SHAPE), "b": other}
    with pytest.raises(ValueError, match=r"one shape and dtype.*common_draws=False"):
        corruption_levels(np.random.default_rng(0), weights, NOISE, n_draws=1, common_draws=True)
    levels = corruption_levels(np.random.default_rng(0), weights, NOISE, n_draws=1)
    assert len(list(levels)) == 6
