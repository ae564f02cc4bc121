"""Task vectors scattered around a common one."""

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval, positive_int
from mtl_simulators.geometry._haar import haar_rows


def make_random_effects_tasks(
    rng: np.random.Generator, *, n_tasks: int, n_features: int, spread: float, n_replicates: int = 1
) -> FloatArray:
    r"""Draw $w_t = w_0 + \mu g_t$, $g_t \sim N(0, I / d)$ independent, shape `(B, T, d)`.

    The common vector $w_0$ is uniform on the unit sphere, one a replicate, so that
    $\mathbb{E} \lVert w_s - w_t \rVert^2 = 2 \mu^2$ and $\mathbb{E} \lVert w_t \rVert^2 = 1 + \mu^2$. Draws
    with the same `rng` state and another spread share $w_0$ and $g_t$.

    Parameters
    ----------
    spread
        $\mu \ge 0$; 0 makes all tasks the same.

    Raises
    ------
    ValueError
        On a negative spread, or sizes that are not positive integers.

    Source: Yang, Zhang, Wu, Ré and Su (2020), arXiv:2010.11750, the random-effects model.

    >>> w = make_random_effects_tasks(np.random.default_rng(0), n_tasks=2, n_features=10_000, spread=0.3)
    >>> float(((w[0, 0] - w[0, 1]) ** 2).sum().round(2))
    0.18
    """
    positive_int("n_tasks", n_tasks)
    positive_int("n_features", n_features)
    positive_int("n_replicates", n_replicates)
    in_interval("spread", spread, 0.0, np.inf)
    rng_common, rng_effects = rng.spawn(2)
    common = haar_rows(rng_common, n_replicates, 1, n_features)
    effects = rng_effects.standard_normal((n_replicates, n_tasks, n_features))
    return np.asarray(common + spread / np.sqrt(n_features) * effects)
