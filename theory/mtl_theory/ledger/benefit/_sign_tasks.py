"""Sign tasks with label channels of a requested AMI, and the simulated error of pooling them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators.geometry import make_gaussian_tasks
from mtl_simulators.labels import Channel, Resample, agreement_of_ami, iid_labels, solve_channel
from mtl_theory.ledger._blocks import in_blocks
from mtl_theory.ledger.benefit._pooled_error import effective_samples
from mtl_theory.theorem import Assumption

BALANCED = (0.5, 0.5)


@dataclass(frozen=True, kw_only=True)
class SignTasks:
    r"""A main task $y = \operatorname{sign}(w^\top x)$ and auxiliary tasks that see its labels by channels.

    Parameters
    ----------
    n_samples
        n of every task, on inputs of its own.
    n_features
        d.
    amis
        AMI of each auxiliary task with the main task; half of the labels are positive.
    """

    n_samples: int
    n_features: int
    amis: tuple[float, ...] = ()

    @property
    def n_tasks(self) -> int:
        """T, the main task included."""
        return 1 + len(self.amis)

    @property
    def correlations(self) -> FloatArray:
        """Correlations of the labels with the main task's, `(T,)`: the agreement of balanced labels."""
        return np.append(1.0, agreement_of_ami(np.array(self.amis), prior=BALANCED))

    @property
    def weightings(self) -> FloatArray:
        """The main task alone, and each task weighted by its correlation: `(2, T)`."""
        return np.stack([np.eye(self.n_tasks)[0], self.correlations])

    def effective_samples(self, weights: FloatArray) -> FloatArray:
        """Return what a weighting is worth in clean samples."""
        return effective_samples(self.n_samples, self.correlations, weights)


FIRST_ORDER = Assumption[SignTasks](
    name="first order",
    statement="d >= 20, and 5 (d-1) clean samples or more: n >= 5 (d-1)",
    holds=lambda x: x.n_features >= 20 and x.n_samples >= 5 * (x.n_features - 1),
)


def label_sums(rng: np.random.Generator, x: SignTasks, teacher: FloatArray, n: int) -> FloatArray:
    """Draw inputs and labels and return X't y_t of every task, `(n, T, d)`; `teacher` is `(n, d)`."""
    rng_inputs, rng_labels = rng.spawn(2)
    inputs = rng_inputs.standard_normal((n, x.n_tasks, x.n_samples, teacher.shape[-1]))
    labels = ((inputs @ teacher[:, None, :, None])[..., 0] > 0).astype(np.int64)
    for t, ami in enumerate(x.amis, start=1):
        labels[:, t] = _noisy(rng_labels, labels[:, t], ami)
    signs = (2 * labels - 1).astype(np.float64)
    return np.asarray((signs[..., None, :] @ inputs)[..., 0, :])


def _noisy(rng: np.random.Generator, labels: IntArray, ami: float) -> IntArray:
    return iid_labels(rng, labels=labels.ravel(), channel=_channel(ami)).reshape(labels.shape)


@cache
def _channel(ami: float) -> Channel:
    return solve_channel(Resample(), prior=BALANCED, ami=ami)


def simulated_errors(rng: np.random.Generator, x: SignTasks, weightings: FloatArray, n: int) -> FloatArray:
    """Draw whole data sets and return the error of every weighting `(q, T)`, shape `(n, q)`."""

    def block(child: np.random.Generator, size: int) -> FloatArray:
        rng_teacher, rng_data = child.spawn(2)
        teacher = make_gaussian_tasks(rng_teacher, n_tasks=1, n_features=x.n_features, n_replicates=size)[
            :, 0
        ]
        teacher = teacher / np.linalg.norm(teacher, axis=-1, keepdims=True)
        sums = label_sums(rng_data, x, teacher, size)
        along = (sums @ teacher[..., None])[..., 0]
        return _errors(along, sums - along[..., None] * teacher[:, None], weightings)

    return in_blocks(block, rng, n, entries=x.n_tasks * x.n_samples * x.n_features)


def reduced_errors(rng: np.random.Generator, x: SignTasks, weightings: FloatArray, n: int) -> FloatArray:
    """Return the same, drawing only what the errors depend on: inputs along w, sums across it."""

    def block(child: np.random.Generator, size: int) -> FloatArray:
        rng_along, rng_across = child.spawn(2)
        along = label_sums(rng_along, x, np.ones((size, 1)), size)[..., 0]
        across = rng_across.standard_normal((size, x.n_tasks, x.n_features - 1))
        return _errors(along, np.sqrt(x.n_samples) * across, weightings)

    return in_blocks(block, rng, n, entries=x.n_tasks * (x.n_samples + x.n_features))


def _errors(along: FloatArray, across: FloatArray, weightings: FloatArray) -> FloatArray:
    length = np.linalg.norm(weightings @ across, axis=-1)
    return np.asarray(np.arctan2(length, along @ weightings.T) / np.pi)
