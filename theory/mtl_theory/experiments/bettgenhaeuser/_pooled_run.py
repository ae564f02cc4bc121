r"""One point of the sweep: classification tasks of a requested AMI, pooled in several ways.

Labels are -1 and +1. A filter is $\hat w = \sum_t \omega_t X_t^\top y_t$, least squares
$\hat w = (\sum_t a_t^2 X_t^\top X_t)^{-1} \sum_t a_t X_t^\top y_t$; $c_t$ is the correlation of the labels of
task t with the main task's, a function of the AMI alone. Judged is the main task, exactly, on clean labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import (
    ClassificationMode,
    ClassificationTruth,
    Dataset,
    LabelChannel,
    RotatedTeacher,
    make_classification,
)
from mtl_simulators.solvers import WeightedPooling, solve
from mtl_simulators.sweep import Measured, Point
from mtl_theory.experiments.bettgenhaeuser._labels import ALONE, CHANNEL, LS_ALONE, ROTATED
from mtl_theory.experiments.bettgenhaeuser._pooled_errors import FILTERS, weightings

MODES: Mapping[str, ClassificationMode] = {CHANNEL: LabelChannel(), ROTATED: RotatedTeacher()}


@dataclass(frozen=True, kw_only=True)
class PooledRun:
    """Draw replicates of one point and return, a row an estimator, mean error and gain with their errors."""

    def content(self) -> dict[str, Any]:
        """Return what the rows depend on."""
        return {"run": "pooled classification", "estimators": [*FILTERS, *FILTERS.values()]}

    def check(self, names: frozenset[str]) -> None:
        """Accept the names of a point, and no others."""
        expected = {"mode", "n", "T", "A", "d"}
        if names != expected:
            raise ValueError(f"a point has {sorted(expected)}, got {sorted(names)}; pass those.")

    def __call__(self, rng: np.random.Generator, point: Point, *, n_replicates: int) -> Measured:
        """Measure one point."""
        n, n_tasks, d = (int(point[name]) for name in ("n", "T", "d"))
        ami = float(point["A"])
        problem = make_classification(
            rng,
            ami=ami,
            mode=MODES[str(point["mode"])],
            n_tasks=n_tasks,
            n_features=d,
            n_samples=n,
            n_replicates=n_replicates,
        )
        truth = problem.truth
        assert isinstance(truth, ClassificationTruth)
        moments = _signed(problem.train).moments()
        found: dict[str, FloatArray] = {}
        for name, weights in weightings(ami, n_tasks).items():
            filtered = np.einsum("t,btd->bd", weights, moments.cross)
            fitted = solve(moments, WeightedPooling(heads=weights), rng=rng).representation[:, 0]
            for method, estimate in ((name, filtered), (FILTERS[name], fitted)):
                found[method] = truth.disagreement(estimate[:, None])[:, 0]
        return _summary(found)


def _signed(data: Dataset) -> Dataset:
    """Return labels -1 and 1 for 0 and 1."""
    return replace(data, targets=2.0 * data.targets - 1.0)


def _summary(found: Mapping[str, FloatArray]) -> Measured:
    names = list(found)
    errors = np.stack([found[name] for name in names])
    alone = [LS_ALONE if name in FILTERS.values() else ALONE for name in names]
    gains = np.stack([found[name] for name in alone]) - errors
    root = np.sqrt(errors.shape[1])
    return {
        "method": np.array(names),
        "risk": errors.mean(axis=1),
        "risk_stderr": errors.std(axis=1, ddof=1) / root,
        "gain": gains.mean(axis=1),
        "gain_stderr": gains.std(axis=1, ddof=1) / root,
    }
