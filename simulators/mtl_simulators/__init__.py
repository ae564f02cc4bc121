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

from mtl_simulators import exact, geometry, labels, metrics, perturb, problems, solvers, sweep
from mtl_simulators.metrics import (
    Estimate,
    accuracy_score,
    classification_error,
    covariance_similarity,
    estimate_mean,
    excess_risk,
    head_energy,
    normalized_covariance_similarity,
    prediction_error,
    sin_theta,
    spearman_score,
    test_error,
    transfer_gain,
)
from mtl_simulators.perturb import corrupt
from mtl_simulators.problems import (
    ClassificationTruth,
    Dataset,
    LabelChannel,
    Moments,
    Problem,
    ReluTruth,
    RotatedTeacher,
    Truth,
    label_problem,
    make_classification,
    make_linear,
    make_relu,
)
from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    CovarianceAlignment,
    GradientDescent,
    LogisticSharing,
    MinimumNorm,
    Outcome,
    Pooled,
    ProgressiveTraining,
    ReluNetwork,
    ReluSingleTask,
    Ridge,
    SharedRepresentation,
    SingleTask,
    SoftSharing,
    Solution,
    SolveError,
    TruncatedSVD,
    TwoTaskGlobal,
    WeightedPooling,
    alignment_path,
    local_minima,
    relu_local_minima,
    solve,
)

__all__ = [
    "AlternatingLeastSquares",
    "ClassificationTruth",
    "CovarianceAlignment",
    "Dataset",
    "Estimate",
    "GradientDescent",
    "LabelChannel",
    "LogisticSharing",
    "MinimumNorm",
    "Moments",
    "Outcome",
    "Pooled",
    "Problem",
    "ProgressiveTraining",
    "ReluNetwork",
    "ReluSingleTask",
    "ReluTruth",
    "Ridge",
    "RotatedTeacher",
    "SharedRepresentation",
    "SingleTask",
    "SoftSharing",
    "Solution",
    "SolveError",
    "TruncatedSVD",
    "Truth",
    "TwoTaskGlobal",
    "WeightedPooling",
    "accuracy_score",
    "alignment_path",
    "classification_error",
    "corrupt",
    "covariance_similarity",
    "estimate_mean",
    "exact",
    "excess_risk",
    "geometry",
    "head_energy",
    "label_problem",
    "labels",
    "local_minima",
    "make_classification",
    "make_linear",
    "make_relu",
    "metrics",
    "normalized_covariance_similarity",
    "perturb",
    "prediction_error",
    "problems",
    "relu_local_minima",
    "sin_theta",
    "solve",
    "solvers",
    "spearman_score",
    "sweep",
    "test_error",
    "transfer_gain",
]
