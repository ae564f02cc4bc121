"""Problem: its three parts must speak of the same tasks."""

import numpy as np
import pytest

from mtl_simulators import Dataset, Problem, Truth


def data(n_replicates=3, n_tasks=2, n_features=4):
    return Dataset(
        inputs=np.ones((n_replicates, n_tasks, 5, n_features)), targets=np.ones((n_replicates, n_tasks, 5))
    )


def truth(n_replicates=3, n_tasks=2, n_features=4):
    weights = np.ones((n_replicates, n_tasks, n_features))
    return Truth(weights=weights, covariance=np.eye(n_features), noise=np.ones(n_tasks))


@pytest.mark.parametrize("n_replicates", [1, 3])
def test_test_set_and_truth_hold_one_replicate_or_all(n_replicates):
    problem = Problem(train=data(), test=data(n_replicates), truth=truth(n_replicates))
    assert problem.test.n_replicates == problem.truth.n_replicates == n_replicates
    assert Problem(train=data()).test is None


@pytest.mark.parametrize(
    "parts, message",
    [
        ({"test": data(n_tasks=3)}, r"test has \(T, d\) = \(3, 4\), train has \(2, 4\); pass samples of the"),
        ({"test": data(n_features=5)}, r"test has \(T, d\) = \(2, 5\)"),
        ({"test": data(n_replicates=2)}, "test has 2 replicates, train has 3; pass one test set for all"),
        ({"truth": truth(n_tasks=3)}, r"truth has \(B, T, d\) = \(3, 3, 4\), .*; pass the truth that drew"),
        ({"truth": truth(n_features=5)}, r"truth has \(B, T, d\) = \(3, 2, 5\)"),
        ({"truth": truth(n_replicates=2)}, r"truth has \(B, T, d\) = \(2, 2, 4\), .* with B = 1 or one a"),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_the_remedy(parts, message):
    with pytest.raises(ValueError, match=message):
        Problem(train=data(), **parts)
