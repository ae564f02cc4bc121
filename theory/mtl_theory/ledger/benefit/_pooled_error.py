r"""The error of a pooled matched filter on sign labels: to first order, in closed form, and exactly.

Labels $y_t = s_t \operatorname{sign}(w^\top x)$ with $E[s_t] = c_t$ are pooled as
$\hat w = \sum_t \omega_t X_t^\top y_t$, n samples of d features a task. For standard normal x the component
along w sums signed half-normals, with mean $n \sqrt{2/\pi}\, \omega^\top c$; the other $d - 1$ are
independent of it and normal with variance $V = n |\omega|^2$, exactly: x across w knows nothing of the label.
A test input is misjudged with probability $\theta / \pi$, $\theta$ the angle between $\hat w$ and w.
"""

import numpy as np
from scipy import special

from mtl_simulators._typing import FloatArray

# Where the integrand has fallen below this, it is cut off.
NEGLIGIBLE = 1e-13


def effective_samples(n_samples: int, correlations: FloatArray, weights: FloatArray) -> FloatArray:
    r"""Return $n_{eff} = n (\omega^\top c)^2 / |\omega|^2$, the clean samples that the pool is worth.

    Parameters
    ----------
    n_samples
        n of every task.
    correlations
        $c_t$ of the labels with the main task's, `(T,)`; the main task's own is 1.
    weights
        $\omega_t$, `(..., T)`.
    """
    return np.asarray(n_samples * (weights @ correlations) ** 2 / (weights**2).sum(axis=-1))


def first_order_error(n_effective: FloatArray, n_features: int) -> FloatArray:
    r"""Return $\frac{1}{\pi} \arctan \sqrt{\pi (d - 1) / (2 n_{eff})}$: the ratio of typical lengths."""
    return np.asarray(np.arctan(np.sqrt(np.pi / 2 * (n_features - 1) / n_effective)) / np.pi)


def mean_length_error(n_effective: FloatArray, n_features: int) -> FloatArray:
    r"""Return the same with the mean length $E \chi_{d-1} = \sqrt 2\, \Gamma(d/2) / \Gamma((d-1)/2)$."""
    length = np.sqrt(2) * np.exp(special.gammaln(n_features / 2) - special.gammaln((n_features - 1) / 2))
    return np.asarray(np.arctan(np.sqrt(np.pi / 2 / n_effective) * length) / np.pi)


def exact_error(n_samples: int, n_features: int, correlations: FloatArray, weights: FloatArray) -> float:
    r"""Return the exact expectation for any n, T and d >= 2, by one integral.

    $\theta / \pi$ is the probability that a Cauchy variable times the length across w exceeds the component
    along w, so with the characteristic functions of the two (Gil-Pelaez)

    $E[\theta] / \pi = \frac12 - \frac1\pi \int_0^\infty \operatorname{Im} \varphi(u / \sqrt V)\,
    E[e^{-u \chi_{d-1}}]\, du / u$,

    $\varphi(t) = \prod_t [e^{-a^2/2} + i c_t \operatorname{Im} W(a / \sqrt 2)]^n$ at $a = \omega_t t$, W the
    Faddeeva function.
    """
    spread = np.sqrt(n_samples * weights @ weights)
    frequency = abs(n_samples * weights @ correlations) * np.sqrt(2 / np.pi) / spread
    reach = next(
        u
        for u in (8.0, 16.0, 32.0, 64.0, 128.0, np.inf)
        if u == np.inf or _decay(u, n_samples, n_features, correlations, weights / spread) < NEGLIGIBLE
    )
    if reach == np.inf:
        raise ValueError(
            f"n_samples={n_samples} and n_features={n_features} are too few; take more of either."
        )
    # The integrand turns once in 2 pi / frequency and falls as exp(-u sqrt(d)): eight nodes see half of that.
    u, steps = _nodes(0.0, reach, int(np.ceil(reach * (frequency + np.sqrt(n_features)) / np.pi)))
    signal = _characteristic(u, n_samples, correlations, weights / spread).imag
    return float(0.5 - steps @ (signal * _length_transform(u, n_features) / u) / np.pi)


def _decay(u: float, n: int, d: int, correlations: FloatArray, scales: FloatArray) -> float:
    point = np.array([u])
    return float(abs(_characteristic(point, n, correlations, scales)[0]) * _length_transform(point, d)[0])


def _characteristic(u: FloatArray, n: int, correlations: FloatArray, scales: FloatArray) -> FloatArray:
    """Return the characteristic function of the component along w, complex `(nodes,)`."""
    faddeeva = special.wofz(np.multiply.outer(u, scales) / np.sqrt(2))
    return np.asarray(np.prod((faddeeva.real + 1j * correlations * faddeeva.imag) ** n, axis=-1))


def _length_transform(u: FloatArray, n_features: int) -> FloatArray:
    """Return E exp(-u chi) of a chi variable with d - 1 degrees of freedom, by quadrature over its bulk."""
    degrees = n_features - 1
    middle = np.sqrt(degrees)
    # Its standard deviation is below 1: nine from the middle no mass is left in double precision.
    lengths, steps = _nodes(max(0.0, middle - 9), middle + 9, 20)
    log_density = special.xlogy(degrees - 1, lengths) - lengths**2 / 2
    density = np.exp(log_density - special.gammaln(degrees / 2) - (degrees / 2 - 1) * np.log(2))
    return np.asarray(np.exp(-np.multiply.outer(u, lengths)) @ (density * steps))


def _nodes(low: float, high: float, n_panels: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of composite Gauss-Legendre quadrature with eight nodes a panel."""
    x, w = np.polynomial.legendre.leggauss(8)
    edges = np.linspace(low, high, n_panels + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()
