"""What a fit makes small."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval


class Loss(Protocol):
    r"""A loss $\sum_i \rho(e_i)$ of weighted residuals $e_i = \sqrt{w_i} (f_i - y_i)$, or of logarithms."""

    @property
    def log(self) -> bool:
        """Whether residuals are those of the logarithm."""

    @property
    def quadratic(self) -> bool:
        """Whether the loss is half the square of the residual."""

    def rho(self, residuals: FloatArray) -> FloatArray:
        """Return the loss of every residual."""

    def pull(self, residuals: FloatArray) -> FloatArray:
        r"""Return the weights $\rho'(e)/e$ of iteratively reweighted least squares."""

    def curve(self, residuals: FloatArray) -> FloatArray:
        r"""Return weights that stand for the curvature $\rho''(e)$ in a step."""

    def bend(self, residuals: FloatArray) -> float:
        r"""Return the mean curvature $E \rho''(e)$ over residuals `(N,)`."""


@dataclass(frozen=True, kw_only=True)
class Squared:
    """Half the squared residual.

    Parameters
    ----------
    log
        Whether residuals are those of the logarithm: noise in proportion to the target.
    """

    log: bool = False

    @property
    def quadratic(self) -> bool:
        """It is."""
        return True

    def rho(self, residuals: FloatArray) -> FloatArray:
        """Return half the square."""
        return residuals**2 / 2

    def pull(self, residuals: FloatArray) -> FloatArray:
        """Return ones."""
        return np.ones_like(residuals)

    def curve(self, residuals: FloatArray) -> FloatArray:
        """Return ones."""
        return np.ones_like(residuals)

    def bend(self, residuals: FloatArray) -> float:
        """Return 1."""
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Huber:
    r"""$e^2/2$ within `delta`, $\delta (|e| - \delta/2)$ beyond: outliers pull with constant force.

    Parameters
    ----------
    delta
        Where the loss turns linear, in units of the target (of its logarithm with `log=True`), or of the
        noise where that is known.
    log
        Whether residuals are those of the logarithm.

    Source: Huber 1964.
    """

    delta: float
    log: bool = False

    def __post_init__(self) -> None:
        in_interval("delta", self.delta, np.finfo(float).tiny, np.finfo(float).max)

    @property
    def quadratic(self) -> bool:
        """It is not."""
        return False

    def rho(self, residuals: FloatArray) -> FloatArray:
        """Return the loss of every residual."""
        size = np.abs(residuals)
        return np.where(size <= self.delta, residuals**2 / 2, self.delta * (size - self.delta / 2))

    def pull(self, residuals: FloatArray) -> FloatArray:
        r"""Return $\min(1, \delta/|e|)$."""
        return self.delta / np.maximum(np.abs(residuals), self.delta)

    def curve(self, residuals: FloatArray) -> FloatArray:
        """Return 1 within `delta` and a trace of the pull beyond, which keeps a step finite."""
        return np.where(np.abs(residuals) <= self.delta, 1.0, 0.01 * self.pull(residuals))

    def bend(self, residuals: FloatArray) -> float:
        """Return the share of residuals within `delta`.

        Where that holds fewer than a third of them it is read off the density around zero, which a wider
        window shows with less noise.
        """
        size = np.abs(residuals)
        window = max(self.delta, float(np.quantile(size, 1 / 3)))
        return float((size <= window).mean()) * self.delta / window
