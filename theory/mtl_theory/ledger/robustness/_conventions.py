"""Conventions for the shared map: any covariance, equivalent optima, gradient descent, curvature."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import inverse_square_root, make_rotation, square_root
from mtl_simulators.perturb import AdditiveNoise, ElementDeletion, FeatureDeletion
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import (
    Factorization,
    GradientDescent,
    SharedRepresentation,
    TruncatedSVD,
    balanced,
    orthonormal_rows,
    solve,
    unit_rows,
    whitened,
)
from mtl_theory.ledger.robustness._failures import RATE, TRIALS, case
from mtl_theory.ledger.robustness._identities import random_covariance, transformed
from mtl_theory.ledger.robustness._network import (
    DIAGONAL_HEADS,
    Network,
    damaged_errors,
    gaussian_tasks,
    make_network,
    noise_variance,
    source,
    task_slope,
)
from mtl_theory.ledger.robustness._symbols import (
    T,
    error,
    i,
    k,
    kappa,
    p,
    s,
    sigma,
    slope,
)
from mtl_theory.spectral import clean_error, noise_slope
from mtl_theory.theorem import Case, Kind, Theorem

trace = sp.Function("tr")


def _covariance_network(
    rng: np.random.Generator, *, factorization: Factorization = orthonormal_rows, optimal: bool = True
) -> Network:
    tasks = gaussian_tasks(rng, n_tasks=8, n_features=30)
    solver = (
        SharedRepresentation(capacity=3, factorization=factorization)
        if optimal
        else TruncatedSVD(capacity=3, factorization=factorization)
    )
    covariance = random_covariance(rng, 30)
    return make_network(tasks, 3, covariance=covariance, solver=solver, corruptions=[AdditiveNoise(std=0.4)])


@dataclass(frozen=True, kw_only=True)
class Convention:
    """A network in one convention, and the closed form of its slope from tasks and covariance alone."""

    network: Network
    slope: Callable[[Network], float]
    clean: Callable[[Network], float]


def _whitened_slope(network: Network) -> float:
    return float(noise_slope(network.weights[None], 3, network.covariance)[0])


def _optimal_clean(network: Network) -> float:
    return float(clean_error(network.weights[None], 3, network.covariance)[0])


def _orthonormal_slope(network: Network) -> float:
    root = square_root(network.covariance)
    left, spectrum, rows = np.linalg.svd(network.weights @ root, full_matrices=False)
    product = (left[:, :3] * spectrum[:3]) @ rows[:3] @ inverse_square_root(network.covariance)
    return float((product**2).sum() / len(product))


def _released_slope(network: Network) -> float:
    return task_slope(network.weights, 3)


def _released_clean(network: Network) -> float:
    left, spectrum, rows = np.linalg.svd(network.weights, full_matrices=False)
    missing = (left[:, 3:] * spectrum[3:]) @ rows[3:]
    return float(np.trace(missing @ network.covariance @ missing.T) / len(missing))


def _convention(
    name: str,
    factorization: Factorization,
    slope_form: Callable[[Network], float],
    clean_form: Callable[[Network], float],
    *,
    optimal: bool = True,
) -> Case[Convention]:
    return Case(
        name=name,
        build=lambda rng: Convention(
            network=_covariance_network(rng, factorization=factorization, optimal=optimal),
            slope=slope_form,
            clean=clean_form,
        ),
        trials=TRIALS,
    )


def _predict_convention(x: Convention) -> FloatArray:
    noise = x.network.kappa * noise_variance(x.network)
    return np.array([x.clean(x.network) + noise * x.slope(x.network)])


GENERAL_COVARIANCE = Theorem[Convention](
    id="robustness/general-covariance",
    title="Any input covariance: three conventions for the map, three slopes",
    source=source("derived; the released code uses (c)"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        error(T, sigma),
        sp.Symbol(r"\nu_\Sigma")
        + (kappa * sigma**2 - 1) * sp.Sum(sp.IndexedBase("s_Sigma")[i] ** 2, (i, 1, k)) / T,
    ),
    predict=_predict_convention,
    measure=lambda rng, x, n: damaged_errors(rng, x.network, n),
    cases=(
        _convention("(a) whitened rows, W Σ W' = I", whitened, _whitened_slope, _optimal_clean),
        _convention(
            "(b) orthonormal rows, same function", orthonormal_rows, _orthonormal_slope, _optimal_clean
        ),
        _convention(
            "(c) truncated SVD of the task matrix, as released",
            orthonormal_rows,
            _released_slope,
            _released_clean,
            optimal=False,
        ),
    ),
    remark="The statement is (a). (b) has slope |P*|²/T and the same clean error; (c) has a larger clean "
    "error, because truncating C ignores Σ. Slopes of different conventions must not be compared.",
)


def _deletion_general(network: Network) -> FloatArray:
    """Return the error under deletion for any map with uncorrelated heads, bias part included."""
    product = network.product
    bias = float(network.errors((1 - RATE) * product).mean())
    spread = np.diag(network.covariance) * (product**2).mean(axis=0)
    return np.array([bias + RATE * (1 - RATE) * spread.sum()])


def _deletion_network(rng: np.random.Generator, *, optimal: bool, feature: bool = False) -> Network:
    network = _covariance_network(rng, optimal=optimal)
    corruption = FeatureDeletion(probability=RATE) if feature else ElementDeletion(probability=RATE)
    return replace(network, corruptions=(corruption,))


DELETION_GENERAL = Theorem[Network](
    id="robustness/deletion-general-covariance",
    title="Deletion under any covariance, optimal map or not",
    source=source("derived"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        error(p),
        sp.Symbol(r"\|\Sigma^{1/2}((1-p)P - C)\|_F^2") / T
        + p * (1 - p) / T * trace(sp.Symbol(r"\operatorname{diag}(\Sigma) P P^\top")),
    ),
    assumptions=(DIAGONAL_HEADS,),
    predict=_deletion_general,
    measure=damaged_errors,
    cases=(
        Case(
            name="optimal map, elements",
            build=lambda rng: _deletion_network(rng, optimal=True),
            trials=TRIALS,
        ),
        Case(
            name="truncated SVD (not optimal), elements",
            build=lambda rng: _deletion_network(rng, optimal=False),
            trials=TRIALS,
        ),
        Case(
            name="truncated SVD (not optimal), input features",
            build=lambda rng: _deletion_network(rng, optimal=False, feature=True),
            trials=TRIALS,
        ),
    ),
)


def _measure_conventions(rng: np.random.Generator, tasks: FloatArray, n: int) -> FloatArray:
    """Slopes of equivalent optima: SVD, rotated, unit-norm rows, balanced."""
    network = make_network(tasks, 4)
    rotated = transformed(network, make_rotation(rng, n_features=4))
    unit = make_network(tasks, 4, factorization=unit_rows)
    row_norms = np.linalg.norm(unit.representation, axis=1)
    even = make_network(tasks, 4, factorization=balanced)
    return np.array([[network.slope, rotated.slope, unit.slope, even.slope, *row_norms]])


def _predict_conventions(tasks: FloatArray) -> FloatArray:
    kept = np.linalg.svd(tasks, compute_uv=False)[:4]
    n_tasks = len(tasks)
    frobenius = (kept**2).sum() / n_tasks
    return np.array(
        [frobenius, frobenius, kept.sum() ** 2 / (4 * n_tasks), kept.sum() / n_tasks, *np.ones(4)]
    )


NORMALISATIONS = Theorem[FloatArray](
    id="robustness/normalisations",
    title="The same function has many slopes: Σs²/T, (Σs)²/(kT) for unit rows, Σs/T balanced",
    source=source("derived; the paper assumes the SVD solution"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(slope(T), sp.Sum(s[i], (i, 1, k)) ** 2 / (k * T)),
    predict=_predict_conventions,
    measure=_measure_conventions,
    cases=(Case(name="Gaussian tasks", build=lambda rng: gaussian_tasks(rng, n_tasks=9, n_features=40)),),
    remark="(aW, Γ/a) computes the same function with a slope a² times smaller: robustness to weight noise "
    "is meaningless until the scale of W is fixed. The statement is the optimum under unit-norm rows.",
)


def _train(rng: np.random.Generator, tasks: FloatArray, n: int) -> FloatArray:
    truth = Truth(weights=tasks[None], covariance=np.eye(tasks.shape[1]), noise=np.zeros(len(tasks)))
    moments = truth.population_moments()
    learning_rate = 0.4 * len(tasks) / float(np.linalg.norm(tasks, 2))
    solver = GradientDescent(capacity=2, learning_rate=learning_rate, initial_scale=1e-5, max_steps=4_000)
    solution = solve(moments, solver, rng=rng)
    representation, heads = solution.representation[0], solution.heads[0]
    imbalance = np.abs(representation @ representation.T - heads.T @ heads).max()
    return np.array([[(heads**2).sum() / len(tasks), imbalance]])


GRADIENT_DESCENT = Theorem[FloatArray](
    id="robustness/gradient-descent-is-balanced",
    title="Gradient descent from a small start ends balanced, not at the SVD solution",
    source=source("derived; training is left open in the paper"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(slope(T), sp.Sum(s[i], (i, 1, k)) / T),
    predict=lambda tasks: [np.linalg.svd(tasks, compute_uv=False)[:2].sum() / len(tasks), 0.0],
    measure=_train,
    cases=(
        Case(name="d = 20, T = 6, k = 2", build=lambda rng: gaussian_tasks(rng, n_tasks=6, n_features=20)),
    ),
    slack=1e-4,
    remark="The slope of a trained network is the balanced Σs/T; the paper's Σs²/T needs the map to be "
    "orthonormalised after training. The slack is the initial scale's trace in the balance.",
)


def _curvature(network: Network) -> FloatArray:
    """Return sigma²/2 times the trace of the Hessian in W, by second differences along every entry."""
    step, total = 1e-3, 0.0
    base = network.errors(network.product).mean()
    for entry in np.ndindex(network.representation.shape):
        shift = np.zeros_like(network.representation)
        shift[entry] = step
        above = network.errors(network.heads @ (network.representation + shift)).mean()
        below = network.errors(network.heads @ (network.representation - shift)).mean()
        total += float(above - 2 * base + below) / step**2
    return np.array([[total / 2]])


CURVATURE = Theorem[Network](
    id="robustness/curvature",
    title="Half the trace of the Hessian in the map is kappa times the slope",
    source=source("derived; the slope's analogue for nonlinear networks"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(trace(sp.Symbol("H")) / 2, kappa * slope(T)),
    predict=lambda net: [net.kappa * net.slope],
    measure=lambda rng, net, n: _curvature(net),
    cases=(
        case("isotropic inputs", trials=1),
        Case(name="general covariance", build=lambda rng: replace(_covariance_network(rng), corruptions=())),
    ),
    slack=1e-6,
)

THEOREMS = (GENERAL_COVARIANCE, DELETION_GENERAL, NORMALISATIONS, GRADIENT_DESCENT, CURVATURE)
