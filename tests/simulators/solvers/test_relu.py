"""ReLU networks: optimality, two routes to the linear case, and what a solver must not depend on."""

from functools import partial

import numpy as np
import pytest

from mtl_simulators.geometry import heavy_covariance, principal_angles
from mtl_simulators.problems import Dataset, make_linear, make_relu
from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    Outcome,
    ReluNetwork,
    ReluSingleTask,
    SharedRepresentation,
    SolveError,
    TwoTaskGlobal,
    identity,
    relu,
    relu_local_minima,
    solve,
)
from mtl_simulators.solvers._multistart import Descent
from mtl_simulators.solvers._network import Samples, SquaredLoss

D = 5


def teachers(*, n_tasks=3, n_samples=60, noise=0.0, n_replicates=2, seed=0, **fields):
    """Tasks with one random neuron each."""
    rng = np.random.default_rng(seed)
    neurons = rng.standard_normal((n_replicates, n_tasks, 1, D))
    return make_relu(rng, n_samples=n_samples, neurons=neurons, noise=noise, **fields).train


def training_loss(solution, data):
    return ((solution.predict(data.inputs) - data.targets) ** 2).sum(axis=(1, 2))


def linear_descent(data, capacity, *, seed=0, n_starts=12):
    """The same engine with linear units, whose optimum other solvers know."""

    def loss(samples, capacity):
        return SquaredLoss(samples=samples, activation=identity, capacity=capacity, penalty=0.0)

    descent = Descent(n_starts=n_starts, max_iterations=2000, tolerance=1e-9)
    return descent.shared(data, loss, capacity, None, np.random.default_rng(seed))


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_with_linear_units_and_one_design_it_ends_at_the_eigenproblem(capacity):
    rng = np.random.default_rng(0)
    data = make_linear(
        rng, rank=3, n_tasks=4, n_features=D, n_samples=25, shared_design=True, n_replicates=3
    ).train
    minima = linear_descent(data, capacity)
    exact = solve(data, SharedRepresentation(capacity=capacity), rng=rng)
    np.testing.assert_allclose(minima.losses[:, 0], training_loss(exact, data), rtol=1e-9)
    angles = principal_angles(minima.representations[:, 0], exact.representation)
    assert angles.max() < 1e-4


@pytest.mark.parametrize(("n_tasks", "capacity"), [(2, 1), (4, 2)])
def test_with_linear_units_and_other_covariances_it_ends_at_the_best_known_minimum(n_tasks, capacity):
    rng = np.random.default_rng(1)
    covariance = np.stack([heavy_covariance(D, heavy=[t], condition=30.0) for t in range(n_tasks)])
    data = make_linear(
        rng,
        rank=n_tasks,
        n_tasks=n_tasks,
        n_features=D,
        n_samples=list(range(8, 8 + n_tasks)),
        covariance=covariance,
        n_replicates=4,
    ).train
    solver = TwoTaskGlobal() if capacity == 1 else AlternatingLeastSquares(capacity=capacity, n_starts=40)
    reference = training_loss(solve(data, solver, rng=rng), data)
    minima = linear_descent(data, capacity, n_starts=40)
    np.testing.assert_allclose(minima.losses[:, 0], reference, rtol=1e-7)


def test_one_teacher_for_all_tasks_is_found():
    rng = np.random.default_rng(2)
    direction = rng.standard_normal((4, 1, 1, D))
    problem = make_relu(
        rng,
        n_samples=[40, 60, 20],
        neurons=np.repeat(direction, 3, axis=1),
        amplitudes=np.array([[1.0], [-2.0], [0.5]]),
        noise=0.0,
    )
    solution = solve(problem, ReluNetwork(capacity=1), rng=rng)
    found = solution.representation[:, 0]
    length = np.linalg.norm(direction[:, 0, 0], axis=-1, keepdims=True)
    np.testing.assert_allclose(found, direction[:, 0, 0] / length, atol=1e-5)
    np.testing.assert_allclose(solution.heads[..., 0], length * [1.0, -2.0, 0.5], rtol=1e-4)
    assert problem.truth.excess_risk(solution.representation[:, None], solution.heads).max() < 1e-8


def test_as_many_units_as_the_teachers_have_fit_without_error():
    data = teachers(n_samples=80)
    solution = solve(data, ReluNetwork(capacity=3), rng=np.random.default_rng(3))
    assert (training_loss(solution, data) < 1e-7 * (data.targets**2).sum(axis=(1, 2))).all()


def test_loss_never_rises_with_capacity_and_is_below_the_single_tasks_in_the_end():
    data = teachers(n_samples=40, noise=0.5)
    rng = np.random.default_rng(4)
    losses = [training_loss(solve(data, ReluNetwork(capacity=r), rng=rng), data) for r in (1, 2, 3)]
    alone = training_loss(solve(data, ReluSingleTask(capacity=1), rng=rng), data)
    assert (losses[0] > losses[1]).all() and (losses[1] > losses[2]).all()
    assert (losses[2] <= alone * (1 + 1e-6)).all()


@pytest.mark.parametrize("capacity", [1, 2])
def test_no_small_move_improves_a_solution(capacity):
    # 300 moves of each of three lengths, more samples than parameters and kinks everywhere, which make a
    # vanishing gradient the wrong thing to ask for. By the solver's own tolerance, 1e-5 of the energy.
    data = teachers(n_tasks=2, n_samples=12, noise=0.7, n_replicates=3)
    solution = solve(data, ReluNetwork(capacity=capacity), rng=np.random.default_rng(5))
    loss = SquaredLoss(
        samples=Samples.of(data, np.ones((3, 2))), activation=relu, capacity=capacity, penalty=0.0
    )
    points = loss.points(solution.representation[:, None])
    replicates = np.arange(3)
    value, _ = loss(points, replicates)
    rng = np.random.default_rng(6)
    for size in (1e-2, 1e-3, 1e-4):
        moved = points + size * rng.standard_normal((3, 300, points.shape[-1]))
        assert (loss(moved, replicates)[0] >= value - 1e-5 * loss.scale()[:, None]).all()


def test_single_tasks_are_trained_apart():
    data = teachers(n_samples=[20, 30, 30], noise=0.3)
    solution = solve(data, ReluSingleTask(capacity=2, n_starts=0), rng=np.random.default_rng(7))
    assert solution.representation.shape == (2, 6, D) and solution.heads.shape == (2, 3, 6)
    own = np.kron(np.eye(3), np.ones(2)).astype(bool)
    assert (solution.heads[:, ~own] == 0).all() and (solution.heads[:, own] != 0).any()
    one_unit = solve(data, ReluSingleTask(n_starts=0), rng=np.random.default_rng(7))
    for task, count in enumerate([20, 30, 30]):
        single = Dataset(
            inputs=data.inputs[:, task, :count], targets=data.targets[:, task : task + 1, :count]
        )
        network = solve(single, ReluNetwork(capacity=1, n_starts=0), rng=np.random.default_rng(8))
        np.testing.assert_allclose(
            network.predict(single.inputs)[:, 0],
            one_unit.predict(data.inputs)[:, task, :count],
            rtol=1e-9,
            atol=1e-9,
        )


def test_padding_counts_for_nothing():
    data = teachers(n_samples=30, noise=0.3)
    padded = Dataset(
        inputs=np.pad(data.inputs, ((0, 0), (0, 0), (0, 9), (0, 0))),
        targets=np.pad(data.targets, ((0, 0), (0, 0), (0, 9))),
        n_samples=[30, 30, 30],
    )
    solver = ReluNetwork(capacity=1, tolerance=1e-8)
    first, second = (solve(x, solver, rng=np.random.default_rng(9)) for x in (data, padded))
    np.testing.assert_allclose(training_loss(first, data), training_loss(second, data), rtol=1e-7)
    np.testing.assert_allclose(first.representation, second.representation, atol=1e-3)


def test_a_shared_design_is_the_same_inputs_for_every_task():
    data = teachers(n_samples=40, noise=0.3, shared_design=True)
    apart = Dataset(inputs=np.repeat(data.inputs[:, None], 3, axis=1), targets=data.targets)
    solver = ReluNetwork(capacity=2, tolerance=1e-8)
    first, second = (solve(x, solver, rng=np.random.default_rng(10)) for x in (data, apart))
    np.testing.assert_allclose(training_loss(first, data), training_loss(second, data), rtol=1e-7)


def test_replicates_are_solved_as_if_alone():
    data = teachers(n_samples=[25, 40, 40], noise=0.5, n_replicates=3)
    solver = ReluNetwork(capacity=1, n_starts=0)
    together = solve(data, solver, rng=np.random.default_rng(11))
    one = Dataset(inputs=data.inputs[1:2], targets=data.targets[1:2], n_samples=data.n_samples)
    alone = solve(one, solver, rng=np.random.default_rng(11))
    np.testing.assert_allclose(together.representation[1], alone.representation[0], atol=1e-9)


def test_targets_in_other_units_change_the_heads_alone():
    data = teachers(n_samples=40, noise=0.3)
    scaled = Dataset(inputs=data.inputs, targets=1e3 * data.targets)
    solver = ReluNetwork(capacity=1, n_starts=0, tolerance=1e-8)
    first, second = (solve(x, solver, rng=np.random.default_rng(12)) for x in (data, scaled))
    np.testing.assert_allclose(first.representation, second.representation, atol=1e-5)
    np.testing.assert_allclose(1e3 * first.heads, second.heads, rtol=1e-4)


def test_a_heavy_task_has_its_own_way():
    data = teachers(n_tasks=2, n_samples=50, noise=0.3)
    weights = np.array([[1e6, 1.0], [1.0, 1e6]])
    solver = ReluNetwork(capacity=1, task_weights=weights, tolerance=1e-9)
    shared = solve(data, solver, rng=np.random.default_rng(13))
    alone = solve(data, ReluSingleTask(tolerance=1e-9), rng=np.random.default_rng(13))
    np.testing.assert_allclose(shared.representation[0, 0], alone.representation[0, 0], atol=1e-3)
    np.testing.assert_allclose(shared.representation[1, 0], alone.representation[1, 1], atol=1e-3)


def test_a_penalty_shrinks_the_heads():
    data = teachers(n_samples=40, noise=0.3)
    sizes = [
        np.linalg.norm(
            solve(data, ReluNetwork(capacity=1, penalty=penalty), rng=np.random.default_rng(14)).heads
        )
        for penalty in (0.0, 10.0, 1e3)
    ]
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_local_minima_are_sorted_and_headed_by_the_solution():
    data = teachers(n_tasks=4, n_samples=15, noise=0.5)
    solver = ReluNetwork(capacity=1, n_starts=20, tolerance=1e-8)
    losses = relu_local_minima(data, solver, rng=np.random.default_rng(15))
    assert losses.shape == (2, 4 + 1 + 20)
    assert (np.diff(losses, axis=1) >= 0).all() and (losses[:, -1] > 1.01 * losses[:, 0]).all()
    best = solve(data, solver, rng=np.random.default_rng(15))
    np.testing.assert_allclose(training_loss(best, data), losses[:, 0], rtol=1e-6)


def test_inputs_in_a_half_space_wake_every_unit():
    # Half of all directions are at rest on positive inputs, and would stay so.
    rng = np.random.default_rng(16)
    inputs = rng.uniform(0.5, 1.5, (1, 30, D))
    targets = inputs @ np.array([1.0, -1.0, 0.5, 0.0, 0.0])
    data = Dataset(inputs=inputs, targets=targets[:, None])
    losses = relu_local_minima(data, ReluNetwork(capacity=1, n_starts=20), rng=rng)
    assert (losses < 0.99 * (targets**2).sum()).all()


def test_zero_targets_have_zero_heads():
    data = Dataset(inputs=np.random.default_rng(17).standard_normal((1, 20, D)), targets=np.zeros((1, 2, 20)))
    for solver in (ReluNetwork(capacity=2), ReluSingleTask(capacity=2)):
        solution = solve(data, solver, rng=np.random.default_rng(18))
        assert (solution.heads == 0).all() and np.isfinite(solution.representation).all()


def test_same_generator_same_bytes():
    data = teachers(n_samples=20, noise=0.5)
    for solver in (ReluNetwork(capacity=2), ReluSingleTask(capacity=2)):
        first, second = (solve(data, solver, rng=np.random.default_rng(19)) for _ in range(2))
        assert first.heads.tobytes() == second.heads.tobytes()


def test_too_few_iterations_are_an_outcome():
    data = teachers(n_samples=20, noise=0.5)
    for solver in (ReluNetwork(capacity=2, max_iterations=1), ReluSingleTask(max_iterations=1)):
        with pytest.raises(SolveError, match="allow more steps"):
            solve(data, solver, rng=np.random.default_rng(20))
        solution = solve(data, solver, rng=np.random.default_rng(20), throw=False)
        assert set(solution.outcomes) == {Outcome.NOT_CONVERGED} and np.isnan(solution.heads).all()


@pytest.mark.parametrize("make", [partial(ReluNetwork, capacity=1), ReluSingleTask], ids=["shared", "single"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity", 0),
        ("n_starts", -1),
        ("penalty", -1.0),
        ("penalty", np.nan),
        ("max_iterations", 0),
        ("tolerance", 0.0),
        ("tolerance", 1.0),
    ],
)
def test_settings_out_of_range_are_refused(make, field, value):
    with pytest.raises(ValueError, match=field):
        make(**{field: value})


def test_moments_and_wrong_weights_are_refused():
    data = teachers()
    rng = np.random.default_rng(21)
    for solver in (ReluNetwork(capacity=1), ReluSingleTask()):
        with pytest.raises(ValueError, match="pass the samples"):
            solve(data.moments(), solver, rng=rng)
    with pytest.raises(ValueError, match="task_weights"):
        solve(data, ReluNetwork(capacity=1, task_weights=[1.0, 0.0, 1.0]), rng=rng)
    with pytest.raises(ValueError, match="task_weights"):
        solve(data, ReluNetwork(capacity=1, task_weights=[1.0, 1.0]), rng=rng)
