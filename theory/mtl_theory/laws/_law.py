"""A fitted law: estimates with intervals, predictions with bands, exports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval
from mtl_theory.laws._form import Form
from mtl_theory.laws._points import Rows, columns_of
from mtl_theory.laws._quantiles import two_sided
from mtl_theory.laws._scores import Scores
from mtl_theory.laws._separable import separate
from mtl_theory.laws._variables import Variable


class Band(Enum):
    """What a band around a prediction covers; the values are the help texts."""

    CONFIDENCE = "the law itself"
    PREDICTION = "a new measurement, noise included"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A parameter's value, standard error and interval."""

    value: float
    stderr: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Law:
    """A fitted law.

    Parameters
    ----------
    form
        Expression, variables, parameters and limits.
    target
        What the law describes.
    estimates
        One a parameter, by name.
    covariance
        Of the estimates, `(p, p)`, in the order of `form.parameters`.
    noise
        Standard deviation of a residual of weight 1: of the target, or of its logarithm.
    noise_is_relative
        Whether `noise` is that of the logarithm.
    degrees_of_freedom
        Of `noise`; infinite where the noise was known beforehand.
    scores
        Quality of the fit.
    points_hash, n_points
        Identity and number of the fitted points.
    domain
        Smallest and largest fitted value of each variable.
    level
        Coverage of the intervals.
    engine
        What found the form.
    """

    form: Form
    target: str
    estimates: Mapping[str, Estimate]
    covariance: FloatArray
    noise: float
    noise_is_relative: bool
    degrees_of_freedom: float
    scores: Scores
    points_hash: str
    n_points: int
    domain: Mapping[str, tuple[float, float]]
    level: float
    engine: str = "fit_law"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the form."""
        return self.form.variables

    @property
    def values(self) -> FloatArray:
        """The estimates, `(p,)`, in the order of `form.parameters`."""
        return np.array([self.estimates[p.name].value for p in self.form.parameters])

    @cached_property
    def expression(self) -> Any:
        """The SymPy expression with the estimates put in."""
        return self.form.expression.xreplace(self._numbers)

    def predict(self, points: Rows) -> FloatArray:
        """Return the law at points: a data frame, a mapping of columns, or an `(N, d)` array in order."""
        return self._evaluate(points)[0]

    def predict_interval(
        self, points: Rows, *, level: float | None = None, band: Band = Band.CONFIDENCE
    ) -> tuple[FloatArray, FloatArray]:
        """Return the lower and upper end, `(N,)` each, of the band around the prediction.

        The ends follow from the covariance by the slopes of the law in its parameters; in logarithms where
        the law was fitted in logarithms. A `PREDICTION` band is for one measurement of weight 1.
        """
        width = two_sided(
            in_interval("level", self.level if level is None else level, 0.0, 1.0), self.degrees_of_freedom
        )
        value, slopes = self._evaluate(points)
        slopes = slopes / value if self.noise_is_relative else slopes
        variance = np.einsum("pn,pq,qn->n", slopes, self.covariance, slopes)
        variance = variance + self.noise**2 * (band is Band.PREDICTION)
        reach = width * np.sqrt(np.maximum(variance, 0.0))
        if self.noise_is_relative:
            return value * np.exp(-reach), value * np.exp(reach)
        return value - reach, value + reach

    def derivative(self, variable: str) -> Any:
        """Return the slope of the law in a variable, a SymPy expression."""
        return sp.diff(self.expression, self._symbol(variable))

    def elasticity(self, variable: str) -> Any:
        r"""Return $\partial \log f / \partial \log x$, a SymPy expression: percent of f per percent of x."""
        symbol = self._symbol(variable)
        # Powers cancel while exponents are symbols; two equal decimals may leave a rounding error behind.
        relative = symbol * sp.diff(self.form.expression, symbol) / self.form.expression
        return relative.xreplace(self._numbers)

    def latex(self, *, digits: int = 3) -> str:
        """Return the equation as LaTeX, numbers rounded."""
        return f"{sp.latex(sp.Symbol(self.target))} = {sp.latex(_rounded(self.expression, digits))}"

    def text(self, *, digits: int = 3) -> str:
        """Return the equation as one line of text, numbers rounded."""
        return f"{self.target} = {_rounded(self.expression, digits)}"

    def function(self) -> Callable[..., Any]:
        """Return a NumPy function of the variables in order."""
        found: Callable[..., Any] = sp.lambdify([v.symbol for v in self.variables], self.expression, "numpy")
        return found

    def to_json(self) -> str:
        """Return the law as JSON; `from_json` gives back every bit of it."""
        from mtl_theory.laws._json import encode_law

        return encode_law(self)

    @staticmethod
    def from_json(text: str) -> "Law":
        """Read what `to_json` wrote; nothing in the text is executed.

        Raises
        ------
        ValueError
            On text that is not a law.
        """
        from mtl_theory.laws._json import decode_law

        return decode_law(text)

    def estimator(self) -> Any:
        """Return a scikit-learn regressor that refits the form; its columns are the variables in order."""
        from mtl_theory.laws._estimator import law_regressor

        return law_regressor(self.form)

    @property
    def _numbers(self) -> dict[Any, Any]:
        return {p.symbol: sp.Float(self.estimates[p.name].value) for p in self.form.parameters}

    def _symbol(self, variable: str) -> Any:
        names = [v.name for v in self.variables]
        if variable not in names:
            raise ValueError(f"{self.form.name} has no variable {variable!r}; choose one of {names}.")
        return self.form.symbols[variable]

    def _evaluate(self, points: Rows) -> tuple[FloatArray, FloatArray]:
        """Return the law, `(N,)`, and its slopes in the parameters, `(p, N)`."""
        compiled = separate(self.form)
        ordered = np.empty((1, len(compiled.order)))
        ordered[0, list(compiled.order)] = self.values
        value, slopes = compiled.evaluate(columns_of(points, self.variables), ordered)
        return value[0], slopes[0, list(compiled.order)]


def _rounded(expression: Any, digits: int) -> Any:
    """Return `expression` with its decimal numbers rounded to so many significant digits."""
    return expression.xreplace({number: sp.Float(number, digits) for number in expression.atoms(sp.Float)})
