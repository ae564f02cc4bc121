r"""Two tasks through one shared unit: limits of variance and bias at a given head ratio.

Task 1 is the source, task 2 the target, p features, $N = n_1 + n_2$, label noise of one standard deviation
$\sigma$ and inputs of one covariance $\Sigma$. With $a$ the ratio of the source's head to the target's,
$S_i = X_i^\top X_i$ and $c = a^2$, the target is estimated by
$\hat\beta_2 = (a^2 S_1 + S_2)^{-1} (a X_1^\top y_1 + X_2^\top y_2)$; plain pooling is $a = 1$.

Everything follows from the leverages of one sample of either task, $x_1 = c d / (1 + c d)$ and
$x_2 = d / (1 + d)$, where $n_1 x_1 + n_2 x_2 = p$ determines $d = \lim \operatorname{tr} \Sigma (c S_1 +
S_2)^{-1}$.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_theory.asymptotics._arguments import (
    PairSizes,
    RiskParts,
    number_array,
    pair_sizes,
    require_overdetermined,
)


@dataclass(frozen=True, kw_only=True)
class Leverages:
    """The fixed point of two pooled designs: the trace d and one sample's leverage in either task."""

    trace: FloatArray
    source: FloatArray
    target: FloatArray
    spread: FloatArray  # sum_i n_i x_i (1 - x_i)

    @classmethod
    def of(cls, weight: FloatArray, sizes: PairSizes) -> "Leverages":
        """Solve n_1 x_1 + n_2 x_2 = p for source weight c: a quadratic equation in d."""
        trace = _quadratic_trace(weight, sizes, sizes.features**2)
        source, target = weight * trace / (1 + weight * trace), trace / (1 + trace)
        spread = sizes.source * source * (1 - source) + sizes.target * target * (1 - target)
        return cls(trace=trace, source=source, target=target, spread=np.asarray(spread))


def _quadratic_trace(weight: FloatArray, sizes: PairSizes, last: FloatArray) -> FloatArray:
    """Return 2p / (A + sqrt(A^2 + 4 c (N p - last))), A = n_2 - p + c (n_1 - p), without cancellation."""
    excess = sizes.target - sizes.features + weight * (sizes.source - sizes.features)
    product = 4 * weight * (sizes.total * sizes.features - last)
    root = np.sqrt(excess**2 + product)
    # Below zero, A + sqrt(...) cancels: multiply out by its conjugate.
    direct = 2 * sizes.features / np.where(excess > 0, excess + root, 1.0)
    conjugate = 2 * sizes.features * (root - excess) / np.where(excess > 0, 1.0, product)
    return np.asarray(np.where(excess > 0, direct, conjugate))


def checked_ratio(
    head_ratio: npt.ArrayLike, n_source: npt.ArrayLike, n_target: npt.ArrayLike, n_features: npt.ArrayLike
) -> tuple[FloatArray, PairSizes]:
    """Return the head ratio and the sizes that it needs, checked."""
    ratio = number_array("head_ratio", head_ratio)
    sizes = pair_sizes(n_source, n_target, n_features, overdetermined=bool((ratio == 0).any()))
    return ratio, sizes


def single_task_risk(n_samples: npt.ArrayLike, n_features: npt.ArrayLike, noise: npt.ArrayLike) -> FloatArray:
    r"""Return the limiting excess risk of least squares on one task, $\sigma^2 p / (n - p)$.

    At finite sizes and Gaussian inputs it is $\sigma^2 p / (n - p - 1)$ exactly.

    Parameters
    ----------
    n_samples, n_features
        n > p.
    noise
        Standard deviation $\sigma$ of the label noise.

    Returns
    -------
    FloatArray
        The broadcast shape.

    Raises
    ------
    ValueError
        When n <= p.

    Examples
    --------
    >>> float(single_task_risk(150, 50, 0.5))
    0.125
    """
    samples = number_array("n_samples", n_samples, low=0.0)
    features = number_array("n_features", n_features, low=0.0, open_end=True)
    require_overdetermined("n_samples", samples, features)
    return np.asarray(number_array("noise", noise, low=0.0) ** 2 * features / (samples - features))


def pooled_variance_factor(
    head_ratio: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
) -> FloatArray:
    r"""Return $L_1(a)$, the limit of the variance over $\sigma^2$.

    $$L_1(a) = \lim \operatorname{tr} \Sigma (a^2 S_1 + S_2)^{-1}
    = \frac{2p}{A + \sqrt{A^2 + 4 a^2 (n_1 p + n_2 p - p^2)}},
    \quad A = n_2 - p + a^2 (n_1 - p).$$

    $L_1(1) = p / (N - p)$, $L_1(0) = p / (n_2 - p)$.
    Source: Yang, Zhang, Wu, Su, Ré 2020, model shift, with $p^2$ where an early draft prints $n_1 n_2$.

    Parameters
    ----------
    head_ratio
        a, of either sign.
    n_source, n_target, n_features
        Sizes with N > p, and n_2 > p where a = 0; only their ratios matter.

    Returns
    -------
    FloatArray
        The broadcast shape.

    Raises
    ------
    ValueError
        When N <= p.

    Examples
    --------
    >>> pooled_variance_factor([1.0, 0.6], n_source=400, n_target=600, n_features=300).round(4)
    array([0.4286, 0.612 ])
    """
    ratio, sizes = checked_ratio(head_ratio, n_source, n_target, n_features)
    return Leverages.of(ratio**2, sizes).trace


def printed_variance_factor(
    head_ratio: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
) -> FloatArray:
    r"""Return $L_1(a)$ as an early draft prints it, with $n_1 n_2$ for $p^2$: wrong, kept for comparison.

    Raises
    ------
    ValueError
        When N <= p.

    Examples
    --------
    >>> float(printed_variance_factor(1.0, n_source=400, n_target=600, n_features=300).round(3))
    0.581
    """
    ratio, sizes = checked_ratio(head_ratio, n_source, n_target, n_features)
    return _quadratic_trace(ratio**2, sizes, sizes.source * sizes.target)


def pooled_bias_factor(
    head_ratio: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
) -> FloatArray:
    r"""Return $L_2(a)$, the limit of the bias over $|\beta_1 - a \beta_2|^2$ (in the $\Sigma$ metric).

    $$L_2(a) = \lim \frac{a^2}{p} \lVert (a^2 S_1 + S_2)^{-1} S_1 \rVert_F^2
    = \frac{n_1 x_1^2 [n_1 (1 - x_1) + n_2 x_2]}{a^2 p \sum_i n_i x_i (1 - x_i)}$$

    for isotropic designs, with the leverages $x_i$ of the module. Every term is positive; the paper's form
    is the same function. $L_2(1) = [n_1^2 (N - p) + p n_1 n_2] / [N^2 (N - p)]$, $L_2(0) = 0$.
    Source: Yang, Zhang, Wu, Su, Ré 2020, model shift.

    Parameters
    ----------
    head_ratio
        a, of either sign.
    n_source, n_target, n_features
        Sizes with N > p, and n_2 > p where a = 0; only their ratios matter.

    Returns
    -------
    FloatArray
        The broadcast shape.

    Raises
    ------
    ValueError
        When N <= p.

    Examples
    --------
    >>> pooled_bias_factor([1.0, 0.6], n_source=400, n_target=600, n_features=300).round(4)
    array([0.2629, 0.3345])
    """
    ratio, sizes = checked_ratio(head_ratio, n_source, n_target, n_features)
    point = Leverages.of(ratio**2, sizes)
    share = ratio * point.trace * (1 - point.source)  # x_1 / a, also at a = 0
    return np.asarray(share**2 * bias_per_leverage(point, sizes))


def bias_per_leverage(point: Leverages, sizes: PairSizes) -> FloatArray:
    r"""Return $\lim \lVert (c S_1 + S_2)^{-1} c S_1 \rVert_F^2 / (p x_1^2)$."""
    mixed = sizes.source * (1 - point.source) + sizes.target * point.target
    return np.asarray(sizes.source * mixed / (sizes.features * point.spread))


def pooled_risk(
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    squared_distance: npt.ArrayLike,
    head_ratio: npt.ArrayLike = 1.0,
) -> RiskParts:
    r"""Return the limit of the target's risk, $|\beta_1 - a \beta_2|^2 L_2(a) + \sigma^2 L_1(a)$.

    Parameters
    ----------
    n_source, n_target, n_features
        Sizes with N > p, and n_2 > p where a = 0.
    noise
        Standard deviation of the label noise of both tasks.
    squared_distance
        $|\beta_1 - a \beta_2|^2$; in the random-effects model $\beta_i = \beta_0 + N(0, \mu^2 I / p)$ and
        a = 1 it is $2 \mu^2$.
    head_ratio
        a; 1 is plain pooling.

    Returns
    -------
    RiskParts
        Bias, variance and their sum, in the broadcast shape.

    Raises
    ------
    ValueError
        When N <= p.

    Examples
    --------
    >>> parts = pooled_risk(n_source=100, n_target=300, n_features=100, noise=0.5, squared_distance=0.18)
    >>> float(parts.risk.round(4))
    0.1058
    """
    sizes = {"n_source": n_source, "n_target": n_target, "n_features": n_features}
    distance = number_array("squared_distance", squared_distance, low=0.0)
    variance = number_array("noise", noise, low=0.0) ** 2
    return RiskParts(
        bias=np.asarray(distance * pooled_bias_factor(head_ratio, **sizes)),
        variance=np.asarray(variance * pooled_variance_factor(head_ratio, **sizes)),
    )
