"""A theorem as an object: statement, source, assumptions, prediction, measurement, and where to check it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray

if TYPE_CHECKING:
    import sympy as sp  # at run time sympy comes with the ledger: importing the package stays quick

Instance = TypeVar("Instance")


class Kind(Enum):
    """What a theorem claims; the value says how it is judged."""

    EQUALITY = "equality"  # |mean - prediction| within z standard errors plus a declared finite-size slack
    RATE = "rate"  # a fitted exponent, judged like an equality
    BOUND = "bound"  # no draw above the prediction


class Verdict(Enum):
    """The answer of `verify`."""

    HOLDS = "holds"
    REFUTED = "refuted"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a statement stands: the short name of the paper, and the place in it."""

    paper: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Assumption(Generic[Instance]):
    """A hypothesis that can be checked on a concrete instance."""

    name: str
    statement: str
    holds: Callable[[Instance], bool]


@dataclass(frozen=True, kw_only=True)
class Case(Generic[Instance]):
    """One concrete setting in which a theorem is checked.

    Parameters
    ----------
    name
        What is special about it, in a few words.
    build
        Makes the instance from a generator; a fixed instance ignores it.
    trials
        Draws of `measure`; 1 for a deterministic identity.
    quick_trials
        Draws in quick mode; default a tenth of `trials`, but not fewer than 100: with a handful of draws the
        estimated standard error is so uncertain that true statements are refuted.
    expected
        The verdict that this case should give.
    gain
        For a case in which multitasking must *not* help: maps the compared quantities to the benefit, which
        must not be positive beyond its own standard error (delta method) and the theorem's slack.
    """

    name: str
    build: Callable[[np.random.Generator], Instance]
    trials: int = 1
    quick_trials: int | None = None
    expected: Verdict = Verdict.HOLDS
    gain: Callable[[FloatArray], float] | None = None

    def n_trials(self, *, quick: bool) -> int:
        """Return the number of draws to take."""
        if not quick or self.trials == 1:
            return self.trials
        if self.quick_trials is not None:
            return self.quick_trials
        return max(min(self.trials, 100), self.trials // 10)


def log_log_slope(grid: npt.ArrayLike, values: FloatArray) -> float:
    """Return the least-squares slope of log(values) against log(grid)."""
    return float(np.polyfit(np.log(np.asarray(grid, dtype=float)), np.log(values), 1)[0])


@dataclass(frozen=True, kw_only=True)
class Theorem(Generic[Instance]):
    r"""A statement that can be checked.

    Parameters
    ----------
    id
        `topic/name`, the name on the command line.
    statement
        SymPy expression of the claim.
    predict
        Closed form on an instance: `m` numbers.
    measure
        Simulation on an instance: draws of shape `(n_trials, m)`, from a route independent of `predict`.
    reduce
        Maps the `m` means to the compared quantities (for a rate: to the fitted exponent); default none.
        Its standard error follows by the delta method.
    slack
        Declared finite-size or rounding allowance, relative to max(|prediction|, `scale`).
    scale
        Size below which the slack is absolute; the natural unit of the quantity.
    expected
        The verdict that the ledger stands for: a result that is wrong as printed is expected *refuted*.
    derive
        Symbolic proof in small dimensions: returns residuals that must simplify to zero.
    remark
        What a reader should know: the correction, the constant, the error in the source.
    """

    id: str
    title: str
    source: Source
    kind: Kind
    statement: "sp.Basic"
    predict: Callable[[Instance], npt.ArrayLike]
    measure: Callable[[np.random.Generator, Instance, int], FloatArray]
    cases: tuple[Case[Instance], ...]
    assumptions: tuple[Assumption[Instance], ...] = ()
    reduce: Callable[[Instance, FloatArray], npt.ArrayLike] | None = None
    slack: float = 0.0
    scale: float = 1.0
    expected: Verdict = Verdict.HOLDS
    derive: "Callable[[], tuple[sp.Expr, ...]] | None" = None
    remark: str = ""
    topic: str = field(init=False)

    def __post_init__(self) -> None:
        """Check that the entry can be verified at all."""
        topic, _, name = self.id.partition("/")
        if not topic or not name:
            raise ValueError(f"a theorem's id reads topic/name, got {self.id!r}.")
        if not self.cases:
            raise ValueError(f"{self.id} lists no case; give at least one.")
        if self.kind is Kind.RATE and self.reduce is None:
            raise ValueError(f"{self.id} is a rate: give the `reduce` that fits its exponent.")
        if self.kind is Kind.BOUND and self.reduce is not None:
            raise ValueError(f"{self.id} is a bound, judged draw by draw: `reduce` of means does not apply.")
        if not (0 <= self.slack < float("inf") and 0 < self.scale < float("inf")):
            raise ValueError(
                f"{self.id} has slack {self.slack!r} and scale {self.scale!r}; give slack >= 0, scale > 0."
            )
        object.__setattr__(self, "topic", topic)

    @property
    def latex(self) -> str:
        """The statement in LaTeX."""
        from sympy import latex

        return str(latex(self.statement))
