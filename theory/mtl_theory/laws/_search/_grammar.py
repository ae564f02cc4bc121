"""Factors of the structured search: products of these, with an amplitude, are the terms of a law.

Every factor is `multiplier(x) exp(theta g(x))`: a power has `g = log x`, a decay `g = -x`, `theta = 1/tau`,
an effective sample `g = log(1 + kappa z)`. So the logarithm of a term is linear in all but `kappa`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
import sympy

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._variables import Kind

# log 0 stands for a number whose positive powers vanish; minus infinity would make 0 * inf out of theta = 0.
LOG_OF_ZERO = -690.0
EXPONENT_LIMIT = 4.0
# Among more variables effective samples of two are too many to try.
MOST_PAIRED = 8


def log_of(values: FloatArray) -> FloatArray:
    """Return the natural logarithm with log 0 replaced by a large negative number."""
    logs: FloatArray = np.log(np.maximum(values, np.exp(LOG_OF_ZERO)))
    return logs


@dataclass(frozen=True, order=True)
class Power:
    """`(shift + sign x)^theta`: `x`, `1 - x` or `1 + x` to a power."""

    variable: int
    shift: int = 0
    sign: int = 1
    rank: ClassVar[int] = 0

    @property
    def variables(self) -> tuple[int, ...]:
        return (self.variable,)

    def direction(self, X: FloatArray) -> FloatArray:
        return log_of(self.shift + self.sign * X[:, self.variable])

    def bounds(self, X: FloatArray) -> tuple[float, float]:
        base = self.shift + self.sign * X[:, self.variable]
        return (0.05 if base.min() <= 0 else -EXPONENT_LIMIT), EXPONENT_LIMIT

    def starts(self, X: FloatArray) -> tuple[float, ...]:
        low, _ = self.bounds(X)
        return (0.5, 1.0) if low > 0 or self.shift else (-0.5, -1.0, 0.5, 1.0)

    def expression(self, symbols: Sequence[sympy.Symbol], exponent: sympy.Expr) -> sympy.Expr:
        return (self.shift + self.sign * symbols[self.variable]) ** exponent


@dataclass(frozen=True, order=True)
class Decay:
    """`exp(-theta x)`, the exponential saturation with scale `tau = 1/theta`."""

    variable: int
    rank: ClassVar[int] = 1

    @property
    def variables(self) -> tuple[int, ...]:
        return (self.variable,)

    def direction(self, X: FloatArray) -> FloatArray:
        return -X[:, self.variable]

    def bounds(self, X: FloatArray) -> tuple[float, float]:
        # Between hardly curved over the whole range and gone before the first tenth of the points.
        return 0.02 / float(X[:, self.variable].max()), 20.0 / float(np.quantile(X[:, self.variable], 0.1))

    def starts(self, X: FloatArray) -> tuple[float, ...]:
        quantiles = np.quantile(X[:, self.variable], (0.1, 0.3, 0.7))
        return tuple(1.0 / float(value) for value in quantiles)

    def expression(self, symbols: Sequence[sympy.Symbol], exponent: sympy.Expr) -> sympy.Expr:
        return sympy.exp(-exponent * symbols[self.variable])


@dataclass(frozen=True, order=True)
class Effective:
    """`(1 + kappa z)^theta` with z a variable or the product of two: an effective sample size."""

    variables: tuple[int, ...]
    rank: ClassVar[int] = 2

    def product(self, X: FloatArray) -> FloatArray:
        z: FloatArray = X[:, list(self.variables)].prod(axis=1)
        return z

    def bounds(self, X: FloatArray) -> tuple[float, float]:
        return -EXPONENT_LIMIT, EXPONENT_LIMIT

    def starts(self, X: FloatArray) -> tuple[float, ...]:
        return (-0.5,)

    def kappas(self, X: FloatArray) -> tuple[float, ...]:
        middle = float(np.median(self.product(X)))
        return 0.3 / middle, 3.0 / middle

    def kappa_bounds(self, X: FloatArray) -> tuple[float, float]:
        # Beyond these the factor is a constant, or a plain power of z, on nearly all rows.
        z = self.product(X)
        return 0.01 / float(z.max()), 100.0 / float(np.median(z))

    def expression(
        self, symbols: Sequence[sympy.Symbol], exponent: sympy.Expr, kappa: sympy.Expr
    ) -> sympy.Expr:
        return (1 + kappa * sympy.Mul(*(symbols[i] for i in self.variables))) ** exponent


@dataclass(frozen=True, order=True)
class Logarithm:
    """`log x`, without a parameter."""

    variable: int
    rank: ClassVar[int] = 3

    @property
    def variables(self) -> tuple[int, ...]:
        return (self.variable,)

    def multiplier(self, X: FloatArray) -> FloatArray:
        return log_of(X[:, self.variable])

    def expression(self, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        return sympy.log(symbols[self.variable])


@dataclass(frozen=True, order=True)
class Plain:
    """`x` or `x^2` of a variable that changes sign, without a parameter."""

    variable: int
    degree: int = 1
    rank: ClassVar[int] = 4

    @property
    def variables(self) -> tuple[int, ...]:
        return (self.variable,)

    def multiplier(self, X: FloatArray) -> FloatArray:
        values: FloatArray = X[:, self.variable] ** self.degree
        return values

    def expression(self, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        return symbols[self.variable] ** self.degree


Exponential = Power | Decay | Effective
Factor = Exponential | Logarithm | Plain
EXPONENTIAL = (Power, Decay, Effective)


def sort_key(factor: Factor) -> tuple[tuple[int, ...], int, int]:
    """Return the place of a factor in its term: by variables, then by sort."""
    shift = factor.shift + factor.sign if isinstance(factor, Power) else 0
    return factor.variables, factor.rank, shift


def factors_of(kind: Kind, variable: int, column: FloatArray) -> list[Factor]:
    """Return the factors of one variable: what its kind allows at the values it takes."""
    if column.min() == column.max():
        return []
    if kind is Kind.REAL:
        return [Plain(variable), Plain(variable, 2)]
    if kind is Kind.SIGNED:
        return [Plain(variable), Power(variable, 1, 1), Power(variable, 1, -1)]
    found: list[Factor] = (
        [Power(variable), Decay(variable)] if np.quantile(column, 0.1) > 0 else [Power(variable)]
    )
    if kind is Kind.UNIT:
        found.append(Power(variable, 1, -1))
    elif column.min() > 0:
        found.append(Logarithm(variable))
    return found


def grammar(kinds: Sequence[Kind], X: FloatArray) -> list[Factor]:
    """Return every factor over the columns of X (N, d)."""
    single = [f for i, kind in enumerate(kinds) for f in factors_of(kind, i, X[:, i])]
    scales = sorted({f.variable for f in single if isinstance(f, Power) and f.shift == 0})
    pooled = [Effective((i,)) for i in scales if kinds[i] is Kind.POSITIVE]
    if len(scales) <= MOST_PAIRED:
        pooled += [Effective(pair) for pair in combinations(scales, 2)]
    return single + [f for f in pooled if np.median(f.product(X)) > 0]
