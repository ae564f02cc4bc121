"""Entrywise functions of a network: what hidden units and outputs do to their input."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from mtl_simulators._typing import FloatArray


@dataclass(frozen=True)
class Activation:
    """An entrywise function with its derivative, which gradients need.

    Parameters
    ----------
    value, slope
        The function and its derivative; both map an array to one of the same shape.
    """

    value: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]

    def __call__(self, values: FloatArray) -> FloatArray:
        """Return the function at every entry."""
        return self.value(values)


def _same(values: FloatArray) -> FloatArray:
    return values


def _positive_part(values: FloatArray) -> FloatArray:
    return np.maximum(values, 0.0)


def _step(values: FloatArray) -> FloatArray:
    # The value 0 at the kink itself makes a unit that sees only zeros (padded rows) a unit at rest.
    return np.asarray(values > 0, dtype=values.dtype)


def _sigmoid(values: FloatArray) -> FloatArray:
    return np.asarray(expit(values))


def _sigmoid_slope(values: FloatArray) -> FloatArray:
    probability = expit(values)
    return np.asarray(probability * (1 - probability))


identity = Activation(_same, np.ones_like)
"""Linear units, $g(z) = z$."""

relu = Activation(_positive_part, _step)
r"""Rectified linear units, $g(z) = \max(z, 0)$, with slope 0 at the kink."""

sigmoid = Activation(_sigmoid, _sigmoid_slope)
"""The logistic function, $1 / (1 + e^{-z})$: log-odds to probabilities."""
