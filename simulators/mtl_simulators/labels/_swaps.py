"""Swap labels inside tasks until every two tasks have the AMI asked for."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import in_interval, label_codes, positive_int
from mtl_simulators.labels._adjusted import ROUNDING, Average, ami_matrix, arithmetic_average
from mtl_simulators.labels._contingency import contingency_table
from mtl_simulators.labels._information import entropy, expected_mutual_information
from mtl_simulators.labels._task_matrices import target_matrix

# Swaps proposed at once: every two of them are tried together, worth more than a longer list of single ones.
PROPOSALS = 300


def tune_by_swaps(
    rng: np.random.Generator,
    *,
    labels: npt.ArrayLike,
    ami: npt.ArrayLike,
    average: Average = arithmetic_average,
    tolerance: float = 1e-4,
    max_swaps: int = 200_000,
) -> IntArray:
    r"""Return labels `(T, n)` whose adjusted AMI matrix is `ami`, or as near to it as the search came.

    A swap exchanges the labels of two tokens within one auxiliary task. It leaves the label counts, hence the
    entropies and the chance term $E[I]$, and changes four cells in the tables of that task with each other
    one. Random swaps are proposed; the best of them are made together, or the best two, where that lowers the
    sum of squared errors.

    Row 0, the main task, is left as it is. Swaps are chosen by the labels alone, with tokens in random order:
    given the main labels, tokens of one main label are still exchangeable, so the auxiliary labels depend on
    the text through the main labels alone. Tokens are no longer independent of each other.

    Parameters
    ----------
    labels
        Codes 0, 1, ... of the same tokens' labels in every task, `(T, n)`.
    ami
        Target, `(T, T)`, symmetric with ones on the diagonal.
    average
        Average of the two entropies.
    tolerance
        The search ends when no entry is further from its target.
    max_swaps
        The search ends after so many proposed swaps; `ami_matrix` says how near it came.

    Raises
    ------
    ValueError
        On labels that are not codes `(T, n)`, and on a target that does not fit them or is no AMI matrix.

    >>> rng = np.random.default_rng(0)
    >>> main = rng.integers(3, size=600)
    >>> target = [[1.0, 0.2, 0.3], [0.2, 1.0, 0.1], [0.3, 0.1, 1.0]]
    >>> start = np.where(rng.random((3, 600)) < [[1.0], [0.5], [0.6]], main, rng.permutation(main))
    >>> ami_matrix(tune_by_swaps(rng, labels=start, ami=target)).round(3).tolist()
    [[1.0, 0.2, 0.3], [0.2, 1.0, 0.1], [0.3, 0.1, 1.0]]
    """
    target = target_matrix("ami", ami)
    codes = label_codes("labels", labels, ndim=2).astype(np.int64)
    if len(codes) != len(target):
        raise ValueError(f"labels has {len(codes)} tasks, but ami {len(target)}; pass one row a task.")
    in_interval("tolerance", tolerance, 0.0, 1.0)
    positive_int("max_swaps", max_swaps, at_least=0)
    tables = contingency_table(codes[:, None], codes)
    slope, growth = _slope(tables, average), _growth(codes.shape[1])
    error, n_together = ami_matrix(codes, average=average) - target, 1
    for _ in range(-(-max_swaps // PROPOSALS)):
        if np.abs(error).max() <= tolerance:
            break
        tasks, tokens = _proposals(rng, codes)
        change = slope[tasks] * _information_change(tables, growth, _cells(codes, tasks, tokens))
        for chosen in _best_moves(change, error, tasks, n_together):
            task, pair = tasks[chosen], tokens[chosen]
            moved = _moved_tables(tables, _cells(codes, task, pair))
            gained = special.xlogy(moved, moved) - special.xlogy(tables, tables)
            moved_error = error + slope * gained.sum(axis=(-2, -1))
            if (moved_error**2).sum() < (error**2).sum():
                error, tables, n_together = moved_error, moved, 2 * len(chosen)
                codes[task, pair.T] = codes[task, pair.T[::-1]]
                break
    return codes


def _slope(tables: IntArray, average: Average) -> FloatArray:
    r"""Return the change of every AMI with $\sum x \ln x$ of its table, `(T, T)`; 0 where it has none."""
    entropies = entropy(tables[0].sum(axis=-2))
    bound = average(entropies[:, None], entropies[None, :])
    scale = bound - expected_mutual_information(tables)
    usable = (scale > ROUNDING * bound) & ~np.eye(len(tables), dtype=np.bool_)
    slope: FloatArray = np.where(usable, 1 / np.where(usable, scale * tables[0, 0].sum(), 1.0), 0.0)
    return slope


def _growth(n: int) -> FloatArray:
    r"""Return $(x + 1) \ln(x + 1) - x \ln x$ for counts x below n, with one entry more, `(n + 1,)`."""
    counts = np.arange(n + 2)
    return np.diff(special.xlogy(counts, counts))


def _proposals(rng: np.random.Generator, codes: IntArray) -> tuple[IntArray, IntArray]:
    """Draw auxiliary tasks, `(M,)`, and pairs of tokens that differ in them, `(M, 2)`, no token twice."""
    n_tasks, n = codes.shape
    n_pairs = min(n // 2, PROPOSALS)
    tokens = rng.choice(n, size=(n_pairs, 2), replace=False)
    tasks = rng.integers(1, n_tasks, size=n_pairs)
    differ = codes[tasks, tokens[:, 0]] != codes[tasks, tokens[:, 1]]
    return tasks[differ], tokens[differ]


class _Cells(NamedTuple):
    """Where swaps change the tables: tokens with the labels (a, c) and (b, d) become (b, c) and (a, d)."""

    task: IntArray
    other: IntArray
    a: IntArray
    b: IntArray
    c: IntArray
    d: IntArray


def _cells(codes: IntArray, tasks: IntArray, tokens: IntArray) -> _Cells:
    """Return the cells for every swap and every task, all `(M, T)`; a task meets itself with c = d."""
    first, second = tokens.T
    row = np.arange(len(tasks))
    c, d = codes[:, first].T, codes[:, second].T
    a, b = c[row, tasks][:, None], d[row, tasks][:, None]
    d = d.copy()
    d[row, tasks] = c[row, tasks]
    return _Cells(*np.broadcast_arrays(tasks[:, None], np.arange(len(codes)), a, b, c, d))


def _information_change(tables: IntArray, growth: FloatArray, cells: _Cells) -> FloatArray:
    r"""Return the change of $\sum x \ln x$ in the table of the swap's task with every task, `(M, T)`."""
    t, j, a, b, c, d = cells
    entered = growth[tables[t, j, b, c]] + growth[tables[t, j, a, d]]
    left = growth[tables[t, j, a, c] - 1] + growth[tables[t, j, b, d] - 1]
    return np.where(c == d, 0.0, entered - left)


def _moved_tables(tables: IntArray, cells: _Cells) -> IntArray:
    """Return the tables after all these swaps."""
    t, j, a, b, c, d = (index[cells.c != cells.d] for index in cells)
    moved = tables.copy()
    for own, others, count in ((a, c, -1), (b, d, -1), (b, c, 1), (a, d, 1)):
        np.add.at(moved, (t, j, own, others), count)
        np.add.at(moved, (j, t, others, own), count)
    return moved


def _best_moves(
    change: FloatArray, error: FloatArray, tasks: IntArray, n_together: int
) -> Iterator[IntArray]:
    """Yield sets of swaps by what they promise: the best ones together, ever fewer, then the best two."""
    gain = (change * (2 * error[tasks] + change)).sum(axis=-1)
    better = np.argsort(gain)[: np.count_nonzero(gain < 0)]
    n_together = min(n_together, len(better))
    while n_together:
        yield better[:n_together]
        n_together //= 2
    if len(tasks) < 2:
        return
    # Of two swaps in different tasks, only the AMI of these two tasks is changed by both.
    crossed = change[:, tasks]
    shared = np.where(tasks[:, None] == tasks, change @ change.T, crossed * crossed.T)
    joint = gain[:, None] + gain + 2 * shared
    np.fill_diagonal(joint, np.inf)
    yield np.array(np.unravel_index(joint.argmin(), joint.shape))
