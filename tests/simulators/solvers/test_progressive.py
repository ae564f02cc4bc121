"""Progressive training: the stages it sees, the stage it keeps."""

import numpy as np
import pytest

from mtl_simulators import excess_risk
from mtl_simulators.problems import Dataset, make_linear
from mtl_simulators.solvers import (
    Pooled,
    ProgressiveTraining,
    ReluNetwork,
    SingleTask,
    SolveError,
    TwoTaskGlobal,
    solve,
)
from mtl_simulators.solvers._splits import hold_out


def pair(cosine, *, n_samples=(900, 60), noise=0.5, n_replicates=3, seed=0, d=10):
    weights = np.zeros((2, d))
    weights[0, 0], weights[1, :2] = 1.0, (cosine, np.sqrt(1 - cosine**2))
    return make_linear(
        np.random.default_rng(seed),
        weights=weights,
        n_samples=n_samples,
        noise=noise,
        n_replicates=n_replicates,
        n_test=50,
    )


def test_a_stage_is_the_solver_on_the_first_source_samples():
    problem = pair(0.8)
    training = ProgressiveTraining(solver=Pooled(), n_stages=4, validation=problem.test)
    progress = training.train(problem.train, rng=np.random.default_rng(1))
    errors = []
    for n in (225, 450, 675, 900):
        weights = []
        for b in range(3):
            x, y = problem.train.inputs[b], problem.train.targets[b]
            stage = Dataset.from_tasks([x[0, :n], x[1, :60]], [y[0, :n], y[1, :60]])
            weights.append(solve(stage, Pooled(), rng=np.random.default_rng(2)).weights[0])
        errors.append(problem.test.squared_error(np.stack(weights))[:, 1])
    np.testing.assert_allclose(progress.errors, errors, rtol=1e-9)
    assert set(progress.n_source) <= {225, 450, 675, 900}
    np.testing.assert_array_equal(progress.n_source, 225 * progress.stages)


def test_it_keeps_the_stage_before_the_first_that_is_worse():
    problem = pair(0.95, n_replicates=30)
    training = ProgressiveTraining(solver=TwoTaskGlobal(), n_stages=8, validation=problem.test)
    progress = training.train(problem.train, rng=np.random.default_rng(3))
    for b, stage in enumerate(progress.stages):
        errors = progress.errors[:, b]
        assert (np.diff(errors[:stage]) <= 0).all()
        assert stage == 8 or errors[stage] > errors[stage - 1]
    assert len(set(progress.stages)) > 2
    fit = solve(problem, training, rng=np.random.default_rng(3))
    kept = problem.test.squared_error(fit.weights)[:, 1]
    np.testing.assert_allclose(kept, progress.errors[progress.stages - 1, np.arange(30)], rtol=1e-9)


def test_it_stops_at_an_error_that_is_good_enough():
    problem = pair(1.0, n_replicates=20)
    free = ProgressiveTraining(solver=Pooled(), n_stages=8, validation=problem.test)
    easy = ProgressiveTraining(solver=Pooled(), n_stages=8, validation=problem.test, target_error=10.0)
    rng = np.random.default_rng(4)
    assert (easy.train(problem.train, rng=rng).stages == 1).all()
    never = ProgressiveTraining(solver=Pooled(), n_stages=8, validation=problem.test, target_error=0.0)
    np.testing.assert_array_equal(
        never.train(problem.train, rng=rng).stages, free.train(problem.train, rng=rng).stages
    )


def test_a_harmful_source_is_cut_off_and_pooling_all_of_it_is_worse():
    problem = pair(0.5, n_samples=(1200, 80), n_replicates=30)
    rng = np.random.default_rng(5)
    training = ProgressiveTraining(solver=Pooled(), n_stages=15, validation_fraction=0.3)
    stopped = solve(problem, training, rng=rng)
    pooled = solve(problem, Pooled(), rng=rng)
    gain = (excess_risk(pooled.weights, problem.truth) - excess_risk(stopped.weights, problem.truth))[:, 1]
    # One-sided at 4.5 standard errors.
    assert gain.mean() > 4.5 * gain.std(ddof=1) / np.sqrt(30)


def test_the_second_task_can_be_the_source():
    problem = pair(0.8)
    turned, held = (
        Dataset(inputs=d.inputs[:, ::-1], targets=d.targets[:, ::-1], n_samples=d.counts[::-1])
        for d in (problem.train, problem.test)
    )
    first = ProgressiveTraining(solver=Pooled(), validation=problem.test)
    second = ProgressiveTraining(solver=Pooled(), validation=held, source=1)
    rng = np.random.default_rng(6)
    np.testing.assert_allclose(
        first.train(problem.train, rng=rng).errors, second.train(turned, rng=rng).errors, rtol=1e-9
    )


def test_networks_train_progressively_too():
    rng = np.random.default_rng(7)
    inputs = rng.standard_normal((2, 2, 60, 3))
    targets = np.maximum(inputs[..., 0], 0.0)
    data = Dataset(inputs=inputs, targets=targets)
    solution = solve(data, ProgressiveTraining(solver=ReluNetwork(capacity=1), n_stages=3), rng=rng)
    np.testing.assert_allclose(solution.predict(inputs), targets, atol=1e-3)


def test_stages_that_fail_are_never_kept_before_others():
    # The first stage leaves the union without full rank; its error counts as infinite.
    problem = pair(0.9, n_samples=(60, 6), d=10)
    training = ProgressiveTraining(solver=Pooled(), n_stages=20, validation=problem.test)
    progress = training.train(problem.train, rng=np.random.default_rng(8))
    assert np.isinf(progress.errors[0]).all() and (progress.stages > 1).all()
    with pytest.raises(SolveError):
        solve(problem, ProgressiveTraining(solver=SingleTask(), n_stages=2), rng=np.random.default_rng(8))


def test_same_generator_same_bytes():
    problem = pair(0.8)
    first, second = (
        solve(problem, ProgressiveTraining(solver=Pooled()), rng=np.random.default_rng(9)).weights.tobytes()
        for _ in range(2)
    )
    assert first == second


def test_wrong_calls_are_refused():
    problem = pair(0.8)
    rng = np.random.default_rng(10)
    for fields in ({"n_stages": 1}, {"source": 2}):
        with pytest.raises(ValueError, match=next(iter(fields))):
            ProgressiveTraining(solver=Pooled(), **fields)
    training = ProgressiveTraining(solver=Pooled())
    three = make_linear(rng, alignment=0.1, n_tasks=3, n_features=4, n_samples=20).train
    shared = make_linear(rng, alignment=0.1, n_tasks=2, n_features=4, n_samples=20, shared_design=True).train
    for data, message in ((three, "3 tasks"), (shared, "shared design"), (three.moments(), "samples")):
        with pytest.raises(ValueError, match=message):
            solve(data, training, rng=rng)
    with pytest.raises(ValueError, match="validation data have"):
        solve(problem, ProgressiveTraining(solver=Pooled(), validation=pair(0.8, d=9).test), rng=rng)
    with pytest.raises(ValueError, match="ask for fewer"):
        solve(pair(0.8, n_samples=(8, 60)), training, rng=rng)
    with pytest.raises(ValueError, match="fraction"):
        solve(problem, ProgressiveTraining(solver=Pooled(), validation_fraction=1.5), rng=rng)


@pytest.mark.parametrize("shared", [True, False])
def test_samples_held_out_are_the_rest(shared):
    rng = np.random.default_rng(11)
    n = [20, 20] if shared else [20, 7]
    data = make_linear(
        rng, alignment=0.1, n_tasks=2, n_features=3, n_samples=n, shared_design=shared, n_replicates=2
    ).train
    kept, held = hold_out(rng, data, 0.3)
    assert held.counts.tolist() == [6, 6 if shared else 2]
    np.testing.assert_array_equal(kept.counts + held.counts, n)
    both = kept.moments(), held.moments()
    np.testing.assert_allclose(both[0].gram + both[1].gram, data.moments().gram, atol=1e-12)
    np.testing.assert_allclose(both[0].cross + both[1].cross, data.moments().cross, atol=1e-12)


def test_one_sample_cannot_be_on_both_sides():
    data = Dataset(inputs=np.ones((1, 1, 2)), targets=np.ones((1, 1, 1)))
    with pytest.raises(ValueError, match="one sample"):
        hold_out(np.random.default_rng(12), data, 0.5)
