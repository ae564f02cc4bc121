"""Where a fit looks for exponents: starts that fill a box, and the edge that it may not reach."""

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._variables import Parameter

# Powers of practice: a parameter of unknown sign starts between -2 and 2, a positive one on a log scale.
REACH, SMALL, LARGE = 2.0, 0.03, 30.0
# An unbounded exponent this many times its start has run away.
EDGE = 1e4


def starts(parameters: tuple[Parameter, ...], n_starts: int) -> FloatArray:
    """Return starts `(n_starts, q)` that fill the box evenly: the additive recurrence of Roberts 2018.

    The first one is the given starts, or the middle of the box.
    """
    q = len(parameters)
    if q == 0:
        return np.empty((1, 0))
    ratio = 1.5
    for _ in range(40):
        ratio = (1 + ratio) ** (1 / (q + 1))
    steps = ratio ** -np.arange(1.0, q + 1)
    shares = (0.5 + np.arange(n_starts)[:, None] * steps) % 1.0
    return np.stack([_spread(p, share) for p, share in zip(parameters, shares.T, strict=True)], axis=1)


def edges(parameters: tuple[Parameter, ...]) -> tuple[FloatArray, FloatArray]:
    """Return how far a fit may go down and up: the bounds, or the edge of the search."""
    reach = [EDGE * max(1.0, abs(p.start or 0.0)) for p in parameters]
    low = [max(p.low, -far) for p, far in zip(parameters, reach, strict=True)]
    high = [min(p.high, far) for p, far in zip(parameters, reach, strict=True)]
    return np.array(low), np.array(high)


def _spread(parameter: Parameter, share: FloatArray) -> FloatArray:
    """Return values of one parameter at the shares in [0, 1) of its range of starts, around its start."""
    low, high = parameter.low, parameter.high
    if parameter.start:
        # Half at share 1/2, from a quarter to four times.
        around: FloatArray = np.clip(parameter.start * 16.0 ** (share - 0.5), low, high)
        return around
    if low >= 0 or high <= 0:
        sign, near, far = (1.0, low, high) if low >= 0 else (-1.0, -high, -low)
        top = min(far, max(LARGE, 10 * near))
        bottom = max(near, min(SMALL, top / 100))
        logarithmic: FloatArray = sign * bottom * (top / bottom) ** share
        return logarithmic
    low, high = max(low, -REACH), min(high, REACH)
    return low + (high - low) * share
