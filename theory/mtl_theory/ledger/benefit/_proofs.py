"""Symbolic derivations: each returns residuals that must simplify to zero."""

import sympy as sp

T, c, r, a, d = sp.symbols("T c r a d", positive=True)
g = sp.Symbol("g", real=True)
DENSITY = sp.exp(-(g**2) / 2) / sp.sqrt(2 * sp.pi)


def _mean(expression: sp.Expr) -> sp.Expr:
    """Return the mean over a standard normal g."""
    return sp.integrate(sp.expand(expression * DENSITY), (g, -sp.oo, sp.oo))


def pooling() -> tuple[sp.Expr, ...]:
    """Prove mean and variance of a signed half-normal, and the tangent of the angle they make."""
    half = 2 * sp.integrate(g * DENSITY, (g, 0, sp.oo))
    n = sp.Symbol("n", positive=True)
    worth = 1 + (T - 1) * c**2  # sum of weights times correlations, and sum of squared weights, at weights c
    tangent = sp.sqrt(n * worth * (d - 1)) / (n * half * worth)
    return (
        half - sp.sqrt(2 / sp.pi),
        _mean(g**2) - 1,
        sp.simplify(tangent**2 - sp.pi / 2 * (d - 1) / (n * worth)),
    )


def exact_pooling() -> tuple[sp.Expr, ...]:
    """Prove the integral for an angle, and the characteristic function of a half-normal."""
    t, u = sp.symbols("t u", positive=True)
    # arctan(a/r) = int sin(a u) exp(-r u)/u du, by its derivative in a; both vanish at a = 0.
    slope = sp.integrate(sp.cos(a * u) * sp.exp(-r * u), (u, 0, sp.oo))
    # Im E exp(i t |g|) solves f' = sqrt(2/pi) - t f, f(0) = 0, which is Dawson's integral.
    dawson = sp.exp(-(t**2) / 2) * sp.erfi(t / sp.sqrt(2))
    return (
        sp.simplify(slope - sp.diff(sp.atan(a / r), a)),
        sp.simplify(sp.diff(dawson, t) - sp.sqrt(2 / sp.pi) + t * dawson),
        sp.simplify(_mean(sp.cos(t * g)) - sp.exp(-(t**2) / 2)),
    )


def matched_weights() -> tuple[sp.Expr, ...]:
    """Prove that weights c are stationary for (w'c)^2/|w|^2, with value |c|^2, for three tasks."""
    weights, channel = sp.symbols("w_1:4", positive=True), sp.symbols("c_1:4", positive=True)
    product = sum(w * k for w, k in zip(weights, channel, strict=True))
    worth = product**2 / sum(w**2 for w in weights)
    at_best = dict(zip(weights, channel, strict=True))
    stationary = [sp.simplify(sp.diff(worth, w).subs(at_best)) for w in weights]
    # Lagrange's identity: what is lost is a sum of squares, so the point is the maximum.
    lost = sum(k**2 for k in channel) * sum(w**2 for w in weights) - product**2
    squares = sum(
        (weights[i] * channel[j] - weights[j] * channel[i]) ** 2 for i in range(3) for j in range(i)
    )
    return (
        *stationary,
        sp.simplify(worth.subs(at_best) - sum(k**2 for k in channel)),
        sp.expand(lost - squares),
    )


def equal_weights() -> tuple[sp.Expr, ...]:
    """Prove the worth of equal weights, where it is 1, and that it rises with c."""
    root = sp.Symbol("sqrtT", positive=True)
    worth = (1 + (T - 1) * c) ** 2 / T
    general = sp.Symbol("w", positive=True)
    pooled = (1 + (T - 1) * general * c) ** 2 / (1 + (T - 1) * general**2)
    return (
        sp.simplify(pooled.subs(general, 1) - worth),
        sp.simplify((worth - 1).subs(T, root**2).subs(c, 1 / (1 + root))),
        sp.simplify(sp.diff(worth, c) - 2 * (T - 1) * (1 + (T - 1) * c) / T),
    )


def cosine() -> tuple[sp.Expr, ...]:
    """Prove that labels differ in two wedges of the angle, and the AMI of the table that makes."""
    radius, angle, theta = sp.symbols("radius angle theta", positive=True)
    wedge = sp.integrate(
        sp.integrate(radius * sp.exp(-(radius**2) / 2) / (2 * sp.pi), (radius, 0, sp.oo)), (angle, 0, theta)
    )
    q = sp.Symbol("q", positive=True)
    cells = ((1 - q) / 2, q / 2, q / 2, (1 - q) / 2)
    information = sum(cell * sp.log(4 * cell) for cell in cells) / sp.log(2)
    stated = 1 + (q * sp.log(q) + (1 - q) * sp.log(1 - q)) / sp.log(2)
    return (2 * wedge - theta / sp.pi, sp.simplify(sp.expand_log(information - stated, force=True)))


def _ami_of_correlation(correlation: sp.Expr) -> sp.Expr:
    terms = ((1 + sign * correlation) * sp.log(1 + sign * correlation) for sign in (1, -1))
    return sum(terms) / (2 * sp.log(2))


def small_cosine() -> tuple[sp.Expr, ...]:
    """Prove the limit of AMI / rho^2, with c = (2/pi) arcsin rho."""
    rho = sp.Symbol("rho", positive=True)
    series = sp.series(_ami_of_correlation(2 / sp.pi * sp.asin(rho)), rho, 0, 4).removeO()
    return (sp.simplify(series - 2 * rho**2 / (sp.pi**2 * sp.log(2))),)


def correlation() -> tuple[sp.Expr, ...]:
    """Prove the series of the AMI, all terms positive by its second derivative, and its value 1 at c = 1."""
    ami = _ami_of_correlation(c)
    geometric = 1 / ((1 - c**2) * sp.log(2))
    first = sp.series(ami, c, 0, 8).removeO() - sum(
        c ** (2 * j) / (2 * j * (2 * j - 1) * sp.log(2)) for j in range(1, 4)
    )
    return (sp.simplify(sp.diff(ami, c, 2) - geometric), sp.simplify(first), sp.limit(ami, c, 1) - 1)


def _resampled(share: sp.Expr, prior: sp.Matrix) -> sp.Matrix:
    size = len(prior)
    return share * sp.eye(size) + (1 - share) * sp.ones(size, 1) * prior.T


def _prior() -> sp.Matrix:
    """Return three free label probabilities."""
    first, second = sp.symbols("p_1 p_2", positive=True)
    return sp.Matrix([first, second, 1 - first - second])


def composition() -> tuple[sp.Expr, ...]:
    """Prove W_1' diag(p) W_2 = diag(p) W_12 and W_1 W_2 = W_12 at r_1 r_2, for three labels."""
    prior = _prior()
    one, two = sp.symbols("r_1 r_2", positive=True)
    first, second, both = (_resampled(share, prior) for share in (one, two, one * two))
    star = first.T * sp.diag(*prior) * second - sp.diag(*prior) * both
    chain = first * second - both
    return tuple(sp.expand(entry) for entry in (*star, *chain))


def _information(share: sp.Expr, prior: sp.Matrix) -> sp.Expr:
    kept = [share + (1 - share) * p for p in prior]
    same = sum(p * q * sp.log(q / p) for p, q in zip(prior, kept, strict=True))
    return same + (1 - share) * sp.log(1 - share) * (1 - sum(p**2 for p in prior))


def information() -> tuple[sp.Expr, ...]:
    """Prove the closed form from the joint table, for three labels; r = 1 - s keeps the logarithms real."""
    prior = _prior()
    joint = sp.diag(*prior) * _resampled(r, prior)
    # Off the diagonal every cell is (1 - r) p_i p_j, and its logarithm ln(1 - r).
    off = [(joint[i, j] / (prior[i] * prior[j]) - (1 - r)) for i in range(3) for j in range(3) if i != j]
    diagonal = [joint[i, i] - prior[i] * (r + (1 - r) * prior[i]) for i in range(3)]
    mass = sum(joint[i, j] for i in range(3) for j in range(3) if i != j)
    rest = mass - (1 - r) * (1 - sum(p**2 for p in prior))
    return tuple(sp.simplify(residual) for residual in (*off, *diagonal, rest))


def root_ami() -> tuple[sp.Expr, ...]:
    """Prove that I(r) starts as r^2 (k - 1)/2, for three labels."""
    # Derivatives at zero: a series of the whole would expand its logarithms of sums.
    value = _information(r, _prior())
    slopes = [sp.diff(value, r, order).subs(r, 0) for order in (1, 2)]
    return (sp.simplify(value.subs(r, 0)), sp.simplify(slopes[0]), sp.simplify(slopes[1] - 2))


def merge() -> tuple[sp.Expr, ...]:
    """Prove that a merged label is worth its entropy, and that 2I/(H + I) rises with I."""
    first, second, third = _prior()
    cells = ((first, first + second), (second, first + second), (third, third))
    # X tells g(X): a row p of the joint table holds one cell, of probability p, in a column q.
    shared = sum(p * sp.log(p / (p * q)) for p, q in cells)
    coarse = -sum(q * sp.log(q) for q in (first + second, third))
    information, entropy = sp.symbols("I H", positive=True)
    rise = sp.diff(2 * information / (entropy + information), information)
    return (
        sp.simplify(sp.expand_log(shared - coarse, force=True)),
        sp.simplify(rise - 2 * entropy / (entropy + information) ** 2),
    )


def half_space_margin() -> tuple[sp.Expr, ...]:
    """Prove the best margin and the bound there."""
    margin, S = sp.symbols("epsilon S", positive=True)
    bound = margin + sp.sqrt(2 * sp.pi) * S / (2 * margin)
    best = sp.sqrt(sp.sqrt(2 * sp.pi) * S / 2)
    return (
        sp.simplify(sp.diff(bound, margin).subs(margin, best)),
        sp.simplify(bound.subs(margin, best) ** 2 - 2 * sp.sqrt(2 * sp.pi) * S),
    )
