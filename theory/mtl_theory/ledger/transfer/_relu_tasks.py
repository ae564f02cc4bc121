"""Trained ReLU networks on two tasks: capacity for both, and how the shared unit finds the source."""

from dataclasses import dataclass

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_equicorrelated_tasks
from mtl_simulators.problems import Problem, make_relu
from mtl_simulators.solvers import ReluNetwork, ReluSingleTask, Solution, solve
from mtl_theory.ledger.transfer._angles import sine_between
from mtl_theory.ledger.transfer._source import source
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict, log_log_slope


@dataclass(frozen=True, kw_only=True)
class ReluPair:
    """Two one-neuron tasks, source first, in `n` replicates that are drawn by `draw`."""

    cosine: float
    n_features: int
    n_source: tuple[int, ...]
    n_target: int
    noise: float

    def draw(self, rng: np.random.Generator, n_source: int, n: int) -> Problem:
        """Draw `n` replicates; amplitudes make the signal's second moment one."""
        tasks = make_equicorrelated_tasks(
            rng, n_tasks=2, n_features=self.n_features, cosine=self.cosine, n_replicates=n
        )
        return make_relu(
            rng,
            n_samples=(n_source, self.n_target),
            neurons=tasks[:, :, None],
            amplitudes=np.sqrt(2),
            noise=self.noise,
            n_replicates=n,
        )


def _loss(problem: Problem, solution: Solution) -> FloatArray:
    """Return the sum over tasks of squared training errors over the labels' energy, per replicate."""
    data = problem.train
    residual = (solution.predict(data.inputs) - data.targets) ** 2
    return np.asarray(residual.sum(axis=(1, 2)) / (data.targets**2).sum(axis=(1, 2)))


def _measure_capacity(rng: np.random.Generator, x: ReluPair, n: int) -> FloatArray:
    """Single-task loss minus the loss of one network with as many units as both tasks had."""
    problem = x.draw(rng, x.n_source[0], n)
    alone = solve(problem, ReluSingleTask(capacity=1), rng=rng, throw=False)
    shared = solve(problem, ReluNetwork(capacity=2, n_starts=2), rng=rng, throw=False)
    return (_loss(problem, alone) - _loss(problem, shared))[:, None]


ENOUGH = Assumption[ReluPair](
    name="single-task networks are wide enough",
    statement="a wider single-task network would not fit its training labels better",
    holds=lambda x: x.noise == 0,
)
gap = sp.Eq(sp.Function("f")(sp.Symbol("r_1") + sp.Symbol("r_2")), sp.Symbol(r"\sum_i f_{STL,i}(r_i)"))


def _capacity_case(name: str, noise: float, expected: Verdict) -> Case[ReluPair]:
    instance = ReluPair(cosine=0.5, n_features=5, n_source=(25,), n_target=25, noise=noise)
    return Case(name=name, build=lambda rng: instance, trials=150, quick_trials=40, expected=expected)


RELU_CAPACITY = Theorem[ReluPair](
    id="transfer/relu-capacity",
    title="A ReLU network with all the single tasks' units transfers nothing",
    source=source("Proposition 1, ReLU version"),
    kind=Kind.EQUALITY,
    statement=gap,
    assumptions=(ENOUGH,),
    predict=lambda x: [0.0],
    measure=_measure_capacity,
    cases=(
        _capacity_case("no noise: both fit exactly", 0.0, Verdict.HOLDS),
        _capacity_case("noisy labels: a second unit always fits some noise", 0.5, Verdict.DOES_NOT_APPLY),
    ),
    slack=1e-3,
    remark="Stacking the units is an optimum only if no task would gain from the other's units. Slack: the "
    "descents stop at a relative gradient of 1e-5.",
)

RELU_CAPACITY_NOISY = Theorem[ReluPair](
    id="transfer/relu-capacity-noisy",
    title="As printed, with noise: stacking the single-task units is optimal",
    source=source("Proposition 1, ReLU version, hypothesis dropped"),
    kind=Kind.EQUALITY,
    statement=gap,
    predict=lambda x: [0.0],
    measure=_measure_capacity,
    cases=(_capacity_case("noise 0.5, m = 25, d = 5", 0.5, Verdict.REFUTED),),
    slack=1e-3,
    expected=Verdict.REFUTED,
    remark="Unlike a linear head, a ReLU head has use for a second unit: it fits the other task's unit to "
    "its own noise, so the joint optimum lies below the sum of the single-task ones.",
)


def _stray(rng: np.random.Generator, x: ReluPair, n: int) -> FloatArray:
    """Sine between the trained shared unit and the source's, for growing source samples."""
    columns = []
    for n_source, child in zip(x.n_source, rng.spawn(len(x.n_source)), strict=True):
        problem = x.draw(child, n_source, n)
        solution = solve(problem, ReluNetwork(capacity=1, n_starts=1), rng=child, throw=False)
        truth = problem.truth
        assert truth is not None and hasattr(truth, "neurons")
        columns.append(sine_between(solution.representation[:, 0], truth.neurons[:, 0, 0]))
    return np.stack(columns, axis=1)


THEOREM9 = Theorem[ReluPair](
    id="transfer/theorem9-relu",
    title="A shared ReLU unit finds the source's direction at the rate m_1^(-1/2)",
    source=source("Theorem 9"),
    kind=Kind.RATE,
    statement=sp.Eq(
        sp.Function("sin")(sp.Symbol(r"B^\star"), sp.Symbol("theta_1")),
        sp.Function("O")(1 / sp.sqrt(sp.Symbol("m_1"))),
    ),
    predict=lambda x: [-0.5],
    measure=_stray,
    reduce=lambda x, mean: log_log_slope(x.n_source, mean),
    cases=(
        Case(
            name="cos 0.95, d = 5, m_2 = 5, m_1 = 100, 400, 1600",
            build=lambda rng: ReluPair(
                cosine=0.95, n_features=5, n_source=(100, 400, 1600), n_target=5, noise=0.3
            ),
            trials=300,
            quick_trials=40,
        ),
    ),
    slack=0.06,
    remark="Hence sin(B*, θ_2) -> sin(θ_1, θ_2); the printed conclusion names θ_1 where the proof "
    "bounds θ_2. The slack covers the pull of the 5 target samples, of order m_2 / m_1, at small m_1.",
)

THEOREMS = (RELU_CAPACITY, RELU_CAPACITY_NOISY, THEOREM9)
