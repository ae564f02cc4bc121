"""Scores of predictions: against SciPy and scikit-learn, closed forms, padding, ties."""

import numpy as np
import pytest

from mtl_simulators import accuracy_score, prediction_error, spearman_score, test_error
from mtl_simulators.problems import Dataset, make_linear
from mtl_simulators.solvers import Outcome, SingleTask, Solution, relu, sigmoid, solve

B, T, N, D = 2, 3, 12, 4


def make_solution(seed=0, **fields):
    rng = np.random.default_rng(seed)
    return Solution(
        representation=rng.standard_normal((B, 3, D)),
        heads=rng.standard_normal((B, T, 3)),
        outcomes=(Outcome.SUCCESS,) * B,
        seconds=0.0,
        **fields,
    )


def make_data(labels=False, seed=1):
    rng = np.random.default_rng(seed)
    counts = np.array([N, 5, 9])
    seen = np.arange(N) < counts[:, None]
    targets = rng.integers(0, 2, (B, T, N)) if labels else rng.standard_normal((B, T, N)).round(1)
    return Dataset(
        inputs=rng.standard_normal((B, T, N, D)) * seen[..., None],
        targets=targets * seen * 1.0,
        n_samples=counts,
    )


def pairs(solution, data):
    predictions = solution.predict(data.inputs)
    for b, t in np.ndindex(B, T):
        n = data.counts[t]
        yield (b, t), predictions[b, t, :n], data.targets[b, t, :n]


# Sigmoid links predict 1/2 on padding, whose targets are 0: padding that counted would show.
networks = pytest.mark.parametrize("fields", [{}, {"activation": relu}, {"link": sigmoid}], ids=str)


@networks
def test_prediction_error_is_the_mean_square_over_samples(fields):
    solution, data = make_solution(**fields), make_data()
    error = prediction_error(solution, data)
    for index, predicted, target in pairs(solution, data):
        assert error[index] == pytest.approx(np.mean((predicted - target) ** 2), rel=1e-12)


def test_prediction_error_of_linear_solutions_is_test_error():
    problem = make_linear(
        np.random.default_rng(2), alignment=0.2, n_tasks=T, n_features=D, n_samples=[9, 8, 20], n_test=30
    )
    solution = solve(problem, SingleTask(), rng=np.random.default_rng(3))
    for data in (problem.train, problem.test):
        np.testing.assert_allclose(
            prediction_error(solution, data), test_error(solution.weights, data), rtol=1e-9
        )


@networks
def test_spearman_is_scipys(fields):
    from scipy.stats import spearmanr

    solution, data = make_solution(**fields), make_data()
    score = spearman_score(solution, data)
    for index, predicted, target in pairs(solution, data):
        assert score[index] == pytest.approx(spearmanr(predicted, target).statistic, rel=1e-12)


@pytest.mark.parametrize("cosine", [1.0, 0.9, 0.5, 0.1])
def test_spearman_of_gaussian_scores_has_its_closed_form(cosine):
    # For jointly Gaussian scores of correlation rho it is (6/pi) asin(rho/2): here of a task and the
    # bisector, rho = sqrt((1 + cosine)/2). 100 replicates of 500 samples, 4.5 standard errors plus the bias,
    # of order 1/n.
    rng = np.random.default_rng(4)
    inputs = rng.standard_normal((100, 500, 2))
    angle = np.arccos(cosine)
    tasks = np.array([[1.0, 0.0], [cosine, np.sin(angle)]])
    bisector = np.array([np.cos(angle / 2), np.sin(angle / 2)])
    solution = Solution(
        representation=np.broadcast_to(bisector, (100, 1, 2)),
        heads=np.ones((100, 2, 1)),
        outcomes=(Outcome.SUCCESS,) * 100,
        seconds=0.0,
    )
    score = spearman_score(solution, Dataset(inputs=inputs, targets=tasks @ inputs.mT)).mean(axis=1)
    expected = 6 / np.pi * np.arcsin(np.sqrt((1 + cosine) / 2) / 2)
    assert expected == pytest.approx({1.0: 1.0, 0.9: 0.972, 0.5: 0.855, 0.1: 0.726}[cosine], abs=2e-3)
    error = score.std(ddof=1) / np.sqrt(100)
    assert abs(score.mean() - expected) < 4.5 * error + 2 / 500


def test_rankings_do_not_depend_on_the_scale_and_reverse_with_it():
    solution, data = make_solution(), make_data()
    reversed_heads = Solution(
        representation=solution.representation,
        heads=-3.0 * solution.heads,
        outcomes=solution.outcomes,
        seconds=0.0,
    )
    np.testing.assert_allclose(
        spearman_score(reversed_heads, data), -spearman_score(solution, data), atol=1e-12
    )


def test_constant_predictions_rank_nothing():
    solution = Solution(
        representation=np.zeros((B, 1, D)),
        heads=np.zeros((B, T, 1)),
        outcomes=(Outcome.SUCCESS,) * B,
        seconds=0.0,
    )
    np.testing.assert_array_equal(spearman_score(solution, make_data()), 0.0)


def test_constant_targets_are_refused():
    data = make_data()
    constant = Dataset(inputs=data.inputs, targets=np.zeros(data.targets.shape), n_samples=data.n_samples)
    with pytest.raises(ValueError, match="task 0 has constant targets"):
        spearman_score(make_solution(), constant)


@networks
def test_accuracy_is_scikit_learns(fields):
    from sklearn.metrics import accuracy_score as reference

    solution, data = make_solution(**fields), make_data(labels=True)
    accuracy = accuracy_score(solution, data)
    for index, predicted, target in pairs(solution, data):
        assert accuracy[index] == pytest.approx(reference(target, predicted > 0.5))
    negative = accuracy_score(solution, data, threshold=-np.inf)
    for index, _, target in pairs(solution, data):
        assert negative[index] == pytest.approx(target.mean())


def test_accuracy_needs_labels():
    with pytest.raises(ValueError, match="targets 0 and 1"):
        accuracy_score(make_solution(), make_data())


def test_data_of_other_shapes_are_refused():
    data = Dataset(inputs=np.ones((B, N, D + 1)), targets=np.ones((B, T, N)))
    for score in (prediction_error, accuracy_score, spearman_score):
        with pytest.raises(ValueError, match="do not fit"):
            score(make_solution(), data)
