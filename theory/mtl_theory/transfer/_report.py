"""Which tasks help which: measured gains of all ordered pairs beside what the theory predicts."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval, positive_int
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Dataset, Problem, Truth
from mtl_simulators.solvers import MinimumNorm, TwoTaskGlobal, solve
from mtl_theory.asymptotics import plug_in_capacity
from mtl_theory.transfer._pairs import pair_of
from mtl_theory.transfer._predictions import NO_PREDICTION, TaskStatistics, predict_pair, task_statistics


@dataclass(frozen=True, kw_only=True)
class TransferReport:
    r"""Gains $\delta_{st}$ of training task t together with task s on one shared direction.

    $\delta_{st} = \mathrm{risk}_t(\text{alone}) - \mathrm{risk}_t(\text{with } s)$: positive where sharing
    helps. Rows are sources, columns targets; the diagonal is zero.

    Parameters
    ----------
    names
        Task names.
    single_task
        Risk of each task alone, `(T,)`: mean squared error on held-out samples, or the exact excess risk.
    gain, low, high
        Measured gains and their bootstrap interval, `(T, T)`.
    predicted
        Predicted gains, `(T, T)`; NaN where the theory does not apply.
    cosine
        Estimated cosines of the tasks in the metric of the inputs, `(T, T)`; NaN where not identified.
    critical_cosine, critical_source_size
        Where the predicted gain of each pair changes sign, `(T, T)`.
    capacity
        Capacity that the plug-in rule picks for all tasks together; None without a shared design.
    level
        Coverage of the intervals.
    notes
        What was not computed, and why.
    """

    names: tuple[str, ...]
    single_task: FloatArray
    gain: FloatArray
    low: FloatArray
    high: FloatArray
    predicted: FloatArray
    cosine: FloatArray
    critical_cosine: FloatArray
    critical_source_size: FloatArray
    capacity: int | None
    level: float
    notes: tuple[str, ...]

    @property
    def significant(self) -> FloatArray:
        """+1 or -1 where the interval excludes zero, else 0, `(T, T)`."""
        return np.asarray((self.low > 0).astype(float) - (self.high < 0).astype(float))

    @property
    def agreement(self) -> tuple[int, int]:
        """Significant gains whose predicted sign is right, and significant gains with a prediction."""
        judged = (self.significant != 0) & np.isfinite(self.predicted)
        right = judged & (np.sign(self.predicted) == self.significant)
        return int(right.sum()), int(judged.sum())


def transfer_report(
    problem: Problem,
    *,
    rng: np.random.Generator,
    names: tuple[str, ...] | None = None,
    n_bootstrap: int = 1_000,
    level: float = 0.9,
) -> TransferReport:
    r"""Train every ordered pair of tasks on one shared direction and compare with each task alone.

    The pair is solved to its global optimum (`TwoTaskGlobal`); alone is least squares of minimum norm. With
    several replicates and a known truth the risk is the exact excess risk and the bootstrap is over
    replicates; otherwise it is over held-out samples, paired, with the training data held fixed. The
    predictions are the isotropic high-dimensional limits (Yang et al. 2020) at cosines, norms and noise
    estimated on whitened inputs.

    Raises
    ------
    ValueError
        With fewer than two tasks, or neither held-out data nor replicates with a linear truth.

    >>> from mtl_simulators.problems import make_linear
    >>> rng = np.random.default_rng(0)
    >>> problem = make_linear(
    ...     rng, alignment=0.9, n_tasks=3, n_features=20, n_samples=40, noise=1.0, n_replicates=50
    ... )
    >>> report = transfer_report(problem, rng=rng)
    >>> bool((report.gain[0, 1:] > 0).all() and (report.predicted[0, 1:] > 0).all())
    True
    """
    positive_int("n_bootstrap", n_bootstrap, at_least=100)
    in_interval("level", level, 0.5, 0.999)
    data = problem.train
    n_tasks = data.targets.shape[1]
    if n_tasks < 2:
        raise ValueError("a transfer report needs at least two tasks.")
    labels = names or tuple(f"task {t + 1}" for t in range(n_tasks))
    if len(labels) != n_tasks:
        raise ValueError(f"got {len(labels)} names for {n_tasks} tasks.")
    rng_solve, rng_bootstrap = rng.spawn(2)
    alone = solve(data, MinimumNorm(), rng=rng_solve).weights
    single = [_losses(problem, alone[:, task], task) for task in range(n_tasks)]
    statistics = task_statistics(data)
    predictions = np.full((n_tasks, n_tasks), NO_PREDICTION, dtype=object)
    gain, low, high = (np.zeros((n_tasks, n_tasks)) for _ in range(3))
    for pair in permutations(range(n_tasks), 2):
        draws = _gains(problem, pair, single[pair[1]], rng_solve)
        gain[pair] = draws.mean()
        low[pair], high[pair] = _interval(rng_bootstrap, draws, n_bootstrap, level)
        if statistics is not None:
            predictions[pair] = predict_pair(statistics, *pair)
    capacity, notes = _capacity(data)
    notes = (*notes, *_missing(gain, statistics))
    return TransferReport(
        names=labels,
        single_task=np.array([float(losses.mean()) for losses in single]),
        gain=gain,
        low=low,
        high=high,
        predicted=_field(predictions, "gain"),
        cosine=statistics.cosine if statistics else np.full((n_tasks, n_tasks), np.nan),
        critical_cosine=_field(predictions, "critical_cosine"),
        critical_source_size=_field(predictions, "critical_source_size"),
        capacity=capacity,
        level=level,
        notes=notes,
    )


def _gains(
    problem: Problem, pair: tuple[int, int], alone: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Train source and target on one direction: what each loss of the target falls by."""
    shared = solve(pair_of(problem.train, *pair), TwoTaskGlobal(), rng=rng, throw=False)
    return alone - _losses(problem, shared.weights[:, 1], pair[1])


def _missing(gain: FloatArray, statistics: TaskStatistics | None) -> tuple[str, ...]:
    """Say which numbers the report lacks, and why."""
    notes: tuple[str, ...] = ()
    if not np.isfinite(gain).all():
        notes = (*notes, "gains that are missing: the pair has fewer samples than features")
    if statistics is None:
        notes = (*notes, "no predictions: a task has no more than d + 1 samples, or a singular design")
    return notes


def _field(predictions: np.ndarray, name: str) -> FloatArray:
    flat = [getattr(prediction, name) for prediction in predictions.ravel()]
    return np.array(flat, dtype=np.float64).reshape(predictions.shape)


def _losses(problem: Problem, weights: FloatArray, task: int) -> FloatArray:
    """Return the losses that the bootstrap resamples: of replicates, or of held-out samples."""
    truth = problem.truth
    if isinstance(truth, Truth) and len(weights) > 1:
        estimate = np.broadcast_to(truth.weights, (len(weights), *truth.weights.shape[1:])).copy()
        estimate[:, task] = weights
        return np.asarray(excess_risk(estimate, truth)[:, task])
    if problem.test is None or len(weights) > 1:
        raise ValueError(
            "gains need held-out samples (one replicate with a test set) or several replicates with a "
            "linear truth; pass n_test=... or n_replicates=... to the generator."
        )
    test = problem.test
    count = int(test.counts[task])
    inputs = test.inputs[0, :count] if test.shared_design else test.inputs[0, task, :count]
    return np.asarray((inputs @ weights[0] - test.targets[0, task, :count]) ** 2)


def _interval(
    rng: np.random.Generator, draws: FloatArray, n_bootstrap: int, level: float
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean."""
    chosen = rng.integers(0, len(draws), size=(n_bootstrap, len(draws)))
    means = draws[chosen].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _capacity(data: Dataset) -> tuple[int | None, tuple[str, ...]]:
    if not data.shared_design:
        return None, ("no capacity rule: the tasks have designs of their own",)
    moments = data.moments()
    if moments.n_samples[0] <= moments.n_features:
        return None, ("no capacity rule: no more samples than features",)
    return int(np.median(plug_in_capacity(moments))), ()
