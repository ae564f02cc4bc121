"""Sufficient statistics without samples."""

import numpy as np
import numpy.typing as npt

from mtl_simulators.exact._designs import replicated_weights, sample_counts
from mtl_simulators.exact._wishart import DOUBLE, chi, wishart_factor
from mtl_simulators.geometry import square_root
from mtl_simulators.problems import Moments, Truth


def draw_moments(
    rng: np.random.Generator,
    truth: Truth,
    *,
    n_samples: npt.ArrayLike,
    n_replicates: int,
    shared_design: bool,
) -> Moments:
    r"""Draw $(X_t^\top X_t, X_t^\top y_t, y_t^\top y_t)$ jointly from their exact law.

    With a Bartlett factor $C_t$ of a Wishart matrix, $F_t = \Sigma_t^{1/2} C_t$ and standard normal $z_t$,

    $$X_t^\top X_t = F_t F_t^\top, \quad v_t = F_t^\top w_t + \sigma_t z_t, \quad X_t^\top y_t = F_t v_t,
    \quad y_t^\top y_t = \lVert v_t \rVert^2 + \sigma_t^2 \chi^2_{n_t - k_t}.$$

    $(F_t^\top, v_t)$ is the data set after a QR decomposition: $k_t = \min(n_t, d)$ rows instead of $n_t$,
    and the label noise that no input sees kept as one number. It holds for $n_t < d$ too, where $C_t$ has
    $n_t$ columns and the Gram matrix rank $n_t$.

    Parameters
    ----------
    truth
        Task vectors `(1, T, d)`, used in every replicate, or `(B, T, d)`; any covariance, one or one a task.
    n_samples
        Samples per task: one number, or one a task, shape `(T,)`; equal when the design is shared.
    shared_design
        Whether all tasks see the same inputs; the Gram matrix is then `(B, d, d)`, else `(B, T, d, d)`.

    Raises
    ------
    ValueError
        On counts that do not fit the tasks or the design, and on a shared design with several covariances.

    Source: Bartlett 1933 for the factor; Wishart 1928 for the law of $X^\top X$.

    >>> truth = Truth(weights=np.ones((1, 2, 3)), covariance=np.eye(3), noise=np.ones(2))
    >>> rng = np.random.default_rng(0)
    >>> moments = draw_moments(rng, truth, n_samples=10**6, n_replicates=4, shared_design=False)
    >>> moments.gram.shape, bool(np.allclose(moments.gram / 1e6, np.eye(3), atol=0.01))
    ((4, 2, 3, 3), True)
    """
    counts = sample_counts(truth, n_samples, shared_design=shared_design)
    weights = replicated_weights(truth, n_replicates)
    degrees = counts[0] if shared_design else counts
    factor = square_root(truth.covariance) @ wishart_factor(
        rng, n_replicates=n_replicates, dimension=truth.n_features, degrees=degrees
    )
    if not shared_design:
        signal = (weights[..., None, :] @ factor)[..., 0, :]
    else:
        signal = weights @ factor
    observed = np.arange(factor.shape[-1]) < counts[:, None]
    responses = signal + truth.noise[:, None] * (rng.standard_normal(signal.shape) * observed)
    unseen = truth.noise * chi(rng, np.maximum(counts - truth.n_features, 0), signal.shape[:2], DOUBLE)
    return Moments(
        gram=factor @ factor.mT,
        cross=responses @ factor.mT if shared_design else (factor @ responses[..., None])[..., 0],
        energy=(responses**2).sum(axis=-1) + unseen**2,
        n_samples=counts.astype(np.float64),
    )
