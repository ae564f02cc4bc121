"""How rarely the last of T Gaussian tasks fails to lower the slope of a one-unit map."""

import numpy as np
from scipy.special import erfc

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_theory.spectral._gaussian_tasks import GaussianDesign

INNER = 8  # new tasks per spectrum of the old ones: more cost almost nothing beside the eigenvalues


def draw_step_failures(
    rng: np.random.Generator, *, n_tasks: int, n_features: int, n_draws: int
) -> FloatArray:
    r"""Draw unbiased estimates of $P(R_T \ge R_{T-1})$ for Gaussian tasks and capacity k = 1.

    Conditional Monte Carlo: given the eigenvalues $\lambda_i$ of the Gram matrix of the first T - 1 tasks,
    the last step fails when the largest eigenvalue reaches $\tau = \lambda_1 T / (T - 1)$, which by the
    secular equation is

    $$\sum_i z_i^2 \frac{\tau}{\tau - \lambda_i} + \chi^2_{d-T+1} / d \ge \tau, \qquad z_i \sim N(0, 1/d),$$

    and the probability over $z_1$, which carries the largest weight, is an error function. The estimates
    lie in [0, 1], have the event's probability as their mean, and far less variance than its indicator.

    Parameters
    ----------
    rng
        Source of randomness.
    n_tasks, n_features
        T >= 2 and d >= T; entries of the task vectors are $N(0, 1/d)$.
    n_draws
        Independent estimates.

    Returns
    -------
    FloatArray
        Shape `(n_draws,)`.

    Examples
    --------
    >>> draws = draw_step_failures(np.random.default_rng(0), n_tasks=6, n_features=36, n_draws=2000)
    >>> bool(0.05 < draws.mean() < 0.12)
    True
    """
    positive_int("n_tasks", n_tasks, at_least=2)
    positive_int("n_features", n_features, at_least=n_tasks)
    gram = GaussianDesign(n_tasks - 1, n_features, 1, False).draw_gram(rng, n_draws)
    eigenvalues = np.linalg.eigvalsh(gram)[:, ::-1]
    threshold = eigenvalues[:, :1] * n_tasks / (n_tasks - 1)
    gains = threshold / (threshold - eigenvalues)
    squares = rng.standard_normal((INNER, n_draws, n_tasks - 2)) ** 2
    rest = (squares * gains[:, 1:]).sum(axis=-1)
    if n_features > n_tasks - 1:
        rest = rest + rng.chisquare(n_features - n_tasks + 1, size=(INNER, n_draws))
    missing = np.clip(n_features * threshold[:, 0] - rest, 0.0, None) / gains[:, 0]
    return np.asarray(erfc(np.sqrt(missing / 2)).mean(axis=0))
