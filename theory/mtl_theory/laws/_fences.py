"""Inequalities on a grid: priced while fitting, checked afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._form import Form
from mtl_theory.laws._objective import Fence
from mtl_theory.laws._optimum import Optimum
from mtl_theory.laws._points import Points
from mtl_theory.laws._separable import Separable, compile_expression
from mtl_theory.laws._variables import Kind, Variable

GRID = 1000
# A violation below this share of the target's spread counts as none.
TOLERANCE = 1e-6


def fences(form: Form, points: Points, price: float) -> tuple[Fence, ...]:
    """Return the form's inequalities over the domain of the points, at a price relative to their number."""
    columns = domain_grid(form.variables, points.domain(form.variables))
    share = price * np.sqrt(points.y.size / columns.shape[1])
    return tuple(Fence(margin=margin, columns=columns, price=share) for margin in margins(form))


def kept(form: Form, optimum: Optimum) -> bool:
    """Whether no inequality of the form is broken by more than the tolerance."""
    points = optimum.objective.points
    columns = domain_grid(form.variables, points.domain(form.variables))
    spread = float(np.ptp(points.y)) or 1.0
    return all(
        shortfall(margin, columns, optimum.parameters) <= TOLERANCE * spread for margin in margins(form)
    )


def shortfall(margin: Separable, columns: FloatArray, parameters: FloatArray) -> float:
    """Return by how much a margin falls below zero at worst."""
    broken, _ = Fence(margin=margin, columns=columns, price=1.0).errors(parameters[None])
    return float(-broken.min(initial=0.0))


def margins(form: Form) -> list[Separable]:
    """Return the compiled expressions that must not be negative."""
    return [compile_for(form, margin) for limit in form.limits for margin in limit.margins(form)]


def domain_grid(
    variables: Sequence[Variable], domain: Mapping[str, tuple[float, float]], size: int = GRID
) -> FloatArray:
    """Return about `size` points, `(d, G)`, that fill the domain, its corners included.

    Positive variables are spaced evenly on a log scale.
    """
    if not variables:
        return np.empty((0, 1))
    count = max(2, int(size ** (1 / len(variables))))
    axes = [
        np.geomspace(*domain[v.name], count)
        if v.kind is Kind.POSITIVE
        else np.linspace(*domain[v.name], count)
        for v in variables
    ]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes)])


def compile_for(form: Form, expression: Any) -> Separable:
    """Compile an expression in the symbols of a form, its parameters in the same order."""
    return compile_expression(
        expression,
        tuple(v.symbol for v in form.variables),
        tuple(p.symbol for p in form.parameters),
        tuple(p.symbol for p in form.amplitudes),
    )
