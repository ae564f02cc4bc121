"""Closed forms of the errors and the maps they are taken of, each by a second route.

Monte-Carlo comparisons allow 4.5 standard errors, a false alarm with probability 7e-6 each.
"""

import numpy as np
import pytest

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb import AdditiveNoise, ElementDeletion, corrupt
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers import SharedRepresentation, solve
from mtl_theory.experiments.daras._losses import HalfError, HalfParameterError, NoiseError
from mtl_theory.experiments.daras._maps import (
    SharedMap,
    head_statistics,
    loss_optimal_map,
    single_task_map,
    truncated_map,
)

N_RUNS, N_TASKS, N_FEATURES, CAPACITY = 2, 6, 8, 3
RNG = np.random.default_rng(17)
WEIGHTS = RNG.standard_normal((N_RUNS, N_TASKS, N_FEATURES))
# Correlated inputs with means, and another design for every task.
MIXING = RNG.standard_normal((N_TASKS, N_FEATURES, N_FEATURES))
COUNTS = [30, 41, 30, 35, 50, 44]
INPUTS = [1.0 + RNG.standard_normal((n, N_FEATURES)) @ m for n, m in zip(COUNTS, MIXING, strict=True)]
DATA = Dataset.from_tasks(INPUTS, [RNG.integers(0, 2, n) * 1.0 for n in COUNTS])
ERROR = HalfError.of(DATA)
PARAMETER_ERROR = HalfParameterError(target=WEIGHTS + 0.1)
MAPS = {
    "truncated": truncated_map(WEIGHTS, CAPACITY),
    "alone": single_task_map(WEIGHTS),
    "optimal": loss_optimal_map(WEIGHTS, ERROR.second.mean(axis=0), CAPACITY),
}
N_DRAWS = 20_000
Z = 4.5


def half_mean_squared_error(weights: FloatArray) -> float:
    """Average over the samples themselves, task by task."""
    errors = [
        0.5 * np.mean((x @ w - y[: len(x)]) ** 2)
        for x, y, w in zip(INPUTS, DATA.targets[0], weights, strict=True)
    ]
    return float(np.mean(errors))


def test_measure_agrees_with_the_samples() -> None:
    expected = [half_mean_squared_error(w) for w in WEIGHTS]
    np.testing.assert_allclose(ERROR.measure(WEIGHTS), expected, rtol=1e-12)
    stacked = np.stack([WEIGHTS, 2 * WEIGHTS])
    np.testing.assert_allclose(ERROR.measure(stacked)[0], expected, rtol=1e-12)
    np.testing.assert_allclose(ERROR.kappa, [np.mean((x**2).sum(axis=1)) for x in INPUTS], rtol=1e-12)


@pytest.mark.parametrize("error", [ERROR, PARAMETER_ERROR], ids=["images", "parameters"])
@pytest.mark.parametrize("name", MAPS)
def test_noise_mean_and_spread(name: str, error: NoiseError) -> None:
    shared, std = MAPS[name], 0.7
    draws = corrupt(np.random.default_rng(1), shared.representation, AdditiveNoise(std=std), n_draws=N_DRAWS)
    errors = error.measure(shared.heads @ draws)
    stderr = errors.std(axis=0, ddof=1) / np.sqrt(N_DRAWS)
    assert (np.abs(errors.mean(axis=0) - error.under_noise(shared, std)) < Z * stderr).all()
    centred = errors - errors.mean(axis=0)
    variance = errors.var(axis=0, ddof=1)
    variance_error = np.sqrt(((centred**4).mean(axis=0) - variance**2) / N_DRAWS)
    assert (np.abs(variance - error.noise_spread(shared, std) ** 2) < Z * variance_error).all()


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", MAPS)
def test_deletion_mean(name: str, probability: float) -> None:
    shared = MAPS[name]
    deletion = ElementDeletion(probability=probability)
    draws = corrupt(np.random.default_rng(2), shared.representation, deletion, n_draws=N_DRAWS)
    errors = ERROR.measure(shared.heads @ draws)
    slack = Z * errors.std(axis=0, ddof=1) / np.sqrt(N_DRAWS) + 1e-9
    assert (np.abs(errors.mean(axis=0) - ERROR.under_deletion(shared, probability)) < slack).all()


def test_parameter_error_is_the_error_for_isotropic_inputs() -> None:
    target = WEIGHTS[:1]
    isotropic = HalfError(
        second=np.broadcast_to(np.eye(N_FEATURES), (N_TASKS, N_FEATURES, N_FEATURES)),
        cross=target[0],
        energy=(target[0] ** 2).sum(axis=-1),
    )
    direct = HalfParameterError(target=target)
    shared = SharedMap(representation=MAPS["truncated"].representation[1:], heads=MAPS["truncated"].heads[1:])
    np.testing.assert_allclose(direct.kappa, isotropic.kappa)
    np.testing.assert_allclose(direct.measure(shared.weights), isotropic.measure(shared.weights), rtol=1e-12)
    np.testing.assert_allclose(
        direct.under_noise(shared, 0.4), isotropic.under_noise(shared, 0.4), rtol=1e-12
    )
    np.testing.assert_allclose(
        direct.noise_spread(shared, 0.4), isotropic.noise_spread(shared, 0.4), rtol=1e-12
    )


def test_unit_norm_curves_meet_at_one() -> None:
    """1 + (kappa sigma^2 - 1) R, halved: at kappa sigma^2 = 1 one half, whatever the tasks."""
    unit = WEIGHTS / np.linalg.norm(WEIGHTS, axis=-1, keepdims=True)
    for n_tasks in (3, 4, 6):
        tasks = unit[:, :n_tasks]
        error = HalfParameterError(target=tasks)
        meeting = error.under_noise(truncated_map(tasks, CAPACITY), 1 / np.sqrt(N_FEATURES))
        np.testing.assert_allclose(meeting, 0.5, rtol=1e-12)


def test_loss_optimal_map_is_reduced_rank_regression() -> None:
    second = ERROR.second.mean(axis=0)
    moments = Moments(
        gram=np.broadcast_to(second, (N_RUNS, N_FEATURES, N_FEATURES)),
        cross=WEIGHTS @ second,
        energy=((WEIGHTS @ second) * WEIGHTS).sum(axis=-1),
        n_samples=np.ones(N_TASKS),
    )
    solver = SharedRepresentation(capacity=CAPACITY)
    expected = solve(moments, solver, rng=np.random.default_rng(0)).weights
    np.testing.assert_allclose(MAPS["optimal"].weights, expected, rtol=1e-8, atol=1e-10)


def test_single_task_map_keeps_every_task_vector() -> None:
    np.testing.assert_allclose(MAPS["alone"].weights, WEIGHTS, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(MAPS["alone"].representation, axis=-1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("std", [0.0, 0.5])
def test_noise_aware_heads_minimise_the_expected_error(std: float) -> None:
    shared = MAPS["truncated"]
    heads = head_statistics(shared, DATA).noise_aware(std)
    best = SharedMap(representation=shared.representation, heads=heads)
    lowest = ERROR.under_noise(best, std)
    rng = np.random.default_rng(4)
    for scale in (1e-3, 0.1, 1.0):
        moved = heads + scale * rng.standard_normal(heads.shape)
        other = SharedMap(representation=shared.representation, heads=moved)
        assert (ERROR.under_noise(other, std) > lowest).all()


def test_noise_aware_heads_shrink_by_one_over_one_plus_noise() -> None:
    """Where inputs are isotropic and rows orthonormal: heads without noise / (1 + kappa sigma^2)."""
    root_n = np.sqrt(N_FEATURES)
    inputs = [root_n * np.eye(N_FEATURES)] * N_TASKS  # second moment I exactly
    data = Dataset.from_tasks(inputs, [x @ w for x, w in zip(inputs, WEIGHTS[0], strict=True)])
    shared = truncated_map(WEIGHTS[:1], CAPACITY)
    heads = head_statistics(shared, data).noise_aware(0.3)
    np.testing.assert_allclose(heads, shared.heads / (1 + N_FEATURES * 0.3**2), rtol=1e-10)
