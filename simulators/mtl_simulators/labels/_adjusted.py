"""Mutual information on the scale from chance (0) to identity (1)."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import label_codes
from mtl_simulators.labels._contingency import contingency_table, count_table
from mtl_simulators.labels._information import entropy, expected_mutual_information, mutual_information

Average: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]

# Entropies are rounded to this share: a scale below it is zero.
ROUNDING = 1e-12


def arithmetic_average(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return $(H_1 + H_2) / 2$."""
    return (first + second) / 2


def geometric_average(first: FloatArray, second: FloatArray) -> FloatArray:
    r"""Return $\sqrt{H_1 H_2}$."""
    mean: FloatArray = np.sqrt(first * second)
    return mean


def maximum_average(first: FloatArray, second: FloatArray) -> FloatArray:
    r"""Return $\max(H_1, H_2)$."""
    return np.maximum(first, second)


def minimum_average(first: FloatArray, second: FloatArray) -> FloatArray:
    r"""Return $\min(H_1, H_2)$."""
    return np.minimum(first, second)


def adjusted_mutual_information(table: npt.ArrayLike, *, average: Average = arithmetic_average) -> FloatArray:
    r"""Return $\mathrm{AMI} = \frac{I - E[I]}{M(H_1, H_2) - E[I]}$ of contingency tables, shape `(...)`.

    $E[I]$ is the mean under random permutations with both margins fixed. Two labellings with one label each
    have AMI 1, one label against several has 0, and 0/0 (every permutation matches perfectly, as when no
    label occurs twice) counts as 1.

    Parameters
    ----------
    table
        Counts, shape `(..., k, m)`; empty rows and columns have no effect.
    average
        $M$; the maximum gives Vinh's recommended scale, the arithmetic mean scikit-learn's default.

    Raises
    ------
    ValueError
        On a table that does not hold counts.

    Source: Vinh, Epps and Bailey 2010, table 2.

    >>> round(float(adjusted_mutual_information([[5, 0], [1, 4]])), 6)
    0.581459
    """
    counts = count_table("table", table)
    return _adjusted(counts, expected_mutual_information(counts), average)


def normalized_information(joint: npt.ArrayLike, *, average: Average = arithmetic_average) -> FloatArray:
    r"""Return $I / M(H_1, H_2)$ of joint distributions: the AMI of a population, shape `(...)`.

    It is the limit of `adjusted_mutual_information` for many tokens, with the same values 1 and 0 where both
    or one of the labels are constant.

    Parameters
    ----------
    joint
        Probabilities or weights, shape `(..., k, m)`.
    average
        $M$.

    Raises
    ------
    ValueError
        On entries that are negative or not finite, or that sum to zero.

    >>> round(float(normalized_information([[0.4, 0.1], [0.1, 0.4]])), 6)
    0.278072
    """
    return _adjusted(joint, np.zeros(()), average)


def ami_matrix(labels: npt.ArrayLike, *, average: Average = arithmetic_average) -> FloatArray:
    """Return the AMI of every two tasks' labels, shape `(T, T)`, with ones on the diagonal.

    Parameters
    ----------
    labels
        Codes 0, 1, ... of the same tokens' labels in every task, shape `(T, n)`.
    average
        Average of the two entropies.

    Raises
    ------
    ValueError
        On labels that are not integer codes `(T, n)`.

    >>> ami_matrix([[0, 0, 1, 1], [1, 1, 0, 0]]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    codes = label_codes("labels", labels, ndim=2)
    n_labels = int(codes.max()) + 1
    # Task by task against itself and the later ones: all pairs at once would hold T^2 n codes in memory.
    tables = [
        contingency_table(codes[t], codes[t:], n_first=n_labels, n_second=n_labels) for t in range(len(codes))
    ]
    upper = np.triu_indices(len(codes))
    matrix = np.empty((len(codes), len(codes)))
    matrix[upper] = adjusted_mutual_information(np.concatenate(tables), average=average)
    matrix.T[upper] = matrix[upper]
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _adjusted(table: npt.ArrayLike, expected: FloatArray, average: Average) -> FloatArray:
    """Return the information of `table` from `expected`, scaled to 1 where it reaches the average entropy."""
    weights = np.asarray(table)
    information = mutual_information(weights)
    first, second = entropy(weights.sum(axis=-1)), entropy(weights.sum(axis=-2))
    bound = average(first, second)
    scale = bound - expected
    degenerate = scale <= ROUNDING * bound
    adjusted: FloatArray = np.where(
        degenerate, 1.0, (information - expected) / np.where(degenerate, 1.0, scale)
    )
    return np.where((first == 0) != (second == 0), 0.0, adjusted)
