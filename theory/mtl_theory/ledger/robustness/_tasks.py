"""What adding a task does: crossovers, orthonormal tasks, interlacing, and sets where it cannot help."""

import copy
from dataclasses import dataclass

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_equicorrelated_tasks, make_orthonormal_tasks, rescale_tasks
from mtl_simulators.perturb import AdditiveNoise
from mtl_theory.ledger.robustness import _proofs
from mtl_theory.ledger.robustness._network import (
    damaged_errors,
    gaussian_tasks,
    make_network,
    source,
    task_slope,
)
from mtl_theory.ledger.robustness._symbols import T, error, head_energy, i, k, kappa, s, sigma, slope, t
from mtl_theory.spectral import crossover_variance, mean_square_norm
from mtl_theory.theorem import Case, Kind, Theorem


@dataclass(frozen=True, kw_only=True)
class TaskSets:
    """Task sets `(T, d)` that are compared, all represented with the same capacity."""

    sets: tuple[FloatArray, ...]
    capacity: int


def noisy_errors(rng: np.random.Generator, sets: TaskSets, std: float, n: int) -> FloatArray:
    """Solve each set and strike all maps with the same noise draws: errors `(n, sets)`.

    Draws in common across sets leave each set's law as it is and take most of the noise out of differences.
    """
    child, columns = rng.spawn(1)[0], []
    for tasks in sets.sets:
        capacity = min(sets.capacity, len(tasks))
        network = make_network(tasks, capacity, corruptions=[AdditiveNoise(std=std)])
        columns.append(damaged_errors(copy.deepcopy(child), network, n)[:, 0])
    return np.stack(columns, axis=1)


def _unit_tasks(rng: np.random.Generator) -> TaskSets:
    tasks = rescale_tasks(gaussian_tasks(rng, n_tasks=12, n_features=60)[None], 1.0)[0]
    return TaskSets(sets=tuple(tasks[:n] for n in (3, 4, 6, 12)), capacity=3)


def _gaussian_pair(rng: np.random.Generator) -> TaskSets:
    tasks = gaussian_tasks(rng, n_tasks=6, n_features=60, std=60**-0.5)
    return TaskSets(sets=(tasks[:5], tasks), capacity=3)


def _crossing(sets: TaskSets) -> float:
    """Predict kappa sigma^2 at which the first two sets have equal error."""
    slopes = [task_slope(tasks, sets.capacity) for tasks in sets.sets[:2]]
    energies = [float(mean_square_norm(tasks[None])[0]) for tasks in sets.sets[:2]]
    return float(crossover_variance(energies[0], slopes[0], energies[1], slopes[1]))


def _measure_gaps(rng: np.random.Generator, sets: TaskSets, n: int) -> FloatArray:
    """Error differences between neighbouring sets at the predicted crossing, in draws."""
    std = float(np.sqrt(_crossing(sets) / sets.sets[0].shape[1]))
    errors = noisy_errors(rng, sets, std, n)
    return np.diff(errors, axis=1)


CROSSOVER = Theorem[TaskSets](
    id="robustness/crossover",
    title="Error curves of t and t+1 tasks cross at an exact noise level",
    source=source("sharpens the theorems' 'there is a noise level'; derived"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        kappa * sp.Symbol(r"\sigma_{thres}^2"),
        1 + (sp.Symbol(r"\nu_{t+1}") - sp.Symbol(r"\nu_t")) / (slope(t) - slope(t + 1)),
    ),
    predict=lambda sets: np.zeros(len(sets.sets) - 1),
    measure=_measure_gaps,
    cases=(
        Case(name="unit-norm tasks, T = 3, 4, 6, 12: all meet at 1", build=_unit_tasks, trials=20_000),
        Case(name="Gaussian tasks of unequal norms, T = 5, 6", build=_gaussian_pair, trials=20_000),
    ),
    derive=_proofs.crossover,
    remark="Tasks of equal mean norm: every curve passes through (kappa sigma^2, error) = (1, nu), "
    "whatever the number of tasks; above it the smaller slope wins, below it the larger.",
)


def _violations(rng: np.random.Generator, sets: TaskSets, n: int) -> FloatArray:
    """Count, on fresh random task sets, where the criteria and the slopes disagree."""
    n_tasks, n_features = sets.sets[0].shape
    scales = np.exp(rng.uniform(-1.0, 1.0, (n, n_tasks, 1)))
    tasks = scales * rng.standard_normal((n, n_tasks, n_features)) / np.sqrt(n_features)
    new = tasks[:, -1]
    _, before, axes = np.linalg.svd(tasks[:, :-1], full_matrices=False)
    after = np.linalg.svd(tasks, compute_uv=False)
    k_units = sets.capacity
    slope_before = (before[:, :k_units] ** 2).sum(axis=1) / (n_tasks - 1)
    # The slope after is measured on the solved network, as the energy of its represented tasks.
    _, _, axes_after = np.linalg.svd(tasks, full_matrices=False)
    represented = tasks @ np.swapaxes(axes_after[:, :k_units], -1, -2)
    slope_after = (represented**2).sum(axis=(1, 2)) / n_tasks
    falls = slope_after < slope_before
    criterion = (after[:, :k_units] ** 2).sum(axis=1) < (1 + 1 / (n_tasks - 1)) * (
        before[:, :k_units] ** 2
    ).sum(axis=1)
    sufficient = (new**2).sum(axis=1) < slope_before
    projected = ((axes[:, :k_units] @ new[:, :, None]) ** 2).sum(axis=(1, 2))
    necessary = projected < slope_before
    interlaced = (after[:, : n_tasks - 1] >= before - 1e-12).all(axis=1) & (
        before >= after[:, 1:] - 1e-12
    ).all(axis=1)
    return np.stack([criterion != falls, sufficient & ~falls, falls & ~necessary, ~interlaced], axis=1)


ADDING_A_TASK = Theorem[TaskSets](
    id="robustness/adding-a-task",
    title="When adding a task lowers the slope: exact, sufficient and necessary conditions",
    source=source("derived; the paper argues by interlacing"),
    kind=Kind.EQUALITY,
    statement=sp.Equivalent(
        slope(t + 1) < slope(t),
        sp.Sum(sp.IndexedBase("s'")[i] ** 2, (i, 1, k)) < (1 + 1 / t) * sp.Sum(s[i] ** 2, (i, 1, k)),
    ),
    predict=lambda sets: np.zeros(4),
    measure=_violations,
    cases=(
        Case(
            name="random tasks of random norms: violations of criterion, sufficiency, necessity, interlacing",
            build=lambda rng: TaskSets(sets=(np.zeros((6, 12)),), capacity=3),
            trials=4_000,
            quick_trials=2_000,
        ),
        Case(
            name="capacity 1, as many tasks as features",
            build=lambda rng: TaskSets(sets=(np.zeros((8, 8)),), capacity=1),
            trials=4_000,
            quick_trials=2_000,
        ),
    ),
    remark="Sufficient: |c_new|² < R_t. Necessary: |U_k'c_new|² < R_t. A new task helps when it is weaker "
    "than the average energy that the representation already carries.",
)


@dataclass(frozen=True, kw_only=True)
class OrthonormalSteps:
    """Nested orthonormal tasks `(T, d)` and the steps t at which one is added."""

    tasks: FloatArray
    capacity: int
    counts: tuple[int, ...]


def _measure_orthonormal(rng: np.random.Generator, x: OrthonormalSteps, n: int) -> FloatArray:
    """Slopes and clean errors of the solved networks, and the error step t -> t+1 at kappa sigma² = 1."""
    slopes, cleans = [], []
    for count in x.counts:
        network = make_network(x.tasks[:count], min(x.capacity, count))
        slopes.append(network.slope)
        cleans.append(network.clean)
    std = float(x.tasks.shape[1] ** -0.5)
    last = len(x.tasks)
    pair = TaskSets(sets=(x.tasks[: last - 1], x.tasks), capacity=x.capacity)
    step = np.diff(noisy_errors(rng, pair, std, n), axis=1)
    above = np.diff(noisy_errors(rng, pair, 2 * std, n), axis=1)
    fixed = np.broadcast_to(np.array([*slopes, *cleans]), (n, 2 * len(slopes)))
    return np.hstack([fixed, step, above])


def _predict_orthonormal(x: OrthonormalSteps) -> FloatArray:
    slopes = np.array([min(x.capacity, count) / count for count in x.counts])
    last = len(x.tasks)
    fall = x.capacity / last - x.capacity / (last - 1)
    return np.array([*slopes, *(1 - slopes), 0.0, 3.0 * fall])


def _orthonormal(k_units: int, n_tasks: int, counts: tuple[int, ...]) -> Case[OrthonormalSteps]:
    def build(rng: np.random.Generator) -> OrthonormalSteps:
        tasks = make_orthonormal_tasks(rng, n_tasks=n_tasks, n_features=30)[0]
        return OrthonormalSteps(tasks=tasks, capacity=k_units, counts=counts)

    return Case(name=f"k = {k_units}, t = {n_tasks - 1} -> {n_tasks}", build=build, trials=20_000)


ORTHONORMAL = Theorem[OrthonormalSteps](
    id="robustness/orthonormal",
    title="Orthonormal tasks: slope k/t, and adding a task helps exactly above kappa sigma² = 1",
    source=source("Theorem on orthonormal tasks"),
    kind=Kind.EQUALITY,
    statement=sp.And(
        sp.Eq(slope(t), sp.Min(k, t) / t),
        sp.Eq(error(t + 1, sigma) - error(t, sigma), -(kappa * sigma**2 - 1) * k / (t * (t + 1))),
    ),
    predict=_predict_orthonormal,
    measure=_measure_orthonormal,
    cases=(_orthonormal(1, 3, (1, 2, 3)), _orthonormal(3, 6, (3, 5, 6)), _orthonormal(4, 9, (4, 5, 8, 9))),
    remark="The printed strict inequality for all sigma >= sigma_thres is strict only above the threshold: "
    "at kappa sigma² = 1 the two errors are equal.",
)


def _measure_head_energy(rng: np.random.Generator, sets: TaskSets, n: int) -> FloatArray:
    tasks, k_units = sets.sets[0], sets.capacity
    networks = [make_network(tasks[:count], k_units) for count in range(k_units, len(tasks) + 1)]
    energies = np.array([net.slope * len(net.weights) for net in networks])
    return np.atleast_2d([*energies, float((np.diff(energies) < 0).any())])


def _predict_head_energy(sets: TaskSets) -> FloatArray:
    tasks, k_units = sets.sets[0], sets.capacity
    energies = [task_slope(tasks[:count], k_units) * count for count in range(k_units, len(tasks) + 1)]
    return np.array([*energies, 0.0])


HEAD_NORM = Theorem[TaskSets](
    id="robustness/head-norm",
    title="The head norm grows with the number of tasks; only its average per task can fall",
    source=source("Corollary 2.6"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(head_energy, sp.Sum(s[i] ** 2, (i, 1, k))),
    predict=_predict_head_energy,
    measure=_measure_head_energy,
    cases=(
        Case(
            name="Gaussian tasks, t = 4..10",
            build=lambda rng: TaskSets(sets=(gaussian_tasks(rng, n_tasks=10, n_features=40),), capacity=4),
        ),
    ),
    remark="The last compared number counts steps at which the head norm falls: none, by interlacing.",
)


@dataclass(frozen=True, kw_only=True)
class NoBenefit:
    """Nested task sets whose slopes are known and must not fall."""

    sets: TaskSets
    slopes: tuple[float, ...]


def _basis(*rows: int, n_features: int = 6) -> FloatArray:
    return np.eye(n_features)[list(rows)]


def _nested(
    tasks: FloatArray, counts: tuple[int, ...], capacity: int, slopes: tuple[float, ...]
) -> NoBenefit:
    return NoBenefit(sets=TaskSets(sets=tuple(tasks[:n] for n in counts), capacity=capacity), slopes=slopes)


def _equicorrelated(rng: np.random.Generator) -> NoBenefit:
    tasks = make_equicorrelated_tasks(rng, n_tasks=16, n_features=30, cosine=0.7)[0]
    counts = (2, 4, 8, 16)
    return _nested(tasks, counts, 1, tuple((1 + (n - 1) * 0.7) / n for n in counts))


def _measured_slopes(rng: np.random.Generator, x: NoBenefit, n: int) -> FloatArray:
    """Read each slope off the error curve: (error at kappa sigma² = 1) - (clean error)."""
    std = float(x.sets.sets[0].shape[1] ** -0.5)
    noisy = noisy_errors(rng, x.sets, std, n)
    clean = [make_network(tasks, min(x.sets.capacity, len(tasks))).clean for tasks in x.sets.sets]
    return np.asarray(noisy - np.array(clean))


def _last_fall(slopes: FloatArray) -> float:
    """Return how much the last added task lowered the slope."""
    return float(slopes[-2] - slopes[-1])


NO_BENEFIT = Theorem[NoBenefit](
    id="robustness/no-benefit",
    title="Task sets where adding tasks does not add robustness, or only down to a floor",
    source=source("derived: limits of Section 2"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(slope(T), sp.Sum(s[i] ** 2, (i, 1, sp.Min(k, T))) / T),
    predict=lambda x: np.array(x.slopes),
    measure=_measured_slopes,
    cases=(
        Case(
            name="(i) capacity at least T: orthonormal, k = 5, T = 3, 4, 5",
            build=lambda rng: _nested(_basis(0, 1, 2, 3, 4), (3, 4, 5), 5, (1.0, 1.0, 1.0)),
            trials=40_000,
            gain=_last_fall,
        ),
        Case(
            name="(i) and the first fall once T exceeds k: T = 6",
            build=lambda rng: _nested(_basis(0, 1, 2, 3, 4, 5), (5, 6), 5, (1.0, 5 / 6)),
            trials=40_000,
        ),
        Case(
            name="(ii) identical tasks, k = 1",
            build=lambda rng: _nested(_basis(0, 0, 0, 0), (1, 2, 4), 1, (1.0, 1.0, 1.0)),
            trials=40_000,
            gain=_last_fall,
        ),
        Case(
            name="(iii) duplicates of a task, k = 2",
            build=lambda rng: _nested(_basis(0, 1, 2, 3, 0, 0), (4, 5, 6), 2, (0.5, 0.6, 2 / 3)),
            trials=40_000,
            gain=_last_fall,
        ),
        Case(
            name="(iii) while a new orthogonal task helps",
            build=lambda rng: _nested(_basis(0, 1, 2, 3, 4), (4, 5), 2, (0.5, 0.4)),
            trials=40_000,
        ),
        Case(
            name="(iv) a new task of norm 3",
            build=lambda rng: _nested(np.vstack([_basis(0, 1, 2, 3), 3 * _basis(4)]), (4, 5), 2, (0.5, 2.0)),
            trials=40_000,
            gain=_last_fall,
        ),
        Case(name="(v) equicorrelated tasks: a floor at the cosine", build=_equicorrelated, trials=40_000),
    ),
    remark="Case (vi), Gaussian tasks while t + 1 <= k, is robustness/gaussian-needs-t-ge-k: a coin flip. "
    f"With cosine rho the slope is rho + (1 - rho)/{T}: no number of tasks takes it below rho.",
)

THEOREMS = (CROSSOVER, ADDING_A_TASK, ORTHONORMAL, HEAD_NORM, NO_BENEFIT)
