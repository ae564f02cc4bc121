r"""Expected errors of pooled half-spaces: exactly for filters of noisy copies, to first order for the others.

Labels are -1 and +1; $c_t$ is their correlation with the main task's, $\rho_t$ the cosine of the teachers,
$\ell = E \chi_{d-1}$ the mean length of $d - 1$ standard normal numbers.
"""

from functools import cache

import numpy as np
from scipy import special

from mtl_simulators._typing import FloatArray
from mtl_simulators.labels import agreement_of_ami, cosine_of_ami
from mtl_theory.experiments.bettgenhaeuser._labels import (
    ALONE,
    CHANNEL,
    EQUAL,
    LS_ALONE,
    LS_EQUAL,
    LS_MATCHED,
    MATCHED,
)
from mtl_theory.ledger.benefit import exact_error

BALANCED = (0.5, 0.5)
FILTERS = {ALONE: LS_ALONE, EQUAL: LS_EQUAL, MATCHED: LS_MATCHED}
"""Each way to pool by filter, with the one by least squares that has the same heads."""


def weightings(ami: float, n_tasks: int) -> dict[str, FloatArray]:
    """Return the weights `(T,)` of the three ways to pool, by the filter's name."""
    alone = np.eye(n_tasks)[0]
    return {ALONE: alone, EQUAL: np.ones(n_tasks), MATCHED: _correlations(ami, n_tasks)}


def predicted_error(mode: str, method: str, *, n: int, n_tasks: int, ami: float, d: int) -> float:
    """Return the expected error of an estimator, NaN where no law is known.

    Unknown is least squares pooled over rotated teachers.
    """
    if method in (ALONE, LS_ALONE):  # T and AMI do not matter
        mode, n_tasks, ami = CHANNEL, 1, 1.0
    return _predicted(mode, method, n, n_tasks, ami, d)


@cache
def _predicted(mode: str, method: str, n: int, n_tasks: int, ami: float, d: int) -> float:
    weights = weightings(ami, n_tasks)
    if method in weights and mode == CHANNEL:
        return exact_error(n, d, _correlations(ami, n_tasks), weights[method])
    if method in weights:
        cosines = np.append(1.0, np.full(n_tasks - 1, cosine_of_ami(ami)))
        return rotated_error(n, d, cosines, weights[method])
    if mode == CHANNEL:
        heads = next(weights[name] for name, fitted in FILTERS.items() if fitted == method)
        return least_squares_error(n, d, _correlations(ami, n_tasks), heads)
    return float("nan")


def rotated_error(n_samples: int, n_features: int, cosines: FloatArray, weights: FloatArray) -> float:
    r"""Return the error of a filter pooled over noiseless teachers at random around the main one.

    Along w the filter has the mean $n \sqrt{2/\pi} \sum_t \omega_t \rho_t$. Across w each task adds variance
    $n \omega_t^2$ in every direction, and the bias $n \sqrt{2/\pi}\, \omega_t \sqrt{1 - \rho_t^2}$ in one of
    its own, where the variance is smaller by $\frac2\pi (1 - \rho_t^2)$:

    $\tan^2 \theta = \frac{\frac{\pi}{2 n} \sum_t \omega_t^2 (\ell^2 - \frac2\pi (1 - \rho_t^2)) +
    \sum_t \omega_t^2 (1 - \rho_t^2)}{(\sum_t \omega_t \rho_t)^2}$. The last sum stays when n grows.

    Source: derived here.
    """
    across = 1 - cosines**2
    noise = np.pi / 2 * (weights**2) @ (_mean_length(n_features) ** 2 - 2 / np.pi * across) / n_samples
    bias = (weights**2) @ across
    return float(np.arctan(np.sqrt(noise + bias) / (weights @ cosines)) / np.pi)


def least_squares_error(
    n_samples: int, n_features: int, correlations: FloatArray, heads: FloatArray
) -> float:
    r"""Return the error of least squares with heads $a_t$, pooled over noisy copies.

    Along w it has the mean $s = \sqrt{2/\pi}\, a^\top c / |a|^2$; the residuals of task t have the variance
    $v_t = 1 - 2 \sqrt{2/\pi}\, a_t c_t s + a_t^2 s^2$ and are independent of the inputs across w, so

    $\tan^2 \theta = \ell^2 \frac{\sum_t a_t^2 v_t}{n |a|^4 s^2} \frac{N}{N - d - 1}$ with
    $N = n |a|^4 / \sum_t a_t^4$ samples of equal weight (exact for equal heads).

    Source: derived here.
    """
    energy, slope = heads @ heads, np.sqrt(2 / np.pi)
    along = slope * (heads @ correlations) / energy
    spread = 1 - 2 * slope * heads * correlations * along + (heads * along) ** 2
    size = n_samples * energy**2 / (heads**4).sum()
    squared = heads**2 @ spread / (n_samples * (energy * along) ** 2) * size / (size - n_features - 1)
    return float(np.arctan(_mean_length(n_features) * np.sqrt(squared)) / np.pi)


def _correlations(ami: float, n_tasks: int) -> FloatArray:
    """Return the correlations of the labels with the main task's, `(T,)`."""
    return np.append(1.0, np.full(n_tasks - 1, agreement_of_ami(ami, prior=BALANCED)))


def _mean_length(n_features: int) -> float:
    difference = special.gammaln(n_features / 2) - special.gammaln((n_features - 1) / 2)
    return float(np.sqrt(2) * np.exp(difference))
