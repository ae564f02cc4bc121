"""One table: every solver on every kind of design is usable or ends with the documented outcome."""

import numpy as np
import pytest

from mtl_simulators import (
    Dataset,
    GradientDescent,
    MinimumNorm,
    Outcome,
    Pooled,
    Ridge,
    SharedRepresentation,
    SingleTask,
    TruncatedSVD,
    make_linear,
    solve,
)

N_FEATURES, N_REPLICATES, FEW, MANY = 6, 3, 4, 15

SOLVERS = {
    "single task": SingleTask(),
    "minimum norm": MinimumNorm(),
    "ridge": Ridge(penalty=0.5),
    "pooled": Pooled(),
    "shared representation": SharedRepresentation(capacity=1),
    "truncated SVD": TruncatedSVD(capacity=1),
    "gradient descent": GradientDescent(capacity=1, learning_rate=0.2, max_steps=100_000),
}
# Solvers that need least squares of every task to be unique.
DETERMINED = {"single task", "shared representation", "truncated SVD"}


def expected(name, *, shared, n_samples, n_tasks):
    """The documented outcome, or the error that says why the solver does not apply."""
    if name == "shared representation" and not shared and n_tasks > 1:
        return ValueError
    rows = n_samples if shared else n_samples * n_tasks  # distinct rows of the union
    if (name in DETERMINED and n_samples < N_FEATURES) or (name == "pooled" and rows < N_FEATURES):
        return Outcome.RANK_DEFICIENT
    return Outcome.SUCCESS


def make(*, shared, n_samples, n_tasks):
    return make_linear(
        np.random.default_rng(0),
        rank=1,
        n_tasks=n_tasks,
        n_features=N_FEATURES,
        n_samples=n_samples,
        shared_design=shared,
        n_replicates=N_REPLICATES,
        noise=0.5,
    )


def forms(problem):
    return {"problem": problem, "samples": problem.train, "moments": problem.train.moments()}


@pytest.mark.parametrize("form", ["problem", "samples", "moments"])
@pytest.mark.parametrize("n_tasks", [1, 4])
@pytest.mark.parametrize("n_samples", [FEW, MANY])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("name", SOLVERS)
def test_solvers_are_usable_or_say_what_is_wrong(name, shared, n_samples, n_tasks, form):
    setting = {"shared": shared, "n_samples": n_samples, "n_tasks": n_tasks}
    data, solver = forms(make(**setting))[form], SOLVERS[name]
    outcome = expected(name, **setting)
    if outcome is ValueError:
        with pytest.raises(
            ValueError, match=r"different Gram matrices, .* use TruncatedSVD or GradientDescent"
        ):
            solve(data, solver, rng=np.random.default_rng(1))
        return
    solution = solve(data, solver, rng=np.random.default_rng(1), throw=False)
    assert solution.outcomes == (outcome,) * N_REPLICATES
    r = solution.representation.shape[1]
    assert solution.representation.shape == (N_REPLICATES, r, N_FEATURES)
    assert solution.heads.shape == (N_REPLICATES, n_tasks, r)
    assert solution.weights.shape == (N_REPLICATES, n_tasks, N_FEATURES)
    assert solution.weights.dtype == np.float64
    assert solution.seconds >= 0
    check = np.isfinite if outcome.usable else np.isnan
    for array in (solution.representation, solution.heads, solution.weights):
        assert check(array).all()
    again = solve(data, solver, rng=np.random.default_rng(1), throw=False)
    assert solution.weights.tobytes() == again.weights.tobytes()


@pytest.mark.parametrize("n_tasks", [1, 4])
@pytest.mark.parametrize("n_samples", [FEW, MANY])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("name", SOLVERS)
def test_samples_and_moments_lead_to_the_same_weights(name, shared, n_samples, n_tasks):
    setting = {"shared": shared, "n_samples": n_samples, "n_tasks": n_tasks}
    if expected(name, **setting) is not Outcome.SUCCESS:
        pytest.skip("no solution to compare")
    data = make(**setting).train
    one, two = (solve(form, SOLVERS[name], rng=np.random.default_rng(1)) for form in (data, data.moments()))
    assert np.allclose(one.weights, two.weights, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("name", [name for name in SOLVERS if name != "gradient descent"])
def test_a_batch_is_its_replicates_one_by_one(name, shared):
    setting = {"shared": shared, "n_samples": MANY, "n_tasks": 4}
    if expected(name, **setting) is not Outcome.SUCCESS:
        pytest.skip("no solution to compare")
    data = make(**setting).train
    batch = solve(data, SOLVERS[name], rng=np.random.default_rng(1)).weights
    for b in range(N_REPLICATES):
        one = Dataset(inputs=data.inputs[b : b + 1], targets=data.targets[b : b + 1])
        alone = solve(one, SOLVERS[name], rng=np.random.default_rng(1)).weights[0]
        assert np.array_equal(alone, batch[b])


@pytest.mark.parametrize("name", SOLVERS)
def test_the_order_of_tasks_does_not_matter(name):
    data = make(shared=True, n_samples=MANY, n_tasks=4).train
    order = [2, 0, 3, 1]
    permuted = Dataset(inputs=data.inputs, targets=data.targets[:, order])
    one, two = (solve(form, SOLVERS[name], rng=np.random.default_rng(1)).weights for form in (data, permuted))
    # Gradient descent ends within its tolerance of the optimum, from wherever it starts.
    tolerance = 1e-6 if name == "gradient descent" else 1e-12
    assert np.allclose(one[:, order], two, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in SOLVERS if name != "gradient descent"])
def test_estimates_are_linear_in_the_scale_of_the_targets(name):
    data = make(shared=True, n_samples=MANY, n_tasks=4).train
    for factor in (1e-150, 1e-6, 1e6):
        scaled = Dataset(inputs=data.inputs, targets=factor * data.targets)
        one, two = (solve(form, SOLVERS[name], rng=np.random.default_rng(1)) for form in (data, scaled))
        assert np.allclose(factor * one.weights, two.weights, rtol=1e-9, atol=1e-12 * factor)
        assert one.outcomes == two.outcomes


@pytest.mark.parametrize("form", ["samples", "moments"])
@pytest.mark.parametrize("name", SOLVERS)
def test_single_precision_is_accepted(name, form):
    data = make(shared=True, n_samples=MANY, n_tasks=4).train
    single = Dataset(inputs=data.inputs.astype(np.float32), targets=data.targets.astype(np.float32))
    solver = SOLVERS[name]
    if name == "gradient descent":
        solver = GradientDescent(capacity=1, learning_rate=0.2, max_steps=100_000, tolerance=1e-5)
    low, high = (
        solve(forms_of[form], solver, rng=np.random.default_rng(1))
        for forms_of in ({"samples": d, "moments": d.moments()} for d in (single, data))
    )
    assert low.weights.dtype == np.float32 and low.usable
    # Condition numbers up to 10, squared by the moments: 1e2 u, and as much again for the subspace.
    assert np.abs(low.weights - high.weights).max() < 3e-4
