"""Solvers: one verb, `solve`, and frozen strategies that say how."""

from mtl_simulators.solvers._factorizations import (
    Factorization,
    balanced,
    orthonormal_rows,
    unit_rows,
    whitened,
)
from mtl_simulators.solvers._gradient_descent import GradientDescent
from mtl_simulators.solvers._least_squares import MinimumNorm, Pooled, Ridge, SingleTask
from mtl_simulators.solvers._shared import SharedRepresentation, TruncatedSVD
from mtl_simulators.solvers._solution import Outcome, Solution, SolveError
from mtl_simulators.solvers._solve import Fit, Solver, solve

__all__ = [
    "Factorization",
    "Fit",
    "GradientDescent",
    "MinimumNorm",
    "Outcome",
    "Pooled",
    "Ridge",
    "SharedRepresentation",
    "SingleTask",
    "Solution",
    "SolveError",
    "Solver",
    "TruncatedSVD",
    "balanced",
    "orthonormal_rows",
    "solve",
    "unit_rows",
    "whitened",
]
