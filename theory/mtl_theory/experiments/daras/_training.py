"""The training of the paper's linear experiment, as the released code does it, for many runs at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_simulators.problems import Dataset

# Standard deviation of a standard normal truncated to [-2, 2]: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)).
TRUNCATED_STD = 0.8796256610342398


@dataclass(frozen=True, kw_only=True)
class ReleasedTraining:
    r"""AdamW on $\frac{1}{2} \mathrm{MSE} + \alpha\, \mathrm{mean}(C^2)$ over a matrix of task vectors.

    The defaults are the released configuration. The matrix always has `n_rows` rows, of which `n_tasks` are
    trained; all rows count in the mean of the penalty. A step takes `batch_size // n_tasks` samples a task.
    Source: Daras, Raoof, Gkalitsiou and Dimakis 2022, released code.
    """

    n_samples: int = 10_000
    batch_size: int = 128
    n_passes: int = 5
    learning_rate: float = 5e-3
    weight_decay: float = 1e-4
    penalty: float = 0.1
    n_rows: int = 9

    def samples_per_task(self, n_tasks: int) -> int:
        """Return the cap on samples a task, the same total for every number of tasks."""
        return self.n_samples // n_tasks

    def batch_per_task(self, n_tasks: int) -> int:
        """Return the samples of one task in one step."""
        return self.batch_size // n_tasks

    def released_steps(self, n_tasks: int) -> int:
        """Return the steps that the passes over a full-sized data set come to: 390 to 400."""
        return self.n_passes * (self.samples_per_task(n_tasks) // self.batch_per_task(n_tasks))

    def pass_steps(self, data: Dataset) -> int:
        """Return the steps that the same number of passes over `data` comes to."""
        return self.n_passes * self.steps_per_pass(data)

    def steps_per_pass(self, data: Dataset) -> int:
        """Return the steps of one pass; it ends with the shortest task, and drops incomplete batches."""
        return int(data.counts.min()) // self.batch_per_task(len(data.counts))


def draw_starts(rng: np.random.Generator, *, n_runs: int, n_rows: int, n_features: int) -> FloatArray:
    """Draw starting directions, `(R, n_rows, d)`: truncated normal at two deviations, unit variance."""
    uniform = rng.uniform(0.022750131948179195, 0.9772498680518208, size=(n_runs, n_rows, n_features))
    starts: FloatArray = ndtri(uniform) / TRUNCATED_STD  # the bounds are Phi(-2) and Phi(2)
    return starts


def train_task_vectors(
    rng: np.random.Generator,
    data: Dataset,
    starts: FloatArray,
    *,
    unit_norm: BoolArray,
    stops: Sequence[int],
    training: ReleasedTraining,
) -> FloatArray:
    r"""Train `R` runs of `V` variants and return the task vectors after each number of steps in `stops`.

    Variants of a run see the same batches. A run goes through the data in an order of its own.

    Parameters
    ----------
    data
        One replicate with separate designs.
    starts
        First task vectors, `(R, V, T, d)`.
    unit_norm
        Per variant, whether every task vector is scaled to norm one after every step, shape `(V,)`.
    stops
        Numbers of steps.

    Returns
    -------
    FloatArray
        `(len(stops), R, V, T, d)`.
    """
    n_runs, _, n_tasks, n_features = starts.shape
    inputs, targets = data.inputs[0], data.targets[0]
    tasks = np.arange(n_tasks)[:, None]
    # Runs and tasks first: one matrix product a task and run then serves all variants.
    weights = np.swapaxes(starts, 1, 2).copy()
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    shrink = 2 * training.penalty / (training.n_rows * n_features)
    batch = training.batch_per_task(n_tasks)
    kept: dict[int, FloatArray] = {}
    batches = _batches(rng, data.counts, batch, training.steps_per_pass(data), n_runs)
    for step in range(1, max(stops) + 1):
        rows = next(batches)
        x = inputs[tasks, rows]
        errors = x @ np.swapaxes(weights, -1, -2) - targets[tasks, rows][..., None]
        gradient = np.swapaxes(errors, -1, -2) @ x / (batch * n_tasks) + shrink * weights
        mean += 0.1 * (gradient - mean)
        square += 0.001 * (gradient**2 - square)
        move = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights -= training.learning_rate * (move + training.weight_decay * weights)
        norms = np.linalg.norm(weights, axis=-1, keepdims=True)
        weights /= np.where(unit_norm[:, None], norms, 1.0)
        if step in stops:
            kept[step] = np.swapaxes(weights, 1, 2).copy()
    return np.stack([kept[stop] for stop in stops])


def _batches(
    rng: np.random.Generator, counts: IntArray, batch: int, n_batches: int, n_runs: int
) -> Iterator[IntArray]:
    """Yield sample numbers `(R, T, batch)`, reshuffled at every pass, without end."""
    while True:
        orders = np.stack(
            [
                rng.permuted(np.broadcast_to(np.arange(count), (n_runs, count)), axis=1)[
                    :, : batch * n_batches
                ]
                for count in counts
            ],
            axis=1,
        )
        yield from np.moveaxis(orders.reshape(n_runs, len(counts), n_batches, batch), 2, 0)
