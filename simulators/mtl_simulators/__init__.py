"""Multitask problems with known truth: make them, solve them, damage them, measure them.

>>> import numpy as np
>>> import mtl_simulators as sim
>>> rng = np.random.default_rng(0)
>>> problem = sim.make_linear(rng, rank=3, n_tasks=12, n_features=30, n_samples=60, shared_design=True)
>>> alone = sim.solve(problem, sim.SingleTask(), rng=rng)
>>> shared = sim.solve(problem, sim.SharedRepresentation(capacity=3), rng=rng)
>>> gain = sim.transfer_gain(
...     sim.excess_risk(alone.weights, problem.truth), sim.excess_risk(shared.weights, problem.truth)
... )
>>> bool(gain.mean() > 0)
True
"""

from mtl_simulators import exact, geometry, metrics, perturb, problems, solvers
from mtl_simulators.metrics import (
    Estimate,
    estimate_mean,
    excess_risk,
    head_energy,
    sin_theta,
    test_error,
    transfer_gain,
)
from mtl_simulators.perturb import corrupt
from mtl_simulators.problems import Dataset, Moments, Problem, Truth, make_linear
from mtl_simulators.solvers import (
    GradientDescent,
    MinimumNorm,
    Outcome,
    Pooled,
    Ridge,
    SharedRepresentation,
    SingleTask,
    Solution,
    SolveError,
    TruncatedSVD,
    solve,
)

__all__ = [
    "Dataset",
    "Estimate",
    "GradientDescent",
    "MinimumNorm",
    "Moments",
    "Outcome",
    "Pooled",
    "Problem",
    "Ridge",
    "SharedRepresentation",
    "SingleTask",
    "Solution",
    "SolveError",
    "TruncatedSVD",
    "Truth",
    "corrupt",
    "estimate_mean",
    "exact",
    "excess_risk",
    "geometry",
    "head_energy",
    "make_linear",
    "metrics",
    "perturb",
    "problems",
    "sin_theta",
    "solve",
    "solvers",
    "test_error",
    "transfer_gain",
]
