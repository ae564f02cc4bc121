"""Gradient descent: its gradient, its end points against closed forms, its outcomes, its batches."""

import numpy as np
import pytest

from mtl_simulators import (
    Dataset,
    GradientDescent,
    Moments,
    Outcome,
    SharedRepresentation,
    SolveError,
    Truth,
    head_energy,
    make_linear,
    solve,
)
from mtl_simulators.geometry import make_gaussian_tasks, make_tasks_with_spectrum


class ScriptedNormal:
    """Stands in for a generator and deals out given starts, factor by factor."""

    def __init__(self, *draws):
        self.draws = list(draws)

    def standard_normal(self, shape):
        draw = self.draws.pop(0)
        assert draw.shape == shape
        return draw


def linear(*, shared, seed=0, n_replicates=3, n_samples=40):
    return make_linear(
        np.random.default_rng(seed),
        rank=3,
        n_tasks=4,
        n_features=6,
        n_samples=n_samples,
        shared_design=shared,
        n_replicates=n_replicates,
        noise=0.5,
    ).train


def ragged():
    return make_linear(
        np.random.default_rng(1), rank=2, n_tasks=3, n_features=4, n_samples=[9, 30, 14], n_replicates=2
    ).train


def loss(data, representation, heads):
    """The training loss of the docstring, from residuals: `(B,)`."""
    return data.squared_error(heads @ representation).sum(axis=-1) / (2 * data.n_tasks)


@pytest.mark.parametrize("data", [linear(shared=True), linear(shared=False), ragged()])
def test_a_step_follows_the_finite_difference_gradient_of_the_loss(data):
    one, two = (
        GradientDescent(capacity=2, learning_rate=rate, max_steps=1, initial_scale=1.0).fit(
            data, rng=np.random.default_rng(2)
        )
        for rate in (0.01, 0.02)
    )
    # Steps from one start at two rates give both the gradient and the start.
    gradients = [(getattr(one, f) - getattr(two, f)) / 0.01 for f in ("representation", "heads")]
    start = [2 * getattr(one, f) - getattr(two, f) for f in ("representation", "heads")]
    for factor in (0, 1):
        for index in np.ndindex(*start[factor].shape[1:]):
            shift = [np.zeros_like(start[0]), np.zeros_like(start[1])]
            shift[factor][:, *index] = 1e-5
            up, down = (loss(data, start[0] + s * shift[0], start[1] + s * shift[1]) for s in (1, -1))
            # Central differences of a quartic: an error of order h^2 = 1e-10 and rounding 1e-16 / h.
            assert np.allclose((up - down) / 2e-5, gradients[factor][:, *index], rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("capacity", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_descent_ends_at_the_global_minimum_of_a_shared_design(capacity, seed):
    data = linear(shared=True, seed=seed, n_replicates=5)
    solver = GradientDescent(capacity=capacity, learning_rate=0.5, max_steps=100_000)
    trained = solve(data, solver, rng=np.random.default_rng(seed))
    best = solve(data, SharedRepresentation(capacity=capacity), rng=np.random.default_rng(0))
    difference = data.squared_error(trained.weights).sum(-1) - data.squared_error(best.weights).sum(-1)
    # At a gradient of 1e-8 the loss is within its square of the least.
    assert np.abs(difference).max() < 1e-13
    assert np.allclose(trained.weights, best.weights, atol=1e-5)


@pytest.mark.parametrize("data, stuck", [(linear(shared=False), [2]), (ragged(), [])])
def test_descent_ends_where_alternating_searches_of_separate_designs_do(data, stuck):
    solver = GradientDescent(capacity=2, learning_rate=0.3, max_steps=100_000)
    trained = solve(data, solver, rng=np.random.default_rng(0))
    reached = loss(data, trained.representation, trained.heads)
    rng = np.random.default_rng(1)
    for b in range(data.n_replicates):
        found = np.array([alternate(rng, data, b) for _ in range(12)])
        assert np.abs(reached[b] - found).min() < 1e-8 * reached[b]
        # Different Gram matrices can have local minima: replicate 2 ends 1.6 % above the global one.
        assert (reached[b] > found.min() * (1 + 1e-6)) == (b in stuck)


def test_separate_designs_have_local_minima_for_small_and_large_starts():
    data = linear(shared=False)
    copies = Dataset(
        inputs=np.repeat(data.inputs[2:], 8, axis=0), targets=np.repeat(data.targets[2:], 8, axis=0)
    )
    for scale in (1e-4, 1.0):
        solver = GradientDescent(capacity=2, learning_rate=0.3, max_steps=100_000, initial_scale=scale)
        trained = solve(copies, solver, rng=np.random.default_rng(0))
        ends = loss(copies, trained.representation, trained.heads)
        # Frozen from alternating least squares: the two ends of its random starts.
        assert set(ends.round(7)) == {0.3538604, 0.3594755}


def alternate(rng, data, b, *, capacity=2, sweeps=1000):
    """Alternating least squares from a random start, each half step exact: the loss where it ends."""
    root = 1 / np.sqrt(data.counts)
    inputs = root[:, None, None] * data.inputs[b]
    targets = root[:, None] * data.targets[b]
    representation = rng.standard_normal((capacity, inputs.shape[-1]))
    value, previous = np.inf, np.inf
    for _ in range(sweeps):
        heads = np.stack(
            [np.linalg.lstsq(x @ representation.T, y)[0] for x, y in zip(inputs, targets, strict=True)]
        )
        rows = (heads[:, None, :, None] * inputs[:, :, None, :]).reshape(-1, representation.size)
        representation = np.linalg.lstsq(rows, targets.ravel())[0].reshape(representation.shape)
        residuals = np.einsum("tnd,td->tn", inputs, heads @ representation) - targets
        value = (residuals**2).sum() / (2 * data.n_tasks)
        if previous - value < 1e-13 * value:
            break
        previous = value
    return value


def population(spectrum, *, n_replicates=1, d=5, n_tasks=4):
    weights = make_tasks_with_spectrum(
        np.random.default_rng(3), spectrum=spectrum, n_tasks=n_tasks, n_features=d, n_replicates=n_replicates
    )
    truth = Truth(weights=weights, covariance=np.eye(d), noise=np.zeros(n_tasks))
    return truth.population_moments()


def test_a_small_start_ends_balanced():
    # d = 20, T = 6, k = 2, isotropic population: |Gamma|^2 / T is sum of singular values / T, where the SVD
    # solution of Daras et al. (2022) has the sum of their squares.
    weights = make_gaussian_tasks(np.random.default_rng(4), n_tasks=6, n_features=20, n_replicates=5)
    truth = Truth(weights=3 * weights, covariance=np.eye(20), noise=np.zeros(6))
    solver = GradientDescent(capacity=2, learning_rate=0.5, max_steps=100_000)
    trained = solve(truth.population_moments(), solver, rng=np.random.default_rng(5))
    top = np.linalg.svd(truth.weights, compute_uv=False)[:, :2]
    # W W' - Gamma'Gamma of the start, of order 20 x 1e-6, is what the flow conserves.
    assert np.allclose(head_energy(trained), top.sum(axis=-1) / 6, rtol=2e-5)
    gap = trained.representation @ trained.representation.mT - trained.heads.mT @ trained.heads
    assert np.abs(gap).max() < 1e-3
    svd = solve(truth.population_moments(), SharedRepresentation(capacity=2), rng=np.random.default_rng(0))
    assert np.allclose(head_energy(svd), (top**2).sum(axis=-1) / 6, rtol=1e-12)


def test_a_saddle_is_not_an_end():
    # Where one of two directions is learned and the other still 1e-10, the gradient is 1e-11.
    solver = GradientDescent(capacity=2, learning_rate=1.0, initial_scale=1e-10, max_steps=100_000)
    trained = solve(population([1.0, 0.1]), solver, rng=np.random.default_rng(6))
    assert np.allclose(np.linalg.svd(trained.weights, compute_uv=False)[0, :2], [1.0, 0.1], rtol=1e-6)


def test_more_hidden_units_than_the_rank_converge_too():
    solver = GradientDescent(capacity=3, learning_rate=1.0, max_steps=100_000, initial_scale=1e-8)
    trained = solve(population([1.0, 0.5], n_replicates=4), solver, rng=np.random.default_rng(7))
    assert np.allclose(np.linalg.svd(trained.weights, compute_uv=False)[:, 1], 0.5, rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_convergence_does_not_depend_on_the_unit_of_the_targets(unit):
    moments = population([1.0, 0.5], n_replicates=3)
    scaled = Moments(
        gram=moments.gram, cross=unit * moments.cross, energy=unit**2 * moments.energy, n_samples=np.ones(4)
    )
    # Weights of size `unit` have factors of its root, so rates and starts scale too.
    solver = GradientDescent(
        capacity=2, learning_rate=0.5 / unit, max_steps=5000, initial_scale=1e-3 * unit**0.5
    )
    trained = solve(scaled, solver, rng=np.random.default_rng(8))
    assert np.allclose(np.linalg.svd(trained.weights, compute_uv=False)[:, :2], [unit, unit / 2], rtol=1e-6)


def test_a_rate_that_is_too_large_diverges():
    data = linear(shared=True)
    solver = GradientDescent(capacity=2, learning_rate=50.0)
    solution = solve(data, solver, rng=np.random.default_rng(9), throw=False)
    assert solution.outcomes == (Outcome.DIVERGED,) * 3
    assert np.isnan(solution.weights).all()
    with pytest.raises(SolveError, match=r"3 of 3 .* DIVERGED: .* use a smaller learning rate"):
        solve(data, solver, rng=np.random.default_rng(9))


@pytest.mark.parametrize("rate", [1e3, 1e80, 1e160, 1e300])
@pytest.mark.parametrize("unit", [1.0, 1e10])
def test_overflow_at_any_step_is_divergence(rate, unit):
    # Norms overflow at 1e154, products at 1e308: with one task of one feature nothing becomes NaN first.
    data = Dataset(inputs=unit * np.array([[[1.0], [2.0]]]), targets=unit * np.array([[[2.0, 1.0]]]))
    solver = GradientDescent(capacity=1, learning_rate=rate)
    solution = solve(data, solver, rng=np.random.default_rng(0), throw=False)
    assert solution.outcomes == (Outcome.DIVERGED,)


def test_too_few_steps_do_not_converge():
    data = linear(shared=True)
    solver = GradientDescent(capacity=2, learning_rate=0.5, max_steps=10)
    solution = solve(data, solver, rng=np.random.default_rng(10), throw=False)
    assert solution.outcomes == (Outcome.NOT_CONVERGED,) * 3
    with pytest.raises(SolveError, match=r"NOT_CONVERGED: .* allow more steps"):
        solve(data, solver, rng=np.random.default_rng(10))


def test_each_replicate_has_its_own_outcome():
    # Inputs a thousand times as large make the same rate too large; targets a thousandth as large, too small.
    calm = linear(shared=True)
    inputs, targets = calm.inputs.copy(), calm.targets.copy()
    inputs[0] *= 1e3
    targets[2] *= 1e-3
    mixed = Dataset(inputs=inputs, targets=targets)
    solver = GradientDescent(capacity=2, learning_rate=0.5, max_steps=3000)
    solution = solve(mixed, solver, rng=np.random.default_rng(11), throw=False)
    assert solution.outcomes == (Outcome.DIVERGED, Outcome.SUCCESS, Outcome.NOT_CONVERGED)
    assert np.isfinite(solution.weights).all(axis=(1, 2)).tolist() == [False, True, False]
    assert np.isnan(solution.weights[[0, 2]]).all()
    alone = solve(calm, solver, rng=np.random.default_rng(11), throw=False)
    assert np.array_equal(solution.weights[1], alone.weights[1])


@pytest.mark.parametrize("data", [linear(shared=True, n_replicates=6), linear(shared=False, n_replicates=6)])
def test_a_batch_is_its_replicates_one_by_one(data):
    rng = np.random.default_rng(12)
    starts = rng.standard_normal((6, 2, 6)), rng.standard_normal((6, 4, 2))
    solver = GradientDescent(capacity=2, learning_rate=0.3, max_steps=50_000)
    batch = solver.fit(data, rng=ScriptedNormal(*starts))
    for b in range(6):
        part = slice(b, b + 1)
        alone = Dataset(inputs=data.inputs[part], targets=data.targets[part])
        one = solver.fit(alone, rng=ScriptedNormal(*(s[part] for s in starts)))
        assert one.outcomes[0] is batch.outcomes[b] is Outcome.SUCCESS
        # Bit for bit: a replicate stops at its own last step, whoever still trains.
        assert np.array_equal(one.representation[0], batch.representation[b])
        assert np.array_equal(one.heads[0], batch.heads[b])


def test_more_steps_do_not_move_what_has_converged():
    data = linear(shared=True)
    enough, more = (
        solve(
            data,
            GradientDescent(capacity=2, learning_rate=0.5, max_steps=steps),
            rng=np.random.default_rng(13),
        )
        for steps in (20_000, 40_000)
    )
    assert enough.weights.tobytes() == more.weights.tobytes()


def test_a_tighter_tolerance_ends_nearer():
    data = linear(shared=True)
    best = solve(data, SharedRepresentation(capacity=2), rng=np.random.default_rng(0)).weights
    distances = []
    for tolerance in (1e-3, 1e-6, 1e-9):
        solver = GradientDescent(capacity=2, learning_rate=0.5, max_steps=50_000, tolerance=tolerance)
        trained = solve(data, solver, rng=np.random.default_rng(14)).weights
        distances.append(np.abs(trained - best).max())
    assert distances[0] > 100 * distances[1] > 1e4 * distances[2]


def test_single_precision_trains_in_single_precision():
    double = linear(shared=True)
    single = Dataset(inputs=double.inputs.astype(np.float32), targets=double.targets.astype(np.float32))
    solver = GradientDescent(capacity=2, learning_rate=0.5, max_steps=20_000, tolerance=1e-5)
    low, high = (solve(data, solver, rng=np.random.default_rng(15)) for data in (single, double))
    assert low.weights.dtype == np.float32
    assert np.abs(low.weights - high.weights).max() < 1e-3


def test_samples_and_moments_take_the_same_path():
    data = linear(shared=False)
    solver = GradientDescent(capacity=2, learning_rate=0.3, max_steps=20_000)
    one, two = (solve(form, solver, rng=np.random.default_rng(16)) for form in (data, data.moments()))
    assert one.weights.tobytes() == two.weights.tobytes()


@pytest.mark.parametrize("name", ["learning_rate", "tolerance", "initial_scale"])
@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_bad_settings_are_refused(name, bad):
    with pytest.raises(ValueError, match=f"{name} must be positive and finite, got"):
        GradientDescent(**{"capacity": 1, "learning_rate": 0.1, name: bad})


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="capacity must be an integer of at least 1, got 0"):
        GradientDescent(capacity=0, learning_rate=0.1)
    with pytest.raises(ValueError, match="max_steps must be an integer of at least 1, got 0"):
        GradientDescent(capacity=1, learning_rate=0.1, max_steps=0)
    with pytest.raises(ValueError, match=r"capacity r = 5 exceeds min\(d, T\) = 4"):
        solve(
            linear(shared=True), GradientDescent(capacity=5, learning_rate=0.1), rng=np.random.default_rng(0)
        )
