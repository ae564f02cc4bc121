"""Transfer between all pairs of text tasks, and Algorithm 1 on them."""

from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.metrics import covariance_similarity
from mtl_simulators.problems import Dataset
from mtl_simulators.solvers import ReluNetwork, ReluSingleTask, SingleTask, TwoTaskGlobal, solve
from mtl_theory.experiments.wu._aligning import align
from mtl_theory.experiments.wu._labels import (
    ACCURACY,
    ALIGNED,
    ALONE,
    GAIN,
    GAIN_PLAIN,
    R_SQUARED,
    RELU_ALONE,
    RELU_SHARED,
    SHARED,
    SIMILARITY,
)
from mtl_theory.experiments.wu._rows import Row, mean_of
from mtl_theory.experiments.wu._text_study import TextStudy

STOPS = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
R_GAIN = "gain in explained variance"
RELU_FEATURES, RELU_UNITS, RELU_STEPS = 20, 2, 60
COSINE_OF_ALONE = "cosine of the single-task solutions"


def pair_rows(
    rng: np.random.Generator, study: TextStudy, *, advance: Callable[[float], None]
) -> Iterator[Row]:
    """Yield single-task scores, gains of every ordered pair at capacity 1, and what Algorithm 1 adds."""
    alone = solve(study.train, SingleTask(), rng=rng).weights
    accuracy, explained = study.test.accuracy(alone), study.test.r_squared(alone)
    for task, name in enumerate(study.names):
        yield Row(method=ALONE, target=name, quantity=ACCURACY, **mean_of(accuracy[:, task]))
        yield Row(method=ALONE, target=name, quantity=R_SQUARED, **mean_of(explained[:, task]))
    pairs = list(combinations(range(len(study.names)), 2))
    for done, pair in enumerate(pairs):
        advance(done / len(pairs))
        fit = TwoTaskGlobal().fit(study.pair(*pair), rng=rng)
        shared = fit.heads @ fit.representation
        test = study.test.of(pair)
        gain = test.accuracy(shared) - accuracy[:, pair]
        gain_explained = test.r_squared(shared) - explained[:, pair]
        cosine = _cosine(alone[:, pair[0]], alone[:, pair[1]])
        for at, (target, source) in enumerate((pair, pair[::-1])):
            common: dict[str, Any] = {"target": study.names[target], "source": study.names[source]}
            yield Row(method=SHARED, quantity=GAIN, **common, **mean_of(gain[:, at]))
            yield Row(method=SHARED, quantity=R_GAIN, **common, **mean_of(gain_explained[:, at]))
            yield Row(method=ALONE, quantity=COSINE_OF_ALONE, **common, **mean_of(cosine))
        yield from _aligned_rows(study, pair, shared, accuracy)


def _aligned_rows(
    study: TextStudy, pair: tuple[int, int], shared: FloatArray, alone: FloatArray
) -> Iterator[Row]:
    """Yield gains of Algorithm 1 from the shared solution, and the similarity of the inputs it is given."""
    moments, valid, test = study.pair(*pair), study.valid.of(pair), study.test.of(pair)
    paths = [align(moments.gram[:, k], moments.cross[:, k], shared[:, k], stops=STOPS) for k in (0, 1)]
    # (stops, splits, 2): the stop is chosen for each task by its own validation error.
    errors = np.stack(
        [
            valid.squared_error(np.stack([path.weights[s] for path in paths], axis=1))
            for s in range(len(STOPS))
        ]
    )
    best = errors.argmin(axis=0)
    weights = np.stack([path.stopped_at(best[:, k]) for k, path in enumerate(paths)], axis=1)
    accuracy, plain = test.accuracy(weights), test.accuracy(shared)
    grams = [moments.gram[:, k] for k in (0, 1)]
    maps = [path.maps_at(best[:, k]) for k, path in enumerate(paths)]
    moved = [turn.mT @ gram @ turn for turn, gram in zip(maps, grams, strict=True)]
    for at, (target, source) in enumerate((pair, pair[::-1])):
        common: dict[str, Any] = {"target": study.names[target], "source": study.names[source]}
        yield Row(method=ALIGNED, quantity=GAIN_PLAIN, **common, **mean_of(accuracy[:, at] - plain[:, at]))
        yield Row(method=ALIGNED, quantity=GAIN, **common, **mean_of(accuracy[:, at] - alone[:, target]))
        yield Row(method=SHARED, quantity=SIMILARITY, **common, **mean_of(covariance_similarity(*grams)))
        yield Row(method=ALIGNED, quantity=SIMILARITY, **common, **mean_of(covariance_similarity(*moved)))


def relu_pair_rows(rng: np.random.Generator, study: TextStudy) -> Iterator[Row]:
    """Yield gains of a shared ReLU layer over layers of the same width, all pairs of sets, few features.

    A set of several classes is represented by its most balanced one-vs-rest task.
    """
    balance = np.abs(study.test.middle.mean(axis=0))
    chosen = [min(tasks, key=lambda task: balance[task]) for tasks in study.families.values()]
    rng_alone, *children = rng.spawn(1 + len(chosen) * (len(chosen) - 1) // 2)
    single = _relu_accuracy(
        rng_alone, study, chosen, ReluSingleTask(capacity=RELU_UNITS, n_starts=1, max_iterations=RELU_STEPS)
    )
    for at, task in enumerate(chosen):
        yield Row(method=RELU_ALONE, target=study.names[task], quantity=ACCURACY, **mean_of(single[:, at]))
    for child, (first, second) in zip(children, combinations(range(len(chosen)), 2), strict=True):
        pair = [chosen[first], chosen[second]]
        shared = _relu_accuracy(
            child, study, pair, ReluNetwork(capacity=RELU_UNITS, n_starts=1, max_iterations=RELU_STEPS)
        )
        for k, (target, source) in enumerate(permutations((first, second))):
            yield Row(
                method=RELU_SHARED,
                quantity=GAIN,
                target=study.names[chosen[target]],
                source=study.names[chosen[source]],
                **mean_of(shared[:, k] - single[:, target]),
            )


def _relu_accuracy(
    rng: np.random.Generator, study: TextStudy, tasks: list[int], solver: ReluNetwork | ReluSingleTask
) -> FloatArray:
    """Return test accuracies `(S, k)` of networks on some tasks and the first features."""
    train = Dataset(
        inputs=np.concatenate([data.inputs[:, tasks, :, :RELU_FEATURES] for data in study.samples]),
        targets=np.concatenate([data.targets[:, tasks] for data in study.samples]),
        n_samples=study.samples[0].counts[tasks],
    )
    fit = solver.fit(train, rng=rng)  # a descent that still moves is judged as it is
    test = study.test.of(tasks)
    hidden = fit.activation(test.inputs[..., :RELU_FEATURES] @ fit.representation.mT[:, None])
    return test.accuracy_of((hidden @ fit.heads[..., None])[..., 0])


def _cosine(first: FloatArray, second: FloatArray) -> FloatArray:
    inner = (first * second).sum(axis=-1)
    return np.asarray(inner / np.linalg.norm(first, axis=-1) / np.linalg.norm(second, axis=-1))
