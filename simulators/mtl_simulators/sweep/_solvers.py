"""The solvers that a sweep can name."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    GradientDescent,
    MinimumNorm,
    Pooled,
    ReluNetwork,
    ReluSingleTask,
    Ridge,
    SharedRepresentation,
    SingleTask,
    SoftSharing,
    Solver,
    TruncatedSVD,
    TwoTaskGlobal,
    WeightedPooling,
)
from mtl_simulators.sweep._factors import Point, Value

SOLVERS: dict[str, type[Solver]] = {
    "single-task": SingleTask,
    "minimum-norm": MinimumNorm,
    "ridge": Ridge,
    "pooled": Pooled,
    "weighted-pooling": WeightedPooling,
    "shared-representation": SharedRepresentation,
    "truncated-svd": TruncatedSVD,
    "soft-sharing": SoftSharing,
    "alternating-least-squares": AlternatingLeastSquares,
    "two-task-global": TwoTaskGlobal,
    "gradient-descent": GradientDescent,
    "relu-single-task": ReluSingleTask,
    "relu-network": ReluNetwork,
}
"""What `solvers = [...]` of a spec means."""


@dataclass(frozen=True, kw_only=True)
class NamedSolver:
    """A solver by name, with the settings that stay the same over the sweep.

    A setting that is also a factor or constant of the sweep (such as `capacity`) takes its value from there.

    Raises
    ------
    ValueError
        On a name or setting that does not exist.

    >>> NamedSolver(name="ridge", settings={"penalty": 0.1}).label
    'ridge(penalty=0.1)'
    """

    name: str
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the name and the settings."""
        if self.name not in SOLVERS:
            raise ValueError(f"no solver is called {self.name!r}; choose from {', '.join(SOLVERS)}.")
        unknown = sorted(set(self.settings) - self.accepted)
        if unknown:
            known = ", ".join(sorted(self.accepted)) or "none"
            raise ValueError(f"solver {self.name} has no setting {unknown[0]!r}; it takes: {known}.")

    @property
    def label(self) -> str:
        """Return the name with the settings, as tables show it."""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.name}({settings})" if settings else self.name

    @property
    def accepted(self) -> frozenset[str]:
        """Return the settings that are plain numbers."""
        return frozenset(_numbers(SOLVERS[self.name]))

    def check(self, names: frozenset[str]) -> None:
        """Raise `ValueError` where a setting without a default gets no value."""
        missing = [
            name
            for name, required in _numbers(SOLVERS[self.name]).items()
            if required and name not in self.settings and name not in names
        ]
        if missing:
            raise ValueError(
                f"solver {self.name} needs {missing[0]!r}; make it a factor or a constant, or write "
                f'{{ name = "{self.name}", {missing[0]} = ... }}.'
            )

    def build(self, point: Point) -> Solver:
        """Return the solver for one point."""
        kind = SOLVERS[self.name]
        shared = {name: point[name] for name in _numbers(kind) if name in point}
        return kind(**{**shared, **self.settings})


@cache  # asked at every point, and reading annotations is slow
def _numbers(kind: type[Solver]) -> dict[str, bool]:
    """Return the settings of a solver that are plain numbers, and whether each must be given."""
    hints = typing.get_type_hints(kind)
    return {
        f.name: f.default is dataclasses.MISSING
        for f in dataclasses.fields(kind)  # type: ignore[arg-type]  # every solver is a dataclass
        if hints[f.name] in (int, float) or f.name == "penalty"
    }
