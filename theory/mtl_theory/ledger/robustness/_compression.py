"""Compression of weights: magnitude pruning and rounding, exactly and for spread-out rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sympy as sp
from scipy import stats

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb import (
    Corruption,
    MagnitudePruning,
    NearestQuantization,
    StochasticQuantization,
)
from mtl_theory.ledger.robustness._failures import SVD_SOLUTION, case, failure
from mtl_theory.ledger.robustness._network import (
    Network,
    damaged_errors,
    gaussian_tasks,
    make_network,
    source,
)
from mtl_theory.ledger.robustness._symbols import T, clean, d, error, i, k, s, slope, step
from mtl_theory.theorem import Case, Kind, Theorem

FRACTIONS = (0.1, 0.3, 0.5, 0.7, 0.9)
STEP = 2.0 / 2**6  # 6 bits on [-1, 1]
CHUNK = 50  # networks solved at a time


def haar_pruned_energy(fraction: float) -> float:
    r"""Return $\rho(q) = q - 2 z \varphi(z)$, $z = \Phi^{-1}((1+q)/2)$: energy in the smallest fraction q."""
    z = float(stats.norm.ppf((1 + fraction) / 2))
    return fraction - 2 * z * float(stats.norm.pdf(z))


def _pruned_network(rng: np.random.Generator) -> Network:
    tasks = gaussian_tasks(rng, n_tasks=12, n_features=400)
    return make_network(tasks, 4, corruptions=[MagnitudePruning(fraction=q) for q in FRACTIONS])


def _exact_pruned(network: Network) -> FloatArray:
    """Return clean error + sum_i g_ii rho_i with the energy that pruning removes from each row."""
    magnitudes = np.abs(network.representation).ravel()
    order = np.argsort(magnitudes, kind="stable")
    energies = np.zeros((len(FRACTIONS), len(network.representation)))
    for level, fraction in enumerate(FRACTIONS):
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
    cases=(Case(name="q = 0.1 .. 0.9, d = 400, k = 4, T = 12", build=_pruned_network),),
    remark="Exact for every draw of the tasks; the removed energy follows from the weights.",
)


@dataclass(frozen=True, kw_only=True)
class WideNetworks:
    """Networks on Gaussian tasks, made afresh for every draw, and what is done to their maps."""

    n_tasks: int
    n_features: int
    capacity: int
    corruptions: tuple[Corruption, ...]


def _added_slopes(rng: np.random.Generator, x: WideNetworks, n: int) -> FloatArray:
    """Return the error that each corruption adds, over the slope: `(n, corruptions)`."""
    sizes = [CHUNK] * (n // CHUNK) + ([n % CHUNK] if n % CHUNK else [])
    return np.concatenate([_added_in_chunk(rng, x, size) for size in sizes])


def _added_in_chunk(rng: np.random.Generator, x: WideNetworks, n: int) -> FloatArray:
    tasks = rng.standard_normal((n, x.n_tasks, x.n_features))
    left, spectrum, rows = np.linalg.svd(tasks, full_matrices=False)
    maps = rows[:, : x.capacity]
    heads = left[:, :, : x.capacity] * spectrum[:, None, : x.capacity]

    def mean_error(struck: FloatArray) -> FloatArray:
        return np.asarray(((heads @ struck - tasks) ** 2).sum(axis=-1).mean(axis=-1))

    intact = mean_error(maps)
    struck = [mean_error(c.draw(rng, maps, n_draws=1)[0]) for c in x.corruptions]
    slopes = (heads**2).sum(axis=-1).mean(axis=-1)
    return np.asarray((np.stack(struck, axis=1) - intact[:, None]) / slopes[:, None])


def _wide(*corruptions: Corruption) -> Case[WideNetworks]:
    instance = WideNetworks(n_tasks=12, n_features=1_000, capacity=4, corruptions=corruptions)
    return Case(name="d = 1000, k = 4, T = 12, fresh tasks", build=lambda rng: instance, trials=400)


def _law(
    name: str,
    title: str,
    statement: sp.Basic,
    factors: Callable[[WideNetworks], npt.ArrayLike],
    case: Case[WideNetworks],
    slack: float,
    remark: str,
) -> Theorem[WideNetworks]:
    """Return the theorem that corruptions of spread-out rows add `factors` times the slope."""
    return Theorem[WideNetworks](
        id=f"robustness/{name}",
        title=title,
        source=source("derived"),
        kind=Kind.EQUALITY,
        statement=statement,
        predict=factors,
        measure=_added_slopes,
        cases=(case,),
        slack=slack,
        scale=1e-9,  # the factors are the quantities of interest, however small
        remark=remark,
    )


MAGNITUDE_PRUNING_HAAR = _law(
    "magnitude-pruning-haar",
    "Spread-out rows: pruning a fraction q costs only ρ(q) = q − 2zφ(z) of the slope",
    sp.Eq(error(sp.Symbol("q")), clean + sp.Function("rho")(sp.Symbol("q")) * slope(T)),
    lambda x: [haar_pruned_energy(q) for q in FRACTIONS],
    _wide(*(MagnitudePruning(fraction=q) for q in FRACTIONS)),
    0.012,
    "Compared: added error over slope. ρ = .0005, .0146, .0713, .2167, .5607 at q = .1, .3, .5, .7, .9, "
    "against q for random deletion. The slack is the bias of order 1/d of the smallest of d finite entries: "
    "2 % at d = 400 and 0.8 % at d = 1000 for q = .1, less above.",
)

QUANTISATION = _law(
    "quantisation",
    "Rounding to step Δ adds about dΔ²/12 of the slope, stochastic rounding dΔ²/6",
    sp.Eq(error(step), clean + d * step**2 / 12 * slope(T)),
    lambda x: np.array([1 / 12, 1 / 6]) * x.n_features * STEP**2,
    _wide(NearestQuantization(step=STEP), StochasticQuantization(step=STEP)),
    2e-3,
    "Compared: added error over slope, for Δ = 2/2⁶. High-resolution approximation (uniform errors): "
    "single networks scatter by 1 to 2 % about it, their mean agrees. The exact law for stochastic rounding "
    "is robustness/quantisation-stochastic.",
)


def _stochastic_exact(network: Network) -> float:
    """Return step² sum_i g_ii sum_j f(1 - f) over the slope, f the fractional parts."""
    parts = network.representation / STEP % 1.0
    return float(
        STEP**2 * (np.diag(network.head_gram) * (parts * (1 - parts)).sum(axis=1)).sum() / network.slope
    )


STOCHASTIC_QUANTISATION = failure(
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

THEOREMS = (MAGNITUDE_PRUNING, MAGNITUDE_PRUNING_HAAR, QUANTISATION, STOCHASTIC_QUANTISATION)
