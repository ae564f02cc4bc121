"""All text tasks under one shared map of every capacity, and weights for labels of which one is noisy."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    SharedRepresentation,
    SingleTask,
    inverse_variance_weights,
    kendall_weights,
    solve,
    svd_task_weights,
)
from mtl_theory.experiments.wu._labels import ACCURACY, ALONE, DOWN, GAIN_PLAIN, SHARED, WEIGHT
from mtl_theory.experiments.wu._rows import Row, mean_of, share_of
from mtl_theory.experiments.wu._text_study import HeldOut, TextStudy

CAPACITY_FEATURES = 30  # the system of a sweep grows with the cube of capacity times features
MEAN = "mean of the sets"
REDRAWN = 0.2  # of the labels of one task, each by a fair coin
LABEL_CAPACITY = 2
EQUAL, RAW, UNIT = "equal weights", "Algorithm 2, as printed", "Algorithm 2, unit-norm labels"
KENDALL, INVERSE = "Kendall et al.", "inverse noise variance"
METHODS = (EQUAL, RAW, UNIT, KENDALL, INVERSE)
CLEAN, NOISY = "given labels", "one task with redrawn labels"


def capacity_rows(rng: np.random.Generator, study: TextStudy) -> Iterator[Row]:
    """Yield accuracies of every set and their mean over the capacity of one map for all tasks."""
    n_tasks = len(study.names)
    moments = study.tasks(range(n_tasks), CAPACITY_FEATURES)
    test = HeldOut(
        inputs=study.test.inputs[..., :CAPACITY_FEATURES],
        targets=study.test.targets,
        seen=study.test.seen,
        middle=study.test.middle,
    )
    alone = solve(moments, SingleTask(), rng=rng).weights
    yield from _set_rows(study, test, alone, ALONE, n_tasks)
    for capacity, child in zip(range(1, n_tasks + 1), rng.spawn(n_tasks), strict=True):
        # A minimum known to a hundredth of a degree is enough for an accuracy.
        solver = AlternatingLeastSquares(capacity=capacity, n_starts=2, max_sweeps=150, tolerance=2e-4)
        fit = solver.fit(moments, rng=child)
        yield from _set_rows(study, test, fit.heads @ fit.representation, SHARED, capacity)


def _set_rows(
    study: TextStudy, test: HeldOut, weights: FloatArray, method: str, capacity: int
) -> Iterator[Row]:
    """Yield the accuracy of each set; of a set of several classes that of the class with the best score."""
    found = []
    for family, tasks in study.families.items():
        of = test.of(tasks)
        chosen = weights[:, tasks]
        values = of.accuracy(chosen)[:, 0] if len(tasks) == 1 else of.class_accuracy(chosen)
        found.append(values)
        yield Row(method=method, target=family, level=capacity, quantity=ACCURACY, **mean_of(values))
    yield Row(
        method=method,
        target=MEAN,
        level=capacity,
        quantity=ACCURACY,
        **mean_of(np.mean(found, axis=0)),
    )


def label_rows(rng: np.random.Generator, study: TextStudy, tasks: Sequence[int]) -> Iterator[Row]:
    """Yield what each weighting makes of one noisy label among tasks on the same sentences.

    Every split is taken once with each of the tasks as the noisy one.
    """
    rng_noise, rng_fit = rng.spawn(2)
    chosen = list(tasks)
    inputs = np.concatenate([data.inputs[:, chosen[0]] for data in study.samples])
    targets = np.concatenate([data.targets[:, chosen] for data in study.samples])
    n_splits, k = targets.shape[:2]
    test = study.test.of(chosen)
    split, noisy_task = np.divmod(np.arange(n_splits * k), k)
    redrawn = _redrawn(rng_noise, targets, study.test.middle[:, chosen], split, noisy_task)
    judged = HeldOut(
        inputs=test.inputs[split],
        targets=test.targets[split],
        seen=test.seen[split],
        middle=test.middle[split],
    )
    found = {
        protocol: _weighted(Dataset(inputs=inputs[split], targets=labels).moments(), rng_fit)
        for protocol, labels in ((CLEAN, targets[split]), (NOISY, redrawn))
    }
    of = np.arange(len(split)), noisy_task
    for protocol, (weights, estimates) in found.items():
        equal = judged.accuracy(estimates[EQUAL]).mean(axis=1)
        for method, vectors in estimates.items():
            accuracy = judged.accuracy(vectors).mean(axis=1)
            common: dict[str, Any] = {"protocol": protocol, "method": method}
            yield Row(quantity=ACCURACY, **common, **_over_splits(accuracy, split))
            if method not in (ALONE, EQUAL):
                yield Row(quantity=GAIN_PLAIN, **common, **_over_splits(accuracy - equal, split))
        if protocol == NOISY:
            for method in METHODS[1:]:
                ratio = _relative(weights[method], of) / _relative(found[CLEAN][0][method], of)
                yield Row(method=method, quantity=WEIGHT, **_over_splits(ratio, split))
                yield Row(method=method, quantity=DOWN, **share_of(ratio < 1))


def _weighted(
    moments: Moments, rng: np.random.Generator
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return the weights `(B, T)` and the task vectors `(B, T, d)` of each method."""
    weights = {
        EQUAL: np.ones(moments.energy.shape),
        RAW: svd_task_weights(moments, capacity=LABEL_CAPACITY, unit_labels=False),
        UNIT: svd_task_weights(moments, capacity=LABEL_CAPACITY),
        KENDALL: kendall_weights(moments, capacity=LABEL_CAPACITY, rng=rng),
        INVERSE: inverse_variance_weights(moments),
    }
    estimates = {method: _shared(moments, alpha, rng) for method, alpha in weights.items()}
    return weights, {ALONE: solve(moments, SingleTask(), rng=rng).weights, **estimates}


def _shared(moments: Moments, alpha: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the weighted reduced-rank estimate; on one design weights are a scale of the labels."""
    root = np.sqrt(alpha)[..., None]
    scaled = Moments(
        gram=moments.gram,
        cross=root * moments.cross,
        energy=alpha * moments.energy,
        n_samples=moments.n_samples,
    )
    solution = solve(scaled, SharedRepresentation(capacity=LABEL_CAPACITY), rng=rng)
    return np.asarray(solution.weights / root)


def _redrawn(
    rng: np.random.Generator,
    targets: FloatArray,
    middle: FloatArray,
    split: IntArray,
    noisy_task: IntArray,
) -> FloatArray:
    """Return the labels `(B, T, n)` with a share of those of one task drawn again, centred again."""
    labels = targets[split].copy()
    n = labels.shape[-1]
    fair = rng.choice([-1.0, 1.0], size=(len(labels), n))
    again = rng.random((len(labels), n)) < REDRAWN
    row = np.arange(len(labels))
    signs = np.sign(labels[row, noisy_task] - middle[split, noisy_task][:, None])
    mixed = np.where(again, fair, signs)
    labels[row, noisy_task] = mixed - mixed.mean(axis=-1, keepdims=True)
    return labels


def _relative(weights: FloatArray, of: tuple[IntArray, IntArray]) -> FloatArray:
    """Return the weight of one task over the mean of the others, `(B,)`."""
    own = weights[of]
    return np.asarray(own / ((weights.sum(axis=1) - own) / (weights.shape[1] - 1)))


def _over_splits(values: FloatArray, split: IntArray) -> dict[str, Any]:
    """Return mean and standard error over the splits, the choices of the noisy task averaged in each."""
    by_split = np.array([values[split == s].mean() for s in np.unique(split)])
    return mean_of(by_split)
