"""Failures of weights: deletion, multiplicative noise, sign flips, stuck-at, pruning, quantisation."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import sympy as sp
from scipy import stats

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_rotation
from mtl_simulators.perturb import (
    AdditiveNoise,
    Corruption,
    ElementDeletion,
    FeatureDeletion,
    MagnitudePruning,
    MultiplicativeNoise,
    NearestQuantization,
    SignFlip,
    StochasticQuantization,
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
from mtl_theory.ledger.robustness._symbols import T, clean, d, error, i, k, nu, p, s, slope, step, v
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


def _failure(
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


DELETION = _failure(
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

RESCALED_DELETION = _failure(
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

MULTIPLICATIVE = _failure(
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


MULTIPLICATIVE_AS_RELEASED = _failure(
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

SIGN_FLIP = _failure(
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


STUCK_AT = _failure(
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


def haar_pruned_energy(fraction: float) -> float:
    r"""Return $\rho(q) = q - 2 z \varphi(z)$, $z = \Phi^{-1}((1+q)/2)$: energy in the smallest fraction q."""
    z = float(stats.norm.ppf((1 + fraction) / 2))
    return fraction - 2 * z * float(stats.norm.pdf(z))


PRUNING_FRACTIONS = (0.1, 0.3, 0.5, 0.7, 0.9)


def _wide_network(rng: np.random.Generator) -> Network:
    tasks = gaussian_tasks(rng, n_tasks=12, n_features=400)
    return make_network(tasks, 4, corruptions=[MagnitudePruning(fraction=q) for q in PRUNING_FRACTIONS])


def _exact_pruned(network: Network) -> FloatArray:
    """Return clean error + sum_i g_ii rho_i with the energy that pruning removes from each row."""
    magnitudes = np.abs(network.representation).ravel()
    order = np.argsort(magnitudes, kind="stable")
    energies = np.zeros((len(PRUNING_FRACTIONS), len(network.representation)))
    for level, fraction in enumerate(PRUNING_FRACTIONS):
        removed = order[: int(fraction * magnitudes.size + 0.5)]
        np.add.at(energies[level], removed // network.representation.shape[1], magnitudes[removed] ** 2)
    return np.asarray(network.clean + energies @ np.diag(network.head_gram))


MAGNITUDE_PRUNING = Theorem[Network](
    id="robustness/magnitude-pruning",
    title="Magnitude pruning adds the pruned energy of each unit times its head energy",
    source=source("Section 3 (pruning), law derived"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        error(sp.Symbol("q")), clean + sp.Sum(s[i] ** 2 * sp.IndexedBase("rho")[i], (i, 1, k)) / T
    ),
    assumptions=SVD_SOLUTION,
    predict=_exact_pruned,
    measure=damaged_errors,
    cases=(Case(name="q = 0.1 .. 0.9, d = 400, k = 4, T = 12", build=_wide_network),),
    remark="Exact for every draw of the tasks; the removed energy follows from the weights.",
)

MAGNITUDE_PRUNING_HAAR = Theorem[Network](
    id="robustness/magnitude-pruning-haar",
    title="Spread-out rows: pruning a fraction q costs only ρ(q) = q − 2zφ(z) of the slope",
    source=source("derived"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(error(sp.Symbol("q")), clean + sp.Function("rho")(sp.Symbol("q")) * slope(T)),
    assumptions=SVD_SOLUTION,
    predict=lambda net: net.clean + np.array([haar_pruned_energy(q) for q in PRUNING_FRACTIONS]) * net.slope,
    measure=damaged_errors,
    cases=(Case(name="q = 0.1 .. 0.9, d = 400, k = 4, T = 12", build=_wide_network),),
    slack=0.01,
    remark="ρ = .0005, .0146, .0713, .2167, .5607 at q = .1, .3, .5, .7, .9, against q for random deletion. "
    "The slack of 1 % is the O(1/sqrt(dk)) spread of the entries' empirical distribution.",
)

STEP = 2.0 / 2**6


def _stochastic_exact(network: Network) -> float:
    """Return step² sum_i g_ii sum_j f(1 - f) over the slope, f the fractional parts."""
    parts = network.representation / STEP % 1.0
    return float(
        STEP**2 * (np.diag(network.head_gram) * (parts * (1 - parts)).sum(axis=1)).sum() / network.slope
    )


STOCHASTIC_QUANTISATION = _failure(
    "quantisation-stochastic",
    "Stochastic rounding to step Δ adds Δ² Σ f(1-f), about dΔ²/6 of the slope",
    sp.Eq(
        error(step),
        clean
        + step**2 / T * sp.Sum(s[i] ** 2 * sp.Symbol(r"\sum_j f_{ij}(1-f_{ij})", positive=True), (i, 1, k)),
    ),
    lambda net: [_stochastic_exact(net)],
    (case("6 bits on [-1, 1]", StochasticQuantization(step=STEP)),),
    None,
)

QUANTISATION = Theorem[Network](
    id="robustness/quantisation",
    title="Rounding to step Δ adds about dΔ²/12 of the slope, stochastic rounding dΔ²/6",
    source=source("derived"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(error(step), clean + d * step**2 / 12 * slope(T)),
    assumptions=SVD_SOLUTION,
    predict=lambda net: np.array([1 / 12, 1 / 6]) * len(net.covariance) * STEP**2 * net.slope,
    measure=lambda rng, net, n: damaged_errors(rng, net, n) - net.clean,
    cases=(
        Case(
            name="6 bits on [-1, 1], d = 400",
            build=lambda rng: replace(
                _wide_network(rng),
                corruptions=(NearestQuantization(step=STEP), StochasticQuantization(step=STEP)),
            ),
            trials=100,
        ),
    ),
    slack=0.1,
    remark="High-resolution approximation (uniform rounding errors): the slack of 10 % covers the "
    "4,000 weights' own spread and rows whose entries are not large against the step. The exact law for "
    "stochastic rounding is robustness/quantisation-stochastic.",
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
    MAGNITUDE_PRUNING,
    MAGNITUDE_PRUNING_HAAR,
    QUANTISATION,
    STOCHASTIC_QUANTISATION,
    CORRUPTION_CROSSOVERS,
)
