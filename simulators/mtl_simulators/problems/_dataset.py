"""Samples of several tasks, batched over replicates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import finite_array
from mtl_simulators.problems._moments import Moments


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Inputs and targets of `T` tasks in `B` replicates.

    Parameters
    ----------
    inputs
        `(B, n, d)` when all tasks share one design, else `(B, T, n, d)`.
    targets
        `(B, T, n)`.
    n_samples
        Samples per task, shape `(T,)`, each between 1 and `n`; rows beyond them are zero in inputs and
        targets, so that they drop out of every sum. Default: `n` for every task.

    Raises
    ------
    ValueError
        On NaN, infinity, mismatched shapes, counts that are not integers from 1 to `n`, or rows beyond
        `n_samples` that are not zero.

    >>> data = Dataset(inputs=np.ones((1, 4, 2)), targets=np.zeros((1, 3, 4)))
    >>> data.shared_design, data.n_tasks, data.counts.tolist()
    (True, 3, [4, 4, 4])
    """

    inputs: FloatArray
    targets: FloatArray
    n_samples: IntArray | Sequence[int] | None = None

    def __post_init__(self) -> None:
        """Check shapes against each other and fill in the sample counts."""
        inputs = finite_array("inputs", self.inputs, ndim=(3, 4))
        targets = finite_array("targets", self.targets, ndim=3)
        n_replicates, n_tasks, n = targets.shape
        tasks = () if inputs.ndim == 3 else (n_tasks,)
        if inputs.shape[:-1] != (n_replicates, *tasks, n) or 0 in (*inputs.shape, *targets.shape):
            raise ValueError(
                f"inputs {inputs.shape} do not fit targets {targets.shape}: pass inputs (B, n, d) or "
                "(B, T, n, d) and targets (B, T, n), none of them empty."
            )
        counts = np.full(n_tasks, n) if self.n_samples is None else np.asarray(self.n_samples)
        integers = np.issubdtype(counts.dtype, np.integer)
        if not integers or counts.shape != (n_tasks,) or (counts < 1).any() or (counts > n).any():
            raise ValueError(
                f"n_samples must hold {n_tasks} integers between 1 and {n}, got {counts.tolist()}; "
                "drop tasks without samples."
            )
        if inputs.ndim == 3 and (counts != n).any():
            raise ValueError("tasks that share a design have equal sample counts; pass inputs (B, T, n, d).")
        for task, count in enumerate(counts):
            if inputs.ndim == 4 and (inputs[:, task, count:].any() or targets[:, task, count:].any()):
                raise ValueError(
                    f"task {task} has {count} samples, but rows beyond them are not zero; set them to zero, "
                    "or stack the tasks with Dataset.from_tasks."
                )
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "n_samples", counts)

    @classmethod
    def from_tasks(cls, inputs: Sequence[npt.ArrayLike], targets: Sequence[npt.ArrayLike]) -> "Dataset":
        """Stack tasks of different sizes, inputs `(n_t, d)` and targets `(n_t,)`, into one replicate.

        >>> data = Dataset.from_tasks([[[1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]], [[1.0], [0.0, 2.0]])
        >>> data.inputs.shape, data.n_samples.tolist()
        ((1, 2, 2, 2), [1, 2])
        """
        if len(inputs) != len(targets) or len(inputs) == 0:
            raise ValueError(f"got {len(inputs)} inputs and {len(targets)} targets: pass one of each a task.")
        xs = [finite_array(f"inputs[{t}]", x, ndim=2) for t, x in enumerate(inputs)]
        ys = [finite_array(f"targets[{t}]", y, ndim=1) for t, y in enumerate(targets)]
        for t, (x, y) in enumerate(zip(xs, ys, strict=True)):
            if len(x) != len(y) or x.shape[1] != xs[0].shape[1]:
                raise ValueError(
                    f"task {t} has inputs {x.shape} and targets {y.shape}; pass inputs (n_t, d) and targets "
                    f"(n_t,), with d = {xs[0].shape[1]} as in the first task."
                )
        counts = [len(y) for y in ys]
        stacked = np.zeros((1, len(xs), max(counts), xs[0].shape[1]))
        labels = np.zeros((1, len(xs), max(counts)))
        for t, (x, y) in enumerate(zip(xs, ys, strict=True)):
            stacked[0, t, : len(y)], labels[0, t, : len(y)] = x, y
        return cls(inputs=stacked, targets=labels, n_samples=counts)

    @property
    def shared_design(self) -> bool:
        """Whether every task has the same inputs."""
        return self.inputs.ndim == 3

    @property
    def n_replicates(self) -> int:
        """Number of replicates, `B`."""
        return int(self.targets.shape[0])

    @property
    def n_tasks(self) -> int:
        """Number of tasks, `T`."""
        return int(self.targets.shape[1])

    @property
    def n_features(self) -> int:
        """Number of features, `d`."""
        return int(self.inputs.shape[-1])

    @property
    def counts(self) -> IntArray:
        """Samples per task as an array, shape `(T,)`."""
        return np.asarray(self.n_samples)

    def squared_error(self, weights: FloatArray) -> FloatArray:
        r"""Return $\lVert X_t w_t - y_t \rVert^2 / n_t$ per task, shape `(B, T)`, for weights `(B, T, d)`."""
        if self.shared_design:
            residuals = weights @ np.swapaxes(self.inputs, -1, -2) - self.targets
        else:
            residuals = (self.inputs @ weights[..., None])[..., 0] - self.targets
        return np.asarray(np.einsum("btn,btn->bt", residuals, residuals) / self.counts)

    def moments(self) -> Moments:
        """Return the sufficient statistics of least squares."""
        transposed = np.swapaxes(self.inputs, -1, -2)
        if self.shared_design:
            cross = self.targets @ self.inputs
        else:
            cross = (transposed @ self.targets[..., None])[..., 0]
        return Moments(
            gram=transposed @ self.inputs,
            cross=cross,
            energy=np.einsum("btn,btn->bt", self.targets, self.targets),
            n_samples=self.counts.astype(np.float64),
        )
