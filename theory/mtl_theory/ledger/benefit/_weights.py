"""How much weight a related task deserves, and when equal weights hurt."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.labels import ami_of_agreement
from mtl_theory.ledger.benefit import _proofs
from mtl_theory.ledger.benefit._pooled_error import first_order_error
from mtl_theory.ledger.benefit._sign_tasks import BALANCED, FIRST_ORDER, SignTasks, reduced_errors
from mtl_theory.ledger.benefit._source import source
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict

T, c = sp.symbols("T c", positive=True)
t = sp.Symbol("t", integer=True, positive=True)
omega, channel = sp.IndexedBase("omega"), sp.IndexedBase("c")
worth = sp.Symbol(r"n_{eff}/n", positive=True)
TURNS = np.array([-0.4, 0.0, 0.4])  # angles about the middle one at which the error is sampled


def _equal_tasks(correlation: float, *, n_samples: int, n_tasks: int, n_features: int = 20) -> SignTasks:
    ami = float(ami_of_agreement(correlation, prior=BALANCED))
    return SignTasks(n_samples=n_samples, n_features=n_features, amis=(ami,) * (n_tasks - 1))


def _weights_at(x: SignTasks, angles: FloatArray) -> FloatArray:
    """Return weights (cos φ, sin φ / sqrt(T-1), ...) of equal auxiliary tasks, `(angles, T)`."""
    n_aux = x.n_tasks - 1
    return np.column_stack([np.cos(angles), *[np.sin(angles) / np.sqrt(n_aux)] * n_aux])


def _angles(x: SignTasks) -> FloatArray:
    return np.asarray(np.arctan(np.sqrt(x.n_tasks - 1) * x.correlations[-1]) + TURNS)


def _best_weight(x: SignTasks, errors: FloatArray) -> FloatArray:
    """Return the weight at the vertex of a parabola through the errors at three angles."""
    curvature, slope, _ = np.polyfit(TURNS, errors, 2)
    angle = _angles(x)[1] - slope / (2 * curvature)
    return np.array([np.tan(angle) / np.sqrt(x.n_tasks - 1)])


def _alike(x: SignTasks) -> bool:
    return x.n_tasks > 1 and len(set(x.amis)) == 1


def _matched_case(correlation: float) -> Case[SignTasks]:
    return Case(
        name=f"T = 5, n = 100, c = {correlation:g}",
        build=lambda rng: _equal_tasks(correlation, n_samples=100, n_tasks=5),
        trials=60_000,
        quick_trials=20_000,
    )


MATCHED = Theorem[SignTasks](
    id="benefit/matched-weights",
    title="The best weight of a task is the correlation of its labels",
    source=source("derived here"),
    kind=Kind.EQUALITY,
    statement=sp.And(
        sp.Eq(omega[t], channel[t]), sp.Eq(worth, sp.Sum(channel[t] ** 2, (t, 1, T))), evaluate=False
    ),
    assumptions=(
        FIRST_ORDER,
        Assumption(
            name="auxiliary tasks alike",
            statement="all auxiliary tasks have one AMI, so that one weight is looked for",
            holds=_alike,
        ),
    ),
    predict=lambda x: x.correlations[-1:],
    measure=lambda rng, x, n: reduced_errors(rng, x, _weights_at(x, _angles(x)), n),
    reduce=_best_weight,
    cases=(
        *(_matched_case(correlation) for correlation in (0.3, 0.6, 0.9)),
        Case(
            name="different auxiliary tasks",
            build=lambda rng: SignTasks(n_samples=100, n_features=20, amis=(0.1, 0.5)),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    slack=0.012,
    scale=1e-3,
    derive=_proofs.matched_weights,
    remark="n_eff/n = (Σ ω_t c_t)²/Σ ω_t² is largest at ω = c, with value Σ c_t² (Cauchy and Schwarz). "
    "Measured is the weight with the smallest error, by a parabola through three weightings of the "
    "same draws. The exact error (benefit/pooled-ami-exact) is least at a weight up to 1.1 % smaller"
    " on n >= 5(d-1): the slack.",
)


def _three_weightings(x: SignTasks) -> FloatArray:
    return np.vstack([x.weightings, np.ones(x.n_tasks)])[[0, 2, 1]]


def _equal_case(correlation: float, n_tasks: int, *, hurts: bool) -> Case[SignTasks]:
    gain: Callable[[FloatArray], float] = lambda errors: float(errors[0] - errors[1])  # noqa: E731
    words = "equal weights must not help" if hurts else "equal weights help"
    return Case(
        name=f"T = {n_tasks}, c = {correlation:g}: {words}",
        build=lambda rng: _equal_tasks(correlation, n_samples=100, n_tasks=n_tasks),
        trials=20_000,
        quick_trials=2_000,
        gain=gain if hurts else None,
    )


EQUAL = Theorem[SignTasks](
    id="benefit/equal-weights",
    title="Equal weights make T noisy tasks worth (1+(T-1)c)²/T clean ones",
    source=source("derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(worth, (1 + (T - 1) * c) ** 2 / T),
    assumptions=(FIRST_ORDER,),
    predict=lambda x: first_order_error(x.effective_samples(_three_weightings(x)), x.n_features),
    measure=lambda rng, x, n: reduced_errors(rng, x, _three_weightings(x), n),
    cases=(
        _equal_case(0.6, 5, hurts=False),
        _equal_case(0.15, 5, hurts=True),
        _equal_case(0.1, 16, hurts=True),
        _equal_case(0.5, 16, hurts=False),
        Case(
            name="n = 50 for d = 20",
            build=lambda rng: _equal_tasks(0.5, n_samples=50, n_tasks=4),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    slack=0.014,
    scale=1e-3,
    derive=_proofs.equal_weights,
    remark="Compared: the errors of the main task alone, of equal weights, and of matched weights. Equal "
    "weights keep (1+(T-1)c)²/(T(1+(T-1)c²)) of what matched weights are worth, and for small c fall"
    " behind the main task alone: negative transfer by weighting, with the same function in every "
    "task. Slack as in benefit/pooled-ami.",
)


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """T tasks, and the factors of the predicted critical correlation at which errors are measured."""

    n_tasks: int
    n_samples: int = 100
    factors: tuple[float, ...] = (0.7, 1.0, 1.3)

    @property
    def tasks(self) -> tuple[SignTasks, ...]:
        """The tasks at each correlation."""
        return tuple(
            _equal_tasks(factor / (1 + np.sqrt(self.n_tasks)), n_samples=self.n_samples, n_tasks=self.n_tasks)
            for factor in self.factors
        )


def _losses(rng: np.random.Generator, x: BreakEven, n: int) -> FloatArray:
    """Return how much larger the error of equal weights is than that of the main task, `(n, factors)`."""
    columns = []
    for child, tasks in zip(rng.spawn(len(x.factors)), x.tasks, strict=True):
        alone, equal = reduced_errors(child, tasks, _three_weightings(tasks)[:2], n).T
        columns.append(equal - alone)
    return np.stack(columns, axis=-1)


def _crossing(x: BreakEven, losses: FloatArray) -> FloatArray:
    """Return the correlation at which a parabola through the losses is zero, inside the range."""
    correlations = [float(tasks.correlations[-1]) for tasks in x.tasks]
    roots = np.real(np.roots(np.polyfit(correlations, losses, 2)))
    return roots[[np.argmin(np.abs(roots - correlations[1]))]]


def _crossing_case(n_tasks: int, *, quick: int) -> Case[BreakEven]:
    return Case(
        name=f"T = {n_tasks}, d = 20, n = 100",
        build=lambda rng: BreakEven(n_tasks=n_tasks),
        trials=40_000,
        quick_trials=quick,
    )


THRESHOLD = Theorem[BreakEven](
    id="benefit/equal-weights-threshold",
    title="Equal weights hurt iff c < 1/(1 + √T)",
    source=source("derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Equivalent((1 + (T - 1) * c) ** 2 / T < 1, c < 1 / (1 + sp.sqrt(T))),
    predict=lambda x: [1 / (1 + np.sqrt(x.n_tasks))],
    measure=_losses,
    reduce=_crossing,
    cases=(_crossing_case(4, quick=12_000), _crossing_case(9, quick=9_000)),
    slack=0.012,
    scale=1e-3,
    derive=_proofs.equal_weights,
    remark="The correlation at which measured errors cross. In AMI: 0.082 for T = 4, 0.046 for T = 9, about"
    " 0.72/T for many tasks. With matched weights no AMI hurts. The slack is the distance of the "
    "crossing of exact errors (benefit/pooled-ami-exact) from 1/(1+√T) at n = 100.",
)

THEOREMS = (MATCHED, EQUAL, THRESHOLD)
