"""The verb: what a solver is handed, what comes back, and how a failure is told."""

import dataclasses
import inspect

import numpy as np
import pytest

from mtl_simulators import Dataset, GradientDescent, Outcome, SingleTask, SolveError, make_linear, solve
from mtl_simulators.solvers import Fit, Solver


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spy:
    """Notes what it is handed and returns what it is told."""

    fit_result: Fit
    calls: list = dataclasses.field(default_factory=list)

    def fit(self, *args, **kwargs):
        self.calls.append((args, kwargs))
        return self.fit_result


def fit_with(*outcomes):
    shape = (len(outcomes), 2, 3)
    return Fit(representation=np.ones(shape), heads=np.ones((len(outcomes), 4, 2)), outcomes=outcomes)


def problem():
    return make_linear(
        np.random.default_rng(0), rank=2, n_tasks=4, n_features=3, n_samples=9, n_replicates=3, n_test=5
    )


def test_a_solver_sees_the_training_samples_and_nothing_else():
    spy, rng, whole = Spy(fit_result=fit_with(*[Outcome.SUCCESS] * 3)), np.random.default_rng(0), problem()
    assert isinstance(spy, Solver)
    solve(whole, spy, rng=rng)
    ((args, kwargs),) = spy.calls
    assert args == (whole.train,) and kwargs == {"rng": rng}
    # Nothing that hangs on what it was handed leads to the truth or the test samples.
    assert {field.name for field in dataclasses.fields(args[0])} == {"inputs", "targets", "n_samples"}


def test_samples_and_moments_are_handed_on_as_they_are():
    for data in (problem().train, problem().train.moments()):
        spy = Spy(fit_result=fit_with(*[Outcome.SUCCESS] * 3))
        solve(data, spy, rng=np.random.default_rng(0))
        assert spy.calls[0][0] == (data,)


def test_the_generator_is_required_and_must_be_one():
    assert inspect.signature(solve).parameters["rng"].default is inspect.Parameter.empty
    with pytest.raises(TypeError, match="rng"):
        solve(problem(), SingleTask())
    for bad in (None, 0, np.random.RandomState(0)):
        with pytest.raises(
            ValueError, match=r"rng must be a numpy Generator, got .*; pass np.random.default_"
        ):
            solve(problem(), SingleTask(), rng=bad)


def test_same_generator_same_bytes():
    solver = GradientDescent(capacity=2, learning_rate=0.2, max_steps=300, tolerance=1e-2)
    one, two, other = (
        solve(problem(), solver, rng=np.random.default_rng(seed), throw=False) for seed in (1, 1, 2)
    )
    assert one.representation.tobytes() == two.representation.tobytes()
    assert one.heads.tobytes() == two.heads.tobytes()
    assert one.heads.tobytes() != other.heads.tobytes()


def test_deterministic_solvers_leave_the_generator_untouched():
    rng = np.random.default_rng(3)
    before = rng.bit_generator.state
    solve(problem(), SingleTask(), rng=rng)
    assert rng.bit_generator.state == before


def test_the_solution_carries_the_fit_the_outcomes_and_the_time():
    fit = fit_with(Outcome.SUCCESS, Outcome.TIED_SPECTRUM)
    solution = solve(problem(), Spy(fit_result=fit), rng=np.random.default_rng(0))
    assert solution.outcomes == (Outcome.SUCCESS, Outcome.TIED_SPECTRUM) and solution.usable
    assert isinstance(solution.outcomes, tuple)
    assert solution.seconds >= 0
    assert np.array_equal(solution.weights, fit.heads @ fit.representation)


BAD = [outcome for outcome in Outcome if not outcome.usable]


def test_usable_outcomes_are_the_two_that_answer_the_question():
    assert {o for o in Outcome if o.usable} == {Outcome.SUCCESS, Outcome.TIED_SPECTRUM}


@pytest.mark.parametrize("outcome", BAD)
def test_failures_raise_with_their_count_their_meaning_and_the_way_on(outcome):
    spy = Spy(fit_result=fit_with(Outcome.SUCCESS, outcome, outcome, Outcome.TIED_SPECTRUM))
    with pytest.raises(SolveError) as caught:
        solve(problem(), spy, rng=np.random.default_rng(0))
    message = str(caught.value)
    assert message.startswith(f"Spy: 2 of 4 replicates ended with {outcome.name}: ")
    assert outcome.value in message and "throw=False" in message


@pytest.mark.parametrize("outcome", BAD)
def test_without_throwing_failed_replicates_alone_hold_nan(outcome):
    fit = fit_with(Outcome.SUCCESS, outcome, Outcome.TIED_SPECTRUM)
    solution = solve(problem(), Spy(fit_result=fit), rng=np.random.default_rng(0), throw=False)
    assert solution.outcomes == fit.outcomes and not solution.usable
    for array, original in ((solution.representation, fit.representation), (solution.heads, fit.heads)):
        assert np.isnan(array[1]).all()
        assert np.array_equal(array[[0, 2]], original[[0, 2]])
    # The fit itself is left as it was.
    assert np.isfinite(fit.heads).all()


@pytest.mark.parametrize("outcome", BAD)
def test_every_failure_says_what_to_do(outcome):
    assert any(verb in outcome.value for verb in ("use ", "allow ", "add "))


def test_data_is_not_changed_by_a_solve():
    data = problem().train
    before = data.inputs.tobytes(), data.targets.tobytes()
    solve(data, SingleTask(), rng=np.random.default_rng(0))
    assert before == (data.inputs.tobytes(), data.targets.tobytes())
    assert isinstance(data, Dataset)
