"""Gradients of the network objectives against central differences, and their values sample by sample."""

import numpy as np
import pytest

from mtl_simulators.problems import Dataset
from mtl_simulators.solvers import identity, relu
from mtl_simulators.solvers._network import LogisticLoss, Samples, SquaredLoss, unit

B, S, T, N, D = 2, 3, 2, 9, 4
LOSSES = {"squared": SquaredLoss, "logistic": LogisticLoss}
losses = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
activations = pytest.mark.parametrize("activation", [identity, relu], ids=["linear", "relu"])
designs = pytest.mark.parametrize("shared", [True, False], ids=["shared", "separate"])


def make_loss(loss, activation, shared, *, capacity=2, penalty=0.3, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((B, N, D) if shared else (B, T, N, D))
    targets = rng.integers(0, 2, (B, T, N)).astype(float)
    if loss is SquaredLoss:
        targets = targets + rng.standard_normal(targets.shape)
    samples = Samples.of(Dataset(inputs=inputs, targets=targets), rng.uniform(0.5, 2, (B, T)))
    return loss(samples=samples, activation=activation, capacity=capacity, penalty=penalty)


def random_points(loss, seed=1):
    rng = np.random.default_rng(seed)
    points = loss.points(rng.standard_normal((B, S, loss.capacity, D)))
    return points + 0.1 * rng.standard_normal(points.shape)


@losses
@activations
@designs
def test_gradient_is_the_slope_of_the_value(loss, activation, shared):
    objective = make_loss(loss, activation, shared)
    points, rows = random_points(objective), np.arange(B)
    _, gradient = objective(points, rows)
    # ReLU samples sit at least this far from their kinks, so that a step does not cross one.
    step = 1e-6
    vectors = points[..., : objective.capacity * D].reshape(B, S, objective.capacity, D)
    assert np.abs(objective.samples.preactivations(unit(vectors))).min() > 10 * step
    for k in range(points.shape[-1]):
        move = np.zeros(points.shape[-1])
        move[k] = step
        numeric = (objective(points + move, rows)[0] - objective(points - move, rows)[0]) / (2 * step)
        np.testing.assert_allclose(gradient[..., k], numeric, atol=2e-7)


@activations
@designs
def test_squared_loss_is_that_of_ridge_heads(activation, shared):
    objective = make_loss(SquaredLoss, activation, shared)
    points = random_points(objective)
    values, _ = objective(points, np.arange(B))
    rows, heads = objective.network(points)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=-1), 1.0)
    samples = objective.samples
    for b, s in np.ndindex(B, S):
        total = 0.0
        for t in range(T):
            hidden = activation(samples.inputs[b, 0 if shared else t] @ rows[b, s].T)
            stacked = np.vstack([hidden, np.sqrt(objective.penalty) * np.eye(objective.capacity)])
            target = np.concatenate([samples.targets[b, t], np.zeros(objective.capacity)])
            head, squares, _, _ = np.linalg.lstsq(stacked, target)
            np.testing.assert_allclose(heads[b, s, t], head, rtol=1e-8)
            total += samples.task_weights[b, t] * squares[0]
        assert values[b, s] == pytest.approx(total, rel=1e-9)


@activations
def test_logistic_loss_is_minus_the_log_likelihood(activation):
    objective = make_loss(LogisticLoss, activation, shared=False)
    points = random_points(objective)
    values, _ = objective(points, np.arange(B))
    rows, heads = objective.network(points)
    samples = objective.samples
    for b, s in np.ndindex(B, S):
        total = 0.0
        for t in range(T):
            odds = activation(samples.inputs[b, t] @ rows[b, s].T) @ heads[b, s, t]
            likelihood = np.where(samples.targets[b, t] == 1, 1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(odds)))
            ridge = objective.penalty / 2 * (heads[b, s, t] ** 2).sum()
            total += samples.task_weights[b, t] * (ridge - np.log(likelihood).sum())
        assert values[b, s] == pytest.approx(total, rel=1e-12)


@losses
@activations
def test_lengths_of_rows_do_not_count(loss, activation):
    objective = make_loss(loss, activation, shared=False)
    points, rows = random_points(objective), np.arange(B)
    stretched = points.copy()
    stretched[..., :D] *= 7.0
    np.testing.assert_allclose(objective(points, rows)[0], objective(stretched, rows)[0], rtol=1e-12)


@losses
@designs
def test_some_replicates_are_computed_as_among_all(loss, shared):
    objective = make_loss(loss, relu, shared)
    points = random_points(objective)
    values, gradient = objective(points, np.arange(B))
    value, part = objective(points[1:], np.array([1]))
    np.testing.assert_allclose(value, values[1:], rtol=1e-13)
    np.testing.assert_allclose(part, gradient[1:], rtol=1e-10, atol=1e-12)


@losses
def test_scale_is_the_loss_of_zero_heads(loss):
    objective = make_loss(loss, relu, shared=False, penalty=0.0)
    samples = objective.samples
    if loss is SquaredLoss:
        expected = (samples.task_weights[..., None] * samples.targets**2).sum(axis=(1, 2))
    else:
        zero = objective.points(np.random.default_rng(2).standard_normal((B, 1, 2, D)))
        expected = objective(zero, np.arange(B))[0][:, 0]
    np.testing.assert_allclose(objective.scale(), expected, rtol=1e-12)


def test_dead_and_equal_units_do_not_break_the_heads():
    objective = make_loss(SquaredLoss, relu, shared=False, capacity=3, penalty=0.0)
    samples = objective.samples
    positive = Samples(
        inputs=np.abs(samples.inputs), targets=samples.targets, task_weights=samples.task_weights
    )
    objective = SquaredLoss(samples=positive, activation=relu, capacity=3, penalty=0.0)
    vectors = np.ones((B, 1, 3, D))
    vectors[:, :, 2] = -1.0  # positive on no sample
    points = objective.points(vectors)
    values, gradient = objective(points, np.arange(B))
    _, heads = objective.network(points)
    assert np.isfinite(values).all() and np.isfinite(gradient).all()
    np.testing.assert_allclose(heads[..., 0], heads[..., 1], rtol=1e-3)
    np.testing.assert_array_equal(heads[..., 2], 0.0)
