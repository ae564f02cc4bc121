"""Binary tasks whose labels share a requested amount of information with the main task's."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, positive_int
from mtl_simulators.labels import target_matrix
from mtl_simulators.problems._classification import LabelRule, label_problem
from mtl_simulators.problems._classification_truth import ClassificationTruth
from mtl_simulators.problems._label_channel import LabelChannel
from mtl_simulators.problems._linear import make_linear
from mtl_simulators.problems._problem import Problem

NOISY_COPIES = LabelChannel()


class ClassificationMode(Protocol):
    """What keeps an auxiliary task from being the main one."""

    def tasks(
        self,
        rng: np.random.Generator,
        *,
        ami: FloatArray,
        n_features: int,
        positive: float,
        n_replicates: int,
        shared_design: bool,
    ) -> tuple[ClassificationTruth, LabelRule]:
        """Draw teachers for a star, `(T-1,)`, or a matrix, `(T, T)`, with the rule that labels scores."""
        ...


def make_classification(
    rng: np.random.Generator,
    *,
    ami: npt.ArrayLike,
    mode: ClassificationMode = NOISY_COPIES,
    n_tasks: int | None = None,
    n_features: int,
    n_samples: int | Sequence[int],
    positive: float = 0.5,
    shared_design: bool = False,
    n_replicates: int = 1,
    n_test: int = 0,
) -> Problem:
    r"""Draw binary tasks with labels in {0, 1} whose adjusted mutual information is requested.

    The main task, number 0, is $y = 1[x^\top w > \tau]$ without noise, with standard normal x and a random
    unit vector $w$. Two labels share less than all information for two reasons, which mean different things
    to a learner: the auxiliary label is a noisy copy of the main one (`LabelChannel`: same function, an error
    floor), or it belongs to another function (`RotatedTeacher`: no noise, another direction).

    Parameters
    ----------
    ami
        AMI of the labels of one x, in [0, 1]. With the main task: one number for all auxiliary tasks (without
        effect on a single task), or `(T-1,)` numbers; between all tasks: `(T, T)`.
    mode
        `LabelChannel` or `RotatedTeacher`.
    n_tasks
        Number of tasks, the main one included; needed where `ami` is one number.
    n_samples
        Training samples per task: one number, or one a task.
    positive
        Share of positive clean labels, $P(y = 1) = \Phi(-\tau)$, in (0, 1).
    shared_design
        Whether all tasks label the same inputs.
    n_test
        Held-out samples per task, labelled as the training samples are; 0 for none.

    Returns
    -------
    Problem
        Its truth is a `ClassificationTruth`.

    Raises
    ------
    ValueError
        On an AMI that the mode cannot reach, too few features, and shapes or sizes that do not fit.

    Source: Bettgenhäuser, Hedderich and Klakow (2020) for the noisy copies.

    >>> from mtl_simulators.problems import RotatedTeacher
    >>> rng = np.random.default_rng(0)
    >>> noisy = make_classification(rng, ami=0.43, n_tasks=3, n_features=10, n_samples=50)
    >>> rotated = make_classification(
    ...     rng, ami=0.43, mode=RotatedTeacher(), n_tasks=3, n_features=10, n_samples=50
    ... )
    >>> noisy.truth.ami.round(6).tolist(), rotated.truth.ami.round(6).tolist()
    ([[1.0, 0.43, 0.43]], [[1.0, 0.43, 0.43]])
    >>> noisy.truth.label_noise.round(3).tolist(), rotated.truth.label_noise.tolist()
    ([0.0, 0.135, 0.135], [0.0, 0.0, 0.0])
    """
    if not 0 < positive < 1:
        raise ValueError(
            f"positive must lie strictly between 0 and 1, got {positive!r}; tasks have two labels."
        )
    rng_tasks, rng_scores, rng_labels = rng.spawn(3)
    truth, rule = mode.tasks(
        rng_tasks,
        ami=_target(ami, n_tasks),
        n_features=n_features,
        positive=positive,
        n_replicates=n_replicates,
        shared_design=shared_design,
    )
    scores = make_linear(
        rng_scores,
        weights=truth.weights,
        noise=0.0,
        n_samples=n_samples,
        shared_design=shared_design,
        n_test=n_test,
    )
    return replace(label_problem(rng_labels, problem=scores, rule=rule), truth=truth)


def _target(ami: npt.ArrayLike, n_tasks: int | None) -> FloatArray:
    """Return a star, `(T-1,)`, or a matrix, `(T, T)`."""
    values = finite_array("ami", ami, ndim=(0, 1, 2)).astype(np.float64)
    if values.ndim == 0:
        if n_tasks is None:
            raise ValueError("one ami for all auxiliary tasks needs n_tasks; pass it, or one ami for each.")
        return np.full(positive_int("n_tasks", n_tasks) - 1, values)
    implied = len(values) + 1 if values.ndim == 1 else len(values)
    if n_tasks not in (None, implied):
        raise ValueError(
            f"n_tasks={n_tasks} contradicts ami of shape {values.shape}, which is for {implied} tasks; leave "
            "it out, or pass one number or (T-1,) or (T, T) numbers."
        )
    return values if values.ndim == 1 else target_matrix("ami", values)
