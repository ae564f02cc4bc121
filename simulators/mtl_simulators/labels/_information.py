"""Entropy, mutual information, and what it is by chance: all in nats."""

import numpy as np
import numpy.typing as npt
from scipy import special

from mtl_simulators._typing import FloatArray
from mtl_simulators.labels._contingency import count_table

# Bernstein's exponent of the hypergeometric tails left out: each has mass below exp(-36) = 2e-16.
TAIL = 36.0
# Terms evaluated at once: few enough to stay in the processor's cache.
BLOCK = 1 << 15


def entropy(probabilities: npt.ArrayLike) -> FloatArray:
    r"""Return $H = -\sum_i p_i \ln p_i$ of distributions or counts on the last axis, shape `(...)`.

    Weights are divided by their sum; $0 \ln 0 = 0$.

    Raises
    ------
    ValueError
        On weights that are negative or not finite, or that sum to zero.

    >>> float(entropy([1, 1, 2, 0]) / np.log(2))
    1.5
    """
    weights = _weights("probabilities", probabilities, n_axes=1)
    total: FloatArray = special.entr(weights / weights.sum(axis=-1, keepdims=True)).sum(axis=-1)
    return total


def mutual_information(table: npt.ArrayLike) -> FloatArray:
    r"""Return $I = \sum_{ij} p_{ij} \ln \frac{p_{ij}}{p_{i \cdot} p_{\cdot j}}$ of counts or a joint law.

    Parameters
    ----------
    table
        Counts or probabilities, shape `(..., k, m)`; divided by their sum.

    Returns
    -------
    FloatArray
        Shape `(...)`, never below zero by more than rounding.

    Raises
    ------
    ValueError
        On entries that are negative or not finite, or that sum to zero.

    >>> round(float(mutual_information([[2, 0], [0, 2]]) / np.log(2)), 12)
    1.0
    """
    weights = _weights("table", table, n_axes=2)
    joint = weights / weights.sum(axis=(-2, -1), keepdims=True)
    independent = joint.sum(axis=-1, keepdims=True) * joint.sum(axis=-2, keepdims=True)
    information: FloatArray = _divergence(joint, independent).sum(axis=(-2, -1))
    return information


def expected_mutual_information(table: npt.ArrayLike) -> FloatArray:
    r"""Return $E[I]$ when the tokens' labels are permuted at random, both margins fixed.

    A cell with margins $a$ and $b$ among $N$ tokens is then hypergeometric, so
    $E[I] = \sum_{ij} E\big[\frac{x}{N} \ln \frac{N x}{a_i b_j}\big]$. Equal cells are evaluated once, over
    the counts that matter to 12 digits.

    Parameters
    ----------
    table
        Counts, shape `(..., k, m)`; only the margins matter.

    Returns
    -------
    FloatArray
        Shape `(...)`.

    Raises
    ------
    ValueError
        On a table that does not hold counts.

    Source: Vinh, Epps and Bailey 2010, theorem 3.

    >>> round(float(expected_mutual_information([[1, 0], [0, 1]]) / np.log(2)), 12)
    1.0
    """
    counts = count_table("table", table)
    rows, columns = counts.sum(axis=-1)[..., :, None], counts.sum(axis=-2)[..., None, :]
    cells = expected_cells(rows, columns, rows.sum(axis=-2, keepdims=True))
    information: FloatArray = cells.sum(axis=(-2, -1))
    return information


def expected_cells(rows: npt.ArrayLike, columns: npt.ArrayLike, total: npt.ArrayLike) -> FloatArray:
    r"""Return $E\big[\frac{x}{N} \ln \frac{N x}{a b}\big]$ of hypergeometric counts, 0 for empty margins.

    Margins `rows` $a$, `columns` $b$ and `total` $N \ge a, b$ are integer arrays that broadcast.
    """
    a, b, n = np.broadcast_arrays(rows, columns, total)
    totals, which = np.unique(n.ravel(), return_inverse=True)
    # The expectation is symmetric in a and b: one key for every set of margins.
    base = int(totals[-1]) + 1
    small, large = np.minimum(a, b).ravel(), np.maximum(a, b).ravel()
    keys, place = np.unique((which * base + large) * base + small, return_inverse=True)
    n_unique = totals[keys // base**2]
    # An empty margin has the single count 0, which diverges by 0.
    margins = np.stack([keys % base, keys // base % base, n_unique]).astype(np.float64)
    cells: FloatArray = (_expected_divergence(*margins) / n_unique)[place].reshape(a.shape)
    return cells


def _expected_divergence(small: FloatArray, large: FloatArray, total: FloatArray) -> FloatArray:
    r"""Return $E[x \ln(x / \mu) - x + \mu]$ of hypergeometric $x$ with mean $\mu = a b / N$, shape `(P,)`.

    Since $E[x] = \mu$ this is $E[x \ln(x / \mu)]$, without cancellation between its terms.
    """
    mean = small * large / total
    # The least variance of the binomial laws whose tails dominate: draws of a row, a column or the rest.
    variance = mean * (total - small) / total * (total - large) / np.maximum(large, total - small)
    reach = TAIL / 3 + np.sqrt(TAIL**2 / 9 + 2 * TAIL * variance)
    low = np.maximum(np.floor(mean - reach), np.maximum(small + large - total, 0.0))
    width = np.minimum(np.ceil(mean + reach), small) - low + 1
    windows = np.stack([small, large, total, mean, low])
    expectation = np.empty_like(mean)
    # Sorted, so that the windows of one block are about equally wide.
    order = np.argsort(width)
    step = max(1, BLOCK // int(width.max(initial=1)))
    for start in range(0, len(order), step):
        block = order[start : start + step]
        expectation[block] = _window_mean(*windows[:, block, None], width=int(width[block[-1]]))
    return expectation


def _window_mean(
    small: FloatArray, large: FloatArray, total: FloatArray, mean: FloatArray, low: FloatArray, *, width: int
) -> FloatArray:
    """Return the mean divergence over `width` counts from `low`; all arguments `(P, 1)`."""
    x = low + np.arange(width)
    # p(x + 1) / p(x), which is zero at the end of the support: what lies beyond gets no mass.
    ratios = (small - x) * (large - x) / ((x + 1) * (total - small - large + x + 1))
    mass = np.ones_like(x)
    np.cumprod(ratios[:, :-1], axis=1, out=mass[:, 1:])
    mean_divergence: FloatArray = np.einsum("pw,pw->p", mass, _divergence(x, mean)) / mass.sum(axis=1)
    return mean_divergence


def _divergence(values: FloatArray, expected: FloatArray) -> FloatArray:
    r"""Return $x \ln(x / \mu) - x + \mu \ge 0$, accurate for $x$ near $\mu$; 0 where $\mu = 0$."""
    excess = values - expected
    relative = excess / np.where(expected > 0, expected, 1.0)
    # x = 0 has relative excess -1: any finite logarithm gives 0 ln 0 = 0.
    result: FloatArray = values * np.log1p(np.maximum(relative, -1 + 2.0**-53)) - excess
    return result


def _weights(name: str, values: npt.ArrayLike, *, n_axes: int) -> FloatArray:
    """Return `values` as float64 weights on the last `n_axes` axes: not negative, not all zero."""
    weights = np.asarray(values, dtype=np.float64)
    if weights.ndim < n_axes:
        raise ValueError(
            f"{name} has shape {weights.shape}: expected at least {n_axes} dimensions; reshape it."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(f"{name} holds negative numbers, NaN or infinity; pass weights of at least 0.")
    if not weights.any(axis=tuple(range(-n_axes, 0))).all():
        raise ValueError(f"{name} sums to zero; leave out what has no weight.")
    return weights
