"""Partitions of the tasks that collect the largest weight inside their blocks."""

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray

# Gains below this are rounding: without the limit two equal partitions could take turns.
ROUNDING = 1e-12


def climb_partitions(weights: FloatArray, starts: IntArray) -> IntArray:
    """Move one task at a time to the best block, while that raises the sum of weights inside blocks.

    Parameters
    ----------
    weights
        `(T, T)`, symmetric with a zero diagonal.
    starts
        Block of each task, in 0..T-1, `(S, T)`.

    Returns
    -------
    IntArray
        The local maximum that each start leads to, `(S, T)`.
    """
    current, n_tasks = starts.copy(), len(weights)
    active = np.arange(len(current))
    while active.size:
        blocks = current[active]
        pull = weights @ (blocks[..., None] == np.arange(n_tasks))
        gain = (pull - np.take_along_axis(pull, blocks[..., None], axis=-1)).reshape(len(active), -1)
        task, block = np.divmod(gain.argmax(axis=-1), n_tasks)
        rises = gain.max(axis=-1) > ROUNDING
        active = active[rises]
        current[active, task[rises]] = block[rises]
    return current


def best_partition(weights: FloatArray) -> IntArray:
    r"""Return the partition with the largest sum of weights inside blocks, `(T,)`: proven, in $O(3^T)$ steps.

    With $f(\emptyset) = 0$ and $w(B)$ the weight inside a block, a set of tasks S is worth
    $f(S) = \max_B w(B) + f(S \setminus B)$ over its subsets B that hold its first task. Finding the maximum
    is NP-hard, so nothing much faster is known.

    Parameters
    ----------
    weights
        `(T, T)`, symmetric with a zero diagonal.
    """
    n_tasks = len(weights)
    inside = _weight_inside(weights)
    value, first_block = np.zeros_like(inside), np.zeros(len(inside), dtype=np.int64)
    for tasks in range(1, len(inside)):
        first = tasks & -tasks
        others = _subsets(tasks ^ first)
        candidates = inside[others | first] + value[tasks ^ first ^ others]
        best = candidates.argmax()
        value[tasks], first_block[tasks] = candidates[best], others[best] | first
    partition, rest = np.empty(n_tasks, dtype=np.int64), len(inside) - 1
    while rest:
        block = int(first_block[rest])
        partition[(block >> np.arange(n_tasks)) & 1 == 1] = (block & -block).bit_length() - 1
        rest ^= block
    return partition


def _weight_inside(weights: FloatArray) -> FloatArray:
    """Return the weight inside every set of tasks, `(2^T,)`; bit i of the index says that task i is in."""
    inside = np.zeros(1)
    for task, row in enumerate(weights):
        pull = np.zeros(1)
        for weight in row[:task]:
            pull = np.concatenate([pull, pull + weight])
        inside = np.concatenate([inside, inside + pull])
    return inside


def _subsets(tasks: int) -> IntArray:
    """Return all subsets of a set of tasks, as bits."""
    subsets = np.zeros(1, dtype=np.int64)
    while tasks:
        first = tasks & -tasks
        subsets = np.concatenate([subsets, subsets | first])
        tasks ^= first
    return subsets
