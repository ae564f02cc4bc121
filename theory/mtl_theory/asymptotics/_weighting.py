"""Less of the source: its best weight, and the penalty of soft sharing."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Moments
from mtl_theory.asymptotics._arguments import RiskParts, number_array, pair_sizes
from mtl_theory.asymptotics._pooled import Leverages, bias_per_leverage

GRID = np.linspace(-9.0, 3.0, 241)  # log weights tried, in units of the rule's weight and of one
ITERATIONS = 60  # golden-section steps: 0.62^60 of a grid cell is below double precision
GOLDEN = (np.sqrt(5) - 1) / 2


def weighted_pair_risk(
    weight: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    squared_distance: npt.ArrayLike,
) -> RiskParts:
    r"""Return the limit of the risk of pooling with a weight on the source, for isotropic inputs.

    The estimate is $(w S_1 + S_2)^{-1} (w X_1^\top y_1 + X_2^\top y_2)$. With the leverages $x_i$ of a design
    whose source has weight w,

    $$\text{variance} = \sigma^2 \frac{n_1 x_1^2 + n_2 x_2^2}{\sum_i n_i x_i (1 - x_i)}, \quad
    \text{bias} = |\beta_1 - \beta_2|^2 \frac{n_1 x_1^2 [n_1 (1 - x_1) + n_2 x_2]}
    {p \sum_i n_i x_i (1 - x_i)}.$$

    w = 1 is plain pooling, w = 0 the target alone. Source: derived.

    Parameters
    ----------
    weight
        w >= 0.
    n_source, n_target, n_features
        Sizes with n_2 > p.
    noise
        Standard deviation of the label noise.
    squared_distance
        $|\beta_1 - \beta_2|^2$, $2 \mu^2$ for random effects.

    Returns
    -------
    RiskParts
        In the broadcast shape.

    Raises
    ------
    ValueError
        When n_2 <= p or the weight is negative.

    Examples
    --------
    >>> setting = dict(n_source=1000, n_target=300, n_features=100, noise=0.5, squared_distance=0.18)
    >>> weighted_pair_risk([0.0, 0.122, 1.0], **setting).risk.round(4)
    array([0.125 , 0.0719, 0.13  ])
    """
    scale = number_array("weight", weight, low=0.0)
    sizes = pair_sizes(n_source, n_target, n_features, overdetermined=True)
    point = Leverages.of(scale, sizes)
    energy = sizes.source * point.source**2 + sizes.target * point.target**2
    variance = number_array("noise", noise, low=0.0) ** 2 * energy / point.spread
    distance = number_array("squared_distance", squared_distance, low=0.0)
    bias = distance * point.source**2 * bias_per_leverage(point, sizes)
    return RiskParts(bias=np.asarray(bias), variance=np.asarray(variance))


def source_weight_rule(
    *,
    n_source: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    squared_distance: npt.ArrayLike,
) -> FloatArray:
    r"""Return $w^* = 1 / (1 + D n_1 / (p \sigma^2))$, the best source weight to leading order in p / n.

    $D = |\beta_1 - \beta_2|^2$ ($2 \mu^2$ for random effects). `optimal_source_weight` is exact in the limit.

    Raises
    ------
    ValueError
        On noise of zero: the source then deserves no weight at all beside an exact target.

    Examples
    --------
    >>> float(source_weight_rule(n_source=1000, n_features=100, noise=0.5, squared_distance=0.18).round(3))
    0.122
    """
    source = number_array("n_source", n_source, low=0.0)
    p = number_array("n_features", n_features, low=0.0, open_end=True)
    variance = number_array("noise", noise, low=0.0, open_end=True) ** 2
    distance = number_array("squared_distance", squared_distance, low=0.0)
    return np.asarray(1 / (1 + distance * source / (p * variance)))


def optimal_source_weight(
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    squared_distance: npt.ArrayLike,
) -> FloatArray:
    r"""Return the source weight with the smallest limiting risk, by golden section on `weighted_pair_risk`.

    At that weight the risk is below that of the target alone: negative transfer is removed.

    Parameters
    ----------
    n_source, n_target, n_features
        Sizes with n_1 > 0 and n_2 > p.
    noise
        Standard deviation of the label noise, positive.
    squared_distance
        $|\beta_1 - \beta_2|^2$.

    Returns
    -------
    FloatArray
        The broadcast shape, to about eight digits (a minimum determines no more).

    Raises
    ------
    ValueError
        When n_2 <= p or the noise is zero.

    Examples
    --------
    >>> setting = dict(n_target=300, n_features=100, noise=0.5, squared_distance=2 * 0.3**2)
    >>> optimal_source_weight(n_source=[200, 1000], **setting).round(4)
    array([0.3765, 0.1223])
    """
    names = ("n_source", "n_target", "n_features", "noise", "squared_distance")
    given = (n_source, n_target, n_features, noise, squared_distance)
    arrays = np.broadcast_arrays(*(number_array(n, v) for n, v in zip(names, given, strict=True)))
    setting = dict(zip(names, arrays, strict=True))
    rule = np.log(source_weight_rule(**{k: v for k, v in setting.items() if k != "n_target"}))

    def risk(log_weight: FloatArray) -> FloatArray:
        return weighted_pair_risk(np.exp(log_weight), **setting).risk

    grid = rule + GRID.reshape(-1, *[1] * rule.ndim)
    centre = np.take_along_axis(grid, np.argmin(risk(grid), axis=0)[None], axis=0)[0]
    step = GRID[1] - GRID[0]
    low, high = centre - step, centre + step
    for _ in range(ITERATIONS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        falls = risk(left) > risk(right)
        low, high = np.where(falls, left, low), np.where(falls, high, right)
    return np.asarray(np.exp((low + high) / 2))


def soft_sharing_penalty(
    *, n_features: npt.ArrayLike, noise: npt.ArrayLike, squared_distance: npt.ArrayLike
) -> FloatArray:
    r"""Return $\lambda^* = p \sigma^2 / D$, the best penalty on the difference of two tasks.

    For the loss $|X_1 b_1 - y_1|^2 + |X_2 b_2 - y_2|^2 + \lambda |b_1 - b_2|^2$. It is the Bayes value for
    $\beta_1 - \beta_2 \sim N(0, D I / p)$ and a flat prior on $\beta_2$: it minimises the risk averaged over
    such differences at every sample size and for any inputs. $D = 2 \mu^2$ for random effects.

    Raises
    ------
    ValueError
        On a squared distance of zero: equal tasks are pooled, with an infinite penalty.

    Examples
    --------
    >>> mu = np.array([0.3, 0.45])
    >>> soft_sharing_penalty(n_features=100, noise=0.5, squared_distance=2 * mu**2).round()
    array([139.,  62.])
    """
    p = number_array("n_features", n_features, low=0.0, open_end=True)
    distance = number_array("squared_distance", squared_distance, low=0.0, open_end=True)
    return np.asarray(p * number_array("noise", noise, low=0.0) ** 2 / distance)


def estimate_squared_distance(moments: Moments, noise: npt.ArrayLike) -> FloatArray:
    r"""Estimate $|\beta_1 - \beta_2|^2$ without bias from the data of two tasks.

    $|\hat\beta_1 - \hat\beta_2|^2 - \sigma_1^2 \operatorname{tr} S_1^{-1} - \sigma_2^2 \operatorname{tr}
    S_2^{-1}$ with least squares on each task. Negative values occur when the tasks are close.

    Parameters
    ----------
    moments
        Of two tasks with separate designs, each with more samples than features.
    noise
        Standard deviation of the label noise: one number, or one a task.

    Returns
    -------
    FloatArray
        Shape `(B,)`.

    Raises
    ------
    ValueError
        When there are not two tasks, the design is shared, or a task has no more samples than features.
    """
    if moments.n_tasks != 2 or moments.shared_design:
        raise ValueError(f"pass two tasks with designs of their own, got {moments.n_tasks}.")
    if (moments.n_samples <= moments.n_features).any():
        raise ValueError("each task needs more samples than features; take more samples.")
    inverse = np.linalg.inv(moments.gram)
    alone = (inverse @ moments.cross[..., None])[..., 0]
    variance = np.broadcast_to(number_array("noise", noise, low=0.0) ** 2, (2,))
    spurious = (np.trace(inverse, axis1=-2, axis2=-1) * variance).sum(axis=-1)
    return np.asarray(((alone[:, 0] - alone[:, 1]) ** 2).sum(axis=-1) - spurious)
