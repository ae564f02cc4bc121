"""Designs: which combinations of the factors' values are run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mtl_simulators._validation import positive_int
from mtl_simulators.sweep._factors import Factor, Point


class Design(Protocol):
    """A numbered list of points that is never held in memory as a whole."""

    def check(self, factors: Mapping[str, Factor]) -> None:
        """Raise `ValueError` where these factors cannot be laid out, naming the one at fault."""
        ...

    def size(self, factors: Mapping[str, Factor]) -> int:
        """Return the number of points."""
        ...

    def points(self, factors: Mapping[str, Factor], indices: npt.NDArray[np.int64]) -> list[Point]:
        """Return the points at these places."""
        ...


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Every combination of the factors' levels; the last factor varies fastest."""

    def check(self, factors: Mapping[str, Factor]) -> None:
        """Raise `ValueError` for a range without a number of points."""
        for name, factor in factors.items():
            try:
                factor.levels()
            except ValueError as error:
                raise ValueError(f"factor {name} {error}") from error

    def size(self, factors: Mapping[str, Factor]) -> int:
        """Return the product of the numbers of levels."""
        return math.prod(len(factor.levels()) for factor in factors.values())

    def points(self, factors: Mapping[str, Factor], indices: npt.NDArray[np.int64]) -> list[Point]:
        """Return the combinations with these numbers."""
        levels = [factor.levels() for factor in factors.values()]
        places = np.unravel_index(indices, [len(values) for values in levels])
        columns = [[values[i] for i in place] for values, place in zip(levels, places, strict=True)]
        return [dict(zip(factors, row, strict=True)) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, kw_only=True)
class SpaceFilling:
    """A scrambled Sobol sequence over the factors: few points, every factor covered evenly.

    A power of two keeps the balance of the sequence. Points at other places of the sequence do not depend on
    how many are asked for, so a larger sample contains the smaller.

    Source: Owen 1998, scrambled nets; `scipy.stats.qmc.Sobol`.
    """

    n_points: int
    seed: int = 0

    def check(self, factors: Mapping[str, Factor]) -> None:
        """Check the number of points."""
        positive_int("sample", self.n_points)

    def size(self, factors: Mapping[str, Factor]) -> int:
        """Return the number of points."""
        return self.n_points

    def points(self, factors: Mapping[str, Factor], indices: npt.NDArray[np.int64]) -> list[Point]:
        """Return the points at these places of the sequence."""
        if not len(indices):
            return []
        start, stop = int(indices.min()), int(indices.max()) + 1
        quantiles = self._quantiles(len(factors), start, stop)[indices - start]
        return [
            {name: factor.at(u) for (name, factor), u in zip(factors.items(), row, strict=True)}
            for row in quantiles.tolist()
        ]

    def _quantiles(self, n_factors: int, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Return part of the sequence, `(stop - start, n_factors)`, in [0, 1)."""
        import warnings

        from scipy.stats import qmc

        sequence = qmc.Sobol(n_factors, scramble=True, rng=np.random.default_rng(self.seed))
        if start:
            sequence.fast_forward(start)
        with warnings.catch_warnings():
            # SciPy warns when a part is not a power of two; the balance is that of the whole sequence.
            warnings.simplefilter("ignore", UserWarning)
            return np.asarray(sequence.random(stop - start))
