"""The run that most sweeps want: a problem, solvers, and what to measure on each."""

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.metrics import sin_theta, transfer_gain
from mtl_simulators.solvers import Solution, solve
from mtl_simulators.sweep._factors import Point
from mtl_simulators.sweep._problems import PROBLEMS, Drawn
from mtl_simulators.sweep._solvers import NamedSolver
from mtl_simulators.sweep._spec import Measured

BASELINES = {"relu": NamedSolver(name="relu-single-task")}
"""What a task alone is solved with, where that is not least squares."""
LETTERS = {
    "T": "n_tasks", "n": "n_samples", "d": "n_features", "r": "capacity", "AMI": "ami", "cos": "cosine",
    "sigma": "noise", "alignment": "cosine",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What a measure sees: a solution, the single-task baseline's, and the problem with its truth."""

    solution: Solution
    baseline: Solution
    drawn: Drawn


def _risk(m: Measurement) -> FloatArray:
    return m.drawn.risk(m.solution)


def _gain(m: Measurement) -> FloatArray:
    return transfer_gain(m.drawn.risk(m.baseline), _risk(m))


def _sin_theta(m: Measurement) -> FloatArray:
    """Compare the learned span with that of the task vectors; NaN where the solver shares no map."""
    rank = m.solution.representation.shape[-2]
    directions = m.drawn.directions
    if rank > min(directions.shape[-2:]):
        return np.full(len(m.solution.heads), np.nan)
    top = np.linalg.svd(directions, full_matrices=False)[2][..., :rank, :]
    return sin_theta(m.solution.representation, top)


MEASURES: dict[str, Callable[[Measurement], FloatArray]] = {
    "risk": _risk,
    "transfer_gain": _gain,
    "sin_theta": _sin_theta,
}
"""What `measures = [...]` of a spec means: arrays `(B, T)`, or `(B,)` where tasks share the number."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Draw a problem, solve it in several ways, measure each solution: one row a replicate and solver.

    The single-task baseline is always among the rows. A measure of every task gives two columns: the mean
    over tasks under its own name, and the main task (task 0) as `main_...`.

    Parameters
    ----------
    problem
        A name in `PROBLEMS`. `risk` is the excess risk of a linear problem, the mean squared error on clean
        samples of a ReLU one, and the error rate against the clean labels of a classification problem.
    solvers
        Solvers by name.
    measures
        Names in `MEASURES`.

    Raises
    ------
    ValueError
        On names that do not exist.
    """

    problem: str
    solvers: tuple[NamedSolver, ...]
    measures: tuple[str, ...] = ("risk", "transfer_gain")

    def __post_init__(self) -> None:
        """Check the names; put the baseline first."""
        if self.problem not in PROBLEMS:
            raise ValueError(f"no problem is called {self.problem!r}; choose from {', '.join(PROBLEMS)}.")
        for name in self.measures:
            if name not in MEASURES:
                raise ValueError(f"no measure is called {name!r}; choose from {', '.join(MEASURES)}.")
        if not self.measures:
            raise ValueError(f"measures is empty; choose from {', '.join(MEASURES)}.")
        baseline = BASELINES.get(self.problem, NamedSolver(name="single-task"))
        others = tuple(solver for solver in self.solvers if solver != baseline)
        labels = [solver.label for solver in others]
        if len(set(labels)) < len(labels):
            raise ValueError(f"solvers repeats one of {', '.join(labels)}; name each once.")
        object.__setattr__(self, "solvers", (baseline, *others))

    def content(self) -> dict[str, Any]:
        """Return problem, solvers and measures."""
        solvers = [{"name": solver.name, **solver.settings} for solver in self.solvers]
        return {"problem": self.problem, "solvers": solvers, "measures": list(self.measures)}

    def check(self, names: frozenset[str]) -> None:
        """Compare the names of the sweep with what the problem and the solvers take."""
        parameters = _parameters(self.problem)
        known = {*parameters, *(name for solver in self.solvers for name in solver.accepted)}
        for name in sorted(names - known):
            near = LETTERS.get(name) or next(iter(difflib.get_close_matches(name, known)), None)
            hint = f"did you mean {near!r}?" if near in known else f"it takes: {', '.join(sorted(known))}."
            raise ValueError(f"problem {self.problem} with these solvers has no {name!r}; {hint}")
        for name, parameter in parameters.items():
            if parameter.default is parameter.empty and name not in names:
                raise ValueError(f"problem {self.problem} needs {name!r}; make it a factor or a constant.")
        for solver in self.solvers:
            solver.check(names)

    def __call__(self, rng: np.random.Generator, point: Point, *, n_replicates: int) -> Measured:
        """Draw, solve and measure one point."""
        rng_problem, *rngs = rng.spawn(1 + len(self.solvers))
        settings = {name: point[name] for name in _parameters(self.problem) if name in point}
        drawn = PROBLEMS[self.problem](rng_problem, n_replicates, **settings)
        solutions = [
            solve(drawn.data, solver.build(point), rng=child)
            for solver, child in zip(self.solvers, rngs, strict=True)
        ]
        tables = [
            self._measure(Measurement(solution=solution, baseline=solutions[0], drawn=drawn))
            for solution in solutions
        ]
        labels = np.repeat([solver.label for solver in self.solvers], n_replicates)
        columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
        return {"replicate": np.tile(np.arange(n_replicates), len(tables)), "solver": labels, **columns}

    def _measure(self, measurement: Measurement) -> dict[str, FloatArray]:
        columns = {}
        for name in self.measures:
            values = MEASURES[name](measurement)
            if values.ndim == 1:
                columns[name] = values
            else:
                columns[name], columns[f"main_{name}"] = values.mean(axis=-1), values[:, 0]
        return columns


@cache  # asked at every point, and reading signatures is slow
def _parameters(problem: str) -> dict[str, inspect.Parameter]:
    """Return the parameters of a problem that a sweep sets."""
    parameters = inspect.signature(PROBLEMS[problem]).parameters.items()
    return {name: p for name, p in parameters if p.kind is p.KEYWORD_ONLY}
