"""AMI of linear classifiers from the cosine of their weights, and of binary labels from their correlation."""

from dataclasses import dataclass

import numpy as np
import sympy as sp
from scipy import special

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_tasks_with_gram
from mtl_simulators.labels import ami_of_cosine, contingency_table, cosine_of_ami, normalized_information
from mtl_theory.ledger.benefit import _proofs
from mtl_theory.ledger.benefit._source import source
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict

rho, q, c, theta, threshold = sp.symbols("rho q c theta tau", positive=True)
ami = sp.Symbol("AMI", positive=True)
TOKENS = 1_000  # inputs in one draw


@dataclass(frozen=True, kw_only=True)
class Classifiers:
    """Linear classifiers at given cosines to a first one, all with the same share of positive labels."""

    cosines: tuple[float, ...]
    positive: float = 0.5
    n_features: int = 6


def _shares(rng: np.random.Generator, x: Classifiers, n: int) -> FloatArray:
    """Return the table of the first classifier's labels against each other one's, `(n, 4 K)`."""
    rng_tasks, rng_inputs = rng.spawn(2)
    angles = np.append(0.0, np.arccos(x.cosines))
    gram = np.cos(angles[:, None] - angles)
    tasks = make_tasks_with_gram(rng_tasks, gram=gram, n_features=x.n_features, n_replicates=n)
    scores = tasks @ rng_inputs.standard_normal((n, x.n_features, TOKENS))
    labels = (scores > special.ndtri(1 - x.positive)).astype(np.int64)
    tables = contingency_table(labels[:, :1], labels[:, 1:], n_first=2, n_second=2)
    return np.asarray(tables.reshape(n, -1) / TOKENS)


def _amis(x: Classifiers, shares: FloatArray) -> FloatArray:
    return normalized_information(shares.reshape(-1, 2, 2))


BALANCED = Assumption[Classifiers](
    name="balanced labels", statement="half of the labels are positive", holds=lambda x: x.positive == 0.5
)


def _case(x: Classifiers) -> Case[Classifiers]:
    shown = ", ".join(f"{cosine:.3g}" for cosine in x.cosines)
    return Case(
        name=f"cosines {shown}, {x.positive:.0%} positive",
        build=lambda rng: x,
        trials=4_000,
        quick_trials=1_500,
    )


COSINE = Theorem[Classifiers](
    id="benefit/cosine-ami",
    title="The AMI of two linear classifiers is 1 - h₂(angle/π)",
    source=source("AMI as the measure of relatedness; the cosine derived here (Sheppard 1899)"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(ami, 1 + q * sp.log(q, 2) + (1 - q) * sp.log(1 - q, 2), evaluate=False).subs(
        q, sp.acos(rho) / sp.pi
    ),
    assumptions=(BALANCED,),
    predict=lambda x: ami_of_cosine(x.cosines),
    measure=_shares,
    reduce=_amis,
    cases=(
        _case(Classifiers(cosines=(0.3, 0.6, 0.9, 0.99))),
        _case(Classifiers(cosines=tuple(cosine_of_ami([0.05, 0.43, 0.8]).tolist()))),
        Case(
            name="a fifth of the labels positive",
            build=lambda rng: Classifiers(cosines=(0.6,), positive=0.2),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    scale=1e-3,
    derive=_proofs.cosine,
    remark="Inputs are isotropic normal; compared with the AMI of the mean contingency table of 1,000 "
    "inputs a draw. An AMI of 0.8 needs a cosine of 0.995: on this scale functions that look alike "
    "are far apart.",
)


def _predict_unbalanced(x: Classifiers) -> FloatArray:
    half = np.tan(np.arccos(x.cosines) / 2)
    differ = 4 * special.owens_t(special.ndtri(x.positive), half)
    return np.concatenate([differ, ami_of_cosine(x.cosines, positive=x.positive)])


def _unbalanced(x: Classifiers, shares: FloatArray) -> FloatArray:
    tables = shares.reshape(-1, 2, 2)
    return np.concatenate([tables[:, 0, 1] + tables[:, 1, 0], _amis(x, shares)])


UNBALANCED = Theorem[Classifiers](
    id="benefit/cosine-ami-unbalanced",
    title="Unbalanced linear labels differ with probability 4 T(τ, tan θ/2)",
    source=source("AMI as the measure of relatedness; the cosine derived here (Owen 1956)"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        sp.Function("P")(sp.Ne(sp.Symbol("y_s"), sp.Symbol("y_t"))),
        4 * sp.Function("T")(threshold, sp.tan(theta / 2)),
    ),
    predict=_predict_unbalanced,
    measure=_shares,
    reduce=_unbalanced,
    cases=(
        _case(Classifiers(cosines=(0.5, 0.7, 0.9), positive=0.2)),
        _case(Classifiers(cosines=(0.6, 0.75, 0.9), positive=0.1)),
        _case(Classifiers(cosines=(0.6,), positive=0.5)),
    ),
    scale=1e-3,
    remark="T is Owen's function, τ the threshold in standard deviations, cos θ = ρ. Compared: the "
    "probability of different labels, and the AMI of the table it makes, which imbalance lowers: at "
    "ρ = 0.6 it is 0.125, 0.118, 0.108 for 50, 20, 10 % positive labels.",
)


def _small(cosines: FloatArray) -> list[float]:
    """Return AMI/ρ² at the limit ρ -> 0, the term in ρ² eliminated between two cosines."""
    first, second = ami_of_cosine(cosines) / cosines**2
    square = (cosines[0] / cosines[1]) ** 2
    return [float((square * second - first) / (square - 1))]


SMALL = Theorem[FloatArray](
    id="benefit/cosine-ami-small",
    title="For small cosines the AMI is 0.292 ρ²",
    source=source("sqrt(AMI); derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(sp.Function("AMI")(rho), 2 * rho**2 / (sp.pi**2 * sp.log(2)) + sp.Function("O")(rho**4)),
    predict=lambda cosines: [2 / (np.pi**2 * np.log(2))],
    measure=lambda rng, cosines, n: np.array([_small(cosines)]),
    cases=(Case(name="ρ = 0.04 and 0.02", build=lambda rng: np.array([0.04, 0.02])),),
    slack=1e-5,
    scale=0.1,
    derive=_proofs.small_cosine,
    remark="The root of the AMI is proportional to the cosine, 0.541 ρ, which is why sqrt(AMI) enters the "
    "laws as a correlation would. The slack is for the term in ρ⁴.",
)


def _correlation_ratios(rng: np.random.Generator, low: float, n: int) -> FloatArray:
    """Return c²/(2 ln 2) over AMI, and AMI over c², at random correlations."""
    correlation = rng.uniform(low, 1.0, n)
    same, other = (1 + correlation) / 4, (1 - correlation) / 4
    joint = np.stack([same, other, other, same], axis=-1).reshape(n, 2, 2)
    information = normalized_information(joint)
    return np.stack([correlation**2 / (2 * np.log(2)) / information, information / correlation**2], axis=-1)


CORRELATION = Theorem[float](
    id="benefit/ami-correlation",
    title="The AMI of balanced binary labels lies between 0.72 c² and c²",
    source=source("sqrt(AMI); derived here"),
    kind=Kind.BOUND,
    statement=sp.And(sp.Le(c**2 / (2 * sp.log(2)), ami), sp.Le(ami, c**2)),
    predict=lambda low: [1.0, 1.0],
    measure=_correlation_ratios,
    cases=(
        Case(name="correlations in (0.01, 1)", build=lambda rng: 0.01, trials=20_000, quick_trials=2_000),
    ),
    slack=1e-9,
    derive=_proofs.correlation,
    remark="AMI = Σ c^(2k)/(2k(2k-1) ln 2), all terms positive. So n(1+(T-1)AMI) <= n_eff <= "
    "n(1+1.386(T-1)AMI): the pooled error of benefit/pooled-ami goes with the root of n, of T and of"
    " AMI within these constants. Both ends are tight, at c -> 0 and c = 1.",
)

THEOREMS = (COSINE, UNBALANCED, SMALL, CORRELATION)
