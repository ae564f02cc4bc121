r"""Symbolic derivations in small dimensions: each returns residuals that must simplify to zero.

One hidden unit (k = 1), two tasks, two features, diagonal input covariance. The heads are free symbols and
the shared map is the one that is optimal for them, so what is proved holds at *every* optimum, not only at
the SVD solution.
"""

from collections.abc import Callable
from itertools import product

import sympy as sp

TASKS = sp.Matrix(2, 2, sp.symbols("c11 c12 c21 c22", real=True))  # rows are task vectors
HEADS = sp.Matrix(sp.symbols("g1 g2", positive=True))
COVARIANCE = sp.diag(*sp.symbols("a b", positive=True))
IDENTITY = sp.eye(2)
MAP = (HEADS.T * TASKS) / (HEADS.T * HEADS)[0]  # the stationary W of size 1 x 2
ENERGY = (HEADS.T * HEADS)[0]


def mean_error(row: sp.Matrix, covariance: sp.Matrix = IDENTITY, heads: sp.Matrix = HEADS) -> sp.Expr:
    """Return the error averaged over the two tasks, for a shared map `row` of size 1 x 2."""
    difference = heads * row - TASKS
    return (difference * covariance * difference.T).trace() / 2


def _expected_noisy(variances: tuple[sp.Expr, sp.Expr], covariance: sp.Matrix) -> sp.Expr:
    """Average the error over independent zero-mean noise of the given entry variances."""
    noise = sp.Matrix(1, 2, sp.symbols("n1 n2", real=True))
    expanded = sp.expand(mean_error(MAP + noise, covariance))
    polynomial = sp.Poly(expanded, *noise)
    moments = {(0, 0): sp.Integer(1), (2, 0): variances[0], (0, 2): variances[1]}
    return sum(
        (coefficient * moments.get(powers, sp.Integer(0)) for powers, coefficient in polynomial.terms()),
        sp.Integer(0),
    )


def _expected_mask(damaged: Callable[[sp.Expr, int], sp.Expr], rate: sp.Symbol) -> sp.Expr:
    """Average the error over the four patterns in which each entry fails with probability `rate`."""
    total = sp.Integer(0)
    for pattern in product((0, 1), repeat=2):
        probability = sp.prod([rate if failed else 1 - rate for failed in pattern])
        row = sp.Matrix(1, 2, [damaged(MAP[j], failed) for j, failed in enumerate(pattern)])
        total += probability * mean_error(row)
    return total


def master_identity() -> tuple[sp.Expr, ...]:
    """Prove that any perturbation E adds tr(Gamma Gamma' E Sigma E') / T."""
    perturbation = sp.Matrix(1, 2, sp.symbols("e1 e2", real=True))
    added = ENERGY * (perturbation * COVARIANCE * perturbation.T)[0] / 2
    return (
        mean_error(MAP + perturbation, COVARIANCE) - mean_error(MAP, COVARIANCE) - added,
        *(HEADS.T * (HEADS * MAP - TASKS)),
    )


def noise_slope() -> tuple[sp.Expr, ...]:
    """Prove that equal-variance noise adds kappa sigma^2 |Gamma|^2 / T."""
    variance = sp.Symbol("sigma2", positive=True)
    kappa = COVARIANCE.trace()
    noisy = _expected_noisy((variance, variance), COVARIANCE)
    return (noisy - mean_error(MAP, COVARIANCE) - kappa * variance * ENERGY / 2,)


def heterogeneous_noise() -> tuple[sp.Expr, ...]:
    """Prove that noise of variance v_j on entry j adds |Gamma|^2 sum_j Sigma_jj v_j / T."""
    v1, v2 = sp.symbols("v1 v2", positive=True)
    added = ENERGY * (COVARIANCE[0, 0] * v1 + COVARIANCE[1, 1] * v2) / 2
    return (_expected_noisy((v1, v2), COVARIANCE) - mean_error(MAP, COVARIANCE) - added,)


def tradeoff() -> tuple[sp.Expr, ...]:
    """Prove that clean error plus |W' Gamma|^2 / T is the mean task energy."""
    represented = (HEADS * MAP * (HEADS * MAP).T).trace() / 2
    return (mean_error(MAP) + represented - (TASKS * TASKS.T).trace() / 2,)


def deletion() -> tuple[sp.Expr, ...]:
    """Prove that deleting entries at rate p adds p |W|^2 |Gamma|^2 / T (|W| = 1 for the SVD solution)."""
    rate = sp.Symbol("p", positive=True)
    damaged = _expected_mask(lambda entry, failed: sp.Integer(0) if failed else entry, rate)
    return (damaged - mean_error(MAP) - rate * (MAP * MAP.T)[0] * ENERGY / 2,)


def rescaled_deletion() -> tuple[sp.Expr, ...]:
    """Prove that dividing the survivors by 1 - p turns the factor p into p / (1 - p)."""
    rate = sp.Symbol("p", positive=True)
    damaged = _expected_mask(lambda entry, failed: sp.Integer(0) if failed else entry / (1 - rate), rate)
    return (damaged - mean_error(MAP) - rate / (1 - rate) * (MAP * MAP.T)[0] * ENERGY / 2,)


def sign_flip() -> tuple[sp.Expr, ...]:
    """Prove that flipping signs at rate p adds 4 p |W|^2 |Gamma|^2 / T."""
    rate = sp.Symbol("p", positive=True)
    damaged = _expected_mask(lambda entry, failed: -entry if failed else entry, rate)
    return (damaged - mean_error(MAP) - 4 * rate * (MAP * MAP.T)[0] * ENERGY / 2,)


def stuck_at() -> tuple[sp.Expr, ...]:
    """Prove that entries stuck at c with rate p add p |c - w|^2 |Gamma|^2 / T."""
    rate, value = sp.Symbol("p", positive=True), sp.Symbol("c", real=True)
    damaged = _expected_mask(lambda entry, failed: value if failed else entry, rate)
    distance = sum((value - entry) ** 2 for entry in MAP)
    return (damaged - mean_error(MAP) - rate * distance * ENERGY / 2,)


def multiplicative() -> tuple[sp.Expr, ...]:
    """Prove that noise of relative size v adds v^2 |W|^2 |Gamma|^2 / T."""
    relative = sp.Symbol("v", positive=True)
    noisy = _expected_noisy((relative**2 * MAP[0] ** 2, relative**2 * MAP[1] ** 2), IDENTITY)
    return (noisy - mean_error(MAP) - relative**2 * (MAP * MAP.T)[0] * ENERGY / 2,)


def head_noise() -> tuple[sp.Expr, ...]:
    """Prove that noise of variance tau^2 on every head adds tau^2 tr(W Sigma W') whatever the tasks."""
    noise = sp.Matrix(sp.symbols("m1 m2", real=True))
    variance = sp.Symbol("tau2", positive=True)
    polynomial = sp.Poly(sp.expand(mean_error(MAP, COVARIANCE, HEADS + noise)), *noise)
    moments = {(0, 0): sp.Integer(1), (2, 0): variance, (0, 2): variance}
    noisy = sum((c * moments.get(powers, sp.Integer(0)) for powers, c in polynomial.terms()), sp.Integer(0))
    return (noisy - mean_error(MAP, COVARIANCE) - variance * (MAP * COVARIANCE * MAP.T)[0],)


def ridge_heads() -> tuple[sp.Expr, ...]:
    """Prove that shrinking by 1 / (1 + x), x = kappa sigma^2, is optimal and leaves nu - R / (1 + x)."""
    nu, slope, x, a = sp.symbols("nu R x a", positive=True)
    risk = nu - 2 * a * slope + a**2 * (1 + x) * slope
    best = sp.solve(sp.diff(risk, a), a)[0]
    return (best - 1 / (1 + x), risk.subs(a, best) - (nu - slope / (1 + x)))


def crossover() -> tuple[sp.Expr, ...]:
    """Prove that the lines nu + (x - 1) R meet at x = 1 + (nu' - nu) / (R - R')."""
    nu, nu_next, slope, slope_next, x = sp.symbols("nu nu_next R R_next x", real=True)
    root = sp.solve(sp.Eq(nu + (x - 1) * slope, nu_next + (x - 1) * slope_next), x)[0]
    return (root - 1 - (nu_next - nu) / (slope - slope_next),)
