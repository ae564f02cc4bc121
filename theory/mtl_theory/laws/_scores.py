"""How well a law describes its points, and how many of its constants the points determine."""

from dataclasses import dataclass
from math import log

from mtl_simulators._typing import FloatArray

# Residuals below this share of the target's spread count as zero: without a floor noise-free points reward
# terms that turn 1e-28 into 1e-30.
FLOOR = 1e-7


@dataclass(frozen=True, kw_only=True)
class Scores:
    r"""The quality of a fitted law.

    Parameters
    ----------
    r2
        Share of the (weighted) variance of the target that the law explains.
    rmse
        Root of the (weighted) mean squared residual of the target.
    n_constants
        Identifiable constants: the rank of the scaled Jacobian.
    description_length
        $\frac N2 \log \max(\mathrm{RSS}/N, (10^{-7} s_y)^2) + \frac k2 \log N$ in nats, on the scale on which
        the law was fitted; a search adds what its structure costs.
    cross_validation, extrapolation
        Errors on points left out, where they were measured.
    """

    r2: float
    rmse: float
    n_constants: int
    description_length: float
    cross_validation: float | None = None
    extrapolation: float | None = None


def description_length(rss: float, *, n_points: int, n_constants: int, spread: float) -> float:
    r"""Return $\frac N2 \log \max(\mathrm{RSS}/N, (10^{-7} s_y)^2) + \frac k2 \log N$ in nats.

    Parameters
    ----------
    rss
        Residual sum of squares.
    spread
        Standard deviation $s_y$ of the target.
    """
    floor = max((FLOOR * spread) ** 2, 1e-300)
    return n_points / 2 * log(max(rss / n_points, floor)) + n_constants / 2 * log(n_points)


def weighted_r2(y: FloatArray, residuals: FloatArray, weights: FloatArray) -> float:
    """Return one minus the weighted residual variance over the variance of `y`; 1 for an exact constant."""
    share = weights / weights.sum()
    total = float(share @ (y - share @ y) ** 2)
    rest = float(share @ residuals**2)
    return 1 - rest / total if total > 0 else float(rest == 0)
