"""Many draws, a block at a time."""

from collections.abc import Callable

import numpy as np

from mtl_simulators._typing import FloatArray

BLOCK_ENTRIES = 2**19


def in_blocks(
    measure: Callable[[np.random.Generator, int], FloatArray],
    rng: np.random.Generator,
    n: int,
    *,
    entries: int,
) -> FloatArray:
    """Return n draws taken in blocks, so that arrays of `entries` numbers a draw stay small."""
    size = max(1, BLOCK_ENTRIES // entries)
    starts = range(0, n, size)
    children = rng.spawn(len(starts))
    return np.concatenate([measure(c, min(size, n - s)) for s, c in zip(starts, children, strict=True)])
