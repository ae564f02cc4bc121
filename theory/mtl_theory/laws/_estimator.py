"""A form as a scikit-learn regressor."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._fit import fit_law
from mtl_theory.laws._form import Form
from mtl_theory.laws._law import Law

TARGET = "y"


def law_regressor(form: Form) -> Any:
    """Return a scikit-learn regressor that fits `form` by squares; columns are its variables in order.

    After `fit` it carries `law_`, the fitted `Law`; `sample_weight` are inverse variances up to a factor.

    >>> from mtl_theory.laws import Variable, parse_form
    >>> regressor = law_regressor(parse_form("a + b*x", [Variable(name="x")]))
    >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[10.0]]).round(9).tolist()
    [21.0]
    """
    return _regressor_class()(form)


def __getattr__(name: str) -> Any:
    """Build the class when a pickle asks for it: scikit-learn stays unloaded until then."""
    if name == "LawRegressor":
        return _regressor_class()
    raise AttributeError(f"module {__name__} has no attribute {name!r}")


@cache
def _regressor_class() -> Any:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data

    class LawRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        """A form that is fitted by squares; `law_` is the fitted law."""

        def __init__(self, form: Form) -> None:
            self.form = form

        def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Any:
            """Fit the form to rows X, `(N, d)`, and targets y, `(N,)`."""
            features, target = validate_data(self, X, y, y_numeric=True, dtype=np.float64)
            names = [variable.name for variable in self.form.variables]
            if features.shape[1] != len(names):
                raise ValueError(f"X has {features.shape[1]} columns, expected {len(names)}: {names}.")
            rows = dict(zip(names, features.T, strict=True)) | {TARGET: target}
            self.law_ = fit_law(rows, self.form, target=TARGET, weights=sample_weight)
            return self

        def predict(self, X: npt.ArrayLike) -> FloatArray:
            """Return the fitted law at rows X, `(N, d)`."""
            check_is_fitted(self)
            law: Law = self.law_
            return law.predict(validate_data(self, X, dtype=np.float64, reset=False))

    # A pickle finds the class under the module's own name.
    LawRegressor.__qualname__ = LawRegressor.__name__
    return LawRegressor
