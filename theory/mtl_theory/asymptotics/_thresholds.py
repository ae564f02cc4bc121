"""Where transfer changes sign: critical cosine, critical and best source size, and the regimes."""

from collections.abc import Callable
from enum import Enum

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Polynomial

from mtl_simulators._typing import FloatArray
from mtl_theory.asymptotics._arguments import PairSizes, number_array, pair_sizes
from mtl_theory.asymptotics._heads import pair_risk
from mtl_theory.asymptotics._pooled import single_task_risk

STEPS = 40  # of the Illinois rule, which needs about ten for double precision
BISECTIONS = 50  # halvings of a bracket until a size is exact in double precision
SMALLEST_COSINE = 1e-4  # stands for zero, where the head ratio is undetermined
SCAN = np.geomspace(1e-3, 1e6, 200)  # source sizes tried, in units of the target's


class TransferRegime(Enum):
    """Sign of the transfer from a source of any size; the values are help texts."""

    ALWAYS_POSITIVE = "pooling helps whatever the size of the source"
    POSITIVE_UNTIL = "pooling helps up to a critical source size and hurts beyond it"
    POSITIVE_BETWEEN = (
        "pooling hurts with a small source, helps in a window of source sizes, and hurts again beyond it; "
        "only for targets with n_2 < 3 p"
    )
    ALWAYS_NEGATIVE = "pooling hurts whatever the size of the source"


def equal_heads_critical_cosine(
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    norm: npt.ArrayLike = 1.0,
) -> FloatArray:
    r"""Return the cosine above which plain pooling (a = 1) of tasks of one norm helps the target.

    $$c^* = 1 - \frac{\sigma^2 p N^2}{2 b^2 (n_2 - p) (n_1 (N - p) + p n_2)}.$$

    Parameters
    ----------
    n_source, n_target, n_features
        Sizes with n_2 > p, isotropic inputs.
    noise
        Standard deviation of the label noise.
    norm
        b, the norm of both task vectors.

    Returns
    -------
    FloatArray
        The broadcast shape; below -1 where pooling helps at every cosine.

    Raises
    ------
    ValueError
        When n_2 <= p or the norm is not positive.

    Examples
    --------
    >>> sizes = dict(n_target=150, n_features=50, noise=0.5)
    >>> equal_heads_critical_cosine(n_source=[30, 75, 150, 450, 1500], **sizes).round(4)
    array([0.8224, 0.8466, 0.875 , 0.9118, 0.9293])
    """
    sizes = pair_sizes(n_source, n_target, n_features, overdetermined=True)
    length = number_array("norm", norm, low=0.0, open_end=True)
    variance = number_array("noise", noise, low=0.0) ** 2
    return np.asarray(1 - _break_even_distance(sizes, variance) / (2 * length**2))


def _break_even_distance(sizes: PairSizes, variance: FloatArray) -> FloatArray:
    r"""Return the $|\beta_1 - \beta_2|^2$ at which plain pooling neither helps nor hurts."""
    total, p = sizes.total, sizes.features
    curve = sizes.source * (total - p) + p * sizes.target
    return np.asarray(variance * p * total**2 / ((sizes.target - p) * curve))


def critical_cosine(
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    norm_source: npt.ArrayLike = 1.0,
    norm_target: npt.ArrayLike = 1.0,
) -> FloatArray:
    r"""Return the size of the cosine above which pooling with fitted heads helps the target.

    The root of `pair_risk` $= \sigma^2 p / (n_2 - p)$. Linear tasks may share at negative cosines too (the
    head ratio takes the sign), so it is $|\cos|$ that counts. For $n_1 \to \infty$ transfer is positive iff
    $b_2^2 \sin^2 < \sigma^2 p / (n_2 - p)$.

    Parameters
    ----------
    n_source, n_target, n_features
        Sizes with n_2 > p, isotropic inputs.
    noise
        Standard deviation of the label noise.
    norm_source, norm_target
        Norms of the task vectors.

    Returns
    -------
    FloatArray
        The broadcast shape; 0 where every cosine other than 0 helps.

    Raises
    ------
    ValueError
        When n_2 <= p.

    Examples
    --------
    >>> sizes = dict(n_target=150, n_features=50, noise=0.5)
    >>> critical_cosine(n_source=[30, 150, 1500], **sizes).round(4)
    array([0.8241, 0.875 , 0.9277])
    """
    names = ("n_source", "n_target", "n_features", "noise", "norm_source", "norm_target")
    given = (n_source, n_target, n_features, noise, norm_source, norm_target)
    arrays = np.broadcast_arrays(*(number_array(n, v) for n, v in zip(names, given, strict=True)))
    setting = dict(zip(names, arrays, strict=True))
    pair_sizes(n_source, n_target, n_features, overdetermined=True)
    alone = single_task_risk(setting["n_target"], setting["n_features"], setting["noise"])

    def excess(cosine: FloatArray) -> FloatArray:
        return np.asarray(pair_risk(cosine, **setting).risk - alone)

    low, high = np.full(alone.shape, SMALLEST_COSINE), np.ones(alone.shape)
    return np.where(excess(low) < 0, 0.0, _falling_root(excess, low, high))


def _falling_root(
    function: Callable[[FloatArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return elementwise roots of a function that is positive at `low` and negative at `high`.

    The Illinois rule: a secant through both ends, with the value of an end that stays twice halved.
    """
    at_low, at_high = function(low), function(high)
    side = np.zeros(low.shape)
    root = high
    for _ in range(STEPS):
        root = (low * at_high - high * at_low) / np.where(at_high == at_low, 1.0, at_high - at_low)
        root = np.clip(root, low, high)
        value = function(root)
        right = value > 0
        at_high = np.where(right & (side > 0), at_high / 2, np.where(right, at_high, value))
        at_low = np.where(~right & (side < 0), at_low / 2, np.where(right, value, at_low))
        low, high = np.where(right, root, low), np.where(right, high, root)
        side = np.where(right, 1.0, -1.0)
        if (np.minimum(high - low, np.abs(value)) < 1e-14).all():
            break
    return np.asarray(root)


def positive_source_sizes(
    *,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    squared_distance: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    r"""Return the open interval of source sizes for which plain pooling (a = 1) helps the target.

    With $D = |\beta_1 - \beta_2|^2$ ($2 \mu^2$ for random effects), pooling helps where

    $$[D (n_2 - p) - \sigma^2 p] n^2 + [D (n_2 - p)^2 - 2 \sigma^2 p n_2] n
    + p n_2 [D (n_2 - p) - \sigma^2 n_2] < 0.$$

    Source: Yang, Zhang, Wu, Su, Ré 2020, three regimes (a factor p is missing in places of an early draft).

    Parameters
    ----------
    n_target, n_features
        n_2 > p, isotropic inputs.
    noise
        Standard deviation of the label noise.
    squared_distance
        $D$.

    Returns
    -------
    tuple[FloatArray, FloatArray]
        Lower and upper end: (0, n_1*) for a target with n_2 >= 3 p, with n_1* infinite where pooling always
        helps; (0, 0) where it never does.

    Raises
    ------
    ValueError
        When n_2 <= p.

    Examples
    --------
    >>> mu = np.array([0.2, 0.3, 0.35, 0.45])
    >>> low, high = positive_source_sizes(
    ...     n_target=300, n_features=100, noise=0.5, squared_distance=2 * mu**2
    ... )
    >>> high.round(1)
    array([  inf, 836.3, 318.7,   0. ])
    """
    target = number_array("n_target", n_target, low=0.0)
    p = number_array("n_features", n_features, low=0.0, open_end=True)
    alone = single_task_risk(target, p, noise)
    distance = number_array("squared_distance", squared_distance, low=0.0)
    # Divided by n_2 - p: the quadratic in units of the single-task risk.
    square = distance - alone
    slope = distance * (target - p) - 2 * alone * target
    constant = p * target * (distance - alone * target / p)
    root = np.sqrt(np.maximum(slope**2 - 4 * square * constant, 0.0))
    never = (square >= 0) & ((slope**2 <= 4 * square * constant) | ((slope >= 0) & (constant >= 0)))
    half = np.where(slope < 0, root - slope, root + slope) / 2  # the sum that does not cancel
    # Roots by Vieta: half / square and constant / half, in either order.
    safe_half = np.where(half > 0, half, 1.0)
    safe_square = np.where(square > 0, square, 1.0)
    upper = np.where(slope < 0, half / safe_square, -constant / safe_half)
    lower = np.where((slope < 0) & (constant > 0), constant / safe_half, 0.0)
    high = np.where(square > 0, upper, np.inf)
    return np.where(never, 0.0, lower), np.where(never, 0.0, high)


def transfer_regime(
    *, n_target: float, n_features: float, noise: float, squared_distance: float
) -> TransferRegime:
    r"""Return the regime of plain pooling (a = 1) as the source grows.

    For $n_2 \ge 3p$, with $r = \sigma^2 p / (n_2 - p)$ the risk of the target alone: always positive for
    $D \le r$, positive up to n_1* for $r < D < r n_2 / p$, always negative from there on. For $n_2 < 3p$
    the last boundary moves up and a fourth regime lies before it: transfer is then negative for small
    sources as well.

    Parameters
    ----------
    n_target, n_features, noise, squared_distance
        As for `positive_source_sizes`.

    Returns
    -------
    TransferRegime
        Its value is a help text.

    Raises
    ------
    ValueError
        When n_2 <= p.

    Examples
    --------
    >>> transfer_regime(n_target=300, n_features=100, noise=0.5, squared_distance=2 * 0.3**2).name
    'POSITIVE_UNTIL'
    """
    low, high = positive_source_sizes(
        n_target=n_target, n_features=n_features, noise=noise, squared_distance=squared_distance
    )
    if high == 0:
        return TransferRegime.ALWAYS_NEGATIVE
    if np.isinf(high):
        return TransferRegime.ALWAYS_POSITIVE
    return TransferRegime.POSITIVE_BETWEEN if low > 0 else TransferRegime.POSITIVE_UNTIL


def best_source_size(*, n_target: float, n_features: float, noise: float, squared_distance: float) -> float:
    r"""Return the source size at which the risk of plain pooling (a = 1) is lowest.

    With $x = N / p$ and $m = n_2 / p$ the risk is
    $[\sigma^2 x^2 + D (x - m)((x - m)(x - 1) + m)] / [x^2 (x - 1)]$; the size is the best of its stationary
    points, zero and infinity.

    Parameters
    ----------
    n_target, n_features, noise, squared_distance
        As for `positive_source_sizes`.

    Returns
    -------
    float
        Not rounded; 0.0 where no source is better than any, infinity where more is always better.

    Raises
    ------
    ValueError
        When n_2 <= p.

    Examples
    --------
    >>> mus = (0.27, 0.3, 0.35, 0.4)
    >>> setting = dict(n_target=300, n_features=100, noise=0.5)
    >>> [round(best_source_size(**setting, squared_distance=2 * mu**2)) for mu in mus]
    [272, 199, 119, 59]
    """
    alone = float(single_task_risk(n_target, n_features, noise))
    distance = float(number_array("squared_distance", squared_distance, low=0.0))
    x, m = Polynomial([0.0, 1.0]), float(n_target / n_features)
    top = noise**2 * x**2 + distance * (x - m) * ((x - m) * (x - 1) + m)
    bottom = x**2 * (x - 1)
    # The leading terms of P' Q and P Q' cancel; rounding would leave a false root near infinity.
    roots = (top.deriv() * bottom - top * bottom.deriv()).cutdeg(4).trim().roots()
    inner = roots.real[(np.abs(roots.imag) < 1e-9 * np.abs(roots)) & (roots.real > m)]
    sizes = np.array([0.0, *(n_features * (inner - m)), np.inf])
    risks = np.array([alone, *(top(inner) / bottom(inner)), distance])
    return float(sizes[np.argmin(risks)])


def critical_source_size(
    cosine: float,
    *,
    n_target: float,
    n_features: float,
    noise: float,
    norm_source: float = 1.0,
    norm_target: float = 1.0,
) -> float:
    r"""Return the source size beyond which pooling with fitted heads no longer helps the target.

    The largest root in n_1 of `pair_risk` $= \sigma^2 p / (n_2 - p)$, between a thousandth and a million
    times n_2.

    Parameters
    ----------
    cosine
        Cosine of the task vectors, not zero.
    n_target, n_features
        n_2 > p, isotropic inputs.
    noise
        Standard deviation of the label noise.
    norm_source, norm_target
        Norms of the task vectors.

    Returns
    -------
    float
        0.0 where no size helps, infinity where the largest does.

    Raises
    ------
    ValueError
        As `limit_head_ratio`.

    Examples
    --------
    >>> setting = dict(n_target=150, n_features=50, noise=0.5)
    >>> [round(critical_source_size(c, **setting), 1) for c in (0.8, 0.875, 0.95)]
    [0.0, 150.0, inf]
    """
    alone = float(single_task_risk(n_target, n_features, noise))
    norms = {"norm_source": norm_source, "norm_target": norm_target}

    def helps(sizes: npt.ArrayLike) -> FloatArray:
        shared = pair_risk(
            cosine, n_source=sizes, n_target=n_target, n_features=n_features, noise=noise, **norms
        )
        return np.asarray(shared.risk < alone)

    grid = n_target * SCAN
    positive = np.flatnonzero(helps(grid))
    if positive.size == 0:
        return 0.0
    if positive[-1] == grid.size - 1:
        return float("inf")
    low, high = np.log(grid[positive[-1]]), np.log(grid[positive[-1] + 1])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if helps(np.exp(middle)) else (low, middle)
    return float(np.exp(low))
