"""Figure 7 of the paper, and where transfer changes its sign: cosine, covariance and capacity."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_equicorrelated_tasks
from mtl_simulators.problems import Dataset, Problem, ReluTruth, Truth, make_linear, make_relu
from mtl_simulators.solvers import ReluNetwork, TwoTaskGlobal, solve
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments._text import prose
from mtl_theory.experiments.wu._cosine_panels import cosine_panels
from mtl_theory.experiments.wu._labels import RELU_SHARED, SHARED
from mtl_theory.experiments.wu._phases import capacity_phase, cosine_phase, covariance_phase
from mtl_theory.experiments.wu._rows import Row, mean_of, table

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "wu/synthetic-cosine"
COSINES = (-0.95, -0.8, -0.5, -0.2, 0.2, 0.5, 0.8, 0.95, 1.0)
SPEARMAN, SIGN, RELU_ERROR = "Spearman correlation", "sign accuracy", "relative ReLU error"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Replicates of figure 7, of its ReLU part, of a cell of the phase diagrams, and cells a side."""

    n_draws: int
    n_relu: int
    n_cell: int
    n_side: int


FULL = Budget(n_draws=60, n_relu=20, n_cell=200, n_side=14)
QUICK = Budget(n_draws=15, n_relu=6, n_cell=40, n_side=8)

NOTES = (
    prose(
        """Figure 7: two tasks of 2000 (ReLU: 600) noiseless samples each, d = 30 (ReLU: 10), isotropic
        inputs, capacity 1, both tasks averaged. Single-task learning is exact without noise, so the gains
        of the paper's figure cannot be positive in this setting; the phase diagrams add noise. The Spearman
        correlation and the sign accuracy are exact functions of the angle between what was learned and the
        truth; classification is fitted by least squares on labels -1 and +1."""
    ),
    prose(
        """The dot product of the two linear tasks may be negative, heads take the sign; ReLU tasks of
        negative cosine cannot share."""
    ),
)


def run_cosine(settings: Settings) -> Outcome:
    """Run figure 7 and the phase diagrams."""
    rows = cosine_rows(settings)
    return Outcome(rows=rows, panels=cosine_panels(rows), notes=NOTES)


def cosine_rows(settings: Settings) -> "pd.DataFrame":
    """Return the rows of the experiment."""
    budget = QUICK if settings.quick else FULL
    root = np.random.default_rng([settings.seed, zlib.crc32(EXPERIMENT.encode())])
    rng_linear, rng_relu, *phases = root.spawn(5)
    settings.progress("linear tasks over the cosine", 0.0)
    rows = [*_linear_rows(rng_linear, budget.n_draws)]
    settings.progress("ReLU tasks over the cosine", 0.1)
    rows += _relu_rows(rng_relu, budget.n_relu)
    for done, (phase, rng) in enumerate(
        zip((cosine_phase, covariance_phase, capacity_phase), phases, strict=True)
    ):
        settings.progress("phase diagrams", 0.4 + 0.2 * done)
        rows += phase(rng, n=budget.n_cell, n_side=budget.n_side)
    settings.progress("done", 1.0)
    return table(rows, experiment=EXPERIMENT, dataset="synthetic", seed=settings.seed)


def _linear_rows(rng: np.random.Generator, n: int) -> Iterator[Row]:
    """Yield Spearman correlation and sign accuracy of two linear tasks over their cosine."""
    for child, cosine in zip(rng.spawn(len(COSINES)), COSINES, strict=True):
        problem = make_linear(
            child, n_samples=2000, alignment=cosine, n_tasks=2, n_features=30, noise=0.0, n_replicates=n
        )
        for quantity, learn, closed in (
            (SPEARMAN, problem, spearman(np.sqrt((1 + abs(cosine)) / 2))),
            (SIGN, _signs(problem), 1 - np.arccos(abs(cosine)) / (2 * np.pi)),
        ):
            fit = TwoTaskGlobal().fit(learn.train, rng=child)
            found = _cosines(fit.heads @ fit.representation, problem)
            values = spearman(found) if quantity == SPEARMAN else 1 - np.arccos(found) / np.pi
            yield Row(
                method=SHARED,
                quantity=quantity,
                level=cosine,
                predicted=float(closed),
                **mean_of(values.mean(axis=1)),
            )


def spearman(correlation: FloatArray) -> FloatArray:
    r"""Return the rank correlation $\frac{6}{\pi} \arcsin \frac{\rho}{2}$ of two jointly Gaussian variables.

    Source: Pearson 1907.
    """
    return np.asarray(6 / np.pi * np.arcsin(np.asarray(correlation) / 2))


def _signs(problem: Problem) -> Problem:
    train = problem.train
    return Problem(train=Dataset(inputs=train.inputs, targets=np.sign(train.targets)))


def _cosines(weights: FloatArray, problem: Problem) -> FloatArray:
    """Return the cosine between what was learned and the truth, `(B, T)`."""
    assert isinstance(problem.truth, Truth)
    true = problem.truth.weights
    lengths = np.linalg.norm(weights, axis=-1) * np.linalg.norm(true, axis=-1)
    return np.asarray(np.clip((weights * true).sum(axis=-1) / lengths, -1.0, 1.0))


def _relu_rows(rng: np.random.Generator, n: int) -> Iterator[Row]:
    """Yield the relative error of two one-neuron ReLU tasks over their cosine."""
    for child, cosine in zip(rng.spawn(len(COSINES)), COSINES, strict=True):
        rng_tasks, rng_data, rng_fit = child.spawn(3)
        tasks = make_equicorrelated_tasks(rng_tasks, n_tasks=2, n_features=10, cosine=cosine, n_replicates=n)
        problem = make_relu(rng_data, n_samples=600, neurons=tasks[:, :, None], noise=0.0, n_replicates=n)
        solution = solve(problem, ReluNetwork(capacity=1, n_starts=2), rng=rng_fit, throw=False)
        assert isinstance(problem.truth, ReluTruth)
        risk = problem.truth.excess_risk(solution.representation[:, None], solution.heads)
        yield Row(
            method=RELU_SHARED,
            quantity=RELU_ERROR,
            level=cosine,
            predicted=shared_relu_error(cosine),
            # The second moment of ReLU of a unit Gaussian is one half.
            **mean_of(2 * risk.mean(axis=1)),
        )


def shared_relu_error(cosine: float) -> float:
    r"""Return the least mean of $1 - g^2$ over two ReLU tasks that share one neuron, equal weights.

    The neuron lies in the plane of the two, at the bisector up to an angle of about 85.4 degrees and nearer
    to one of them beyond. g is the arc-cosine kernel of degree 1 (Cho and Saul 2009).
    """
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    first = np.linspace(0.0, angle, 4001)
    lost = [1 - (np.cos(x) + (np.sin(x) - x * np.cos(x)) / np.pi) ** 2 for x in (first, angle - first)]
    return float(((lost[0] + lost[1]) / 2).min())
