"""Solvers: one verb, `solve`, and frozen strategies that say how."""

from mtl_simulators.solvers._activations import Activation, identity, relu, sigmoid
from mtl_simulators.solvers._alignment import Alignment, CovarianceAlignment, alignment_path
from mtl_simulators.solvers._alignment_families import (
    AlignmentFamily,
    DiagonalAlignment,
    FreeAlignment,
    LowRankAlignment,
    OrthogonalAlignment,
    WhitenRecolour,
)
from mtl_simulators.solvers._alternating import AlternatingLeastSquares, local_minima
from mtl_simulators.solvers._centred_ridge import CentredRidge
from mtl_simulators.solvers._factorizations import (
    Factorization,
    balanced,
    orthonormal_rows,
    unit_rows,
    whitened,
)
from mtl_simulators.solvers._gradient_descent import GradientDescent
from mtl_simulators.solvers._greedy import greedy_directions
from mtl_simulators.solvers._head_ratio import head_ratio
from mtl_simulators.solvers._kendall import kendall_weights
from mtl_simulators.solvers._least_squares import MinimumNorm, Pooled, Ridge, SingleTask
from mtl_simulators.solvers._logistic import LogisticSharing
from mtl_simulators.solvers._progressive import Progress, ProgressiveTraining
from mtl_simulators.solvers._relu import ReluNetwork, ReluSingleTask, relu_local_minima
from mtl_simulators.solvers._shared import SharedRepresentation, TruncatedSVD
from mtl_simulators.solvers._soft_sharing import SoftSharing
from mtl_simulators.solvers._solution import Outcome, Solution, SolveError
from mtl_simulators.solvers._solve import Fit, Solver, solve
from mtl_simulators.solvers._task_weights import inverse_variance_weights, svd_task_weights
from mtl_simulators.solvers._two_task import TwoTaskGlobal
from mtl_simulators.solvers._weighted_pooling import WeightedPooling
from mtl_simulators.solvers._weighting import weighted_moments

__all__ = [
    "Activation",
    "Alignment",
    "AlignmentFamily",
    "AlternatingLeastSquares",
    "CentredRidge",
    "CovarianceAlignment",
    "DiagonalAlignment",
    "Factorization",
    "Fit",
    "FreeAlignment",
    "GradientDescent",
    "LogisticSharing",
    "LowRankAlignment",
    "MinimumNorm",
    "OrthogonalAlignment",
    "Outcome",
    "Pooled",
    "Progress",
    "ProgressiveTraining",
    "ReluNetwork",
    "ReluSingleTask",
    "Ridge",
    "SharedRepresentation",
    "SingleTask",
    "SoftSharing",
    "Solution",
    "SolveError",
    "Solver",
    "TruncatedSVD",
    "TwoTaskGlobal",
    "WeightedPooling",
    "WhitenRecolour",
    "alignment_path",
    "balanced",
    "greedy_directions",
    "head_ratio",
    "identity",
    "inverse_variance_weights",
    "kendall_weights",
    "local_minima",
    "orthonormal_rows",
    "relu",
    "relu_local_minima",
    "sigmoid",
    "solve",
    "svd_task_weights",
    "unit_rows",
    "weighted_moments",
    "whitened",
]
