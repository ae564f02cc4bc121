"""Task vectors learned as in the paper for every number of tasks, and what judges maps for them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset, Images, Standardization, make_pairwise_tasks
from mtl_theory.experiments.daras._labels import (
    FREE_RELEASED_START,
    FREE_SMALL_START,
    PROJECTED,
    PROJECTED_FIVE_PASSES,
)
from mtl_theory.experiments.daras._losses import HalfError
from mtl_theory.experiments.daras._maps import (
    HeadStatistics,
    SharedMap,
    head_statistics,
    loss_optimal_map,
    single_task_map,
    truncated_map,
)
from mtl_theory.experiments.daras._training import ReleasedTraining, draw_starts, train_task_vectors

CAPACITY = 4
TASK_COUNTS = (4, 5, 6, 7, 8, 9)
TRAINING = ReleasedTraining()


@dataclass(frozen=True, kw_only=True)
class Study:
    """What `R` training runs learned for one number of tasks.

    Parameters
    ----------
    weights
        Task vectors `(R, T, d)` by the way of training.
    shared
        The paper's map for the projected task vectors; `alone` and `optimal` are its rivals.
    heads
        What noise-aware heads on `shared` see of the training data.
    test
        The error on held-out samples.
    """

    n_tasks: int
    weights: dict[str, FloatArray]
    shared: SharedMap
    alone: SharedMap
    optimal: SharedMap
    heads: HeadStatistics
    test: HalfError


def run_studies(
    rng: np.random.Generator,
    images: Images,
    standardization: Standardization,
    *,
    n_runs: int,
    advance: Callable[[int], None],
) -> dict[int, Study]:
    """Train for every number of tasks; a run starts from the same task vectors for all of them.

    That is what the released code does: its first task vectors come from one key. Shuffles are independent.
    """
    rng_starts, *shuffles = rng.spawn(1 + len(TASK_COUNTS))
    n_features = images.pixels.shape[1]
    starts = draw_starts(rng_starts, n_runs=n_runs, n_rows=TRAINING.n_rows, n_features=n_features)
    studies = {}
    for n_tasks, shuffle in zip(TASK_COUNTS, shuffles, strict=True):
        advance(n_tasks)
        problem = make_pairwise_tasks(
            images,
            n_tasks=n_tasks,
            samples_per_task=TRAINING.samples_per_task(n_tasks),
            standardization=standardization,
        )
        assert problem.test is not None
        studies[n_tasks] = _study(shuffle, problem.train, problem.test, starts[:, :n_tasks])
    return studies


def _study(rng: np.random.Generator, train: Dataset, test: Dataset, starts: FloatArray) -> Study:
    _, n_tasks, n_features = starts.shape
    # The released start has variance one over the rows: its library takes them for the fan-in.
    variances = np.array([1 / TRAINING.n_rows, 1 / TRAINING.n_rows, 1 / n_features])
    stops = (TRAINING.pass_steps(train), TRAINING.released_steps(n_tasks))
    early, late = train_task_vectors(
        rng,
        train,
        np.sqrt(variances)[:, None, None] * starts[:, None],
        unit_norm=np.array([True, False, False]),
        stops=stops,
        training=TRAINING,
    )
    learned = late[:, 0]
    shared = truncated_map(learned, CAPACITY)
    moments = train.moments()
    pooled = moments.gram_per_task[0].sum(axis=0) / moments.n_samples.sum()
    return Study(
        n_tasks=n_tasks,
        weights={
            PROJECTED: learned,
            PROJECTED_FIVE_PASSES: early[:, 0],
            FREE_RELEASED_START: late[:, 1],
            FREE_SMALL_START: late[:, 2],
        },
        shared=shared,
        alone=single_task_map(learned),
        optimal=loss_optimal_map(learned, pooled, CAPACITY),
        heads=head_statistics(shared, train),
        test=HalfError.of(test),
    )
