"""Independent draws over corruption levels and named weights, or common ones across the names."""

import copy
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.perturb._corruption import Corruption, any_shape, check_corruption, check_generator

Name = TypeVar("Name", bound=Hashable)


def corruption_levels(
    rng: np.random.Generator,
    weights_by_name: Mapping[Name, FloatArray],
    corruptions: Sequence[Corruption],
    *,
    n_draws: int,
    common_draws: bool = False,
) -> Iterator[tuple[Name, int, FloatArray]]:
    r"""Yield `(name, level index, draws)` for every level and, within it, every named array of weights.

    Each pair of level and name has a generator of its own, so no draw serves twice: a curve over levels is
    made of independent points. With `common_draws` the names share the random numbers of a level (common
    random numbers: a difference between two names loses the noise they share); levels stay independent.

    The generators are spawned by position, those of the levels at the call: levels and names appended to the
    lists change none of the earlier draws.

    Parameters
    ----------
    weights_by_name
        Arrays of weights, for instance one representation `(..., r, d)` per number of tasks.
    corruptions
        One corruption a level.
    n_draws
        Draws for each pair; `draws` has shape `(n_draws, *weights.shape)`.
    common_draws
        Whether names share random numbers; the arrays must then agree in shape and dtype.

    Raises
    ------
    ValueError
        At the call, on anything that `corrupt` refuses, no names, no levels, or `common_draws` over arrays of
        different shape or dtype. A corruption that does not suit the weights raises as its level is drawn.

    >>> from mtl_simulators.perturb import AdditiveNoise
    >>> levels = [AdditiveNoise(std=v) for v in (0.0, 1.0)]
    >>> weights = {"two tasks": np.zeros((1, 2)), "three tasks": np.ones((1, 2))}
    >>> for name, level, draws in corruption_levels(np.random.default_rng(0), weights, levels, n_draws=5):
    ...     print(name, level, draws.shape)
    two tasks 0 (5, 1, 2)
    three tasks 0 (5, 1, 2)
    two tasks 1 (5, 1, 2)
    three tasks 1 (5, 1, 2)
    """
    check_generator(rng)
    positive_int("n_draws", n_draws)
    if not weights_by_name or not corruptions:
        raise ValueError(
            f"got {len(weights_by_name)} named weights and {len(corruptions)} levels; "
            "pass at least one of each."
        )
    for corruption in corruptions:
        check_corruption(corruption)
    weights = {name: any_shape(f"weights_by_name[{name!r}]", w) for name, w in weights_by_name.items()}
    if common_draws:
        _check_alike(weights)
    level_rngs = rng.spawn(len(corruptions))
    return _draw_levels(level_rngs, weights, tuple(corruptions), n_draws, common_draws)


def _draw_levels(
    level_rngs: Sequence[np.random.Generator],
    weights: Mapping[Name, FloatArray],
    corruptions: Sequence[Corruption],
    n_draws: int,
    common_draws: bool,
) -> Iterator[tuple[Name, int, FloatArray]]:
    for level, (level_rng, corruption) in enumerate(zip(level_rngs, corruptions, strict=True)):
        if common_draws:
            rngs = [copy.deepcopy(level_rng) for _ in weights]
        else:
            rngs = level_rng.spawn(len(weights))
        for rng, (name, array) in zip(rngs, weights.items(), strict=True):
            yield name, level, corruption.draw(rng, array, n_draws=n_draws)


def _check_alike(weights: Mapping[Name, FloatArray]) -> None:
    # Over different shapes or dtypes the same stream lands on different entries: common in name only.
    kinds = {(array.shape, str(array.dtype)) for array in weights.values()}
    if len(kinds) > 1:
        raise ValueError(
            f"common_draws needs weights of one shape and dtype, got {sorted(kinds)}; "
            "call once per shape, or pass common_draws=False."
        )
