"""How transfer depends on the size of the source: three regimes, and a fourth for small targets."""

from dataclasses import dataclass

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_theory.asymptotics import (
    TransferRegime,
    pooled_risk,
    positive_source_sizes,
    single_task_risk,
    transfer_regime,
)
from mtl_theory.ledger._blocks import in_blocks
from mtl_theory.ledger.asymptotics import _proofs
from mtl_theory.ledger.asymptotics._designs import (
    Pair,
    at_both_scales,
    draw_pair,
    exact_single_task_risk,
    extrapolate,
    mean_square,
    source,
    trace,
)
from mtl_theory.ledger.asymptotics._symbols import mu, n1, n2, p, sigma
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict

NOISE = 0.5


@dataclass(frozen=True, kw_only=True)
class Growing:
    """A target and sources of several sizes, per feature, from the random-effects model."""

    spread: float
    sources: tuple[float, ...]
    target: float = 3.0
    n_features: int = 40

    @property
    def squared_distance(self) -> float:
        r"""Return $2 \\mu^2$."""
        return 2 * self.spread**2

    @property
    def setting(self) -> dict[str, float]:
        """What the closed forms take, sizes in units of p."""
        distance = self.squared_distance
        return {"n_target": self.target, "n_features": 1.0, "noise": NOISE, "squared_distance": distance}

    @property
    def regime(self) -> TransferRegime:
        """The regime, by the closed form."""
        return transfer_regime(**self.setting)


def _measure_growing(rng: np.random.Generator, x: Growing, n: int) -> FloatArray:
    """Return the target's own mean risk and the pooled one given the designs, for every source size."""

    def measure(child: np.random.Generator, scale: int, size: int) -> FloatArray:
        p = scale * x.n_features
        children = child.spawn(len(x.sources))
        columns = []
        for grandchild, ratio in zip(children, x.sources, strict=True):
            counts = Pair(source=ratio, target=x.target, n_features=x.n_features).counts(scale)
            gram = draw_pair(grandchild, counts, p, size)
            inverse = np.linalg.inv(gram.sum(axis=1))
            bias = x.squared_distance * mean_square(inverse @ gram[:, 0])
            alone = exact_single_task_risk(counts[1], p, NOISE)
            surplus = NOISE**2 * trace(np.linalg.inv(gram[:, 1])) - alone
            # A control variate: a small source leaves most of the target's own fluctuation in place.
            shared = (x.target / (ratio + x.target)) ** 2 * surplus
            columns += [np.full(size, alone), bias + NOISE**2 * trace(inverse) - shared]
        return np.stack(columns, axis=-1)

    def block(child: np.random.Generator, size: int) -> FloatArray:
        return at_both_scales(measure, child, size)

    return in_blocks(block, rng, n, entries=8 * x.n_features**2)


def _gains(x: Growing, means: FloatArray) -> FloatArray:
    """Return relative gains over the target alone, their signs, and where they change sign (n_1/p)."""
    alone, pooled = extrapolate(x, means).reshape(-1, 2).T
    gains = (alone - pooled) / alone.mean()
    sizes = np.log(x.sources)
    falls = np.flatnonzero((gains[:-1] > 0) & (gains[1:] <= 0))
    root = 0.0
    if falls.size:
        # Three neighbouring sizes: the gain is smooth in log n_1.
        start = min(max(int(falls[0]) - 1, 0), len(gains) - 3)
        curve = np.polyfit(sizes[start : start + 3], gains[start : start + 3], 2)
        middle = (sizes[falls[0]] + sizes[falls[0] + 1]) / 2
        roots = np.roots(curve)
        root = float(np.exp(roots[np.argmin(np.abs(roots - middle))].real))
    return np.array([*gains, *np.sign(gains), root])


def _predict_growing(x: Growing) -> FloatArray:
    """Gains by the limit of the risk; signs and the critical size by the regime and its quadratic alone."""
    alone = float(single_task_risk(x.target, 1.0, NOISE))
    pooled = pooled_risk(
        n_source=x.sources,
        n_target=x.target,
        n_features=1.0,
        noise=NOISE,
        squared_distance=x.squared_distance,
    )
    low, high = (float(end) for end in positive_source_sizes(**x.setting))
    signs = [1.0 if low < size < high else -1.0 for size in x.sources]
    return np.array([*(1 - pooled.risk / alone), *signs, high if 0 < high < np.inf else 0.0])


def _largest_gain(x: Growing, quantities: FloatArray) -> float:
    return float(quantities[: len(x.sources)].max())


def _growing_case(spread: float, sources: tuple[float, ...], *, target: float = 3.0) -> Case[Growing]:
    x = Growing(spread=spread, sources=sources, target=target)
    never = x.regime is TransferRegime.ALWAYS_NEGATIVE
    return Case(
        name=f"mu = {spread:g}, n_2/p = {target:g}: {x.regime.value}",
        build=lambda rng: x,
        trials=1_000,
        quick_trials=150,
        gain=(lambda quantities: _largest_gain(x, quantities)) if never else None,
    )


MANY_TARGETS = Assumption[Growing](
    name="n_2 >= 3p",
    statement="the target has at least three samples a feature",
    holds=lambda x: x.target >= 3,
)

THREE_REGIMES = Theorem[Growing](
    id="asymptotics/three-regimes",
    title="A growing source always helps, helps up to n₁*, or always hurts",
    source=source("model shift, the three regimes, with the missing factors p"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        (2 * mu**2 * (n2 - p) - sigma**2 * p) * n1**2
        + (2 * mu**2 * (n2 - p) ** 2 - 2 * sigma**2 * p * n2) * n1
        + p * n2 * (2 * mu**2 * (n2 - p) - sigma**2 * n2),
        0,
    ),
    assumptions=(MANY_TARGETS,),
    predict=_predict_growing,
    measure=_measure_growing,
    reduce=_gains,
    cases=(
        _growing_case(0.22, (0.5, 3.0, 30.0)),
        _growing_case(0.35, (0.5, 2.0, 2.75, 3.75, 8.0)),
        _growing_case(0.4, (0.25, 0.75, 1.05, 1.4, 4.0)),
        _growing_case(0.5, (0.25, 2.0, 10.0)),
        Case(
            name="n_2 = 1.5 p",
            build=lambda rng: Growing(spread=0.6, sources=(0.5, 2.0), target=1.5),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    slack=0.01,
    scale=0.1,
    derive=_proofs.three_regimes,
    remark="Random effects, |β_1 - β_2|² = 2 mu², a = 1, sigma = 1/2. Compared: the gain relative to the "
    "target alone at several n_1/p, its sign as the regime says, and the n_1*/p where it crosses zero (0 "
    "where it does not). Thresholds in mu²: sigma² p/(2(n_2-p)) and sigma² n_2/(2(n_2-p)). Measured at "
    "p = 40 and 80 given the designs, extrapolated in 1/p; slack 1 % of n_1*, 0.1 % of the target's risk.",
)

TRANSFER_WINDOW = Theorem[Growing](
    id="asymptotics/transfer-window",
    title="With n₂ < 3p a fourth regime: small sources hurt, middling ones help, large ones hurt",
    source=source("the three regimes without n_2 >= 3p; derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(sp.Symbol(r"n_{peak}", positive=True) * (p + n2), n2 * (3 * p - n2)),
    assumptions=(
        Assumption(
            name="p < n_2 < 3p",
            statement="the target has between one and three samples a feature",
            holds=lambda x: 1 < x.target < 3,
        ),
    ),
    predict=_predict_growing,
    measure=_measure_growing,
    reduce=_gains,
    cases=(
        _growing_case(0.67, (0.1, 0.75, 2.0, 3.0, 10.0), target=1.5),
        _growing_case(0.8, (0.05, 0.75, 3.0), target=1.5),
        Case(
            name="n_2 = 3p",
            build=lambda rng: Growing(spread=0.6, sources=(0.5, 2.0)),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    slack=0.01,
    scale=0.1,
    derive=_proofs.window,
    remark="The |β_1 - β_2|² that pooling tolerates is not monotone in n_1: it peaks at n_1 = n_2(3p - n_2)/"
    "(p + n_2). Quantities and measurement as in asymptotics/three-regimes.",
)

THEOREMS = (THREE_REGIMES, TRANSFER_WINDOW)
