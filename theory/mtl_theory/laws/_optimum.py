"""The best fit of a form to points, and what the points say about its parameters."""

from dataclasses import dataclass
from math import inf

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_theory.laws._objective import Objective

# Singular values of the scaled Jacobian below this share of the largest: the points do not see the direction.
IDENTIFIABLE = 1e-8


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimum:
    """A minimum of an objective.

    Parameters
    ----------
    objective
        What was minimised.
    parameters
        `(p,)`, amplitudes before exponents.
    low, high
        Bounds, `(p,)`.
    loss
        The smallest value.
    errors, slopes
        Weighted residuals, `(N,)`, and their slopes, `(p, N)`; rows of fences included.
    """

    objective: Objective
    parameters: FloatArray
    low: FloatArray
    high: FloatArray
    loss: float
    errors: FloatArray
    slopes: FloatArray

    @property
    def measured(self) -> FloatArray:
        """The weighted residuals of the points alone, `(N,)`."""
        return self.errors[: self.objective.points.y.size]

    @property
    def rank(self) -> int:
        """The number of directions among the parameters that the points determine."""
        return int(self._seen[2].sum())

    @property
    def hidden(self) -> FloatArray:
        """The size of each scaled parameter in the directions that the points do not see, `(p,)`."""
        vectors, _, seen = self._seen
        return np.asarray(np.sqrt((vectors[:, ~seen] ** 2).sum(axis=1)))

    @property
    def degrees_of_freedom(self) -> float:
        """Points less determined parameters; infinite where the noise is known."""
        return inf if self.objective.points.noise is not None else self.measured.size - self.rank

    @property
    def noise(self) -> float:
        """The standard deviation of a residual of weight 1."""
        if self.objective.points.noise is not None:
            return self.objective.points.noise
        return float(np.sqrt((self.measured**2).sum() / max(self.degrees_of_freedom, 1)))

    @property
    def variance(self) -> float:
        r"""The factor of $(J^\top J)^{-1}$ in the covariance: $E \psi^2 / (E \psi')^2$, Huber 1964.

        That is the noise variance for squared loss.
        """
        loss = self.objective.loss
        if loss.quadratic:
            return self.noise**2
        pulled = loss.pull(self.measured) * self.measured
        return (
            float((pulled**2).sum()) / max(self.measured.size - self.rank, 1) / loss.bend(self.measured) ** 2
        )

    @property
    def covariance(self) -> FloatArray:
        """The covariance of the parameters, `(p, p)`; infinite variance where the points see nothing."""
        vectors, sizes, seen = self._seen
        norms = self._norms
        half = vectors[:, seen] / sizes[seen] / norms[:, None]
        found = self.variance * half @ half.T
        blind = np.flatnonzero(self.hidden > 1e-6)
        found[blind, blind] = inf
        return found

    @property
    def _norms(self) -> FloatArray:
        norms = np.linalg.norm(self.slopes, axis=1)
        return np.where(norms > 0, norms, 1.0)

    @property
    def _seen(self) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Directions among the scaled parameters, how much the residuals feel them, and whether at all."""
        vectors, sizes, _ = np.linalg.svd(self.slopes / self._norms[:, None], full_matrices=False)
        missing = len(self.parameters) - sizes.size
        if missing > 0:
            vectors = np.linalg.svd(self.slopes / self._norms[:, None], full_matrices=True)[0]
            sizes = np.append(sizes, np.zeros(missing))
        return vectors, sizes, sizes > IDENTIFIABLE * max(float(sizes.max(initial=0.0)), 1e-300)
