"""Exact identities: the toy example, the master identity, the noise slope, its spread, the trade-off."""

from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_orthonormal_tasks, make_rotation
from mtl_simulators.perturb import AdditiveNoise, MagnitudePruning, NearestQuantization, UniformNoise
from mtl_simulators.solvers import balanced
from mtl_theory.ledger.robustness import _proofs
from mtl_theory.ledger.robustness._network import (
    DISTINCT_CUT,
    ISOTROPIC,
    OPTIMAL,
    ORTHONORMAL_ROWS,
    STATIONARY,
    Network,
    damaged_errors,
    damaged_task_errors,
    gaussian_tasks,
    lifted,
    make_network,
    source,
    task_slope,
)
from mtl_theory.ledger.robustness._symbols import (
    T,
    clean,
    error,
    i,
    k,
    kappa,
    kept_energy,
    nu,
    s,
    sigma,
    slope,
)
from mtl_theory.theorem import Case, Kind, Theorem, Verdict

NOISE_LEVELS = (0.1, 0.5, 1.0, 2.0)


def toy_network(n_tasks: int, direction: FloatArray) -> Network:
    """Represent e_1..e_T in three dimensions by one hidden unit along `direction`, with the best heads."""
    tasks = np.eye(3)[:n_tasks]
    row = direction / np.linalg.norm(direction)
    heads = tasks @ row
    return Network(weights=tasks, covariance=np.eye(3), representation=row[None], heads=heads[:, None])


def _sign_average(network: Network, std: float) -> float:
    """Average the error over all sign patterns of a one-unit noise: its exact mean at this variance."""
    patterns = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 3), axis=-1).reshape(-1, 1, 3)
    return float(network.errors(network.heads @ (network.representation + std * patterns)).mean())


def _measure_toy(rng: np.random.Generator, pair: tuple[Network, Network], n: int) -> FloatArray:
    """Clean errors, slopes read off the error curve, and where the two curves cross (in kappa sigma^2)."""
    two, three = pair
    slopes = [(_sign_average(net, 1.0) - _sign_average(net, 0.0)) / net.kappa for net in pair]
    gap = _sign_average(three, 0.0) - _sign_average(two, 0.0)
    crossing = gap / (slopes[0] - slopes[1])
    return np.array([[two.clean, three.clean, *slopes, crossing]])


TOY = Theorem[tuple[Network, Network]](
    id="robustness/toy",
    title="Toy example: three orthogonal tasks on one hidden unit",
    source=source("Section 2.1"),
    kind=Kind.EQUALITY,
    statement=sp.And(
        sp.Eq(error(2, sigma), sp.Rational(1, 2) + kappa * sigma**2 / 2),
        sp.Eq(error(3, sigma), sp.Rational(2, 3) + kappa * sigma**2 / 3),
    ),
    predict=lambda pair: [1 / 2, 2 / 3, 1 / 2, 1 / 3, 1.0],
    measure=_measure_toy,
    cases=(
        Case(
            name="the paper's symmetric map",
            build=lambda rng: (toy_network(2, np.array([1.0, 1, 0])), toy_network(3, np.ones(3))),
        ),
        Case(
            name="an equally optimal asymmetric map, W = e_1",
            build=lambda rng: (toy_network(2, np.eye(3)[0]), toy_network(3, np.eye(3)[0])),
        ),
    ),
    slack=1e-12,
    remark="The singular values are equal, so the map is one choice among many: averages over tasks agree "
    "for all of them, per-task slopes do not. The curves cross at kappa sigma^2 = 1.",
)


@dataclass(frozen=True, kw_only=True)
class Struck:
    """A network and one arbitrary perturbation of its map."""

    network: Network
    perturbation: FloatArray


def _struck(network: Network, rng: np.random.Generator) -> Struck:
    return Struck(network=network, perturbation=rng.standard_normal(network.representation.shape))


def _svd_network(rng: np.random.Generator, covariance: FloatArray | None = None) -> Network:
    tasks = gaussian_tasks(rng, n_tasks=9, n_features=40)
    return make_network(tasks, 4, covariance=covariance)


def transformed(network: Network, matrix: FloatArray) -> Network:
    """Return the same function written as (A W, A^-T Gamma)."""
    heads = network.heads @ np.linalg.inv(matrix)
    return replace(network, representation=matrix @ network.representation, heads=heads)


def _pruned(rng: np.random.Generator) -> Struck:
    network = _svd_network(rng)
    pruned = MagnitudePruning(fraction=0.5).draw(rng, network.representation, n_draws=1)[0]
    return Struck(network=network, perturbation=pruned - network.representation)


def _quantised(rng: np.random.Generator) -> Struck:
    network = _svd_network(rng)
    rounded = NearestQuantization(step=0.1).draw(rng, network.representation, n_draws=1)[0]
    return Struck(network=network, perturbation=rounded - network.representation)


def random_covariance(rng: np.random.Generator, n_features: int) -> FloatArray:
    """Return a random well-conditioned covariance, `(d, d)`."""
    rotation = make_rotation(rng, n_features=n_features)
    matrix: FloatArray = (rotation * rng.uniform(0.3, 3.0, n_features)) @ rotation.T
    return (matrix + matrix.T) / 2


def _off_optimum(rng: np.random.Generator) -> Struck:
    network = _svd_network(rng)
    moved = replace(network, representation=network.representation + 0.1)
    return _struck(moved, rng)


MASTER_IDENTITY = Theorem[Struck](
    id="robustness/master-identity",
    title="Any perturbation E of an optimal map adds tr(ΓΓ'EΣE')/T",
    source=source("generalises Section 2; derived"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        error(sp.Symbol("W") + sp.Symbol("E")),
        clean + sp.Function("tr")(sp.Symbol(r"\Gamma\Gamma^\top E \Sigma E^\top")) / T,
    ),
    assumptions=(lifted(STATIONARY, lambda struck: struck.network),),
    predict=lambda x: (
        x.network.clean
        + np.trace(x.network.head_gram @ x.perturbation @ x.network.covariance @ x.perturbation.T)
    ),
    measure=lambda rng, x, n: np.atleast_2d(
        x.network.errors(x.network.heads @ (x.network.representation + x.perturbation)).mean()
    ),
    cases=(
        Case(name="SVD solution, Gaussian E", build=lambda rng: _struck(_svd_network(rng), rng)),
        Case(
            name="rotated optimum",
            build=lambda rng: _struck(transformed(_svd_network(rng), make_rotation(rng, n_features=4)), rng),
        ),
        Case(
            name="optimum under a general invertible A",
            build=lambda rng: _struck(transformed(_svd_network(rng), rng.standard_normal((4, 4))), rng),
        ),
        Case(
            name="general input covariance",
            build=lambda rng: _struck(_svd_network(rng, random_covariance(rng, 40)), rng),
        ),
        Case(name="pruning as E", build=_pruned),
        Case(name="quantisation as E", build=_quantised),
        Case(name="a map that is not optimal", build=_off_optimum, expected=Verdict.DOES_NOT_APPLY),
    ),
    derive=_proofs.master_identity,
    remark="The error is quadratic in W with zero gradient at an optimum and Hessian (2/T) ΓΓ' ⊗ Σ.",
)


def noisy_gaussian_network(rng: np.random.Generator) -> Network:
    """Return the setting of the noise checks: d = 40, T = 8, k = 3, task entries N(0, 1/d)."""
    tasks = gaussian_tasks(rng, n_tasks=8, n_features=40, std=40**-0.5)
    return make_network(tasks, 3, corruptions=[AdditiveNoise(std=x) for x in NOISE_LEVELS])


def _uniform_noise(rng: np.random.Generator) -> Network:
    network = noisy_gaussian_network(rng)
    return replace(network, corruptions=tuple(UniformNoise(std=x) for x in NOISE_LEVELS))


def _covariance_noise(rng: np.random.Generator) -> Network:
    tasks = gaussian_tasks(rng, n_tasks=8, n_features=40)
    corruptions = [AdditiveNoise(std=x) for x in NOISE_LEVELS]
    return make_network(tasks, 3, covariance=random_covariance(rng, 40), corruptions=corruptions)


def _tied_noise(rng: np.random.Generator) -> Network:
    tasks = make_orthonormal_tasks(rng, n_tasks=8, n_features=40)[0]
    return make_network(tasks, 3, corruptions=[AdditiveNoise(std=x) for x in NOISE_LEVELS])


def _balanced_noise(rng: np.random.Generator) -> Network:
    tasks = gaussian_tasks(rng, n_tasks=8, n_features=40)
    corruptions = [AdditiveNoise(std=x) for x in NOISE_LEVELS]
    return make_network(tasks, 3, corruptions=corruptions, factorization=balanced)


def _saddle_noise(rng: np.random.Generator) -> Network:
    network = noisy_gaussian_network(rng)
    rows = np.linalg.svd(network.weights, full_matrices=False)[2][1:4]
    return replace(network, representation=rows, heads=network.weights @ rows.T)


def _predict_noise(network: Network) -> FloatArray:
    return network.clean + network.kappa * network.slope * np.square(NOISE_LEVELS)


def _predict_noise_from_spectrum(network: Network) -> FloatArray:
    r = task_slope(network.weights, len(network.representation))
    return network.mean_energy - r + network.kappa * r * np.square(NOISE_LEVELS)


NOISE_SLOPE = Theorem[Network](
    id="robustness/noise-slope",
    title="Error under weight noise: clean error plus slope times noise variance",
    source=source("Theorem on additive noise, equations (7) and (8)"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        error(T, sigma), sp.Sum(s[i] ** 2, (i, k + 1, T)) / T + kappa * sigma**2 * kept_energy / T
    ),
    assumptions=(OPTIMAL, ORTHONORMAL_ROWS),
    predict=lambda net: _predict_noise_from_spectrum(net) if ISOTROPIC.holds(net) else _predict_noise(net),
    measure=damaged_errors,
    cases=(
        Case(name="Gaussian tasks, Gaussian noise", build=noisy_gaussian_network, trials=20_000),
        Case(name="uniform noise of the same variance", build=_uniform_noise, trials=20_000),
        Case(name="orthonormal tasks: equal singular values", build=_tied_noise, trials=20_000),
        Case(name="general input covariance, kappa = tr Sigma", build=_covariance_noise, trials=20_000),
        Case(
            name="the same function with another scale of W: the slope is not fixed",
            build=_balanced_noise,
            trials=20_000,
            expected=Verdict.DOES_NOT_APPLY,
        ),
        Case(
            name="a saddle point: the second, third and fourth singular directions",
            build=_saddle_noise,
            trials=20_000,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    derive=_proofs.noise_slope,
    remark="kappa = E|x|^2 (d for isotropic unit inputs) multiplies the printed slope; the paper's formula "
    "needs noise of variance sigma^2/d or E|x|^2 = 1. Neither Gaussian noise nor distinct singular values "
    "are needed for the average over tasks.",
)


def _predict_per_task(network: Network) -> FloatArray:
    """Per-task error from the SVD of the tasks alone: |c - U U'c|^2 + kappa sigma^2 |U'c|^2."""
    axes = np.linalg.svd(network.weights)[2][: len(network.representation)]
    seen = ((network.weights @ axes.T) ** 2).sum(axis=1)
    variance = network.corruptions[0].std ** 2  # type: ignore[attr-defined]
    return np.asarray((network.weights**2).sum(axis=1) - seen + network.kappa * variance * seen)


PER_TASK = Theorem[Network](
    id="robustness/noise-slope-per-task",
    title="Each task's own slope is the energy of its projection, |U_k'c_t|²",
    source=source("Section 2; derived per task"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        sp.Function("MSE_t")(sigma),
        sp.Symbol(r"\|c_t - \hat c_t\|^2") + kappa * sigma**2 * sp.Symbol(r"\|U_k^\top c_t\|^2"),
    ),
    assumptions=(ISOTROPIC, OPTIMAL, ORTHONORMAL_ROWS, DISTINCT_CUT),
    predict=_predict_per_task,
    measure=lambda rng, net, n: damaged_task_errors(rng, net, n)[:, 0],
    cases=(
        Case(
            name="Gaussian tasks, distinct singular values",
            build=lambda rng: replace(noisy_gaussian_network(rng), corruptions=(AdditiveNoise(std=0.5),)),
            trials=20_000,
        ),
        Case(
            name="orthonormal tasks: ties at the cut",
            build=lambda rng: replace(_tied_noise(rng), corruptions=(AdditiveNoise(std=0.5),)),
            trials=20_000,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    remark="Needs distinct singular values around the cut: with ties the subspace is a free choice.",
)


def _predict_spread(network: Network) -> FloatArray:
    energies = np.linalg.eigvalsh(network.head_gram)
    if ISOTROPIC.holds(network):
        spectrum = np.linalg.svd(network.weights, compute_uv=False)
        energies = spectrum[: len(network.representation)] ** 2 / len(network.weights)
    stds = np.array([c.std for c in network.corruptions])  # type: ignore[attr-defined]
    trace = float(np.trace(network.covariance @ network.covariance))
    return np.asarray(2 * trace * stds**4 * (energies**2).sum())


def _squared_deviation(rng: np.random.Generator, network: Network, n: int) -> FloatArray:
    mean = network.clean + network.kappa * network.slope * np.square(NOISE_LEVELS)
    return np.asarray((damaged_errors(rng, network, n) - mean) ** 2)


NOISE_SPREAD = Theorem[Network](
    id="robustness/noise-spread",
    title="Variance of the error over single noise draws",
    source=source("derived; the released code plots one draw"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        sp.Function("Var")(error(T, sigma)),
        2 * sigma**4 * sp.Symbol(r"\operatorname{tr}(\Sigma^2)") * sp.Sum(s[i] ** 4, (i, 1, k)) / T**2,
    ),
    assumptions=(OPTIMAL, ORTHONORMAL_ROWS),
    predict=_predict_spread,
    measure=_squared_deviation,
    cases=(
        Case(name="Gaussian tasks, Gaussian noise", build=noisy_gaussian_network, trials=40_000),
        Case(name="general input covariance: tr Σ², not (tr Σ)²/d", build=_covariance_noise, trials=40_000),
    ),
    remark="One draw has relative standard deviation sqrt(2 sum s^4 / (sum s^2)^2 / r_eff), "
    "r_eff = (tr Σ)²/tr Σ²: curves from a single draw cannot order task counts when r_eff is small.",
)

TRADEOFF = Theorem[Network](
    id="robustness/tradeoff",
    title="A lower slope is bought one for one by a worse clean fit",
    source=source("derived from Section 2"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(error(T, sigma), nu + (kappa * sigma**2 - 1) * slope(T)),
    assumptions=(ISOTROPIC, OPTIMAL, ORTHONORMAL_ROWS),
    predict=lambda net: (
        net.mean_energy
        + (net.kappa * np.square(NOISE_LEVELS) - 1) * task_slope(net.weights, len(net.representation))
    ),
    measure=damaged_errors,
    cases=(
        Case(name="Gaussian tasks", build=noisy_gaussian_network, trials=20_000),
        Case(name="orthonormal tasks", build=_tied_noise, trials=20_000),
    ),
    derive=_proofs.tradeoff,
    remark="nu is the mean squared task norm: clean error and slope always add up to it.",
)

THEOREMS = (TOY, MASTER_IDENTITY, NOISE_SLOPE, PER_TASK, NOISE_SPREAD, TRADEOFF)
