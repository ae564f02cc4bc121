r"""The limit of the spectrum of the Gram matrix of random task vectors.

T rows of d independent entries of variance $v / d$ have the Gram spectrum $v (1 + \gamma - 2 \sqrt\gamma
\cos\theta)$, $\gamma = T / d$, with $\theta \in [0, \pi]$ of density $\frac{2}{\pi} \sin^2\theta\,/\,(1 +
\gamma - 2 \sqrt\gamma \cos\theta)$. In this angle the density is smooth up to the edges, and both the law and
its first moment integrate in closed form. Source: Marchenko and Pastur 1967.
"""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, in_interval

BISECTIONS = 54  # halvings of [0, pi] until the angle is exact in double precision


def marchenko_pastur_edges(aspect: float, variance: float = 1.0) -> tuple[float, float]:
    r"""Return the lower and upper edge of the bulk, $v (1 \mp \sqrt\gamma)^2$.

    Parameters
    ----------
    aspect
        $\gamma = T / d > 0$.
    variance
        $v > 0$: entries of the task vectors have variance $v / d$, so $v$ is the mean squared norm.

    Returns
    -------
    tuple[float, float]
        Above aspect one the atom at zero lies below the lower edge.

    Raises
    ------
    ValueError
        On an aspect or a variance that is not positive.

    Examples
    --------
    >>> marchenko_pastur_edges(0.25)
    (0.25, 2.25)
    """
    root = np.sqrt(_positive("aspect", aspect))
    scale = _positive("variance", variance)
    return float(scale * (1 - root) ** 2), float(scale * (1 + root) ** 2)


def marchenko_pastur_atom(aspect: float) -> float:
    r"""Return the mass at zero, $\max(0, 1 - 1 / \gamma)$: more tasks than features.

    Parameters
    ----------
    aspect
        $\gamma = T / d > 0$.

    Returns
    -------
    float
        A probability.

    Raises
    ------
    ValueError
        On an aspect that is not positive.

    Examples
    --------
    >>> marchenko_pastur_atom(4.0)
    0.75
    """
    return max(0.0, 1.0 - 1.0 / _positive("aspect", aspect))


def marchenko_pastur_density(x: npt.ArrayLike, aspect: float, variance: float = 1.0) -> FloatArray:
    r"""Return the density of the continuous part.

    $\sqrt{(b - x)(x - a)} / (2 \pi v \gamma x)$ between the edges a and b, zero elsewhere. It
    integrates to $\min(1, 1 / \gamma)$; the rest is `marchenko_pastur_atom`.

    Parameters
    ----------
    x
        Points, any shape.
    aspect
        $\gamma = T / d > 0$.
    variance
        Mean squared task norm $v > 0$.

    Returns
    -------
    FloatArray
        The shape of `x`.

    Raises
    ------
    ValueError
        On an aspect or a variance that is not positive.

    Examples
    --------
    >>> marchenko_pastur_density([-1.0, 2.0, 5.0], 1.0).round(6)
    array([0.      , 0.159155, 0.      ])
    """
    points = finite_array("x", x, ndim=np.ndim(x))
    low, high = marchenko_pastur_edges(aspect, variance)
    inside = (points > low) & (points < high)
    safe = np.where(inside, points, high)
    root = np.sqrt(np.maximum((high - safe) * (safe - low), 0.0))
    density: FloatArray = np.asarray(root / (2 * np.pi * variance * aspect * safe))
    return density


def marchenko_pastur_cdf(x: npt.ArrayLike, aspect: float, variance: float = 1.0) -> FloatArray:
    r"""Return the distribution function, the atom at zero included, in closed form.

    With $s = \min(\sqrt\gamma, 1 / \sqrt\gamma)$ and $\varphi = \arg(1 - s e^{-i\theta})$ the bulk has
    $H(\theta) = \frac{1}{\pi} [\theta + \varphi + (s \sin\theta - \varphi) / s^2]$.

    Parameters
    ----------
    x
        Points, any shape.
    aspect
        $\gamma = T / d > 0$.
    variance
        Mean squared task norm $v > 0$.

    Returns
    -------
    FloatArray
        Probabilities in the shape of `x`.

    Raises
    ------
    ValueError
        On an aspect or a variance that is not positive.

    Examples
    --------
    >>> marchenko_pastur_cdf([-1.0, 0.0, 9.0], 2.0)
    array([0. , 0.5, 1. ])
    """
    points = finite_array("x", x, ndim=np.ndim(x))
    low, high = marchenko_pastur_edges(aspect, variance)
    bulk = np.clip(points, low, high)
    # x - a and b - x are the squares of the half angle's sine and cosine: exact at both edges.
    angle = 2 * np.arctan2(np.sqrt(bulk - low), np.sqrt(high - bulk))
    atom = marchenko_pastur_atom(aspect)
    law = atom + (1 - atom) * _angle_cdf(angle, aspect)
    cdf: FloatArray = np.asarray(np.where(points < 0, 0.0, np.clip(law, 0.0, 1.0)))
    return cdf


def marchenko_pastur_quantile(probability: npt.ArrayLike, aspect: float, variance: float = 1.0) -> FloatArray:
    r"""Return the point below which the given share of the spectrum lies.

    Inverts `marchenko_pastur_cdf` by bisection in the angle.

    Parameters
    ----------
    probability
        Shares in [0, 1], any shape. Up to the atom's mass the quantile is zero.
    aspect
        $\gamma = T / d > 0$.
    variance
        Mean squared task norm $v > 0$.

    Returns
    -------
    FloatArray
        The shape of `probability`.

    Raises
    ------
    ValueError
        On a probability outside [0, 1], an aspect or a variance that is not positive.

    Examples
    --------
    >>> marchenko_pastur_quantile([0.25, 0.5, 1.0], 4.0, 2.0)
    array([ 0.,  0., 18.])
    """
    shares = _probabilities("probability", probability)
    gamma, scale = _positive("aspect", aspect), _positive("variance", variance)
    atom = marchenko_pastur_atom(gamma)
    low, _ = marchenko_pastur_edges(gamma, scale)
    angle = _quantile_angle((shares - atom) / (1 - atom), gamma)
    bulk = low + 4 * scale * np.sqrt(gamma) * np.sin(angle / 2) ** 2
    # Without an atom the zeroth quantile is the lower edge, not zero.
    quantile: FloatArray = np.asarray(np.where((atom > 0) & (shares <= atom), 0.0, bulk))
    return quantile


def marchenko_pastur_top_mass(fraction: npt.ArrayLike, aspect: float, variance: float = 1.0) -> FloatArray:
    r"""Return the part of the mean eigenvalue that the largest eigenvalues carry.

    $\int_{q}^\infty x \, dF(x)$ with $F(q) = 1 - f$. In the angle $x \, dF = \frac{2 v}{\pi} \sin^2\theta
    \, d\theta$, so it is $v [1 - (\theta_q - \sin\theta_q \cos\theta_q) / \pi]$.

    Parameters
    ----------
    fraction
        Share f of the eigenvalues that are kept, largest first, in [0, 1], any shape.
    aspect
        $\gamma = T / d > 0$.
    variance
        Mean squared task norm $v > 0$.

    Returns
    -------
    FloatArray
        The shape of `fraction`, from 0 to $v$.

    Raises
    ------
    ValueError
        On a fraction outside [0, 1], an aspect or a variance that is not positive.

    Examples
    --------
    >>> marchenko_pastur_top_mass([0.0, 0.25, 1.0], 4.0, 2.0)
    array([0., 2., 2.])
    """
    shares = _probabilities("fraction", fraction)
    gamma, scale = _positive("aspect", aspect), _positive("variance", variance)
    # The largest eigenvalues lie in the bulk, which holds 1 / gamma of all where gamma exceeds one.
    angle = _quantile_angle(1 - shares * max(1.0, gamma), gamma)
    below = (angle - np.sin(angle) * np.cos(angle)) / np.pi
    mass: FloatArray = np.asarray(scale * (1 - below))
    return mass


def _quantile_angle(probability: FloatArray, aspect: float) -> FloatArray:
    """Return the angle at which the normalised bulk reaches `probability`, clipped to [0, 1]."""
    target = np.clip(probability, 0.0, 1.0)
    low, high = np.zeros_like(target), np.full_like(target, np.pi)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        above = _angle_cdf(middle, aspect) >= target
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    # The law is flat (cubic) at both ends, where bisection would stop at rounding noise.
    angle: FloatArray = np.where(target <= 0, 0.0, np.where(target >= 1, np.pi, (low + high) / 2))
    return angle


def _angle_cdf(angle: FloatArray, aspect: float) -> FloatArray:
    """Return the distribution function of the angle under the normalised bulk."""
    # The bulk at aspect g is g times the bulk at 1 / g, in the same angle.
    s = min(np.sqrt(aspect), 1 / np.sqrt(aspect))
    phase = np.arctan2(s * np.sin(angle), 1 - s * np.cos(angle))
    law: FloatArray = (angle + phase + (s * np.sin(angle) - phase) / s**2) / np.pi
    return law


def _positive(name: str, value: float) -> float:
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be a positive number, got {value!r}.")
    return float(value)


def _probabilities(name: str, values: npt.ArrayLike) -> FloatArray:
    shares = finite_array(name, values, ndim=np.ndim(values))
    for share in (shares.min(initial=0.0), shares.max(initial=0.0)):
        in_interval(name, float(share), 0.0, 1.0)
    return shares
