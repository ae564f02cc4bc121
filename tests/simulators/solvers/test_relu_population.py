"""One shared ReLU unit in the population: what the arc-cosine kernel says, found by training.

For Gaussian inputs in the plane of two teachers, radius and angle are independent and the radius is a common
factor. Evenly spaced angles are then the population itself, up to a quadrature error of order n^-2.
Source: Wu, Zhang and Ré (2020), objective (10) and Theorem 9; Cho and Saul (2009) for the kernel.
"""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from mtl_simulators.problems import Dataset, make_relu
from mtl_simulators.solvers import ReluNetwork, ReluSingleTask, TwoTaskGlobal, relu_local_minima, solve

N_ANGLES = 4000


def kernel(angle):
    """E[ReLU(x u) ReLU(x v)] / (1/2) for unit u, v at an angle."""
    return np.cos(angle) + (np.sin(angle) - angle * np.cos(angle)) / np.pi


def population(angle, n_angles=N_ANGLES):
    """Two teachers sqrt(2) ReLU at half the angle on either side of the first axis, unit mean energy each."""
    turn = (np.arange(n_angles) + 0.5) * 2 * np.pi / n_angles
    inputs = np.sqrt(2) * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    teachers = np.array([[np.cos(angle / 2), np.sin(angle / 2)], [np.cos(angle / 2), -np.sin(angle / 2)]])
    targets = np.sqrt(2) * np.maximum(teachers @ inputs.T, 0.0)
    return Dataset(inputs=inputs[None], targets=targets[None])


def offset_of_the_best_unit(angle):
    """Angle between the bisector and the maximiser of g^2(a/2 + x) + g^2(a/2 - x)."""

    def loss(x):
        return -(kernel(angle / 2 + x) ** 2) - kernel(angle / 2 - x) ** 2

    grid = np.linspace(0, angle / 2 + 0.2, 2001)
    best = grid[np.argmin(loss(grid))]
    low, high = max(best - 2e-3, 0.0), best + 2e-3
    return minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x


@pytest.mark.parametrize(("angle", "expected"), [(1.0, 0.0), (1.30, 0.0), (1.50, 0.144), (1.60, 0.478)])
def test_the_best_unit_leaves_the_bisector(angle, expected):
    assert offset_of_the_best_unit(angle) == pytest.approx(expected, abs=1e-3)
    solver = ReluNetwork(capacity=1, n_starts=2, tolerance=1e-8)
    solution = solve(population(angle, 20_000), solver, rng=np.random.default_rng(0))
    first, second = solution.representation[0, 0]
    offset = abs(np.arctan2(second, first))
    # At 1.50 the valley is flat (its depth is 6e-6), so offsets are known less well than losses.
    assert offset == pytest.approx(offset_of_the_best_unit(angle), abs=2e-3)
    assert offset == pytest.approx(expected, abs=3e-3)


def test_symmetry_breaks_where_the_squared_kernel_has_its_inflection():
    step = 1e-4

    def curvature(x):
        return (kernel(x + step) ** 2 - 2 * kernel(x) ** 2 + kernel(x - step) ** 2) / step**2

    pitchfork = 2 * brentq(curvature, 0.5, 1.0)
    assert pitchfork == pytest.approx(1.4906, abs=1e-4)
    rng = np.random.default_rng(1)
    solver = ReluNetwork(capacity=1, n_starts=2, tolerance=1e-8)
    for angle, broken in ((pitchfork - 0.05, False), (pitchfork + 0.05, True)):
        second = solve(population(angle), solver, rng=rng).representation[0, 0, 1]
        assert (abs(second) > 0.1) == broken


def test_beyond_it_there_are_two_mirror_minima_and_worse_ones():
    losses = relu_local_minima(
        population(1.6), ReluNetwork(capacity=1, n_starts=6), rng=np.random.default_rng(2)
    )[0]
    x = offset_of_the_best_unit(1.6)
    best = 2 - kernel(0.8 + x) ** 2 - kernel(0.8 - x) ** 2
    np.testing.assert_allclose(losses[0] / N_ANGLES, best, rtol=1e-6)
    assert losses[-1] > 1.005 * losses[0]


@pytest.mark.parametrize("cosine", [1.0, 0.96, 0.8, 0.5, 0.0, -0.5])
def test_a_large_source_leaves_the_target_one_minus_squared_kernel(cosine):
    angle = np.arccos(cosine)
    solver = ReluNetwork(capacity=1, n_starts=2, task_weights=[1e8, 1.0], tolerance=1e-10)
    data = population(angle)
    solution = solve(data, solver, rng=np.random.default_rng(3))
    risk = ((solution.predict(data.inputs) - data.targets) ** 2)[0, 1].mean()
    assert risk == pytest.approx(1 - kernel(angle) ** 2, abs=1e-5)


def test_relu_tasks_of_opposite_sign_cannot_share_where_linear_ones_can():
    # ReLU(x) and ReLU(-x) never fire together: the best shared unit is one task's own and leaves the other.
    data = population(np.pi)
    rng = np.random.default_rng(4)
    solution = solve(data, ReluNetwork(capacity=1), rng=rng)
    error = ((solution.predict(data.inputs) - data.targets) ** 2)[0].mean(axis=-1)
    assert sorted(error) == pytest.approx([0.0, 1.0], abs=1e-4)
    opposite = Dataset(inputs=data.inputs, targets=np.stack([data.inputs[..., 1], -data.inputs[..., 1]], 1))
    linear = solve(opposite, TwoTaskGlobal(), rng=rng)
    np.testing.assert_allclose(linear.predict(data.inputs), opposite.targets, atol=1e-6)


# Risks on finite samples: cosine, source samples, tabulated risk (its error is not stated). Target 40 rows,
# d = 20, noise 0.3, amplitude sqrt(2). Cells with many source samples, where the best minimum of the loss and
# the one next to the truth are the same; with few, a global search ends elsewhere.
CELLS = [(1.0, 200, 0.011), (0.96, 1000, 0.081), (0.8, 1000, 0.33), (0.5, 1000, 0.65), (-0.5, 1000, 1.00)]
REPLICATES = 16


@pytest.mark.parametrize(("cosine", "n_source", "expected"), CELLS)
def test_finite_samples_reach_the_tabulated_risks(cosine, n_source, expected):
    # 4.5 standard errors of 16 replicates plus half a unit of the last digit: one false alarm in 30,000 runs.
    neurons = np.zeros((2, 1, 20))
    neurons[0, 0, 0], neurons[1, 0, :2] = 1.0, (cosine, np.sqrt(1 - cosine**2))
    rng = np.random.default_rng(5)
    problem = make_relu(
        rng,
        n_samples=[n_source, 40],
        neurons=neurons,
        amplitudes=np.sqrt(2),
        noise=0.3,
        n_replicates=REPLICATES,
    )
    solution = solve(problem, ReluNetwork(capacity=1, n_starts=0), rng=rng)
    risk = problem.truth.excess_risk(solution.representation[:, None], solution.heads)[:, 1]
    error = risk.std(ddof=1) / np.sqrt(REPLICATES)
    assert abs(risk.mean() - expected) < 4.5 * error + (0.0005 if expected < 0.1 else 0.005)


def test_a_like_source_helps_and_an_unlike_one_harms():
    # Medians: the single-task risk has a heavy tail. Mann-Whitney on 24 replicates at p < 1e-4 either way.
    from scipy.stats import mannwhitneyu

    for cosine, alternative in ((1.0, "less"), (-0.5, "greater")):
        neurons = np.zeros((2, 1, 20))
        neurons[0, 0, 0], neurons[1, 0, :2] = 1.0, (cosine, np.sqrt(1 - cosine**2))
        rng = np.random.default_rng(6)
        problem = make_relu(
            rng, n_samples=[400, 40], neurons=neurons, amplitudes=np.sqrt(2), noise=0.3, n_replicates=24
        )
        shared = solve(problem, ReluNetwork(capacity=1, n_starts=0), rng=rng)
        alone = solve(problem, ReluSingleTask(n_starts=4), rng=rng)
        risks = [problem.truth.excess_risk(s.representation[:, None], s.heads)[:, 1] for s in (shared, alone)]
        assert mannwhitneyu(risks[0], risks[1], alternative=alternative).pvalue < 1e-4
