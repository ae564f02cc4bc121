"""Random numbers at the precision of the weights."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray, FloatArray


def standard_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: npt.DTypeLike) -> FloatArray:
    """Return standard normal numbers, generated in single precision for float32 and below."""
    if np.dtype(dtype).itemsize <= 4:
        return rng.standard_normal(shape, dtype=np.float32).astype(dtype, copy=False)
    return rng.standard_normal(shape).astype(dtype, copy=False)


def uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: npt.DTypeLike) -> FloatArray:
    """Return numbers in [0, 1), in float32 for float32 weights and below, else float64.

    They are not cast further: float16 would round some of them up to 1.
    """
    if np.dtype(dtype).itemsize <= 4:
        return rng.random(shape, dtype=np.float32)
    return rng.random(shape)


def bernoulli(
    rng: np.random.Generator, probability: float, shape: tuple[int, ...], dtype: npt.DTypeLike
) -> BoolArray:
    """Return events of the given probability, exact to 2^-24 for float32 weights and 2^-53 for float64.

    The count of random numbers does not depend on the probability, which common draws rely on.
    """
    return uniform(rng, shape, dtype) < probability
