"""Phase diagrams: gains over single-task learning on a grid, simulated and in the limit."""

from collections.abc import Iterator

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import (
    make_equicorrelated_tasks,
    make_random_effects_tasks,
    reciprocal_covariance,
)
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import MinimumNorm, Pooled, SharedRepresentation, SingleTask, TwoTaskGlobal, solve
from mtl_theory.asymptotics import (
    combined_shift_risk,
    pair_risk,
    random_effects_capacity_risk,
    single_task_risk,
)
from mtl_theory.experiments.wu._labels import GAIN, SHARED
from mtl_theory.experiments.wu._rows import Row, mean_of

NOISE = 0.5  # standard deviation of the label noise, as in the follow-up paper
COSINE_PHASE, COVARIANCE_PHASE, CAPACITY_PHASE = "cosine phase", "covariance phase", "capacity phase"
PAIR = {"n_features": 50, "n_target": 150}
SPREAD = 0.32  # of the random effects in the covariance phase
N_TASKS = 10


def cosine_phase(rng: np.random.Generator, *, n: int, n_side: int) -> Iterator[Row]:
    """Yield gains of the target over source size / target size and cosine, heads fitted, isotropic."""
    p, n_target = PAIR["n_features"], PAIR["n_target"]
    alone = float(single_task_risk(n_target, p, NOISE))
    ratios, cosines = _ratios(n_side), np.linspace(0.7, 1.0, n_side)
    for child, cosine in zip(rng.spawn(n_side), cosines, strict=True):
        for cell, ratio in zip(child.spawn(n_side), ratios, strict=True):
            n_source = round(ratio * n_target)
            rng_tasks, rng_data = cell.spawn(2)
            truth = Truth(
                weights=make_equicorrelated_tasks(
                    rng_tasks, n_tasks=2, n_features=p, cosine=float(cosine), n_replicates=n
                ),
                covariance=np.eye(p),
                noise=np.full(2, NOISE),
            )
            moments = draw_moments(
                rng_data, truth, n_samples=[n_source, n_target], n_replicates=n, shared_design=False
            )
            shared = solve(moments, TwoTaskGlobal(n_grid=60), rng=cell)
            single = solve(
                moments, MinimumNorm(), rng=cell
            )  # the source may have fewer samples than features
            limit = pair_risk(float(cosine), n_source=n_source, n_target=n_target, n_features=p, noise=NOISE)
            yield _cell(
                COSINE_PHASE,
                ratio,
                cosine,
                excess_risk(single.weights, truth)[:, 1] - excess_risk(shared.weights, truth)[:, 1],
                alone - float(limit.risk),
            )


def covariance_phase(rng: np.random.Generator, *, n: int, n_side: int) -> Iterator[Row]:
    """Yield gains over source size / target size and covariance mismatch, plain pooling, random effects."""
    p, n_target = PAIR["n_features"], PAIR["n_target"]
    alone = float(single_task_risk(n_target, p, NOISE))
    for child, factor in zip(rng.spawn(n_side), np.geomspace(1.0, 8.0, n_side), strict=True):
        source = reciprocal_covariance(p, factor=float(factor))
        for cell, ratio in zip(child.spawn(n_side), _ratios(n_side), strict=True):
            n_source = round(ratio * n_target)
            rng_tasks, rng_data = cell.spawn(2)
            truth = Truth(
                weights=make_random_effects_tasks(
                    rng_tasks, n_tasks=2, n_features=p, spread=SPREAD, n_replicates=n
                ),
                covariance=np.stack([source, np.eye(p)]),
                noise=np.full(2, NOISE),
            )
            moments = draw_moments(
                rng_data, truth, n_samples=[n_source, n_target], n_replicates=n, shared_design=False
            )
            shared = solve(moments, Pooled(), rng=cell)
            single = solve(
                moments, MinimumNorm(), rng=cell
            )  # the source may have fewer samples than features
            limit = combined_shift_risk(
                np.diag(source),
                n_source=n_source,
                n_target=n_target,
                noise=NOISE,
                squared_distance=2 * SPREAD**2,
            )
            yield _cell(
                COVARIANCE_PHASE,
                ratio,
                np.log2(factor),
                excess_risk(single.weights, truth)[:, 1] - excess_risk(shared.weights, truth)[:, 1],
                alone - float(limit.risk),
            )


def capacity_phase(rng: np.random.Generator, *, n: int, n_side: int) -> Iterator[Row]:
    """Yield the mean gain of ten tasks over samples / features and their spread, capacity 1, one design."""
    p = PAIR["n_features"]
    for child, spread in zip(rng.spawn(n_side), np.linspace(0.05, 0.5, n_side), strict=True):
        for cell, ratio in zip(child.spawn(n_side), np.geomspace(1.5, 12.0, n_side), strict=True):
            n_samples = round(ratio * p)
            rng_tasks, rng_data = cell.spawn(2)
            truth = Truth(
                weights=make_random_effects_tasks(
                    rng_tasks, n_tasks=N_TASKS, n_features=p, spread=float(spread), n_replicates=n
                ),
                covariance=np.eye(p),
                noise=np.full(N_TASKS, NOISE),
            )
            moments = draw_moments(rng_data, truth, n_samples=n_samples, n_replicates=n, shared_design=True)
            shared = solve(moments, SharedRepresentation(capacity=1), rng=cell)
            single = solve(moments, SingleTask(), rng=cell)
            limit = [
                float(
                    random_effects_capacity_risk(
                        r,
                        n_tasks=N_TASKS,
                        n_samples=n_samples,
                        n_features=p,
                        noise=NOISE,
                        spread=float(spread),
                    )
                )
                for r in (1, N_TASKS)
            ]
            gain = excess_risk(single.weights, truth) - excess_risk(shared.weights, truth)
            yield _cell(CAPACITY_PHASE, ratio, spread, gain.mean(axis=1), limit[1] - limit[0])


def _ratios(n_side: int) -> FloatArray:
    return np.geomspace(0.2, 10.0, n_side)


def _cell(protocol: str, level: float, second: float, gain: FloatArray, predicted: float) -> Row:
    return Row(
        protocol=protocol,
        method=SHARED,
        quantity=GAIN,
        level=float(level),
        second=float(second),
        predicted=predicted,
        **mean_of(gain),
    )
