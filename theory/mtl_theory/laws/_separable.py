"""A form compiled to NumPy: linear in its amplitudes, with analytic slopes in its exponents."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._form import Form


class Terms(NamedTuple):
    r"""The parts of $f = \phi_0 + \sum_j c_j \phi_j$ and their slopes in the exponents, for S starts."""

    offset: FloatArray  # (S, N)
    basis: FloatArray  # (S, m, N)
    offset_slopes: FloatArray  # (S, q, N)
    basis_slopes: FloatArray  # (S, q, m, N)

    def value(self, amplitudes: FloatArray) -> FloatArray:
        """Return the law, `(S, N)`, for amplitudes `(S, m)`."""
        total: FloatArray = self.offset + (amplitudes[:, None, :] @ self.basis)[:, 0]
        return total

    def slopes(self, amplitudes: FloatArray) -> FloatArray:
        """Return the slopes in the exponents, `(S, q, N)`, for amplitudes `(S, m)`."""
        total: FloatArray = self.offset_slopes + (amplitudes[:, None, None, :] @ self.basis_slopes)[:, :, 0]
        return total


@dataclass(frozen=True, kw_only=True)
class Separable:
    r"""A compiled form $f(x; c, \theta) = \phi_0(x; \theta) + \sum_j c_j \phi_j(x; \theta)$.

    Parameters
    ----------
    n_amplitudes, n_exponents
        The numbers of $c$ and of $\theta$.
    order
        Where each parameter of the form stands in $(c, \theta)$.
    slots
        Which of the outputs of `function` are not identically zero.
    """

    n_amplitudes: int
    n_exponents: int
    order: tuple[int, ...]
    slots: tuple[int, ...]
    function: Callable[..., list[Any]]

    def terms(self, columns: FloatArray, exponents: FloatArray) -> Terms:
        """Evaluate at columns `(d, N)` for exponents `(S, q)`."""
        m, q, (n_starts, n_points) = self.n_amplitudes, self.n_exponents, (len(exponents), columns.shape[1])
        out = np.zeros((n_starts, (1 + q) * (1 + m), n_points))
        with np.errstate(all="ignore"):
            values = self.function(*columns, *exponents.T[:, :, None])
        for slot, value in zip(self.slots, values, strict=True):
            out[:, slot] = value
        slopes = out[:, 1 + m :]
        # x^theta log x at x = 0 is 0 times infinity; its limit is 0 where the law itself is finite.
        slopes[np.isnan(slopes)] = 0.0
        by_exponent = slopes.reshape(n_starts, q, 1 + m, n_points)
        return Terms(out[:, 0], out[:, 1 : 1 + m], by_exponent[:, :, 0], by_exponent[:, :, 1:])

    def evaluate(self, columns: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        r"""Return the law, `(S, N)`, and its slopes, `(S, p, N)`, for parameters $(c, \theta)$, `(S, p)`."""
        amplitudes, exponents = parameters[:, : self.n_amplitudes], parameters[:, self.n_amplitudes :]
        terms = self.terms(columns, exponents)
        return terms.value(amplitudes), np.concatenate([terms.basis, terms.slopes(amplitudes)], axis=1)


def separate(form: Form) -> Separable:
    """Compile a form, once for every expression.

    >>> from mtl_theory.laws import Kind, Variable, parse_form
    >>> form = parse_form("a + b*n**-alpha", [Variable(name="n", kind=Kind.POSITIVE)])
    >>> value, slopes = separate(form).evaluate(np.array([[1.0, 4.0]]), np.array([[1.0, 2.0, 0.5]]))
    >>> value.tolist(), slopes.shape
    ([[3.0, 2.0]], (1, 3, 2))
    """
    return compile_expression(
        form.expression,
        tuple(v.symbol for v in form.variables),
        tuple(p.symbol for p in form.parameters),
        tuple(p.symbol for p in form.amplitudes),
    )


@lru_cache(maxsize=512)
def compile_expression(
    expression: Any, variables: tuple[Any, ...], parameters: tuple[Any, ...], amplitudes: tuple[Any, ...]
) -> Separable:
    """Compile an expression that is jointly linear in `amplitudes`, all arguments in symbols."""
    exponents = tuple(symbol for symbol in parameters if symbol not in amplitudes)
    # Slopes in amplitudes do not depend on amplitudes, though they may mention them until simplified.
    at_zero = dict.fromkeys(amplitudes, sp.Integer(0))
    parts = [part.xreplace(at_zero) for part in (expression, *(sp.diff(expression, c) for c in amplitudes))]
    outputs = [*parts, *(sp.diff(part, symbol) for symbol in exponents for part in parts)]
    slots = tuple(slot for slot, output in enumerate(outputs) if output != 0)
    # Common subexpressions: the terms and their slopes share powers and logarithms.
    function = sp.lambdify([*variables, *exponents], [outputs[slot] for slot in slots], "numpy", cse=True)
    places = {symbol: place for place, symbol in enumerate((*amplitudes, *exponents))}
    return Separable(
        n_amplitudes=len(amplitudes),
        n_exponents=len(exponents),
        order=tuple(places[symbol] for symbol in parameters),
        slots=slots,
        function=function,
    )
