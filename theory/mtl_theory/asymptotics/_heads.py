"""The head ratio that training fits to two tasks, and the risk at it."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_theory.asymptotics._arguments import PairSizes, RiskParts, number_array, pair_sizes
from mtl_theory.asymptotics._pooled import Leverages, checked_ratio, pooled_risk

GRID = 256  # angles tried before the bracket of the best one is refined
BISECTIONS = 60  # halvings of a bracket in [0, pi/2] until it is exact in double precision


def head_ratio_objective(
    head_ratio: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
) -> FloatArray:
    r"""Return $h(a)$: the fitted head ratio minimises $h(a) |\beta_1 - a \beta_2|^2$.

    The training loss with the shared unit eliminated is, up to a constant, $(\beta_1 - a \beta_2)^\top
    (S_1^{-1} + a^2 S_2^{-1})^{-1} (\beta_1 - a \beta_2)$: label noise adds $\sigma^2 (N - p)$ whatever a is.
    Its limit is $h(a) |\beta_1 - a \beta_2|^2$ with

    $$h(a) = \frac{n_1 n_2}{p} L_1 (1 - x_1)(1 - x_2) = \frac{n_1 n_2 L_1}{p (1 + a^2 L_1)(1 + L_1)},$$

    which tends to $n_1 n_2 / (a^2 n_1 + n_2)$ for $n \gg p$. Source: derived.

    Raises
    ------
    ValueError
        When N <= p.

    Examples
    --------
    >>> float(head_ratio_objective(1.0, n_source=3e6, n_target=6e6, n_features=1).round(-3))
    2000000.0
    """
    ratio, sizes = checked_ratio(head_ratio, n_source, n_target, n_features)
    point = Leverages.of(ratio**2, sizes)
    both = sizes.source * sizes.target / sizes.features
    return np.asarray(both * point.trace * (1 - point.source) * (1 - point.target))


def limit_head_ratio(
    cosine: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    norm_source: npt.ArrayLike = 1.0,
    norm_target: npt.ArrayLike = 1.0,
) -> FloatArray:
    r"""Return the limit of the fitted head ratio, the minimiser of $h(a) |\beta_1 - a \beta_2|^2$.

    $|\beta_1 - a \beta_2|^2 = b_1^2 - 2 a b_1 b_2 \cos + a^2 b_2^2$. The ratio has the sign of the cosine.

    Parameters
    ----------
    cosine
        Cosine of the two task vectors in the $\Sigma$ metric, not zero.
    n_source, n_target, n_features
        Sizes with N > p, and n_2 > p.
    norm_source, norm_target
        $b_1$ and $b_2$, positive, in the $\Sigma$ metric.

    Returns
    -------
    FloatArray
        The broadcast shape.

    Raises
    ------
    ValueError
        On a cosine of zero, where the sign of the ratio is not determined and one head vanishes, on one
        outside [-1, 1], and when n_2 <= p.

    Examples
    --------
    >>> limit_head_ratio(0.8, n_source=[30, 1500], n_target=150, n_features=50).round(3)
    array([0.933, 1.195])
    """
    names = ("cosine", "n_source", "n_target", "n_features", "norm_source", "norm_target")
    given = (cosine, n_source, n_target, n_features, norm_source, norm_target)
    arrays = np.broadcast_arrays(*(number_array(n, v) for n, v in zip(names, given, strict=True)))
    cos, *counts, first, second = (array.ravel() for array in arrays)
    if (cos == 0).any() or (np.abs(cos) > 1).any():
        raise ValueError(
            "cosine must lie in [-1, 1] and not be 0: orthogonal tasks leave the head ratio undetermined."
        )
    if (np.minimum(first, second) <= 0).any():
        raise ValueError("norm_source and norm_target must be positive: a zero task has no direction.")
    sizes = pair_sizes(*counts, overdetermined=True)
    angle = _best_angle(np.abs(cos) * first * second, first**2, second**2, sizes)
    return np.asarray((np.sign(cos) * np.tan(angle)).reshape(arrays[0].shape))


def _best_angle(inner: FloatArray, first: FloatArray, second: FloatArray, sizes: PairSizes) -> FloatArray:
    """Minimise over t = arctan a in [0, pi/2]: best point of a grid, then the derivative's sign change."""
    grid = np.linspace(0.0, np.pi / 2, GRID, endpoint=False)[:, None]
    a = np.tan(grid)
    point = Leverages.of(a**2, sizes)
    h = point.trace * (1 - point.source) * (1 - point.target)
    best = np.argmin(h * (first - 2 * a * inner + a**2 * second), axis=0)
    low, high = grid[np.maximum(best - 1, 0), 0], np.append(grid[:, 0], np.pi / 2)[best + 1]
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        rising = _criterion_slope(np.tan(middle), inner, first, second, sizes) > 0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    return np.asarray((low + high) / 2)


def _criterion_slope(
    a: FloatArray, inner: FloatArray, first: FloatArray, second: FloatArray, sizes: PairSizes
) -> FloatArray:
    """Return the derivative of h(a) |beta_1 - a beta_2|^2 over h(a)."""
    point = Leverages.of(a**2, sizes)
    left = 1 - point.source
    trace_part = sizes.source * left * (left - point.target) / point.spread
    log_slope = -2 * a * point.trace * left * (trace_part + 1)
    distance = first - 2 * a * inner + a**2 * second
    return np.asarray(log_slope * distance + 2 * (a * second - inner))


def pair_risk(
    cosine: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    norm_source: npt.ArrayLike = 1.0,
    norm_target: npt.ArrayLike = 1.0,
) -> RiskParts:
    r"""Return the limit of the target's risk when the heads are fitted with the shared unit.

    `pooled_risk` at the head ratio of `limit_head_ratio`. At finite sizes the fitted ratio fluctuates, which
    costs about $\sigma^2 / n_2$ more.

    Parameters
    ----------
    cosine
        Cosine of the task vectors, not zero.
    n_source, n_target, n_features
        Sizes with n_2 > p.
    noise
        Standard deviation of the label noise of both tasks.
    norm_source, norm_target
        Norms of the task vectors.

    Returns
    -------
    RiskParts
        Bias, variance and their sum, in the broadcast shape.

    Raises
    ------
    ValueError
        As `limit_head_ratio`.

    Examples
    --------
    >>> pair_risk(0.95, n_source=[30, 450], n_target=150, n_features=50, noise=0.5).risk.round(3)
    array([0.105, 0.08 ])
    """
    sizes = {"n_source": n_source, "n_target": n_target, "n_features": n_features}
    ratio = limit_head_ratio(cosine, **sizes, norm_source=norm_source, norm_target=norm_target)
    first, second = np.asarray(norm_source, dtype=float), np.asarray(norm_target, dtype=float)
    distance = first**2 - 2 * ratio * np.asarray(cosine) * first * second + ratio**2 * second**2
    # Parallel tasks leave a distance of rounding size, of either sign.
    distance = np.maximum(distance, 0.0)
    return pooled_risk(**sizes, noise=noise, squared_distance=distance, head_ratio=ratio)
