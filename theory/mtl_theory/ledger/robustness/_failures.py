"""Failures of weights: deletion, multiplicative noise, sign flips, stuck-at, and where curves cross."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_rotation
from mtl_simulators.perturb import (
    AdditiveNoise,
    Corruption,
    ElementDeletion,
    FeatureDeletion,
    MultiplicativeNoise,
    SignFlip,
    StuckAt,
    UnitDeletion,
)
from mtl_theory.ledger.robustness import _proofs
from mtl_theory.ledger.robustness._identities import transformed
from mtl_theory.ledger.robustness._network import (
    DIAGONAL_HEADS,
    ISOTROPIC,
    ORTHONORMAL_ROWS,
    STATIONARY,
    Network,
    damaged_errors,
    gaussian_tasks,
    make_network,
    source,
)
from mtl_theory.ledger.robustness._symbols import T, clean, error, i, k, nu, p, s, slope, v
from mtl_theory.theorem import Case, Kind, Theorem, Verdict

RATE = 0.3
TRIALS = 20_000
SVD_SOLUTION = (ISOTROPIC, STATIONARY, DIAGONAL_HEADS, ORTHONORMAL_ROWS)


def standard_network(rng: np.random.Generator, *corruptions: Corruption) -> Network:
    """Return the setting of the failure checks: Gaussian tasks, d = 40, T = 9, k = 4."""
    tasks = gaussian_tasks(rng, n_tasks=9, n_features=40)
    return make_network(tasks, 4, corruptions=corruptions)


def case(name: str, *corruptions: Corruption, trials: int = TRIALS) -> Case[Network]:
    """Return a case on the standard network."""
    return Case(name=name, build=lambda rng: standard_network(rng, *corruptions), trials=trials)


def failure(
    name: str,
    title: str,
    statement: sp.Basic,
    factor: Callable[[Network], npt.ArrayLike],
    cases: tuple[Case[Network], ...],
    derive: Callable[[], tuple[sp.Expr, ...]] | None,
    remark: str = "",
    where: str = "Section 3 (failures), law derived",
) -> Theorem[Network]:
    """Return the theorem that a failure adds `factor` times the slope to the clean error."""
    return Theorem[Network](
        id=f"robustness/{name}",
        title=title,
        source=source(where),
        kind=Kind.EQUALITY,
        statement=statement,
        assumptions=SVD_SOLUTION,
        predict=lambda net: net.clean + np.asarray(factor(net)) * net.slope,
        measure=damaged_errors,
        cases=cases,
        derive=derive,
        remark=remark,
    )


def _rotated(corruption: Corruption) -> Case[Network]:
    def build(rng: np.random.Generator) -> Network:
        network = standard_network(rng, corruption)
        return transformed(network, make_rotation(rng, n_features=4))

    return Case(
        name="rotated optimum, whole units: not the SVD solution",
        build=build,
        trials=1_000,
        expected=Verdict.DOES_NOT_APPLY,
    )


DELETION = failure(
    "deletion",
    "Deleting elements, units or features at rate p adds p times the slope",
    sp.Eq(error(p), clean + p * slope(T)),
    lambda net: [RATE],
    (
        case("elements", ElementDeletion(probability=RATE)),
        case("whole hidden units", UnitDeletion(probability=RATE), trials=60_000),
        case("input features", FeatureDeletion(probability=RATE)),
        _rotated(UnitDeletion(probability=RATE)),
    ),
    _proofs.deletion,
    "The three kinds have the same mean and very different spreads. With MSE_0 + R = nu this reads "
    "nu - (1 - p) R: fixed heads give no crossover before p = 1 (robustness/corruption-crossovers).",
)

RESCALED_DELETION = failure(
    "rescaled-deletion",
    "Deletion with survivors scaled by 1/(1-p) adds p/(1-p) times the slope",
    sp.Eq(error(p), clean + p / (1 - p) * slope(T)),
    lambda net: [RATE / (1 - RATE)],
    (
        case("elements", ElementDeletion(probability=RATE, rescale=True)),
        case("input features", FeatureDeletion(probability=RATE, rescale=True)),
    ),
    _proofs.rescaled_deletion,
)

MULTIPLICATIVE = failure(
    "multiplicative",
    "Relative weight noise W(1 + vN) adds v² times the slope",
    sp.Eq(error(v), clean + v**2 * slope(T)),
    lambda net: [0.7**2, 1.0],
    (case("v = 0.7 and 1", MultiplicativeNoise(std=0.7), MultiplicativeNoise(std=1.0)),),
    _proofs.multiplicative,
)


class _AsReleased:
    """The released code's multiplicative corruption, W (N + 1) v, which erases W at v = 0."""

    def __init__(self, std: float) -> None:
        self.std = std

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        return weights * (1 + rng.standard_normal((n_draws, *weights.shape))) * self.std


MULTIPLICATIVE_AS_RELEASED = failure(
    "multiplicative-as-released",
    "As released: W(1 + N)v is taken to be relative noise of size v",
    sp.Eq(error(v), clean + v**2 * slope(T)),
    lambda net: [0.7**2],
    (case("v = 0.7", _AsReleased(0.7)),),
    None,
    "The released formula has expected error MSE_0 + ((1-v)² + v²) R: at v = 0 it erases the map. The "
    "formula with W(1 + vN) is robustness/multiplicative.",
    where="released code, multiplicative corruption",
)
MULTIPLICATIVE_AS_RELEASED = replace(MULTIPLICATIVE_AS_RELEASED, expected=Verdict.REFUTED)

SIGN_FLIP = failure(
    "sign-flip",
    "Flipping signs at rate p adds 4p times the slope",
    sp.Eq(error(p), clean + 4 * p * slope(T)),
    lambda net: [4 * RATE],
    (case("p = 0.3", SignFlip(probability=RATE)),),
    _proofs.sign_flip,
)


def _stuck_factor(network: Network, value: float) -> float:
    """Return sum_i g_ii p |c - w_i|^2 over the slope, g the diagonal head Gram matrix."""
    distance = ((value - network.representation) ** 2).sum(axis=1)
    return float(RATE * (np.diag(network.head_gram) * distance).sum() / network.slope)


STUCK_AT = failure(
    "stuck-at",
    "Weights stuck at c with rate p: p |c - w_i|² per unit",
    sp.Eq(
        error(p),
        clean + p / T * sp.Sum(s[i] ** 2 * sp.Symbol(r"\|c\mathbf{1} - w_i\|^2", positive=True), (i, 1, k)),
    ),
    lambda net: [_stuck_factor(net, 0.5), _stuck_factor(net, 0.0)],
    (
        case(
            "c = 0.5, and c = 0 (deletion)",
            StuckAt(probability=RATE, value=0.5),
            StuckAt(probability=RATE, value=0.0),
        ),
    ),
    _proofs.stuck_at,
    "The p² cross terms between units drop out because the heads of the SVD solution are uncorrelated.",
)


def _stuck_general(network: Network) -> FloatArray:
    """Return the error at any optimum: E[EE'] = p diag|c - w_i|² + p² (c - w_i)'(c - w_j) off it."""
    gaps = 0.5 - network.representation
    products = gaps @ gaps.T
    second = RATE**2 * products + (RATE - RATE**2) * np.diag(np.diag(products))
    return np.atleast_1d(network.clean + np.trace(network.head_gram @ second))


def _rotated_stuck(rng: np.random.Generator) -> Network:
    network = standard_network(rng, StuckAt(probability=RATE, value=0.5))
    return transformed(network, make_rotation(rng, n_features=4))


STUCK_AT_ROTATED = Theorem[Network](
    id="robustness/stuck-at-any-optimum",
    title="Stuck weights at any optimum: cross terms between units enter with p²",
    source=source("derived"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(error(p), clean + sp.Function("tr")(sp.Symbol(r"\Gamma\Gamma^\top E[EE^\top]")) / T),
    assumptions=(ISOTROPIC, STATIONARY),
    predict=_stuck_general,
    measure=damaged_errors,
    cases=(Case(name="rotated optimum", build=_rotated_stuck, trials=TRIALS),),
)


def _measure_crossings(rng: np.random.Generator, networks: tuple[Network, ...], n: int) -> FloatArray:
    """Errors of every network under every corruption, `(n, networks x levels)`."""
    children = rng.spawn(len(networks))
    return np.hstack([damaged_errors(child, net, n) for net, child in zip(networks, children, strict=True)])


def _unit_networks(rng: np.random.Generator) -> tuple[Network, ...]:
    tasks = gaussian_tasks(rng, n_tasks=8, n_features=40)
    tasks /= np.linalg.norm(tasks, axis=1, keepdims=True)
    corruptions = (
        ElementDeletion(probability=1.0),
        ElementDeletion(probability=0.5, rescale=True),
        MultiplicativeNoise(std=1.0),
        AdditiveNoise(std=40**-0.5),
    )
    return tuple(make_network(tasks[:n], 3, corruptions=corruptions) for n in (3, 5, 8))


CORRUPTION_CROSSOVERS = Theorem[tuple[Network, ...]](
    id="robustness/corruption-crossovers",
    title="Unit-norm tasks meet at p = 1 (deletion), p = 1/2 (rescaled), v = 1, kappa sigma² = 1",
    source=source("derived; explains why deletion shows no crossover"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(error(p), nu - (1 - p) * slope(T)),
    predict=lambda nets: np.ones(4 * len(nets)),
    measure=_measure_crossings,
    cases=(Case(name="T = 3, 5, 8, k = 3, d = 40", build=_unit_networks, trials=TRIALS),),
    remark="Under unscaled deletion all curves of equal-norm task sets meet only at p = 1: the linear theory "
    "predicts slower growth for small slopes but no deletion crossover before it, so it does not explain "
    "the crossover that the paper shows for a bilingual language model.",
)

THEOREMS = (
    DELETION,
    RESCALED_DELETION,
    MULTIPLICATIVE,
    MULTIPLICATIVE_AS_RELEASED,
    SIGN_FLIP,
    STUCK_AT,
    STUCK_AT_ROTATED,
    CORRUPTION_CROSSOVERS,
)
