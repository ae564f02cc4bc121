"""Quantiles of Student's t and of the normal distribution."""

from math import isinf

from scipy.special import ndtri, stdtrit


def two_sided(level: float, degrees_of_freedom: float) -> float:
    """Return t with P(|t| <= value) = `level`; normal where the degrees of freedom are infinite.

    >>> round(two_sided(0.95, float("inf")), 3), round(two_sided(0.95, 10), 3)
    (1.96, 2.228)
    """
    tail = (1 + level) / 2
    return float(ndtri(tail) if isinf(degrees_of_freedom) else stdtrit(degrees_of_freedom, tail))
