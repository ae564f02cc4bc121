"""Magnitude pruning: per matrix with an exact count, or by one threshold over many tensors."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.perturb._corruption import any_shape
from mtl_simulators.perturb._parameters import (
    check_broadcast,
    checked_fraction,
    checked_size,
    parameter_hash,
    same_parameters,
)


@dataclass(frozen=True, kw_only=True)
class MagnitudePruning:
    r"""Zero the smallest $|w|$ of each tensor, exactly $\lfloor q m + 1/2 \rfloor$ of its $m$ entries.

    A tensor is the last two axes, `(r, d)`, or a vector; each matrix of a batch `(..., r, d)` is pruned by
    itself. Of equal magnitudes the earlier in row-major order goes first. Nothing is random: all draws are
    equal and `rng` is not used. A convolution kernel is pruned whole after a reshape to `(1, m)`.

    Parameters
    ----------
    fraction
        $q$ in [0, 1].

    Raises
    ------
    ValueError
        On a fraction outside [0, 1]; on drawing, on a single number as weights.

    >>> from mtl_simulators.perturb import corrupt
    >>> corrupt(np.random.default_rng(0), [[0.3, -0.1], [2.0, 0.1]], MagnitudePruning(fraction=0.25))
    array([[[0.3, 0. ],
            [2. , 0.1]]])
    """

    fraction: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "fraction", checked_fraction("fraction", self.fraction))

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        if weights.ndim == 0:
            raise ValueError(
                "MagnitudePruning ranks the entries of an array, got a single number; pass (d,)."
            )
        n_axes = min(weights.ndim, 2)
        batch, size = weights.shape[:-n_axes], math.prod(weights.shape[-n_axes:])
        pruned = weights.reshape(*batch, size).copy()
        order = np.argsort(np.abs(pruned), axis=-1, kind="stable")
        smallest = order[..., : _n_pruned(self.fraction, size)]
        np.put_along_axis(pruned, smallest, 0.0, axis=-1)
        return _repeat(pruned.reshape(weights.shape), n_draws)


@dataclass(frozen=True, kw_only=True)
class ThresholdPruning:
    r"""Zero every weight with $|w| \le$ `threshold`; `global_pruning` finds the threshold for a fraction.

    Nothing is random: all draws are equal and `rng` is not used. Threshold 0 changes nothing.

    Parameters
    ----------
    threshold
        At least 0, in weight units; one number, or an array that broadcasts to the weights (`(B, 1, 1)`: one
        a replicate).

    Raises
    ------
    ValueError
        On a negative or non-finite threshold; on drawing, on one that does not broadcast to the weights.
    """

    threshold: float | FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", checked_size("threshold", self.threshold))

    __eq__ = same_parameters
    __hash__ = parameter_hash

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        check_broadcast("threshold", self.threshold, weights)
        # A float64 array, not a number: rounded up to float32, the threshold could reach a weight above it.
        small = np.abs(weights) <= np.asarray(self.threshold, dtype=np.float64)
        return _repeat(np.where(small, 0.0, weights), n_draws)


def global_pruning(
    tensors: Iterable[FloatArray], fraction: float, *, n_batch_axes: int = 0
) -> ThresholdPruning:
    r"""Return the pruning of the smallest $|w|$ over all `tensors` together.

    The threshold is the $k$-th smallest of the $m$ pooled magnitudes, $k = \lfloor q m + 1/2 \rfloor$ (0 for
    $k = 0$). Exactly $k$ weights are at or below it when the $k$-th and the next magnitude differ, as they do
    almost surely for continuous weights; never fewer. Every weight tied with the $k$-th goes too: one
    threshold cannot tell ties apart, so tensors with many equal magnitudes (already quantised, say) may lose
    more than $k$.

    Parameters
    ----------
    tensors
        Arrays of any shapes; the values of a dict go in as `tensors.values()`.
    fraction
        $q$ in [0, 1].
    n_batch_axes
        Leading axes that number replicates, each with a threshold of its own; the tensors then share these
        axes and their rank. With 0 everything is pooled, replicates included.

    Raises
    ------
    ValueError
        On no entries, NaN or infinity, a fraction outside [0, 1], or batch axes that differ.

    >>> pruning = global_pruning([np.array([1.0, 4.0]), np.array([2.0, 3.0])], 0.5)
    >>> pruning
    ThresholdPruning(threshold=2.0)
    """
    fraction = checked_fraction("fraction", fraction)
    n_batch_axes = positive_int("n_batch_axes", n_batch_axes, at_least=0)
    arrays = _checked_tensors(tensors, n_batch_axes)
    batch = arrays[0].shape[:n_batch_axes]
    magnitudes = np.concatenate([np.abs(array).reshape(*batch, -1) for array in arrays], axis=-1)
    count = _n_pruned(fraction, magnitudes.shape[-1])
    if count == 0:
        return ThresholdPruning(threshold=0.0)
    threshold = np.partition(magnitudes, count - 1, axis=-1)[..., count - 1]
    n_inner_axes = arrays[0].ndim - n_batch_axes if n_batch_axes else 0
    return ThresholdPruning(threshold=threshold.reshape(batch + (1,) * n_inner_axes))


def _checked_tensors(tensors: Iterable[FloatArray], n_batch_axes: int) -> list[FloatArray]:
    if isinstance(tensors, Mapping):
        raise ValueError("tensors is a mapping, whose iteration gives its keys; pass tensors.values().")
    arrays = [any_shape(f"tensors[{i}]", tensor) for i, tensor in enumerate(tensors)]
    shapes = [array.shape for array in arrays]
    if not arrays or not all(array.size for array in arrays):
        raise ValueError(f"tensors must hold at least one entry each, got shapes {shapes}; drop empty ones.")
    if n_batch_axes and (
        len({shape[:n_batch_axes] for shape in shapes}) > 1
        or len({len(shape) for shape in shapes}) > 1
        or len(shapes[0]) <= n_batch_axes
    ):
        raise ValueError(
            f"with n_batch_axes={n_batch_axes} the tensors must share their rank, above {n_batch_axes}, and "
            f"their first {n_batch_axes} axes, got shapes {shapes}; insert axes of length 1 or pool with 0."
        )
    return arrays


def _n_pruned(fraction: float, size: int) -> int:
    return math.floor(fraction * size + 0.5)


def _repeat(pruned: FloatArray, n_draws: int) -> FloatArray:
    return np.repeat(pruned[None], n_draws, axis=0)
