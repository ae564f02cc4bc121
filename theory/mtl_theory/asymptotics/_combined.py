"""Covariate and model shift together, for a target with isotropic inputs."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._validation import finite_array
from mtl_theory.asymptotics._arguments import RiskParts, number_array, pair_sizes
from mtl_theory.asymptotics._covariate import mixture_shares


def combined_shift_risk(
    eigenvalues: npt.ArrayLike,
    *,
    n_source: npt.ArrayLike,
    n_target: npt.ArrayLike,
    noise: npt.ArrayLike,
    squared_distance: npt.ArrayLike,
) -> RiskParts:
    r"""Return the limit of the target's risk under both shifts, for $\Sigma_2 = I$ and plain pooling.

    With $g(x) = \frac{1}{n_1} \sum_i \frac{s_i}{1 + s_i x} - \frac{1}{x}$ and $y > 0$ the root of
    $(N - p) / n_1 + g(y) (1 + y) = 0$,

    $$f_1 = \frac{n_1}{p} y + \frac{n_1 - p}{p\, g(y)}, \quad
    f_2 = \frac{n_1}{p\, g'(y)} - \frac{n_1 - p}{p\, g(y)^2}, \quad f_3 = -g(y),$$

    the variance is $\sigma^2 \frac{p}{n_1} f_1$ and the bias $|\beta_1 - \beta_2|^2
    \frac{1 - 2 f_1 f_3 + f_2 f_3^2}{1 - (p / n_2) f_2 f_3^2}$, averaged over directions of the difference
    (random effects). $y = \alpha_1 / \alpha_2$ in the terms of `covariate_shift_variance`.
    Source: Yang, Zhang, Wu, Su, Ré 2020, covariate and model shift. For a general target covariance use
    `asymptotic_risk`.

    Parameters
    ----------
    eigenvalues
        $s_i > 0$, of the source's covariance, shape `(..., p)`.
    n_source, n_target
        Sizes with N > p, n_1 > 0.
    noise
        Standard deviation of the label noise.
    squared_distance
        $|\beta_1 - \beta_2|^2$, $2 \mu^2$ for random effects.

    Returns
    -------
    RiskParts
        In the broadcast shape without the last axis of the eigenvalues.

    Raises
    ------
    ValueError
        When N <= p, and on eigenvalues or sizes that are not positive.

    Examples
    --------
    >>> s = np.repeat([16.0, 1 / 16], 50)
    >>> parts = combined_shift_risk(s, n_source=200, n_target=300, noise=0.5, squared_distance=0.02)
    >>> float(parts.variance.round(5)), float(parts.bias.round(5))
    (0.05332, 0.00985)
    """
    values = finite_array("eigenvalues", eigenvalues, ndim=max(1, np.ndim(eigenvalues)))
    number_array("eigenvalues", values, low=0.0, open_end=True)
    sizes = pair_sizes(n_source, n_target, values.shape[-1], overdetermined=False)
    n_1 = number_array("n_source", sizes.source, low=0.0, open_end=True)
    p, n_2 = sizes.features, number_array("n_target", sizes.target, low=0.0, open_end=True)
    first, second = mixture_shares(values, sizes)
    y = first / second
    filtered = values / (1 + values * y[..., None])
    g = filtered.sum(axis=-1) / n_1 - 1 / y
    slope = 1 / y**2 - (filtered**2).sum(axis=-1) / n_1
    f1 = n_1 / p * y + (n_1 - p) / (p * g)
    f2 = n_1 / (p * slope) - (n_1 - p) / (p * g**2)
    shape = (1 + 2 * f1 * g + f2 * g**2) / (1 - p / n_2 * f2 * g**2)
    variance = number_array("noise", noise, low=0.0) ** 2
    distance = number_array("squared_distance", squared_distance, low=0.0)
    return RiskParts(bias=np.asarray(distance * shape), variance=np.asarray(variance * p / n_1 * f1))
