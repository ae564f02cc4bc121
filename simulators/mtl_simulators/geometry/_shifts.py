"""Covariances of tasks whose inputs differ: heavy coordinates, and scales in reciprocal pairs."""

from collections.abc import Sequence

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval, positive_int


def heavy_covariance(n_features: int, *, heavy: Sequence[int], condition: float) -> FloatArray:
    r"""Return the diagonal covariance $D^2$, $D_{jj} = \kappa$ on the heavy coordinates and 1 elsewhere.

    $\kappa$ is the condition number of $D$, the scale of the inputs; that of the covariance is $\kappa^2$.
    Two tasks have overlapping or disjoint heavy subspaces as their index sets do.

    Inputs $R Q D$ with standard normal $R$, as the paper prints them, have covariance $D^2$ whatever the
    rotation $Q$ is. A rotation matters on the other side: the rows of $R D Q$ have covariance $Q^\top D^2 Q$,
    which is `rotate_covariance(heavy_covariance(...), q)`.

    Parameters
    ----------
    heavy
        Distinct coordinates, each from 0 to `n_features - 1`.
    condition
        $\kappa \ge 1$; 1 is isotropic.

    Raises
    ------
    ValueError
        On a coordinate that repeats or does not exist, or a condition number below 1.

    Source: Wu, Zhang and Ré (2020), figure 3.

    >>> np.diag(heavy_covariance(4, heavy=[0, 3], condition=10.0)).tolist()
    [100.0, 1.0, 1.0, 100.0]
    """
    positive_int("n_features", n_features)
    kappa = in_interval("condition", condition, 1.0, np.inf)
    indices = np.asarray(heavy, dtype=np.float64)
    whole = indices.ndim == 1 and bool((indices == np.round(indices)).all())
    if not whole or (indices < 0).any() or (indices >= n_features).any():
        raise ValueError(f"heavy must list coordinates from 0 to {n_features - 1}, got {list(heavy)}.")
    coordinates = indices.astype(np.int64)
    if np.unique(coordinates).size != coordinates.size:
        raise ValueError(f"heavy lists a coordinate twice: {list(heavy)}; list each once.")
    scale = np.ones(n_features)
    scale[coordinates] = kappa
    return np.diag(scale**2)


def reciprocal_covariance(n_features: int, *, factor: float) -> FloatArray:
    r"""Return the diagonal covariance $\lambda^2$ on the first half of the axes, $\lambda^{-2}$ on the rest.

    Beside a task with covariance $I$ the shift $M = \Sigma_1^{1/2} \Sigma_2^{-1/2}$ has the singular values
    $\lambda$ and $1/\lambda$ in pairs, so $\det M = 1$: whatever it does, it does not make inputs larger.

    Parameters
    ----------
    n_features
        An even number.
    factor
        $\lambda > 0$; 1 is isotropic.

    Raises
    ------
    ValueError
        On an odd number of features or a factor that is not positive.

    Source: Yang, Zhang, Wu, Ré and Su (2020), arXiv:2010.11750, experiments on covariate shift.

    >>> np.diag(reciprocal_covariance(4, factor=2.0)).tolist()
    [4.0, 4.0, 0.25, 0.25]
    """
    positive_int("n_features", n_features)
    if n_features % 2:
        raise ValueError(
            f"reciprocal pairs need an even n_features, got {n_features}; pass {n_features + 1}, or build "
            "the spectrum with covariance_with_spectrum."
        )
    if not np.isfinite(factor) or factor <= 0:
        raise ValueError(f"factor must be positive and finite, got {factor!r}.")
    return np.diag(np.repeat([float(factor) ** 2, float(factor) ** -2], n_features // 2))
