"""Labels made of scores."""

import numpy as np
import pytest
from scipy.special import expit

from mtl_simulators.problems import (
    bernoulli_labels,
    label_problem,
    make_linear,
    make_relu,
    threshold_labels,
)

RULES = [threshold_labels, bernoulli_labels]


def scores(rng, **settings):
    return make_linear(rng, alignment=0.5, n_tasks=2, n_features=4, **settings)


def test_logistic_labels_have_the_probability_of_their_score():
    """Mean of label minus probability, overall and where the score is large: 5 standard errors."""
    rng = np.random.default_rng(0)
    problem = scores(rng, n_samples=100_000)
    labels = label_problem(rng, problem=problem, rule=bernoulli_labels).train.targets
    probability = expit(problem.train.targets)
    for chosen in (np.full(labels.shape, True), problem.train.targets > 1, problem.train.targets < -1):
        surprise = (labels - probability)[chosen]
        assert (
            abs(surprise.mean()) < 5 * np.sqrt((probability * (1 - probability))[chosen].sum()) / chosen.sum()
        )


def test_threshold_is_at_probability_one_half():
    rng = np.random.default_rng(1)
    problem = scores(rng, n_samples=300, noise=0.0)
    labelled = label_problem(rng, problem=problem)
    assert np.array_equal(labelled.train.targets, expit(problem.train.targets) > 0.5)
    assert labelled.truth is None and problem.truth is not None


def test_positive_relu_scores_label_as_the_linear_scores_do():
    rng = np.random.default_rng(2)
    problem = make_relu(rng, n_samples=200, neurons=np.eye(2, 4)[:, None], noise=0.0)
    labels = label_problem(rng, problem=problem).train.targets
    linear = np.einsum("btnd,td->btn", problem.train.inputs, np.eye(2, 4))
    assert np.array_equal(labels, linear > 0)


@pytest.mark.parametrize("rule", RULES)
def test_labels_are_zero_or_one_and_padding_stays_zero(rule):
    rng = np.random.default_rng(3)
    problem = scores(rng, n_samples=[20, 60], n_test=30)
    labelled = label_problem(rng, problem=problem, rule=rule)
    assert set(np.unique(labelled.train.targets)) == {0.0, 1.0}
    assert not labelled.train.targets[:, 0, 20:].any()
    assert labelled.train.counts.tolist() == [20, 60]
    assert set(np.unique(labelled.test.targets)) == {0.0, 1.0}
    assert np.array_equal(labelled.test.inputs, problem.test.inputs)


@pytest.mark.parametrize("rule", RULES)
def test_same_generator_same_labels(rule):
    problem = scores(np.random.default_rng(4), n_samples=30)
    first, second = (
        label_problem(np.random.default_rng(5), problem=problem, rule=rule).train.targets for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_a_rule_of_ones_own():
    problem = scores(np.random.default_rng(6), n_samples=30)
    labelled = label_problem(np.random.default_rng(7), problem=problem, rule=lambda _, s: np.sign(s))
    assert np.array_equal(labelled.train.targets, np.sign(problem.train.targets))
