"""Setting samples aside."""

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators.problems import Dataset


def hold_out(rng: np.random.Generator, data: Dataset, fraction: float) -> tuple[Dataset, Dataset]:
    """Return a data set without, and with only, a random fraction of every task's samples.

    All replicates, and all tasks of a shared design, lose the same rows; at least one sample of a task is
    on either side.

    Raises
    ------
    ValueError
        On a fraction outside (0, 1), or a task with a single sample.

    >>> data = Dataset(inputs=np.ones((1, 10, 2)), targets=np.arange(10.0)[None, None])
    >>> train, held_out = hold_out(np.random.default_rng(0), data, 0.3)
    >>> train.targets.shape, held_out.targets.shape
    ((1, 1, 7), (1, 1, 3))
    """
    if not 0 < fraction < 1:
        raise ValueError(f"the fraction to hold out must lie between 0 and 1, got {fraction!r}.")
    counts = data.counts
    if counts.min() < 2:
        raise ValueError(
            f"task {int(counts.argmin())} has one sample, which cannot be on both sides; drop it."
        )
    held = np.clip(np.rint(fraction * counts).astype(np.intp), 1, counts - 1)
    if data.shared_design:
        rows = rng.permutation(counts[0])
        aside, kept = np.sort(rows[: held[0]]), np.sort(rows[held[0] :])
        sides = [
            Dataset(inputs=data.inputs[:, part], targets=data.targets[:, :, part]) for part in (kept, aside)
        ]
    else:
        orders = [
            child.permutation(count) for child, count in zip(rng.spawn(len(counts)), counts, strict=True)
        ]
        sides = [
            rows_of_tasks(data, [np.sort(rows) for rows in part])
            for part in (
                [rows[k:] for rows, k in zip(orders, held, strict=True)],
                [rows[:k] for rows, k in zip(orders, held, strict=True)],
            )
        ]
    return sides[0], sides[1]


def rows_of_tasks(data: Dataset, rows: list[IntArray]) -> Dataset:
    """Return some samples of every task of separate designs, padded to the largest."""
    counts = np.array([len(chosen) for chosen in rows])
    n_replicates, n_tasks, _ = data.targets.shape
    inputs: FloatArray = np.zeros((n_replicates, n_tasks, counts.max(), data.inputs.shape[-1]))
    targets: FloatArray = np.zeros((n_replicates, n_tasks, counts.max()))
    for task, chosen in enumerate(rows):
        inputs[:, task, : len(chosen)] = data.inputs[:, task, chosen]
        targets[:, task, : len(chosen)] = data.targets[:, task, chosen]
    return Dataset(inputs=inputs, targets=targets, n_samples=counts)
