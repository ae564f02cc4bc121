"""A law's structure: an offset and terms, each a product of factors, with some exponents fixed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
import sympy

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._search._grammar import EXPONENTIAL, Decay, Effective, Exponential, Factor, sort_key

Term = tuple[Factor, ...]
# Exponents that a law may be snapped to, halves and integers, with the nats that naming one costs.
SNAP_COSTS = {m / 2: log(4.0 if abs(m) <= 2 else 8.0 if abs(m) <= 4 else 16.0) for m in range(-8, 9) if m}
# Naming what is fitted inside a factor, or which function is applied: one of four.
CHOICE = log(4.0)


@dataclass(frozen=True)
class Structure:
    """Terms with one entry of `fixed` per exponent, in reading order; None is an exponent left free."""

    terms: tuple[Term, ...]
    fixed: tuple[float | None, ...]

    @cached_property
    def exponents(self) -> tuple[tuple[int, Exponential], ...]:
        """Return (term, factor) of every exponent in reading order."""
        return tuple((t, f) for t, term in enumerate(self.terms) for f in term if isinstance(f, EXPONENTIAL))

    @cached_property
    def effective(self) -> int | None:
        """Return which exponent is the effective-sample factor's; a structure has at most one."""
        return next((i for i, (_, f) in enumerate(self.exponents) if isinstance(f, Effective)), None)

    @property
    def n_constants(self) -> int:
        """Return the number of fitted constants: offset, amplitudes, free exponents and kappa."""
        free = sum(value is None for value in self.fixed)
        return 1 + len(self.terms) + free + (self.effective is not None)

    @property
    def n_leaves(self) -> int:
        """Return how often a variable is named."""
        return sum(len(f.variables) for term in self.terms for f in term)

    def structural_cost(self, n_variables: int) -> float:
        """Return the nats that naming the structure takes: see `structural_cost` of an expression."""
        snapped = sum(SNAP_COSTS[value] for value in self.fixed if value is not None)
        plain = sum(not isinstance(f, EXPONENTIAL) for term in self.terms for f in term)
        inside = self.n_constants - len(self.terms) - 1
        return self.n_leaves * log(4.0 * n_variables) + snapped + (plain + inside) * CHOICE

    def with_fixed(self, position: int, value: float | None) -> "Structure":
        """Return the structure with one exponent fixed at `value`, or freed."""
        fixed = (*self.fixed[:position], value, *self.fixed[position + 1 :])
        return Structure(self.terms, fixed)


def canonical(
    terms: Sequence[Term], starts: Sequence[Sequence[float]], kappa: float | None
) -> tuple[Structure, "Start"] | None:
    """Return the free structure and its start in canonical order, or None where it is outside the grammar.

    `starts` holds one number per exponent of each term. An empty term, a factor twice in a term and two
    effective-sample factors are outside.
    """
    ordered = []
    for term, values in zip(terms, starts, strict=True):
        exponent = iter(values)
        pairs = [(f, next(exponent) if isinstance(f, EXPONENTIAL) else 0.0) for f in term]
        pairs.sort(key=lambda pair: sort_key(pair[0]))
        ordered.append(pairs)
    ordered.sort(key=lambda pairs: [sort_key(f) for f, _ in pairs])
    shape = tuple(tuple(f for f, _ in pairs) for pairs in ordered)
    if (
        any(len(set(term)) < len(term) for term in shape)
        or sum(isinstance(f, Effective) for term in shape for f in term) > 1
        or not all(shape)
    ):
        return None
    values_in_order = tuple(v for pairs in ordered for f, v in pairs if isinstance(f, EXPONENTIAL))
    structure = Structure(shape, (None,) * len(values_in_order))
    log_kappa = 0.0 if structure.effective is None or kappa is None else log(kappa)
    return structure, Start(values_in_order, log_kappa)


@dataclass(frozen=True)
class Start:
    """Where a fit begins: exponents in reading order, and log kappa."""

    exponents: tuple[float, ...]
    log_kappa: float = 0.0


@dataclass(frozen=True)
class Fitted:
    """A structure with its constants; `rss` is the weighted residual sum of squares over that of the mean."""

    structure: Structure
    exponents: FloatArray
    log_kappa: float
    offset: float
    amplitudes: FloatArray
    rss: float

    def expression(self, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        """Return the law in SymPy: fitted constants as floats, fixed exponents as rationals."""
        exponents = iter(
            sympy.Float(float(v)) if fixed is None else sympy.Rational(round(2 * fixed), 2)
            for v, fixed in zip(self.exponents, self.structure.fixed, strict=True)
        )
        terms = [sympy.Float(self.offset)]
        for amplitude, term in zip(self.amplitudes, self.structure.terms, strict=True):
            product = [sympy.Float(float(amplitude))]
            for factor in term:
                if isinstance(factor, Effective):
                    kappa = sympy.Float(float(np.exp(self.log_kappa)))
                    product.append(factor.expression(symbols, next(exponents), kappa))
                elif isinstance(factor, EXPONENTIAL):
                    product.append(factor.expression(symbols, next(exponents)))
                else:
                    product.append(factor.expression(symbols))
            terms.append(sympy.Mul(*product))
        return sympy.Add(*terms)

    @property
    def start(self) -> Start:
        return Start(tuple(float(v) for v in self.exponents), self.log_kappa)


def snappable(factor: Exponential) -> bool:
    """Return whether simple rationals mean anything for this exponent: not for the rate of a decay."""
    return not isinstance(factor, Decay)
