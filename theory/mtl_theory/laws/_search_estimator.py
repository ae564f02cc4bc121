"""The search for laws as a scikit-learn regressor."""

from collections.abc import Mapping, Sequence
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._engines._engine import Budget, Engine
from mtl_theory.laws._engines._names import resolve
from mtl_theory.laws._limits import Limit
from mtl_theory.laws._search._finding import find_laws
from mtl_theory.laws._search._kinds import infer_variables
from mtl_theory.laws._search._ranking import Rows
from mtl_theory.laws._search._report import report_text
from mtl_theory.laws._variables import Kind, Variable

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator, RegressorMixin

    class LawSearch(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        """What `search_class` returns, for type checkers."""

        def __init__(self, **parameters: Any) -> None: ...


def variables_of(
    names: Sequence[str], X: FloatArray, kinds: Mapping[str, Kind] | None
) -> tuple[Variable, ...]:
    """Return the variables of X (N, d): of the kinds given, else of those the values suggest.

    Raises
    ------
    ValueError
        On kinds of unknown columns, and where a kind does not admit the values.
    """
    given = dict(kinds or {})
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(f"kinds names {unknown}, which are no columns; choose from {list(names)}.")
    for name, kind in given.items():
        if not kind.admits(X[:, list(names).index(name)]):
            raise ValueError(
                f"{name} takes values that are not {kind.value}; pass another kind or leave it out."
            )
    rest = [i for i, name in enumerate(names) if name not in given]
    guessed = {v.name: v for v in infer_variables([names[i] for i in rest], X[:, rest])}
    return tuple(Variable(name=n, kind=given[n]) if n in given else guessed[n] for n in names)


def rows_of(
    X: FloatArray,
    y: FloatArray,
    sample_weight: FloatArray,
    groups: npt.ArrayLike | None,
    variables: tuple[Variable, ...],
) -> Rows:
    """Return the rows of positive weight in sorted order, weights with mean 1.

    Exact copies of a row become one of their summed weight, so a weight of 2 means the same as a copy.
    """
    kept = sample_weight > 0
    labels = np.zeros(len(y)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    table = np.column_stack([X, y, labels])[kept]
    distinct, place = np.unique(table, axis=0, return_inverse=True)
    weights = np.bincount(place.ravel(), weights=sample_weight[kept])
    return Rows(
        X=distinct[:, :-2],
        y=distinct[:, -2],
        weights=weights / weights.mean(),
        groups=None if groups is None else distinct[:, -1].astype(np.intp),
        variables=variables,
    )


def __getattr__(name: str) -> Any:
    """Build the class when it is asked for: scikit-learn stays unloaded until then."""
    if name == "LawSearch":
        return search_class()
    raise AttributeError(f"module {__name__} has no attribute {name!r}")


@cache
def search_class() -> Any:
    """Return the class `LawSearch`."""
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

    class LawSearch(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        """Find laws: sums of products with few constants, ranked by description length.

        Parameters
        ----------
        engine
            "structured", "operon", "pysr", an `Engine`, several of them, or "all" that can run here.
        kinds
            What the columns are, by name (`x0`, `x1`, ... for arrays); guessed from the values where not
            given, with a warning for shares and cosines.
        limits
            What a law must obey on the domain of the rows; others are dropped.
        effort
            Multiple of each engine's usual number of evaluations.
        max_seconds, max_megabytes
            Bounds of an engine's time and working arrays; a search cut off by time may differ between runs.
        random_state
            Seed of the engines that draw, and of the folds.

        Attributes
        ----------
        best_
            The shortest law, unless one within two nats extrapolates better by more than a quarter.
        front_
            Laws by complexity with ties, each shorter, or clearly better at extrapolating, than all simpler.
        variables_
            The columns and their kinds.
        """

        def __init__(
            self,
            *,
            engine: str | Engine | Sequence[str | Engine] = "structured",
            kinds: Mapping[str, Kind] | None = None,
            limits: Sequence[Limit] = (),
            effort: float = 1.0,
            max_seconds: float = inf,
            max_megabytes: float = 256.0,
            random_state: int = 0,
        ) -> None:
            self.engine = engine
            self.kinds = kinds
            self.limits = limits
            self.effort = effort
            self.max_seconds = max_seconds
            self.max_megabytes = max_megabytes
            self.random_state = random_state

        def fit(
            self,
            X: npt.ArrayLike,
            y: npt.ArrayLike,
            sample_weight: npt.ArrayLike | None = None,
            groups: npt.ArrayLike | None = None,
        ) -> "LawSearch":
            """Search laws for rows X (N, d), y (N,); weights are inverse variances up to a factor.

            Rows of one group stay together when rows are left out to measure errors.
            """
            features, target = validate_data(
                self, X, y, y_numeric=True, dtype=np.float64, ensure_min_samples=2
            )
            weights = _check_sample_weight(
                sample_weight, features, dtype=np.float64, ensure_non_negative=True
            )
            names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(features.shape[1])])
            self.variables_ = variables_of([str(n) for n in names], features, self.kinds)
            budget = Budget(effort=self.effort, seconds=self.max_seconds, megabytes=self.max_megabytes)
            self.findings_ = find_laws(
                rows_of(features, target, weights, groups, self.variables_),
                resolve(self.engine),
                budget=budget,
                seed=self.random_state,
                limits=self.limits,
            )
            self.front_, self.best_ = self.findings_.front, self.findings_.best.law
            return self

        def predict(self, X: npt.ArrayLike) -> FloatArray:
            """Return the best law at rows X (N, d), also beyond a kind that was only guessed.

            Raises
            ------
            ValueError
                On values that are not of a kind that was given.
            """
            check_is_fitted(self)
            features = validate_data(self, X, dtype=np.float64, reset=False)
            names = [v.name for v in self.variables_]
            used = [names.index(v.name) for v in self.best_.variables]
            return self.best_.predict(features[:, used])

        def report(self) -> str:
            """Return the front with ties as text, and the best law's constants with intervals."""
            check_is_fitted(self)
            return report_text(self.findings_)

    # A pickle finds the class under the module's own name.
    LawSearch.__qualname__ = LawSearch.__name__
    return LawSearch
