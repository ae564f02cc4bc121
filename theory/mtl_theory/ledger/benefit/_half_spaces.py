r"""Half-spaces with a shared subspace (Maurer, Pontil, Romera-Paredes 2016), which the paper builds on.

Inputs are uniform on the unit sphere of $R^d$, labels $\operatorname{sign}(u_t^\top x)$, all $u_t$ in one
K-dimensional subspace. With probability $1 - \delta$, multitask learning with a margin $\varepsilon$ has an
error of at most $\varepsilon + \frac{\sqrt{2\pi}}{2\varepsilon} S + \sqrt{8 \ln(4/\delta) / T}$,
$S = K \sqrt{d/T} + \sqrt{K/n}$.
"""

from dataclasses import dataclass

import numpy as np
import sympy as sp
from scipy import optimize

from mtl_simulators._typing import FloatArray
from mtl_theory.ledger.benefit import _proofs
from mtl_theory.ledger.benefit._source import source
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict

S, epsilon, delta, d, n, K, T = sp.symbols("S epsilon delta d n K T", positive=True)
ROOT = np.sqrt(2 * np.pi)
PLACE = "its reference Maurer, Pontil, Romera-Paredes 2016, half-spaces"


def _least_over_margins(complexity: float) -> float:
    """Minimise ε + sqrt(2π) S/(2ε) over ε numerically."""

    def bound(log_margin: float) -> float:
        return float(np.exp(log_margin) + ROOT * complexity / 2 * np.exp(-log_margin))

    return float(optimize.minimize_scalar(bound, bracket=(-1.0, 0.0), tol=1e-12).fun)


def _measure_least(rng: np.random.Generator, complexities: FloatArray, size: int) -> FloatArray:
    return np.array([[_least_over_margins(float(value)) for value in complexities]])


least = sp.Function(r"\min_\epsilon")(epsilon + sp.sqrt(2 * sp.pi) * S / (2 * epsilon))
MARGINS: tuple[Case[FloatArray], ...] = (
    Case(name="S = 0.001 to 1", build=lambda rng: np.geomspace(1e-3, 1.0, 7)),
)

PRINTED = Theorem[FloatArray](
    id="benefit/half-space-bound",
    title="As printed: the bound at the best margin is sqrt(sqrt(2π) S)",
    source=source(f"{PLACE}, (9)"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(least, sp.sqrt(sp.sqrt(2 * sp.pi) * S)),
    predict=lambda complexities: np.sqrt(ROOT * complexities),
    measure=_measure_least,
    cases=MARGINS,
    slack=1e-7,
    scale=1e-6,
    expected=Verdict.REFUTED,
    remark="No margin gives so small a value of the bound it is derived from: a factor 2 is missing under "
    "the root, see benefit/half-space-bound-corrected. Refuted is the derivation; that the error "
    "itself exceeds it is not shown.",
)

CORRECTED = Theorem[FloatArray](
    id="benefit/half-space-bound-corrected",
    title="Corrected: the bound at the best margin is sqrt(2 sqrt(2π) S)",
    source=source(f"{PLACE}, (9) corrected here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(least, sp.sqrt(2 * sp.sqrt(2 * sp.pi) * S)),
    predict=lambda complexities: np.sqrt(2 * ROOT * complexities),
    measure=_measure_least,
    cases=MARGINS,
    slack=1e-7,
    scale=1e-6,
    derive=_proofs.half_space_margin,
    remark="At ε = sqrt(sqrt(2π) S/2), where both terms are equal.",
)


@dataclass(frozen=True, kw_only=True)
class HalfSpaces:
    """Features d, samples n a task, dimension K of the shared subspace, and the failure probability."""

    n_features: int
    n_samples: int
    dimension: int = 2
    failure: float = 1e-4

    @property
    def single_task_floor(self) -> float:
        """Lower bound on the error of any rotation-equivariant single-task learner."""
        d, n = self.n_features, self.n_samples
        return float((np.sqrt((d - n) / d) - np.sqrt(np.log(1 / self.failure) / d)) / np.pi)


def log_tasks_needed(x: HalfSpaces, *, factor: float = 2.0) -> float:
    r"""Return $\log_{10}$ of the tasks from which the multitask bound lies below the single-task floor.

    With $v = 1/\sqrt T$ and the floor L the two meet where
    $f \sqrt{2\pi} (K \sqrt d\, v + \sqrt{K/n}) = (L - v \sqrt{8 \ln(4/\delta)})^2$, and infinity is returned
    where they never do. The `factor` f is 2, or 1 for (9) as printed.
    """
    last = np.sqrt(8 * np.log(4 / x.failure))
    floor, scale = x.single_task_floor, factor * ROOT
    constant = floor**2 - scale * np.sqrt(x.dimension / x.n_samples)
    if floor <= 0 or constant <= 0:
        return float("inf")
    linear = 2 * floor * last + scale * x.dimension * np.sqrt(x.n_features)
    # The smaller root of last² v² - linear v + constant, without cancellation.
    root = 2 * constant / (linear + np.sqrt(linear**2 - 4 * last**2 * constant))
    return float(-2 * np.log10(root))


def _measure_tasks(rng: np.random.Generator, x: HalfSpaces, size: int) -> FloatArray:
    """Find the crossing on the scale of log T, the bound minimised over its margin numerically."""

    def gap(log_tasks: float) -> float:
        tasks = 10.0**log_tasks
        complexity = x.dimension * np.sqrt(x.n_features / tasks) + np.sqrt(x.dimension / x.n_samples)
        last = np.sqrt(8 * np.log(4 / x.failure) / tasks)
        return float(_least_over_margins(float(complexity)) + last - x.single_task_floor)

    return np.array([[optimize.brentq(gap, 0.0, 40.0, xtol=1e-12)]])


def _many(name: str, x: HalfSpaces, expected: Verdict = Verdict.HOLDS) -> Case[HalfSpaces]:
    return Case(name=name, build=lambda rng: x, expected=expected)


TASKS_NEEDED = Theorem[HalfSpaces](
    id="benefit/half-space-tasks-needed",
    title="The bounds promise a benefit only from billions of tasks on",
    source=source(f"{PLACE}, (9) corrected here against its Theorem 7"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        sp.sqrt(2 * sp.sqrt(2 * sp.pi) * (K * sp.sqrt(d / T) + sp.sqrt(K / n)))
        + sp.sqrt(8 * sp.log(4 / delta) / T),
        (sp.sqrt((d - n) / d) - sp.sqrt(sp.log(1 / delta) / d)) / sp.pi,
    ),
    assumptions=(
        Assumption(
            name="enough samples for the subspace",
            statement="2 sqrt(2πK/n) is below the squared single-task bound; else no T suffices",
            holds=lambda x: log_tasks_needed(x) < np.inf,
        ),
    ),
    predict=lambda x: [log_tasks_needed(x)],
    measure=_measure_tasks,
    cases=(
        _many("d = 100,000, n = 10,000, K = 2", HalfSpaces(n_features=100_000, n_samples=10_000)),
        _many(
            "d = 1,000,000, n = 100,000, K = 5", HalfSpaces(n_features=10**6, n_samples=10**5, dimension=5)
        ),
        _many(
            "d = 100,000, n = 10,000, K = 5: never",
            HalfSpaces(n_features=100_000, n_samples=10_000, dimension=5),
            Verdict.DOES_NOT_APPLY,
        ),
    ),
    slack=1e-7,
    scale=1.0,
    remark="Compared is log10 T, in closed form and by a root finder on the numerically minimised bound: "
    "10.47 for the first case; (9) as printed would say 8.94. These are bounds on both sides; "
    "experiments gain from tens of tasks.",
)


def _floor_over_errors(rng: np.random.Generator, x: HalfSpaces, size: int) -> FloatArray:
    """Return the bound over the errors of the matched filter and of the best vector in the inputs' span."""
    inputs = rng.standard_normal((size, x.n_samples, x.n_features))
    inputs /= np.linalg.norm(inputs, axis=-1, keepdims=True)
    teacher = rng.standard_normal((size, x.n_features, 1))
    scores = inputs @ teacher
    filtered = inputs.mT @ np.sign(scores)
    best = inputs.mT @ np.linalg.solve(inputs @ inputs.mT, scores)

    def error(estimate: FloatArray) -> FloatArray:
        lengths = np.linalg.norm(estimate, axis=1) * np.linalg.norm(teacher, axis=1)
        return np.asarray(np.arccos((estimate * teacher).sum(axis=1) / lengths) / np.pi)

    return np.hstack([x.single_task_floor / error(filtered), x.single_task_floor / error(best)])


def _alone_case(n_features: int, n_samples: int, expected: Verdict = Verdict.HOLDS) -> Case[HalfSpaces]:
    return Case(
        name=f"d = {n_features}, n = {n_samples}",
        build=lambda rng: HalfSpaces(n_features=n_features, n_samples=n_samples, failure=1e-6),
        trials=500,
        expected=expected,
    )


SINGLE_TASK = Theorem[HalfSpaces](
    id="benefit/single-task-lower-bound",
    title="Alone, no rotation-equivariant learner beats (sqrt((d-n)/d) - sqrt(ln(1/δ)/d))/π",
    source=source(f"{PLACE}, Theorem 7"),
    kind=Kind.BOUND,
    statement=sp.Ge(sp.Symbol("err"), (sp.sqrt((d - n) / d) - sp.sqrt(sp.log(1 / delta) / d)) / sp.pi),
    assumptions=(
        Assumption(
            name="fewer samples than features",
            statement="n < d: the inputs leave directions unseen",
            holds=lambda x: x.n_samples < x.n_features,
        ),
    ),
    predict=lambda x: [1.0, 1.0],
    measure=_floor_over_errors,
    cases=(
        _alone_case(300, 30),
        _alone_case(300, 150),
        _alone_case(50, 60, Verdict.DOES_NOT_APPLY),
    ),
    remark="Measured is the bound over the error of the matched filter, and over that of the vector nearest"
    " to the truth in the span of the inputs, which no learner knows and which every equivariant one"
    " stays in: draw by draw, δ = 1e-6.",
)

THEOREMS = (PRINTED, CORRECTED, TASKS_NEEDED, SINGLE_TASK)
