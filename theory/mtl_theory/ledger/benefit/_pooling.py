"""What labels of related tasks are worth: the error of the pooled matched filter."""

from dataclasses import replace

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_theory.ledger.benefit import _proofs
from mtl_theory.ledger.benefit._pooled_error import exact_error, first_order_error, mean_length_error
from mtl_theory.ledger.benefit._sign_tasks import FIRST_ORDER, SignTasks, reduced_errors, simulated_errors
from mtl_theory.ledger.benefit._source import source
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict, log_log_slope

n, d, T, c, A = sp.symbols("n d T c A", positive=True)
u = sp.Symbol("u", positive=True)
error = sp.Symbol("err", positive=True)
n_eff = sp.Symbol("n_eff", positive=True)
worth = sp.Eq(n_eff, n * (1 + (T - 1) * c**2))
where = source("sqrt(n), sqrt(T) and sqrt(AMI), derived here for sign labels")


def _tasks(name: str, x: SignTasks, *, trials: int, quick: int, hurts: bool = False) -> Case[SignTasks]:
    return Case(
        name=name,
        build=lambda rng: x,
        trials=trials,
        quick_trials=quick,
        gain=(lambda errors: float(errors[0] - errors[1])) if hurts else None,
    )


TOO_FEW = Case(
    name="n = 50 for d = 20",
    build=lambda rng: SignTasks(n_samples=50, n_features=20, amis=(0.5,)),
    trials=100,
    expected=Verdict.DOES_NOT_APPLY,
)

POOLED = Theorem[SignTasks](
    id="benefit/pooled-ami",
    title="An auxiliary label of correlation c is worth c² of a main label",
    source=where,
    kind=Kind.EQUALITY,
    statement=sp.And(sp.Eq(error, sp.atan(sp.sqrt(sp.pi * (d - 1) / (2 * n_eff))) / sp.pi), worth),
    assumptions=(FIRST_ORDER,),
    predict=lambda x: first_order_error(x.effective_samples(x.weightings), x.n_features),
    measure=lambda rng, x, size: simulated_errors(rng, x, x.weightings, size),
    cases=(
        _tasks(
            "d = 20, n = 100, three tasks of AMI 0.3",
            SignTasks(n_samples=100, n_features=20, amis=(0.3,) * 3),
            trials=8_000,
            quick=2_000,
        ),
        _tasks(
            "d = 20, n = 100, seven tasks of AMI 0.1",
            SignTasks(n_samples=100, n_features=20, amis=(0.1,) * 7),
            trials=8_000,
            quick=1_600,
        ),
        _tasks(
            "d = 40, n = 200, AMI 0.05, 0.3, 0.8",
            SignTasks(n_samples=200, n_features=40, amis=(0.05, 0.3, 0.8)),
            trials=4_000,
            quick=600,
        ),
        _tasks(
            "AMI 0: an unrelated task must not help",
            SignTasks(n_samples=100, n_features=20, amis=(0.0,)),
            trials=8_000,
            quick=2_000,
            hurts=True,
        ),
        TOO_FEW,
    ),
    slack=0.014,
    scale=1e-3,
    derive=_proofs.pooling,
    remark="Compared: the error of the main task alone and of the pool, in which each task is weighted by "
    "its c; c solves the AMI of balanced labels, (1+c) log2(1+c)/2 + (1-c) log2(1-c)/2 = AMI. With "
    "different tasks (T-1)c² is the sum of c_t². The law puts the root mean square of the error's "
    "length across w, sqrt(d-1), for its mean, and so lies above the exact expectation by 1/(4(d-1))"
    " of it, 1.3 % at d = 20: the slack. benefit/pooled-ami-mean-length removes that, "
    "benefit/pooled-ami-exact all of the rest.",
)

MEAN_LENGTH = replace(
    POOLED,
    id="benefit/pooled-ami-mean-length",
    title="The pooled error in closed form, exact to 0.2 % where n >= 5(d-1)",
    source=source("derived here"),
    statement=sp.Eq(
        error,
        sp.atan(sp.sqrt(sp.pi / n_eff) * sp.gamma(d / 2) / sp.gamma((d - 1) / 2)) / sp.pi,
    ),
    predict=lambda x: mean_length_error(x.effective_samples(x.weightings), x.n_features),
    measure=lambda rng, x, size: reduced_errors(rng, x, x.weightings, size),
    cases=(
        _tasks(
            "d = 20, n = 100, three tasks of AMI 0.3",
            SignTasks(n_samples=100, n_features=20, amis=(0.3,) * 3),
            trials=40_000,
            quick=10_000,
        ),
        _tasks(
            "d = 60, n = 300, AMI 0.05, 0.3, 0.8",
            SignTasks(n_samples=300, n_features=60, amis=(0.05, 0.3, 0.8)),
            trials=20_000,
            quick=5_000,
        ),
        TOO_FEW,
    ),
    slack=0.002,
    derive=None,
    remark="E χ(d-1), the mean length of a normal vector across w, takes the place of sqrt(d-1) in "
    "benefit/pooled-ami. What is left are the variances of the two lengths: at most 0.14 % of the "
    "exact expectation on d >= 20, n >= 5(d-1). Drawn are the inputs along w and the sums across it.",
)

SOME_CLEAN = Assumption[SignTasks](
    name="convergent integral",
    statement="three features or more, six samples or more",
    holds=lambda x: x.n_features >= 3 and x.n_samples >= 6,
)


def _exact(x: SignTasks) -> list[float]:
    return [exact_error(x.n_samples, x.n_features, x.correlations, row) for row in x.weightings]


EXACT = Theorem[SignTasks](
    id="benefit/pooled-ami-exact",
    title="The pooled error exactly, for any number of samples, features and tasks",
    source=source("derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        error,
        sp.Rational(1, 2)
        - sp.Integral(
            sp.Function("Im")(sp.Function("phi")(u / sp.sqrt(n_eff)))
            * sp.Function("E")(sp.exp(-u * sp.Symbol(r"\chi_{d-1}")))
            / u,
            (u, 0, sp.oo),
        )
        / sp.pi,
    ),
    assumptions=(SOME_CLEAN,),
    predict=_exact,
    measure=lambda rng, x, size: simulated_errors(rng, x, x.weightings, size),
    cases=(
        _tasks(
            "d = 4, n = 6, AMI 0.1 and 0.5: far from first order",
            SignTasks(n_samples=6, n_features=4, amis=(0.1, 0.5)),
            trials=200_000,
            quick=40_000,
        ),
        _tasks(
            "d = 30, n = 15, six tasks of AMI 0.3: fewer samples than features",
            SignTasks(n_samples=15, n_features=30, amis=(0.3,) * 6),
            trials=20_000,
            quick=2_000,
        ),
        _tasks(
            "d = 20, n = 100, AMI 0.2",
            SignTasks(n_samples=100, n_features=20, amis=(0.2,)),
            trials=20_000,
            quick=2_000,
        ),
        Case(
            name="two samples",
            build=lambda rng: SignTasks(n_samples=2, n_features=20, amis=(0.5,)),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    derive=_proofs.exact_pooling,
    remark="φ is the characteristic function of the component of Σ ω_t X_t'y_t along w, the product over "
    "tasks of [exp(-a²/2) + i c_t Im W(a/√2)]^n at a = ω_t t, W the Faddeeva function; χ is the "
    "length of d-1 standard normal numbers. No slack: the simulation draws whole data sets.",
)


def _mean_errors(rng: np.random.Generator, grid: tuple[SignTasks, ...], size: int) -> FloatArray:
    children = rng.spawn(len(grid))
    columns = [reduced_errors(g, x, x.weightings[1:], size) for g, x in zip(children, grid, strict=True)]
    return np.hstack(columns)


def _effective(grid: tuple[SignTasks, ...]) -> FloatArray:
    return np.array([float(x.effective_samples(x.correlations)) for x in grid])


GRID = tuple(
    SignTasks(n_samples=samples, n_features=20, amis=(ami,) * (tasks - 1))
    for samples, tasks, ami in (
        (1_000, 1, 0.0),
        (400, 5, 0.3),
        (1_000, 6, 0.1),
        (400, 12, 0.6),
        (1_600, 4, 0.8),
        (1_000, 10, 1.0),
    )
)

RATE = Theorem[tuple[SignTasks, ...]](
    id="benefit/pooled-rate",
    title="The error falls as the inverse root of n(1+(T-1)c²)",
    source=where,
    kind=Kind.RATE,
    statement=sp.And(sp.Eq(error, sp.Symbol("C") / sp.sqrt(n_eff)), worth),
    assumptions=(
        Assumption(
            name="small errors",
            statement="n_eff >= 50 (d-1): the arctangent is nearly its argument",
            holds=lambda grid: bool((_effective(grid) >= 50 * (grid[0].n_features - 1)).all()),
        ),
    ),
    predict=lambda grid: [-0.5],
    measure=_mean_errors,
    reduce=lambda grid, errors: [log_log_slope(_effective(grid), errors)],
    cases=(
        Case(
            name="n, T and AMI all differ, n_eff = 1,000 to 10,000",
            build=lambda rng: GRID,
            trials=8_000,
            quick_trials=1_000,
        ),
        Case(
            name="errors that are not small",
            build=lambda rng: (SignTasks(n_samples=100, n_features=20), *GRID),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    slack=0.01,
    scale=0.1,
    remark="With s = (π/2)(d-1)/n_eff the local exponent is -(1/2) sqrt(s)/((1+s) arctan sqrt(s)), about "
    "-(1/2)(1 - 2s/3): at n_eff = 50(d-1) 2 % short of 1/2, over these sizes 0.8 %, the slack. In n "
    "alone the exponent is the same; in T and AMI the 1 in 1+(T-1)c² lowers it until (T-1)c² is large.",
)

THEOREMS = (POOLED, MEAN_LENGTH, EXACT, RATE)
