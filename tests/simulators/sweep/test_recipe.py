"""The standard run: its rows against the same computation written out, and names that do not fit."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.metrics import excess_risk, transfer_gain
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import Pooled, Ridge, SingleTask, solve
from mtl_simulators.sweep import (
    MEASURES,
    PROBLEMS,
    SOLVERS,
    Levels,
    NamedSolver,
    Recipe,
    SweepSpec,
    run_block,
)


@pytest.fixture
def spec():
    return SweepSpec(
        run=Recipe(problem="linear", solvers=(NamedSolver(name="pooled"), NamedSolver(name="ridge"))),
        factors={"n_tasks": Levels(values=(2, 3)), "penalty": Levels(values=(0.5, 2.0))},
        constants={"n_features": 5, "n_samples": 30, "cosine": 0.4, "noise": 2.0},
        repeats=4,
    )


def test_rows_are_what_the_library_computes_step_by_step(spec):
    (table,) = run_block(spec, np.array([1])).tables
    point = {"n_tasks": 2, "penalty": 2.0}
    rng_problem, *rngs = np.random.default_rng(spec.point_seed(point)).spawn(4)
    drawn = PROBLEMS["linear"](rng_problem, 4, n_tasks=2, **spec.constants)
    solvers = {"single-task": SingleTask(), "pooled": Pooled(), "ridge": Ridge(penalty=2.0)}
    assert table["solver"].tolist() == [name for name in solvers for _ in range(4)]
    assert table["replicate"].tolist() == [0, 1, 2, 3] * 3
    assert list(table)[:4] == ["point", "row", "n_tasks", "penalty"]
    truth = Truth(
        weights=drawn.directions, covariance=np.eye(spec.constants["n_features"]), noise=np.zeros(2)
    )
    risks = [
        excess_risk(solve(drawn.data, solver, rng=rng).weights, truth)
        for solver, rng in zip(solvers.values(), rngs, strict=True)
    ]
    gains = [transfer_gain(risks[0], risk) for risk in risks]
    assert (gains[0] == 0).all()
    for name, values in {"risk": risks, "transfer_gain": gains}.items():
        assert (table[name] == np.concatenate(values).mean(axis=1)).all()
        assert (table[f"main_{name}"] == np.concatenate(values)[:, 0]).all()


def test_the_problem_has_the_cosine_and_noise_that_were_asked_for(spec):
    sizes = {**spec.constants, "n_samples": 2000}
    drawn = PROBLEMS["linear"](np.random.default_rng(0), 3, n_tasks=2, **sizes)
    first, second = drawn.directions[:, 0], drawn.directions[:, 1]
    cosines = (first * second).sum(-1) / np.linalg.norm(first, axis=-1) / np.linalg.norm(second, axis=-1)
    np.testing.assert_allclose(cosines, 0.4, atol=1e-12)
    # A residual of 2,000 samples has the standard deviation of the noise to 1.6 %; six of them, at 5 errors.
    residuals = np.sqrt(
        drawn.data.squared_error(solve(drawn.data, SingleTask(), rng=np.random.default_rng(1)).weights)
    )
    np.testing.assert_allclose(residuals, 2.0, rtol=0.08)


LABELLED = ("label-channel", "rotated-teacher")


@pytest.mark.parametrize("problem", sorted(PROBLEMS))
def test_every_problem_is_solved_and_measured(problem):
    linear = problem.startswith("linear")
    spec = SweepSpec(
        run=Recipe(
            problem=problem,
            solvers=(NamedSolver(name="truncated-svd", settings={"capacity": 1}),),
            measures=tuple(MEASURES) if linear else ("risk", "transfer_gain"),
        ),
        factors={"n_tasks": Levels(values=(2,)), "n_samples": Levels(values=(25,))},
        constants={"n_features": 4, **({"ami": 0.05} if problem in LABELLED else {"cosine": 0.5})},
        repeats=3,
    )
    block = run_block(spec, np.array([0]))
    assert block.failures == ()
    (table,) = block.tables
    assert np.isfinite(table["risk"]).all()
    assert (table["risk"] > 0).all()
    assert (table["row"] == np.arange(6)).all()


def test_a_solver_without_a_shared_map_has_no_angle():
    spec = SweepSpec(
        run=Recipe(problem="linear", solvers=(), measures=("sin_theta",)),
        factors={"n_tasks": Levels(values=(2,))},
        constants={"n_features": 5, "n_samples": 30, "cosine": 0.4},
    )
    (table,) = run_block(spec, np.array([0])).tables
    assert np.isnan(table["sin_theta"]).all()


def test_the_baseline_stands_once_and_first():
    pooled = NamedSolver(name="pooled")
    run = Recipe(problem="linear", solvers=(pooled, NamedSolver(name="single-task")))
    assert [solver.name for solver in run.solvers] == ["single-task", "pooled"]
    assert run == Recipe(problem="linear", solvers=(pooled,))


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_every_solver_can_be_built_from_its_plain_settings(name):
    bounded = {"tolerance": 0.5, "n_grid": 20}
    settings = {setting: bounded.get(setting, 1) for setting in NamedSolver(name=name).accepted}
    solver = NamedSolver(name=name, settings=settings).build({})
    assert isinstance(solver, SOLVERS[name])
    assert NamedSolver(name=name).build(settings) == solver


def test_a_setting_of_the_solver_wins_over_the_point():
    assert NamedSolver(name="ridge", settings={"penalty": 3.0}).build({"penalty": 1.0}) == Ridge(penalty=3.0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Recipe(problem="cubic", solvers=()), "no problem is called 'cubic'"),
        (lambda: Recipe(problem="linear", solvers=(), measures=("speed",)), "no measure is called"),
        (lambda: Recipe(problem="linear", solvers=(), measures=()), "measures is empty"),
        (lambda: Recipe(problem="linear", solvers=(NamedSolver(name="pooled"),) * 2), "repeats"),
        (lambda: NamedSolver(name="oracle"), "no solver is called"),
        (lambda: NamedSolver(name="ridge", settings={"capacity": 2}), "has no setting 'capacity'"),
    ],
)
def test_names_that_do_not_exist_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"constants": {"n_features": 5, "cosine": 0.4}}, "needs 'n_samples'"),
        ({"constants": {"n_features": 5, "n_samples": 30, "cosine": 0.4, "n": 30}}, "'n_samples'"),
        ({"constants": {"n_features": 5, "n_samples": 30, "cosin": 0.4}}, "'cosine'"),
        (
            {"run": Recipe(problem="linear", solvers=(NamedSolver(name="truncated-svd"),))},
            "'penalty'|capacity",
        ),
    ],
    ids=str,
)
def test_names_that_do_not_fit_the_problem_are_refused_with_a_hint(spec, change, message):
    with pytest.raises(ValueError, match=message):
        replace(spec, **change)


def test_relu_networks_share_neurons_that_point_the_same_way():
    """One shared neuron wins where tasks agree and loses where they do not, at 5 standard errors."""
    spec = SweepSpec(
        run=Recipe(problem="relu", solvers=(NamedSolver(name="relu-network", settings={"capacity": 1}),)),
        factors={"cosine": Levels(values=(0.0, 1.0))},
        constants={"n_tasks": 4, "n_samples": 60, "n_features": 6, "noise": 0.5},
        repeats=12,
    )
    block = run_block(spec, np.arange(2))
    assert block.failures == ()
    (table,) = block.tables
    assert set(table["solver"]) == {"relu-single-task", "relu-network(capacity=1)"}
    gain = {
        c: table["transfer_gain"][(table["cosine"] == c) & (table["solver"] != "relu-single-task")]
        for c in (0, 1)
    }
    assert gain[1].mean() > 5 * gain[1].std(ddof=1) / np.sqrt(12)
    assert gain[0].mean() < -5 * gain[0].std(ddof=1) / np.sqrt(12)


def test_samples_and_their_exact_law_give_the_same_risks():
    """Two routes to one distribution, 2,000 replicates each: a KS test that fails once in 10,000 seeds."""
    spec = SweepSpec(
        run=Recipe(problem="linear", solvers=(NamedSolver(name="pooled"),), measures=("risk",)),
        factors={"samples": Levels(values=(False, True))},
        constants={"n_tasks": 2, "n_samples": 15, "n_features": 4, "cosine": 0.5},
        repeats=2000,
    )
    (table,) = run_block(spec, np.arange(2)).tables
    for solver in ("single-task", "pooled"):
        exact, drawn = (
            table["risk"][(table["solver"] == solver) & (table["samples"] == s)] for s in (False, True)
        )
        assert stats.ks_2samp(exact, drawn).pvalue > 1e-4
