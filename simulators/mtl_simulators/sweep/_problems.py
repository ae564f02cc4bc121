"""The problems that a sweep can name, each built from plain numbers."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import make_equicorrelated_tasks, make_low_rank_tasks
from mtl_simulators.metrics import classification_error, excess_risk, prediction_error
from mtl_simulators.problems import (
    ClassificationTruth,
    Dataset,
    LabelChannel,
    Moments,
    Problem,
    ReluTruth,
    RotatedTeacher,
    Truth,
    draw_dataset,
    draw_relu_dataset,
    make_classification,
    make_relu,
)
from mtl_simulators.solvers import Solution

# Leaves a relative error of about 5 % in the risk of one task and replicate.
CLEAN_SAMPLES = 1_000


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What one point of a sweep draws.

    Parameters
    ----------
    data
        What solvers learn from.
    directions
        Task vectors, `(B, T, d)`.
    risk
        Risk of a solution for every task, `(B, T)`.
    """

    data: Dataset | Moments
    directions: FloatArray
    risk: Callable[[Solution], FloatArray]


def linear(
    rng: np.random.Generator,
    n_replicates: int,
    *,
    n_tasks: int,
    n_samples: int,
    n_features: int,
    cosine: float | None = None,
    rank: int | None = None,
    noise: float = 1.0,
    shared_design: bool = False,
    samples: bool = False,
) -> Drawn:
    """Linear regression; its sufficient statistics from their exact law, unless `samples` are asked for."""
    rng_tasks, rng_data = rng.spawn(2)
    truth = _linear_truth(rng_tasks, n_replicates, n_tasks, n_features, cosine, rank, noise)
    data: Dataset | Moments
    if samples:
        data = draw_dataset(rng_data, truth, n_samples=n_samples, shared_design=shared_design)
    else:
        data = draw_moments(
            rng_data, truth, n_samples=n_samples, n_replicates=n_replicates, shared_design=shared_design
        )
    return Drawn(data=data, directions=truth.weights, risk=lambda s: excess_risk(s.weights, truth))


def relu(
    rng: np.random.Generator,
    n_replicates: int,
    *,
    n_tasks: int,
    n_samples: int,
    n_features: int,
    cosine: float,
    noise: float = 1.0,
) -> Drawn:
    """One ReLU neuron a task, of mean square 1; the risk is the mean squared error on clean test samples."""
    rng_tasks, rng_data, rng_test = rng.spawn(3)
    directions = make_equicorrelated_tasks(
        rng_tasks, cosine=cosine, n_tasks=n_tasks, n_features=n_features, n_replicates=n_replicates
    )
    problem = make_relu(
        rng_data,
        neurons=directions[:, :, None],
        amplitudes=np.sqrt(2.0),
        n_samples=n_samples,
        noise=noise,
        n_replicates=n_replicates,
    )
    assert isinstance(problem.truth, ReluTruth)
    clean = replace(problem.truth, noise=np.zeros(n_tasks))
    test = draw_relu_dataset(rng_test, clean, n_samples=CLEAN_SAMPLES, shared_design=False)
    return Drawn(
        data=problem.train, directions=directions, risk=lambda solution: prediction_error(solution, test)
    )


def label_channel(
    rng: np.random.Generator,
    n_replicates: int,
    *,
    n_tasks: int,
    n_samples: int,
    n_features: int,
    ami: float,
    cosine: float = 1.0,
    shared_design: bool = False,
) -> Drawn:
    """Balanced binary tasks whose auxiliary labels are noisy copies, at a requested AMI and cosine."""
    problem = make_classification(
        rng,
        ami=ami,
        mode=LabelChannel(cosine=cosine),
        n_tasks=n_tasks,
        n_features=n_features,
        n_samples=n_samples,
        shared_design=shared_design,
        n_replicates=n_replicates,
    )
    return _signs(problem)


def rotated_teacher(
    rng: np.random.Generator,
    n_replicates: int,
    *,
    n_tasks: int,
    n_samples: int,
    n_features: int,
    ami: float,
    shared_design: bool = False,
) -> Drawn:
    """Balanced binary tasks without noise whose functions differ, at a requested AMI."""
    problem = make_classification(
        rng,
        ami=ami,
        mode=RotatedTeacher(),
        n_tasks=n_tasks,
        n_features=n_features,
        n_samples=n_samples,
        shared_design=shared_design,
        n_replicates=n_replicates,
    )
    return _signs(problem)


PROBLEMS: dict[str, Callable[..., Drawn]] = {
    "linear": linear,
    "relu": relu,
    "label-channel": label_channel,
    "rotated-teacher": rotated_teacher,
}
"""What `problem = "..."` of a spec means."""


def _linear_truth(
    rng: np.random.Generator,
    n_replicates: int,
    n_tasks: int,
    n_features: int,
    cosine: float | None,
    rank: int | None,
    noise: float,
) -> Truth:
    sizes = {"n_tasks": n_tasks, "n_features": n_features, "n_replicates": n_replicates}
    if (cosine is None) == (rank is None):
        raise ValueError("a linear problem needs exactly one of cosine and rank; give one of them.")
    if rank is not None:
        weights = make_low_rank_tasks(rng, rank=rank, **sizes)
    else:
        assert cosine is not None
        weights = make_equicorrelated_tasks(rng, cosine=cosine, **sizes)
    return Truth(weights=weights, covariance=np.eye(n_features), noise=np.full(n_tasks, float(noise)))


def _signs(problem: Problem) -> Drawn:
    """Return labels -1 and 1 for 0 and 1, which least squares without an intercept wants."""
    truth, data = problem.truth, problem.train
    assert isinstance(truth, ClassificationTruth)
    targets = 2.0 * data.targets - 1.0
    return Drawn(
        data=Dataset(inputs=data.inputs, targets=targets, n_samples=data.n_samples),
        directions=truth.weights,
        risk=lambda solution: classification_error(solution.weights, truth),
    )
