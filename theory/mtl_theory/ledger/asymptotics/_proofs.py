r"""Symbolic derivations: each returns residuals that must simplify to zero.

The fixed point behind all two-task limits says that leverages add up to the number of features,
$n_1 x_1 + n_2 x_2 = p$ with $x_1 = c d / (1 + c d)$, $x_2 = d / (1 + d)$, $c = a^2$. Written with d as the
free symbol and p eliminated, every claim is an identity of rational functions.
"""

import sympy as sp

n1, n2, p, a, d, sigma, D, w = sp.symbols("n_1 n_2 p a d sigma D w", positive=True)
C = a**2
X1, X2 = C * d / (1 + C * d), d / (1 + d)
FEATURES = n1 * X1 + n2 * X2
SPREAD = n1 * X1 * (1 - X1) + n2 * X2 * (1 - X2)


def _at_fixed_point(expression: sp.Expr) -> sp.Expr:
    return sp.factor(expression.subs(p, FEATURES))


def pooled_variance() -> tuple[sp.Expr, ...]:
    """Prove that d solves the quadratic whose positive root is the corrected L1, and that L1(1) = p/(N-p)."""
    excess = n2 - p + C * (n1 - p)
    quadratic = C * (n1 + n2 - p) * d**2 + excess * d - p
    root = 2 * p / (excess + sp.sqrt(excess**2 + 4 * C * (n1 * p + n2 * p - p**2)))
    total = sp.Symbol("N", positive=True)
    rest = sp.Symbol("rest", positive=True)  # N - p
    plain = root.subs(a, 1).subs(n1, total - n2).subs(p, total - rest)
    return (
        _at_fixed_point(quadratic),
        sp.factor(excess**2 + 4 * C * (n1 * p + n2 * p - p**2) - (excess**2 + 4 * p * C * (n1 + n2 - p))),
        sp.simplify(plain - (total - rest) / rest),
    )


def pooled_bias() -> tuple[sp.Expr, ...]:
    """Prove that the printed L2 equals the form with positive terms, and its value at a = 1."""
    xi_1, xi_2 = p / n1, p / n2
    kappa = d**2 / (xi_2**2 * (1 + d) ** 2) / (1 - a**4 * d**2 / (xi_1 * (1 + C * d) ** 2))
    printed = (1 - 2 * d / (xi_2 * (1 + d)) + kappa) / (1 - xi_2 * kappa) / C
    positive = n1 * X1**2 * (n1 * (1 - X1) + n2 * X2) / (C * p * SPREAD)
    total = n1 + n2
    plain = positive.subs(a, 1).subs(d, p / (total - p))
    stated = (n1**2 * (total - p) + p * n1 * n2) / (total**2 * (total - p))
    return (_at_fixed_point(printed - positive), sp.factor(plain - stated))


def head_criterion() -> tuple[sp.Expr, ...]:
    """Prove that n_1 - a^2[n_1 d/e_1 + (n_1/e_1)^2 d/p] is n_1 n_2 d/(p e_1 e_2)."""
    e1, e2 = 1 + C * d, 1 + d
    direct = n1 - C * (n1 * d / e1 + (n1 / e1) ** 2 * d / p)
    return (_at_fixed_point(direct - n1 * n2 * d / (p * e1 * e2)),)


def _plain_gap() -> sp.Expr:
    """Return the pooled risk minus the single-task risk, a = 1, at squared distance D."""
    total = n1 + n2
    bias = (n1**2 * (total - p) + p * n1 * n2) / (total**2 * (total - p))
    return sigma**2 * p / (total - p) + D * bias - sigma**2 * p / (n2 - p)


def three_regimes() -> tuple[sp.Expr, ...]:
    """Prove that the gap has the sign of the quadratic in n_1, and its two boundary values."""
    quadratic = (
        (D * (n2 - p) - sigma**2 * p) * n1**2
        + (D * (n2 - p) ** 2 - 2 * sigma**2 * p * n2) * n1
        + p * n2 * (D * (n2 - p) - sigma**2 * n2)
    )
    total = n1 + n2
    factor = n1 / (total**2 * (total - p) * (n2 - p))
    alone = sigma**2 * p / (n2 - p)
    return (
        sp.factor(_plain_gap() - factor * quadratic),
        sp.factor(sp.limit(_plain_gap(), n1, sp.oo) - (D - alone)),
        sp.factor(quadratic.subs(n1, 0).subs(D, alone * n2 / p)),
    )


def window() -> tuple[sp.Expr, ...]:
    """Prove where the break-even distance peaks: n_1 = n_2 (3p - n_2)/(p + n_2), positive iff n_2 < 3p."""
    total = n1 + n2
    shape = total**2 / (n1 * (total - p) + p * n2)
    slope = sp.numer(sp.together(sp.diff(shape, n1)))
    return (sp.factor(slope.subs(n1, n2 * (3 * p - n2) / (p + n2))),)


def equal_heads_cosine() -> tuple[sp.Expr, ...]:
    """Prove the closed form of the critical cosine of plain pooling, unit task vectors: D = 2(1 - c)."""
    total = n1 + n2
    critical = 1 - sigma**2 * p * total**2 / (2 * (n2 - p) * (n1 * (total - p) + p * n2))
    return (sp.factor(_plain_gap().subs(D, 2 * (1 - critical))),)


def source_weight() -> tuple[sp.Expr, ...]:
    """Prove that w* = 1/(1 + D n_1/(p sigma^2)) is stationary for the risk to leading order in p/n."""
    bias = D * (w * n1 / (w * n1 + n2)) ** 2
    variance = sigma**2 * p * (w**2 * n1 + n2) / (w * n1 + n2) ** 2
    best = 1 / (1 + D * n1 / (p * sigma**2))
    return (sp.factor(sp.diff(bias + variance, w).subs(w, best)),)


def soft_sharing() -> tuple[sp.Expr, ...]:
    """Prove that lambda = p sigma^2/D is stationary for one feature and any sample sizes."""
    s1, s2, lam = sp.symbols("s_1 s_2 lambda", positive=True)
    bottom = s1 * s2 + lam * (s1 + s2)
    bias = D / p * (lam * s1 / bottom) ** 2
    variance = sigma**2 * ((s1 + lam) ** 2 * s2 + lam**2 * s1) / bottom**2
    return (sp.factor(sp.diff(bias + variance, lam).subs(lam, p * sigma**2 / D)),)


def capacity() -> tuple[sp.Expr, ...]:
    """Prove that one more direction changes T g_r by p sigma^2/(n - p) - lambda_{r+1}."""
    n, r, tail, eigenvalue = sp.symbols("n r tail lambda", positive=True)
    alone = p * sigma**2 / (n - p)
    before, after = tail + eigenvalue + r * alone, tail + (r + 1) * alone
    return (sp.simplify(after - before - (alone - eigenvalue)),)
