"""Refitting the decimal constants of any expression: the common back end of the search engines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._errors import Failure, FitError
from mtl_theory.laws._form import Form
from mtl_theory.laws._intervals import GaussNewton
from mtl_theory.laws._law import Law
from mtl_theory.laws._losses import Squared
from mtl_theory.laws._minimise import minimise
from mtl_theory.laws._objective import Objective
from mtl_theory.laws._optimum import Optimum
from mtl_theory.laws._points import gather
from mtl_theory.laws._report import report_law
from mtl_theory.laws._separable import compile_expression
from mtl_theory.laws._variables import Parameter, Variable


def fit_expression(
    expression: Any,
    variables: Sequence[Variable],
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    level: float = 0.9,
    target: str = "y",
    engine: str = "fit_expression",
) -> Law:
    """Refit the decimal constants of an expression from where they stand, in double precision.

    Integers, fractions and exponents that are integers or halves stay. Constants that the points do not
    determine are no error here: their standard errors are infinite, and `scores.n_constants` counts the rest.

    Parameters
    ----------
    expression
        SymPy expression in symbols named like the variables.
    X, y, weights
        `(N, d)`, `(N,)`, and inverse variances up to a factor, `(N,)`.

    Raises
    ------
    FitError
        When the expression is not finite on the rows, even before constants move.
    ValueError
        On shapes that do not fit, and on symbols that are no variables.

    >>> x = sp.Symbol("x")
    >>> rows = np.linspace(0, 1, 20)[:, None]
    >>> law = fit_expression(1.1 + 1.9 * x**2, [Variable(name="x")], rows, 1 + 2 * rows[:, 0] ** 2)
    >>> law.text(), law.scores.n_constants
    ('y = 2.0*x**2 + 1.0', 2)
    """
    form, constants = free_constants(expression, variables)
    columns = np.asarray(X, dtype=np.float64)
    if columns.ndim != 2 or columns.shape[1] != len(variables):
        raise ValueError(
            f"X has shape {columns.shape}, expected (N, {len(variables)}) for {len(variables)} variables."
        )
    rows = {variable.name: column for variable, column in zip(variables, columns.T, strict=True)}
    # The target comes in under a name that no variable can have.
    points = gather({**rows, "": y}, form.variables, target="", weights=weights, noise=None)
    compiled = compile_expression(
        form.expression,
        tuple(v.symbol for v in form.variables),
        tuple(p.symbol for p in form.parameters),
        (),
    )
    objective = Objective(form=compiled, points=points, loss=Squared())
    optimum = _settle(objective, constants, form)
    found = GaussNewton().around(optimum, level=level)
    return report_law(optimum, form, found, target=target, level=level, engine=engine)


def free_constants(expression: Any, variables: Sequence[Variable]) -> tuple[Form, FloatArray]:
    """Return the form with every decimal constant a parameter, and the values that they have now."""
    values: list[float] = []
    taken = {variable.name for variable in variables}

    def free(node: Any, *, is_exponent: bool = False) -> Any:
        if node.is_Float:
            doubled = 2 * float(node)
            if is_exponent and doubled == round(doubled):
                return sp.Rational(round(doubled), 2)
            values.append(float(node))
            return sp.Symbol(_name(len(values) - 1, taken), real=True)
        if node.is_Pow:
            return sp.Pow(free(node.base), free(node.exp, is_exponent=True))
        return node.func(*(free(part) for part in node.args)) if node.args else node

    freed = free(sp.sympify(expression))
    left = {symbol.name for symbol in freed.free_symbols}
    names = [_name(index, taken) for index in range(len(values))]
    form = Form(
        name="expression",
        expression=freed,
        variables=tuple(v for v in variables if v.name in left),
        parameters=tuple(Parameter(name=name) for name in names if name in left),
    )
    return form, np.array([value for name, value in zip(names, values, strict=True) if name in left])


def _name(index: int, taken: set[str]) -> str:
    name = f"c{index}"
    while name in taken:
        name = f"{name}_"
    return name


def _settle(objective: Objective, constants: FloatArray, form: Form) -> Optimum:
    bound = np.full(len(constants), np.inf)
    found = minimise(
        objective.errors,
        constants[None],
        low=-bound,
        high=bound,
        loss=objective.loss,
        floor=objective.floor,
    )
    if not np.isfinite(found.losses[0]):
        raise FitError(Failure.NON_FINITE, f"{form.expression} is not finite on the rows")
    errors, slopes = objective.errors(found.points, np.arange(1))
    return Optimum(
        objective=objective,
        parameters=found.points[0],
        low=-bound,
        high=bound,
        loss=float(found.losses[0]),
        errors=errors[0],
        slopes=slopes[0],
    )
