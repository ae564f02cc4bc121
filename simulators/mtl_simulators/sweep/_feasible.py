"""Values that no problem or solver accepts, found before a million points fail one by one."""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from mtl_simulators.sweep._factors import Levels, Value
from mtl_simulators.sweep._recipe import Recipe
from mtl_simulators.sweep._spec import SweepSpec

Rule: TypeAlias = tuple[Callable[[Value], bool], str]


def _number(value: Value) -> float:
    """Return a number; NaN, which lies in no interval, for words and Booleans."""
    return math.nan if isinstance(value, bool | str) else value


_SIZE: Rule = (lambda v: isinstance(v, int) and _number(v) >= 1, "a whole number of at least 1")
_POSITIVE: Rule = (lambda v: _number(v) > 0, "a positive number")
_RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("n_tasks", "n_samples", "n_features", "rank", "capacity", "n_starts", "max_sweeps", "max_steps"),
        _SIZE,
    ),
    **dict.fromkeys(("penalty", "strength", "learning_rate"), _POSITIVE),
    "noise": (lambda v: _number(v) >= 0, "a number of at least 0"),
    "cosine": (lambda v: -1 <= _number(v) <= 1, "a number in [-1, 1]"),
    "ami": (lambda v: 0 <= _number(v) <= 1, "a number in [0, 1]"),
    **dict.fromkeys(("shared_design", "samples"), (lambda v: isinstance(v, bool), "true or false")),
}


def check_feasible(spec: SweepSpec) -> None:
    """Check every value of a sweep over problems by itself; what does not go together fails at its point.

    Raises
    ------
    ValueError
        Naming the key, the value and what is feasible.
    """
    if not isinstance(spec.run, Recipe):
        return
    for place, solver in enumerate(spec.run.solvers[1:]):
        _check_constants(f"solvers[{place}]", solver.settings)
    _check_constants("constants", spec.constants)
    for name, factor in spec.factors.items():
        ends = factor.values if isinstance(factor, Levels) else (factor.low, factor.high)
        for value in ends:
            _check(f"factors.{name}", name, value)
    names = {*spec.factors, *spec.constants}
    if spec.run.problem == "linear" and ("cosine" in names) == ("rank" in names):
        raise ValueError(
            f"problem {spec.run.problem} needs exactly one of cosine and rank; make it a factor "
            "or a constant."
        )


def _check_constants(place: str, values: Mapping[str, Value]) -> None:
    for name, value in values.items():
        _check(f"{place}.{name}", name, value)


def _check(key: str, name: str, value: Value) -> None:
    feasible, words = _RULES.get(name, (lambda v: True, ""))
    if not feasible(value):
        raise ValueError(f"{key} holds {value!r}; give {words}.")
