"""Ordinary least squares without data."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators.exact._designs import determined_counts, replicated_weights
from mtl_simulators.exact._wishart import DOUBLE, chi, inverse_lower, wishart_factor
from mtl_simulators.geometry import inverse_square_root
from mtl_simulators.problems import Truth


def draw_least_squares(
    rng: np.random.Generator,
    truth: Truth,
    *,
    n_samples: npt.ArrayLike,
    n_replicates: int,
    shared_design: bool,
) -> FloatArray:
    r"""Draw the least-squares estimates $\hat w_t$ of all tasks from their exact law, shape `(B, T, d)`.

    With a standard normal `T x d` matrix $Z$, rows $z_t$, and $D = \operatorname{diag}(\sigma_t)$,

    $$\hat W - W = D L^{-\top} Z \Sigma^{-1/2}, \quad L L^\top \sim W_T(I, n - d + T)
    \qquad \text{(shared design: matrix-t)},$$
    $$\hat w_t - w_t = \sigma_t \Sigma_t^{-1/2} z_t / \chi_{n_t - d + 1}
    \qquad \text{(separate designs: multivariate t)}.$$

    $\mathbb{E} (\hat w_t - w_t)^\top \Sigma_t (\hat w_t - w_t) = \sigma_t^2 d / (n_t - d - 1)$ for
    $n_t > d + 1$. For $d \le n_t \le d + 1$ the draws are exact but this risk has no finite mean: report
    quantiles there.

    Parameters
    ----------
    truth
        Task vectors `(1, T, d)`, used in every replicate, or `(B, T, d)`; any invertible covariance.
    n_samples
        Samples per task, at least d: one number, or one a task, `(T,)`; equal when the design is shared.
    shared_design
        Whether all tasks see the same inputs, so that their errors depend on each other.

    Raises
    ------
    ValueError
        When a task has fewer samples than features (least squares is not unique), on a singular covariance,
        and on a shared design with several covariances or counts.

    Source: Gupta and Nagar 1999, Matrix Variate Distributions, chapter 4.

    >>> truth = Truth(weights=np.zeros((1, 3, 5)), covariance=np.eye(5), noise=np.ones(3))
    >>> rng = np.random.default_rng(0)
    >>> draws = draw_least_squares(rng, truth, n_samples=16, n_replicates=20_000, shared_design=True)
    >>> draws.shape, round(float((draws**2).sum(axis=(1, 2)).mean()), 1)  # 3 * 5 / (16 - 5 - 1)
    ((20000, 3, 5), 1.5)
    """
    counts = determined_counts(truth, n_samples, shared_design=shared_design)
    weights = replicated_weights(truth, n_replicates)
    _, n_tasks, d = weights.shape
    whitening = inverse_square_root(truth.covariance)
    error: FloatArray = rng.standard_normal(weights.shape)
    if shared_design:
        factor = wishart_factor(
            rng, n_replicates=n_replicates, dimension=n_tasks, degrees=counts[0] - d + n_tasks
        )
        error = inverse_lower(factor).mT @ error
    else:
        error /= chi(rng, counts - d + 1, (n_replicates, n_tasks), DOUBLE)[..., None]
    error *= truth.noise[:, None]
    scaled = error @ whitening if whitening.ndim == 2 else (error[..., None, :] @ whitening)[..., 0, :]
    return np.asarray(weights + scaled)
