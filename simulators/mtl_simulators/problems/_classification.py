"""Class labels made of real-valued targets."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems._dataset import Dataset
from mtl_simulators.problems._problem import Problem

LabelRule: TypeAlias = Callable[[np.random.Generator, FloatArray], FloatArray]


def threshold_labels(rng: np.random.Generator, scores: FloatArray) -> FloatArray:
    r"""Return 1 where $1 / (1 + e^{-s}) > 1/2$, that is where $s > 0$, else 0; `rng` is not used.

    Source: Wu, Zhang and Ré (2020), synthetic experiments.
    """
    return (scores > 0).astype(np.float64)


def bernoulli_labels(rng: np.random.Generator, scores: FloatArray) -> FloatArray:
    r"""Return 1 with probability $1 / (1 + e^{-s})$, else 0: the logistic model.

    >>> bernoulli_labels(np.random.default_rng(0), np.array([-50.0, 50.0])).tolist()
    [0.0, 1.0]
    """
    # A logistic variable is log(u / (1 - u)), so this needs no sigmoid, which would overflow.
    return (scores + rng.logistic(size=scores.shape) > 0).astype(np.float64)


def label_problem(
    rng: np.random.Generator, *, problem: Problem, rule: LabelRule = threshold_labels
) -> Problem:
    r"""Return the problem with labels in {0, 1} for targets, the old targets being the scores.

    The result has no truth, because its targets are not what the truth of the scores says; that one stays
    with the problem given, for angles and sign accuracies. Scores of a ReLU teacher without noise and with
    positive amplitudes are never negative: thresholded, they give the labels of $x^\top \theta > 0$ for one
    neuron, and of "any neuron fires" for several.

    Parameters
    ----------
    problem
        Scores: a linear problem, a ReLU one, or any other.
    rule
        How scores become labels: `threshold_labels`, `bernoulli_labels`, or a function of one's own.

    >>> from mtl_simulators.problems import make_linear
    >>> rng = np.random.default_rng(0)
    >>> scores = make_linear(rng, n_samples=6, alignment=0.5, n_tasks=2, n_features=3)
    >>> labels = label_problem(rng, problem=scores).train.targets
    >>> bool((labels == (scores.train.targets > 0)).all())
    True
    """
    rng_train, rng_test = rng.spawn(2)
    test = None if problem.test is None else _labelled(rng_test, problem.test, rule)
    return Problem(train=_labelled(rng_train, problem.train, rule), test=test)


def _labelled(rng: np.random.Generator, data: Dataset, rule: LabelRule) -> Dataset:
    observed = np.arange(data.targets.shape[-1]) < data.counts[:, None]
    labels = rule(rng, data.targets) * observed
    return Dataset(inputs=data.inputs, targets=labels, n_samples=data.n_samples)
