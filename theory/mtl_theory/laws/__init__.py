"""Performance laws: formulas with honest error bars, fitted to rows and searched for."""

from typing import TYPE_CHECKING, Any

from mtl_theory.laws._clean_table import Table, clean_table, enough_rows
from mtl_theory.laws._conditions import Condition, parse_condition
from mtl_theory.laws._engines import EngineUnavailable
from mtl_theory.laws._errors import Failure, FitError
from mtl_theory.laws._fit import fit_law
from mtl_theory.laws._fit_expression import fit_expression
from mtl_theory.laws._form import Form, parse_form
from mtl_theory.laws._intervals import Bootstrap, GaussNewton, ProfileLikelihood
from mtl_theory.laws._law import Band, Estimate, Law
from mtl_theory.laws._limit_parsing import parse_limits
from mtl_theory.laws._limits import Bounded, Coincides, Equals, Limit, Monotone, Tends, impose
from mtl_theory.laws._losses import Huber, Loss, Squared
from mtl_theory.laws._named import (
    B_FORM,
    CHINCHILLA,
    MAURER,
    POOLED,
    POOLED_PAIR,
    UNBALANCED,
    WEIGHT_NOISE,
)
from mtl_theory.laws._profile import Profile, exponent_profiles
from mtl_theory.laws._scores import Scores, description_length
from mtl_theory.laws._search._finding import Findings
from mtl_theory.laws._search._kinds import infer_kind
from mtl_theory.laws._search._ranking import TIE, Ranked
from mtl_theory.laws._search._report import exponent_hints
from mtl_theory.laws._skeleton import same_skeleton, skeleton
from mtl_theory.laws._table_fits import fit_table, require_engine, search_table
from mtl_theory.laws._tables import read_table
from mtl_theory.laws._variables import Kind, Parameter, Variable
from mtl_theory.laws._violation import violation

if TYPE_CHECKING:
    from mtl_theory.laws._search_estimator import LawSearch

__all__ = [
    "B_FORM",
    "CHINCHILLA",
    "MAURER",
    "POOLED",
    "POOLED_PAIR",
    "TIE",
    "UNBALANCED",
    "WEIGHT_NOISE",
    "Band",
    "Bootstrap",
    "Bounded",
    "Coincides",
    "Condition",
    "EngineUnavailable",
    "Equals",
    "Estimate",
    "Failure",
    "Findings",
    "FitError",
    "Form",
    "GaussNewton",
    "Huber",
    "Kind",
    "Law",
    "LawSearch",
    "Limit",
    "Loss",
    "Monotone",
    "Parameter",
    "Profile",
    "ProfileLikelihood",
    "Ranked",
    "Scores",
    "Squared",
    "Table",
    "Tends",
    "Variable",
    "clean_table",
    "description_length",
    "enough_rows",
    "exponent_hints",
    "exponent_profiles",
    "fit_expression",
    "fit_law",
    "fit_table",
    "impose",
    "infer_kind",
    "parse_condition",
    "parse_form",
    "parse_limits",
    "read_table",
    "require_engine",
    "same_skeleton",
    "search_table",
    "skeleton",
    "violation",
]


def __getattr__(name: str) -> Any:
    """Build `LawSearch` when it is asked for: scikit-learn stays unloaded until then."""
    if name == "LawSearch":
        from mtl_theory.laws._search_estimator import search_class

        return search_class()
    raise AttributeError(f"module {__name__} has no attribute {name!r}")
