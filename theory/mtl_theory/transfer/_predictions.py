"""What the asymptotic theory predicts for a pair of tasks, from statistics of the data alone."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset
from mtl_simulators.solvers import SingleTask, solve
from mtl_theory.asymptotics import critical_cosine, critical_source_size, pair_risk, single_task_risk


@dataclass(frozen=True, kw_only=True)
class TaskStatistics:
    r"""Estimates on whitened inputs, averaged over replicates: what the closed forms take.

    Inputs are whitened by the average second moment of all tasks, so that cosines are those in its metric.

    Parameters
    ----------
    cosine
        Unbiased inner products over the norms, `(T, T)`, clipped to [-1, 1]; NaN where a norm vanishes.
    norm
        $\lVert \theta_t \rVert$ with the noise's share taken off, `(T,)`.
    noise
        Standard deviation of the residuals of least squares, `(T,)`.
    counts
        Samples per task, `(T,)`.
    n_features
        d.
    """

    cosine: FloatArray
    norm: FloatArray
    noise: FloatArray
    counts: FloatArray
    n_features: int


def task_statistics(data: Dataset) -> TaskStatistics | None:
    """Estimate the statistics, or return None where a task has no more samples than features."""
    moments = data.moments()
    counts, d = moments.n_samples, moments.n_features
    if (counts <= d + 1).any():
        return None
    alone = solve(moments, SingleTask(), rng=np.random.default_rng(0), throw=False)
    if not alone.usable:
        return None
    weights = alone.weights
    grams = moments.gram_per_task
    covariance = grams.sum(axis=1) / counts.sum()
    degrees = counts / (counts - d)
    variance = np.maximum(moments.squared_error(weights) * degrees, 0.0)
    inner = weights @ covariance @ weights.mT
    # The estimation error inflates the diagonal by sigma^2 tr(S^-1 Sigma), and nothing off it when the
    # designs are separate; with one design the errors of two tasks are independent given it.
    spurious = variance * np.trace(np.linalg.solve(grams, covariance[:, None]), axis1=-2, axis2=-1)
    mean_inner = inner.mean(axis=0)
    square = np.maximum(np.diag(mean_inner) - spurious.mean(axis=0), 0.0)
    norm = np.sqrt(square)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.clip(mean_inner / np.outer(norm, norm), -1.0, 1.0)
    np.fill_diagonal(cosine, 1.0)
    return TaskStatistics(
        cosine=cosine, norm=norm, noise=np.sqrt(variance.mean(axis=0)), counts=counts, n_features=d
    )


@dataclass(frozen=True, kw_only=True)
class PairPrediction:
    """Predicted gain, the cosine and the source size at which it changes sign; NaN where none applies."""

    gain: float
    critical_cosine: float
    critical_source_size: float


NO_PREDICTION = PairPrediction(gain=np.nan, critical_cosine=np.nan, critical_source_size=np.nan)


def predict_pair(statistics: TaskStatistics, source: int, target: int) -> PairPrediction:
    """Predict the transfer from one task to another; noise is taken to be the target's for both."""
    cosine = float(statistics.cosine[source, target])
    norms = float(statistics.norm[source]), float(statistics.norm[target])
    noise = float(statistics.noise[target])
    if not np.isfinite(cosine) or min(norms) <= 0 or noise <= 0 or abs(cosine) < 1e-3:
        return NO_PREDICTION
    setting = {
        "n_target": float(statistics.counts[target]),
        "n_features": float(statistics.n_features),
        "noise": noise,
        "norm_source": norms[0],
        "norm_target": norms[1],
    }
    alone = float(single_task_risk(setting["n_target"], setting["n_features"], noise))
    n_source = float(statistics.counts[source])
    return PairPrediction(
        gain=alone - float(pair_risk(cosine, n_source=n_source, **setting).risk),
        critical_cosine=float(critical_cosine(n_source=n_source, **setting)),
        critical_source_size=critical_source_size(cosine, **setting),
    )
