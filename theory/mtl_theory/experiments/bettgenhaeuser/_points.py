"""Measured points: performance over samples, tasks and AMI, with the design cell of each."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Points:
    """Rows with columns `n` (thousands), `T`, `A` and `F`, the performance.

    Rows of one design cell are repetitions: they are resampled and left out together.
    """

    frame: "pd.DataFrame"

    @cached_property
    def cells(self) -> IntArray:
        """A number for the combination of n, T and A of every row."""
        return self.frame.groupby(["n", "T", "A"]).ngroup().to_numpy()

    @property
    def performance(self) -> FloatArray:
        """F as an array."""
        return self.frame["F"].to_numpy(dtype=np.float64)

    def where(self, keep: "pd.Series[bool]") -> "Points":
        """Return some of the rows."""
        return Points(self.frame[keep].reset_index(drop=True))

    def resamples(self, rng: np.random.Generator, n_draws: int) -> FloatArray:
        """Return how often each row is drawn when cells are drawn with replacement, `(n_draws, N)`."""
        n_cells = int(self.cells.max()) + 1
        counts = rng.multinomial(n_cells, np.full(n_cells, 1 / n_cells), size=n_draws)
        return np.asarray(counts[:, self.cells], dtype=np.float64)
