"""What every exact law asks of its arguments."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Truth


def sample_counts(truth: Truth, n_samples: npt.ArrayLike, *, shared_design: bool) -> IntArray:
    """Return the samples per task, shape `(T,)`, refusing what a shared design cannot have."""
    counts = np.asarray(n_samples)
    if counts.shape not in ((), (truth.n_tasks,)):
        raise ValueError(
            f"n_samples has shape {counts.shape}: pass one number, or one a task ({truth.n_tasks})."
        )
    counts = np.broadcast_to(counts, (truth.n_tasks,))
    for count in counts:
        positive_int("n_samples", count.item())
    if shared_design and not truth.shares_covariance:
        raise ValueError("tasks with different covariances cannot share a design; pass shared_design=False.")
    if shared_design and (counts != counts[0]).any():
        raise ValueError(f"tasks that share a design need equal sample counts, got {counts.tolist()}.")
    return counts


def determined_counts(truth: Truth, n_samples: npt.ArrayLike, *, shared_design: bool) -> IntArray:
    """Return the samples per task, refusing tasks that have fewer samples than features."""
    counts = sample_counts(truth, n_samples, shared_design=shared_design)
    d = truth.n_features
    if (counts < d).any():
        task = int(np.argmax(counts < d))
        raise ValueError(
            f"task {task} has n = {counts[task]} samples for d = {d} features, where least squares is not "
            "unique: pass at least d samples, or solve draw_moments(...) with MinimumNorm or Ridge."
        )
    return counts


def replicated_weights(truth: Truth, n_replicates: int) -> FloatArray:
    """Return the task vectors, shape `(B, T, d)`: one truth for all replicates, or one a replicate."""
    positive_int("n_replicates", n_replicates)
    if truth.n_replicates not in (1, n_replicates):
        raise ValueError(
            f"the truth holds {truth.n_replicates} replicates, n_replicates asks for {n_replicates}: "
            "pass a truth of one replicate, or as many as you ask for."
        )
    return np.broadcast_to(truth.weights, (n_replicates, truth.n_tasks, truth.n_features))
