"""Landscape and weights: Lemma 10, its converse, and what Algorithm 2 does to a noisy task."""

from dataclasses import dataclass

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Moments
from mtl_simulators.solvers import AlternatingLeastSquares, local_minima, svd_task_weights
from mtl_theory.ledger.transfer._source import source
from mtl_theory.theorem import Case, Kind, Theorem, Verdict


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """Sufficient statistics of tasks in one replicate, and a capacity."""

    moments: Moments
    capacity: int


def _landscape(
    rng: np.random.Generator, *, n_tasks: int, n_features: int, capacity: int, proportional: bool
) -> Landscape:
    """Draw unit-energy tasks whose Gram matrices are proportional, or turned and stretched differently."""
    left = np.linalg.qr(rng.standard_normal((n_tasks, n_features, n_features)))[0]
    right = np.linalg.qr(rng.standard_normal((n_tasks, n_features, n_features)))[0]
    spectra = np.exp(rng.uniform(-2.5, 2.5, (n_tasks, n_features)))
    if proportional:
        right, spectra = right[:1], spectra[:1] * rng.uniform(0.3, 3.0, (n_tasks, 1))
    inputs = (left * spectra[:, None]) @ right
    weights = rng.standard_normal((n_tasks, n_features))
    targets = np.einsum("tij,tj->ti", inputs, weights)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    moments = Moments(
        gram=(inputs.mT @ inputs)[None],
        cross=np.einsum("tij,ti->tj", inputs, targets)[None],
        energy=np.ones((1, n_tasks)),
        n_samples=np.full(n_tasks, float(n_features)),
    )
    return Landscape(moments=moments, capacity=capacity)


def _spread(rng: np.random.Generator, x: Landscape, n: int) -> FloatArray:
    """Return the largest minus the smallest loss that descents from random starts end at."""
    solver = AlternatingLeastSquares(capacity=x.capacity, n_starts=40)
    losses = local_minima(x.moments, solver, rng=rng)[0]
    return np.array([[losses.max() - losses.min()]])


LOCAL = sp.Function("f")
statement_no_spurious = sp.Eq(LOCAL(sp.Symbol(r"B_{local}")), sp.Symbol(r"\min_B f(B)"))


def _proportional(n_tasks: int, n_features: int, capacity: int) -> Case[Landscape]:
    return Case(
        name=f"k = {n_tasks}, d = {n_features}, r = {capacity}",
        build=lambda rng: _landscape(
            rng, n_tasks=n_tasks, n_features=n_features, capacity=capacity, proportional=True
        ),
    )


NO_SPURIOUS = Theorem[Landscape](
    id="transfer/lemma10-no-spurious",
    title="Proportional covariances: every descent ends at the global minimum",
    source=source("Lemma 10"),
    kind=Kind.EQUALITY,
    statement=statement_no_spurious,
    predict=lambda x: [0.0],
    measure=_spread,
    cases=(_proportional(3, 3, 1), _proportional(6, 5, 2), _proportional(8, 10, 4)),
    slack=1e-7,
    remark="Each task's labels have unit energy, so losses are of order one; compared is their spread over "
    "40 random starts.",
)

SPURIOUS = Theorem[Landscape](
    id="transfer/spurious-minima-unequal-covariance",
    title="Lemma 10 without its hypothesis: different covariances have bad local minima",
    source=source("Lemma 10, hypothesis dropped"),
    kind=Kind.EQUALITY,
    statement=statement_no_spurious,
    predict=lambda x: [0.0],
    measure=_spread,
    cases=(
        Case(
            name="k = 3, d = 3, r = 1",
            build=lambda rng: _landscape(
                np.random.default_rng(4), n_tasks=3, n_features=3, capacity=1, proportional=False
            ),
        ),
    ),
    slack=1e-7,
    expected=Verdict.REFUTED,
    remark="The smallest size at which it happens; most instances drawn this way have two to four distinct "
    "minima. Train from several starts and report the spread.",
)


@dataclass(frozen=True, kw_only=True)
class NoisyTask:
    """Tasks with equal truths on one design; the last has noisier labels."""

    n_tasks: int
    n_samples: int
    n_features: int
    unit_labels: bool
    redrawn: float = 0.0

    @property
    def capacity(self) -> int:
        """Rows of the shared map: one direction serves all the tasks."""
        return 1


def _down_weighted(rng: np.random.Generator, x: NoisyTask, n: int) -> FloatArray:
    """Return whether Algorithm 2 gives the noisy task less weight than the mean of the others."""
    truth = rng.standard_normal((n, 1, x.n_features))
    truth /= np.linalg.norm(truth, axis=-1, keepdims=True)
    inputs = rng.standard_normal((n, x.n_samples, x.n_features))
    clean = (truth @ inputs.mT).repeat(x.n_tasks, axis=1)
    if x.redrawn:
        targets = np.sign(clean + 0.5 * rng.standard_normal(clean.shape))
        redrawn = rng.random((n, x.n_samples)) < x.redrawn
        coins = rng.choice([-1.0, 1.0], (n, x.n_samples))
        targets[:, -1] = np.where(redrawn, coins, targets[:, -1])
    else:
        spread = np.full((x.n_tasks, 1), 0.5)
        spread[-1] = 3.0
        targets = clean + spread * rng.standard_normal(clean.shape)
    moments = Moments(
        gram=inputs.mT @ inputs,
        cross=targets @ inputs,
        energy=(targets**2).sum(axis=-1),
        n_samples=np.full(x.n_tasks, float(x.n_samples)),
    )
    weights = svd_task_weights(moments, capacity=x.capacity, unit_labels=x.unit_labels)
    lighter = weights[:, -1] < weights[:, :-1].mean(axis=1)
    return np.asarray(lighter[:, None], dtype=np.float64)


def _noisy_case(n_tasks: int, *, unit_labels: bool, redrawn: float = 0.0) -> Case[NoisyTask]:
    labels = f"sign labels, {redrawn:.0%} redrawn" if redrawn else "additive noise 3 against 0.5"
    instance = NoisyTask(
        n_tasks=n_tasks, n_samples=200, n_features=20, unit_labels=unit_labels, redrawn=redrawn
    )
    return Case(name=f"k = {n_tasks}, {labels}", build=lambda rng: instance, trials=2_000)


downweighted = sp.Eq(sp.Function("P")(sp.Symbol(r"\alpha_{noisy}") < sp.Symbol(r"\bar\alpha_{clean}")), 1)

RAW_WEIGHTS = Theorem[NoisyTask](
    id="transfer/algorithm2-raw-wrong-order",
    title="As printed: Algorithm 2 gives a task with noisy labels less weight",
    source=source("Algorithm 2"),
    kind=Kind.EQUALITY,
    statement=downweighted,
    predict=lambda x: [1.0],
    measure=_down_weighted,
    cases=(
        _noisy_case(2, unit_labels=False),
        _noisy_case(5, unit_labels=False),
    ),
    slack=0.02,
    expected=Verdict.REFUTED,
    remark="Additive noise makes |X'y| longer, so the raw weights go up with the noise. With labels of unit "
    "length the order is right: transfer/algorithm2-unit-labels.",
)

UNIT_LABELS = Theorem[NoisyTask](
    id="transfer/algorithm2-unit-labels",
    title="Corrected: on unit-norm labels the noisy task is weighted down",
    source=source("Algorithm 2, corrected here"),
    kind=Kind.EQUALITY,
    statement=downweighted,
    predict=lambda x: [1.0],
    measure=_down_weighted,
    cases=(
        _noisy_case(2, unit_labels=True),
        _noisy_case(5, unit_labels=True),
        _noisy_case(14, unit_labels=True),
        _noisy_case(2, unit_labels=True, redrawn=0.4),
        _noisy_case(5, unit_labels=True, redrawn=0.4),
    ),
    slack=0.02,
    remark="The order of the weights is what is claimed here. The direction that is then learned changes by "
    "less than 0.004 in cosine: a gain in accuracy is not an effect of the linear theory.",
)

THEOREMS = (NO_SPURIOUS, SPURIOUS, RAW_WEIGHTS, UNIT_LABELS)
