"""Logistic sharing against scikit-learn, and what separates shared from single tasks."""

import numpy as np
import pytest

from mtl_simulators import accuracy_score
from mtl_simulators.problems import Dataset, bernoulli_labels, label_problem, make_linear
from mtl_simulators.solvers import LogisticSharing, Outcome, identity, relu, sigmoid, solve

D = 4


def labelled(*, n_samples=80, n_replicates=3, n_tasks=2, seed=0, **fields):
    rng = np.random.default_rng(seed)
    fields = fields or {"alignment": 0.3}
    scores = make_linear(
        rng,
        n_samples=n_samples,
        n_tasks=n_tasks,
        n_features=D,
        noise=0.0,
        n_replicates=n_replicates,
        **fields,
    )
    return label_problem(rng, problem=scores, rule=lambda r, s: bernoulli_labels(r, 2 * s)).train


def sklearn_weights(inputs, targets, penalty):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / penalty, fit_intercept=False, tol=1e-11, max_iter=5000)
    return model.fit(inputs, targets).coef_[0]


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_one_unit_for_one_task_is_scikit_learns_regression(penalty):
    data = labelled(n_tasks=1, alignment=0.0)
    solution = solve(
        data, LogisticSharing(capacity=1, penalty=penalty, tolerance=1e-10), rng=np.random.default_rng(1)
    )
    for b in range(3):
        expected = sklearn_weights(data.inputs[b, 0], data.targets[b, 0], penalty)
        np.testing.assert_allclose(solution.weights[b, 0], expected, atol=1e-5 * np.linalg.norm(expected))


def test_as_many_units_as_tasks_share_nothing():
    # The penalty on heads over unit rows is not the ridge of several units, so compare where it is small.
    data = labelled(n_samples=[80, 120])
    solution = solve(
        data, LogisticSharing(capacity=2, penalty=1e-4, tolerance=1e-8), rng=np.random.default_rng(2)
    )
    for b in range(3):
        for t, n in enumerate((80, 120)):
            expected = sklearn_weights(data.inputs[b, t, :n], data.targets[b, t, :n], 1e-4)
            np.testing.assert_allclose(solution.weights[b, t], expected, rtol=1e-3, atol=1e-3)


def test_tasks_that_are_one_task_share_it():
    rng = np.random.default_rng(3)
    data = labelled(n_replicates=1, n_samples=100)
    targets = np.concatenate([data.targets[:, :1], 1 - data.targets[:, :1]], axis=1)
    twin = Dataset(inputs=np.repeat(data.inputs[:, :1], 2, axis=1), targets=targets)
    solution = solve(twin, LogisticSharing(capacity=1, penalty=0.5, tolerance=1e-10), rng=rng)
    expected = sklearn_weights(data.inputs[0, 0], data.targets[0, 0], 0.5)
    np.testing.assert_allclose(solution.weights[0], [expected, -expected], atol=1e-5)


def test_sharing_costs_training_loss_and_no_start_does_better():
    data = labelled()

    def loss(solution, penalty=1.0):
        p = np.where(data.targets == 1, solution.predict(data.inputs), 1 - solution.predict(data.inputs))
        return -np.log(p).sum(axis=(1, 2)) + penalty / 2 * (solution.heads**2).sum(axis=(1, 2))

    one = loss(solve(data, LogisticSharing(capacity=1), rng=np.random.default_rng(4)))
    two = loss(solve(data, LogisticSharing(capacity=2), rng=np.random.default_rng(4)))
    more = loss(solve(data, LogisticSharing(capacity=1, n_starts=40), rng=np.random.default_rng(5)))
    assert (two < one - 1e-3).all()
    np.testing.assert_allclose(one, more, rtol=1e-6)


@pytest.mark.parametrize(("cosine", "expected"), [(1.0, 1.0), (0.9, 0.928), (0.5, 0.833), (0.1, 0.766)])
def test_two_tasks_meet_at_their_bisector(cosine, expected):
    # Sign accuracy of a unit at angle phi from a task is 1 - phi/pi, at the bisector 1 - acos(cosine)/(2 pi),
    # the mean over both tasks. 4,000 samples and d = 4 leave an angle of about sqrt(4/4000), 0.03 rad: 0.01.
    assert 1 - np.arccos(cosine) / (2 * np.pi) == pytest.approx(expected, abs=5e-4)
    rng = np.random.default_rng(6)
    scores = make_linear(
        rng, alignment=cosine, n_tasks=2, n_features=D, n_samples=4000, noise=0.0, n_test=4000
    )
    problem = label_problem(rng, problem=scores)
    solution = solve(problem, LogisticSharing(capacity=1, n_starts=2), rng=rng)
    tasks = scores.truth.weights[0]
    unit = solution.representation[0, 0] * np.sign(solution.heads[0, 0, 0])
    accuracy = 1 - np.arccos(np.clip(tasks @ unit, -1, 1)) / np.pi
    assert accuracy.mean() == pytest.approx(expected, abs=0.01)
    # The same number counted on 4,000 test samples a task: 4.5 standard errors.
    counted = accuracy_score(solution, problem.test)[0]
    error = np.sqrt(np.maximum(accuracy * (1 - accuracy), 1e-4) / 4000)
    assert (np.abs(counted - accuracy) < 4.5 * error).all()


def test_two_rectified_units_separate_what_a_line_cannot():
    rng = np.random.default_rng(7)
    inputs = rng.standard_normal((2, 300, 2))
    labels = (np.abs(inputs[:, None, :, 0]) > 0.7).astype(float)
    # A constant feature, so that thresholds need not pass through the origin.
    data = Dataset(inputs=np.concatenate([inputs, np.ones((2, 300, 1))], axis=-1), targets=labels)
    straight, bent = (
        solve(data, LogisticSharing(capacity=3, penalty=0.01, activation=g), rng=rng)
        for g in (identity, relu)
    )
    assert (accuracy_score(straight, data) < 0.75).all()
    assert (accuracy_score(bent, data) > 0.97).all()


def test_separable_tasks_have_finite_heads():
    data = Dataset(inputs=np.array([[[1.0], [-1.0]]]), targets=np.array([[[1.0, 0.0]]]))
    solution = solve(data, LogisticSharing(capacity=1, penalty=1e-3), rng=np.random.default_rng(8))
    weight = solution.weights.item()
    # Stationarity: 2 sigmoid(-w) = penalty w.
    assert 2 * sigmoid(np.array(-weight)).item() == pytest.approx(1e-3 * weight, rel=1e-2)
    assert solution.outcomes == (Outcome.SUCCESS,)


def test_same_generator_same_bytes():
    data = labelled()
    first, second = (
        solve(data, LogisticSharing(capacity=1), rng=np.random.default_rng(9)).heads.tobytes()
        for _ in range(2)
    )
    assert first == second


def test_what_cannot_be_solved_is_refused():
    data = labelled()
    rng = np.random.default_rng(10)
    for penalty in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="penalty"):
            LogisticSharing(capacity=1, penalty=penalty)
    with pytest.raises(ValueError, match="pass the samples"):
        solve(data.moments(), LogisticSharing(capacity=1), rng=rng)
    signs = Dataset(inputs=data.inputs, targets=2 * data.targets - 1)
    with pytest.raises(ValueError, match="targets 0 and 1"):
        solve(signs, LogisticSharing(capacity=1), rng=rng)
    stopped = solve(data, LogisticSharing(capacity=1, max_iterations=1), rng=rng, throw=False)
    assert set(stopped.outcomes) == {Outcome.NOT_CONVERGED}
