"""Exact laws against the loops over data that they replace: speed and memory."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks.memory import peak_memory
from benchmarks.row import Row, cpu_seconds_each
from mtl_simulators.exact import draw_truncated_svd
from mtl_simulators.geometry import make_low_rank_tasks, rescale_tasks
from mtl_simulators.problems import Truth

N_FEATURES, N_TASKS, RANK = 100, 20, 5

FloatArray = npt.NDArray[np.float64]
Draws = list[tuple[float, float]]

PEAK_MEMORY = """
import numpy as np
from benchmarks.bench_exact import exact, make_truth
exact(make_truth(), 200, True, np.float64, {count})
"""


def rows(*, quick: bool) -> list[Row]:
    """Return the rows of this file."""
    return [*_shared(quick), *_separate(quick), _memory(quick)]


def make_truth() -> Truth:
    """Return 20 unit task vectors in a common 5-dimensional space of 100 features, with unit noise."""
    rng = np.random.default_rng(0)
    tasks = make_low_rank_tasks(rng, n_tasks=N_TASKS, n_features=N_FEATURES, rank=RANK)
    return Truth(weights=rescale_tasks(tasks, 1.0), covariance=np.eye(N_FEATURES), noise=np.ones(N_TASKS))


def exact(
    truth: Truth, n_samples: int, shared_design: bool, dtype: npt.DTypeLike, count: int
) -> tuple[FloatArray, FloatArray]:
    """Draw sin-theta and excess risk from their exact law."""
    draws = draw_truncated_svd(
        np.random.default_rng(1),
        truth,
        capacity=RANK,
        n_samples=n_samples,
        n_replicates=count,
        shared_design=shared_design,
        dtype=dtype,
    )
    return draws.sin_theta.astype(np.float64), draws.excess_risk.astype(np.float64)


def loop_shared(truth: Truth, n_samples: int, solve: Callable[..., FloatArray], count: int) -> Draws:
    """Draw data, solve, truncate and measure, one replicate after another, all tasks on one design."""
    rng = np.random.default_rng(2)
    weights, basis = truth.weights[0].T, _basis(truth)
    draws = []
    for _ in range(count):
        inputs = rng.standard_normal((n_samples, N_FEATURES))
        targets = inputs @ weights + rng.standard_normal((n_samples, N_TASKS))
        draws.append(_measure(solve(inputs, targets), weights, basis))
    return draws


def loop_separate(truth: Truth, n_samples: int, solve: Callable[..., FloatArray], count: int) -> Draws:
    """Draw data, solve, truncate and measure, one replicate and one task after another."""
    rng = np.random.default_rng(2)
    weights, basis = truth.weights[0].T, _basis(truth)
    draws = []
    for _ in range(count):
        estimate = np.empty((N_FEATURES, N_TASKS))
        for task in range(N_TASKS):
            inputs = rng.standard_normal((n_samples, N_FEATURES))
            targets = inputs @ weights[:, task] + rng.standard_normal(n_samples)
            estimate[:, task] = solve(inputs, targets)
        draws.append(_measure(estimate, weights, basis))
    return draws


def lstsq(inputs: FloatArray, targets: FloatArray) -> FloatArray:
    """Solve least squares as notebooks do."""
    return np.asarray(np.linalg.lstsq(inputs, targets, rcond=None)[0])


def normal_equations(inputs: FloatArray, targets: FloatArray) -> FloatArray:
    """Solve least squares as fast as one design at a time allows."""
    return np.asarray(np.linalg.solve(inputs.T @ inputs, inputs.T @ targets))


def _basis(truth: Truth) -> FloatArray:
    return np.asarray(np.linalg.svd(truth.weights[0])[2][:RANK].T)


def _measure(estimate: FloatArray, weights: FloatArray, basis: FloatArray) -> tuple[float, float]:
    left, spectrum, right = np.linalg.svd(estimate, full_matrices=False)
    truncated = (left[:, :RANK] * spectrum[:RANK]) @ right[:RANK]
    cosine = np.linalg.svd(basis.T @ left[:, :RANK], compute_uv=False)[-1]
    return float(np.sqrt(1 - cosine**2)), float(((truncated - weights) ** 2).sum())


def _shared(quick: bool) -> list[Row]:
    truth = make_truth()
    work: dict[str, tuple[Callable[[int], object], int]] = {
        "lstsq": (partial(loop_shared, truth, 200, lstsq), 40 if quick else 200),
        "normal": (partial(loop_shared, truth, 200, normal_equations), 80 if quick else 400),
        "double": (partial(exact, truth, 200, True, np.float64), 2_000 if quick else 10_000),
        "single": (partial(exact, truth, 200, True, np.float32), 2_000 if quick else 10_000),
    }
    seconds = _alternate(work, rounds=3 if quick else 7)
    name = "rank-5 problems, exact law, shared design"
    loop, fast_loop = "lstsq + SVD loop", "normal equations + SVD loop"
    return [
        Row.of(seconds["lstsq"] / seconds["double"], name=f"{name}, float64", peer=loop, at_least=17),
        Row.of(seconds["lstsq"] / seconds["single"], name=f"{name}, float32", peer=loop, at_least=35),
        Row.of(seconds["normal"] / seconds["double"], name=f"{name}, float64", peer=fast_loop),
    ]


def _separate(quick: bool) -> list[Row]:
    truth = make_truth()
    work: dict[str, tuple[Callable[[int], object], int]] = {
        "lstsq": (partial(loop_separate, truth, 1000, lstsq), 2 if quick else 5),
        "normal": (partial(loop_separate, truth, 1000, normal_equations), 4 if quick else 10),
        "double": (partial(exact, truth, 1000, False, np.float64), 2_000 if quick else 10_000),
    }
    seconds = _alternate(work, rounds=3 if quick else 7)
    name = "rank-5 problems, exact law, separate designs, float64"
    return [
        Row.of(seconds["lstsq"] / seconds["double"], name=name, peer="lstsq + SVD loop", at_least=140),
        Row.of(seconds["normal"] / seconds["double"], name=name, peer="normal equations + SVD loop"),
    ]


def _alternate(work: dict[str, tuple[Callable[[int], object], int]], *, rounds: int) -> dict[str, FloatArray]:
    """Return CPU seconds a replicate of each kind of work, one value a round, after agreeing on the law."""
    _check_agreement({name: call(min(count, 500)) for name, (call, count) in work.items()})
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (call, count) in work.items():
            seconds[name].append(cpu_seconds_each(call, count))
    return {name: np.array(values) for name, values in seconds.items()}


def _check_agreement(results: dict[str, object]) -> None:
    """Refuse to compare the speed of programs whose means differ by more than 5 standard errors."""
    samples = {
        name: np.array(draws if isinstance(draws, list) else np.transpose(np.array(draws)))
        for name, draws in results.items()
    }
    means = {name: draws.mean(axis=0) for name, draws in samples.items()}
    reference = samples.pop("double")
    for name, draws in samples.items():
        # One variance, from the larger sample: a handful of slow replicates does not estimate its own.
        stderr = reference.std(axis=0) * np.sqrt(1 / len(draws) + 1 / len(reference))
        if (np.abs(means[name] - means["double"]) > 5 * stderr).any():
            raise RuntimeError(f"{name} and the exact law disagree: {means[name]} against {means['double']}.")


def _memory(quick: bool) -> Row:
    few = 2_000 if quick else 10_000
    peaks = [
        [peak_memory(PEAK_MEMORY.format(count=count)) for count in (few, 10 * few)]
        for _ in range(1 if quick else 3)
    ]
    return Row.of(
        [many / base for base, many in peaks],
        name=f"peak memory, {10 * few:,} replicates",
        peer=f"{few:,} replicates",
        at_least=0.9,
        at_most=1.1,
    )
