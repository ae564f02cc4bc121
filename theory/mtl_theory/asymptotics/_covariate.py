"""Covariate shift: the variance of two pooled tasks whose inputs differ in covariance."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, in_interval
from mtl_theory.asymptotics._arguments import PairSizes, number_array, pair_sizes

BISECTIONS = 100  # halvings of an interval in [0, 1] until it is exact in double precision


def mixture_shares(spectrum: FloatArray, sizes: PairSizes) -> tuple[FloatArray, FloatArray]:
    r"""Return $(\alpha_1, \alpha_2)$ for eigenvalues `(..., p)` of the source covariance in target units.

    $\alpha_1 + \alpha_2 = 1 - p / N$ and $\alpha_1 + \frac{1}{N} \sum_i \lambda_i^2 \alpha_1 /
    (\lambda_i^2 \alpha_1 + \alpha_2) = n_1 / N$. In terms of leverages $\alpha_i = n_i (1 - x_i) / N$. The
    left side of the second equation rises in $\alpha_1$, so one bisection solves both.
    """
    total, left = sizes.total, 1 - sizes.features / sizes.total
    shape = np.broadcast_shapes(spectrum.shape[:-1], np.shape(total))
    low = np.broadcast_to(np.maximum(0.0, (sizes.source - sizes.features) / total), shape)
    high = np.broadcast_to(np.minimum(sizes.source / total, left), shape)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        scaled = spectrum * middle[..., None]
        shares = (scaled / (scaled + (left - middle)[..., None])).sum(axis=-1)
        above = middle + shares / total > sizes.source / total
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    first = (low + high) / 2
    return first, np.asarray(left - first)


def covariate_shift_variance(
    singular_values: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    noise: npt.ArrayLike,
    head_ratio: npt.ArrayLike = 1.0,
) -> FloatArray:
    r"""Return the limit of the target's variance when the inputs differ in covariance.

    $$\frac{\sigma^2}{N} \sum_i \frac{1}{\alpha_1 a^2 \lambda_i^2 + \alpha_2},$$

    with $\lambda_i$ the singular values of $M = \Sigma_1^{1/2} \Sigma_2^{-1/2}$ and

    $$\alpha_1 + \alpha_2 = 1 - \frac{p}{N}, \quad \alpha_1 + \frac{1}{N} \sum_i
    \frac{a^2 \lambda_i^2 \alpha_1}{a^2 \lambda_i^2 \alpha_1 + \alpha_2} = \frac{n_1}{N}.$$

    With equal task vectors it is the whole risk. For iid entries with more than four moments.
    Source: Yang, Zhang, Wu, Su, Ré 2020, covariate shift.

    Parameters
    ----------
    singular_values
        $\lambda_i > 0$, shape `(..., p)`.
    n_source, n_target
        Sizes with N > p, shapes that broadcast with the leading axes of the singular values.
    noise
        Standard deviation of the label noise.
    head_ratio
        a, not zero.

    Returns
    -------
    FloatArray
        The broadcast shape without the last axis of the singular values.

    Raises
    ------
    ValueError
        When N <= p, on a singular value that is not positive, and on a head ratio of zero.

    Examples
    --------
    >>> lam = np.repeat([4.0, 1 / 4.0], 50)
    >>> covariate_shift_variance(lam, n_source=[100, 1000], n_target=300, noise=0.5).round(5)
    array([0.06166, 0.04021])
    """
    values = finite_array("singular_values", singular_values, ndim=max(1, np.ndim(singular_values)))
    number_array("singular_values", values, low=0.0, open_end=True)
    ratio = number_array("head_ratio", head_ratio)
    if (ratio == 0).any():
        raise ValueError("head_ratio must not be 0: use single_task_risk for the target alone.")
    sizes = pair_sizes(n_source, n_target, values.shape[-1], overdetermined=False)
    spectrum = (ratio[..., None] * values) ** 2
    first, second = mixture_shares(spectrum, sizes)
    weights = 1 / (spectrum * first[..., None] + second[..., None])
    return np.asarray(number_array("noise", noise, low=0.0) ** 2 * weights.sum(axis=-1) / sizes.total)


def equal_covariances_are_best(n_source: float, n_target: float) -> bool:
    r"""Return whether equal covariances minimise the variance among reciprocal spectra.

    Among M whose singular values come in reciprocal pairs, $\lambda = 1$ minimises the risk of the pooled
    estimate of equal tasks when $n_1 \ge n_2$ and maximises it when $n_1 < n_2$.
    Source: Yang, Zhang, Wu, Su, Ré 2020, the sample-size dichotomy.

    Examples
    --------
    >>> equal_covariances_are_best(1200, 300), equal_covariances_are_best(150, 300)
    (True, False)
    """
    return n_source >= n_target


def equal_covariances_factor(n_source: float, n_target: float, floor: float) -> float:
    r"""Return $1 + n_2 / (\tau^2 n_1)$: how much worse equal covariances can be at most.

    For $\det M^\top M = 1$ and singular values in $[\tau, 1 / \tau]$, risk(I) is at most this times risk(M).
    Source: Yang, Zhang, Wu, Su, Ré 2020, covariate shift.

    Parameters
    ----------
    n_source, n_target
        Sizes of the tasks.
    floor
        $\tau$ in (0, 1].

    Raises
    ------
    ValueError
        On sizes that are not positive or a floor outside (0, 1].

    Examples
    --------
    >>> equal_covariances_factor(300, 300, 0.5)
    5.0
    """
    source = float(number_array("n_source", n_source, low=0.0, open_end=True))
    target = float(number_array("n_target", n_target, low=0.0))
    tau = in_interval("floor", floor, np.finfo(float).tiny, 1.0)
    return 1 + target / (tau**2 * source)
