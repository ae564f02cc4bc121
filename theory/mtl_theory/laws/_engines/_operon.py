"""Operon: genetic programming, for laws outside the structured family."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf
from typing import Any

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray, IntArray
from mtl_theory.laws._engines._cleaning import real_and_distinct
from mtl_theory.laws._engines._engine import Budget, EngineUnavailable
from mtl_theory.laws._variables import Variable

_POWER = "add,sub,mul,div,sqrt,pow,constant,variable"
_RICH = f"log,exp,{_POWER}"
# Several short runs find more than one long one: on seven laws, three seeds and 1 % noise four runs of this
# length recovered 18 of 21 laws, one run of four times the length 11. Without log and exp the search is far
# more reliable, so they come in the last run of every four only.
_EVALUATIONS = 600_000
_RUNS = 4

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "Add": lambda x, y: x + y,
    "Sub": lambda x, y: x - y,
    "Mul": lambda x, y: x * y,
    "Div": lambda x, y: x / y,
    "Pow": lambda x, y: x**y,
    "Sqrt": sp.sqrt,
    "Log": sp.log,
    "Exp": sp.exp,
}


@dataclass(frozen=True, kw_only=True)
class Operon:
    """Genetic programming by pyoperon: NSGA-II on fit and length, in four runs of 600,000 evaluations.

    The effort of the budget scales the evaluations: more of them make more runs, fewer than one run's worth
    a shorter run. pyoperon 0.6 takes no weights; rows are repeated and left out in proportion to theirs
    instead, so that fitness, constants and scaling all honour them up to whole repeats, and every run rounds
    differently. It computes in single precision, so the constants are to be refitted.

    Parameters
    ----------
    n_threads
        Threads of a run; the front does not depend on them.
    """

    n_threads: int = 1

    @property
    def name(self) -> str:
        """The name that laws found by this engine carry."""
        return "operon"

    def available(self) -> str | None:
        """Return None where pyoperon is installed, else what to do."""
        if find_spec("pyoperon") is None:
            return "pyoperon is not installed: run `pip install pyoperon`, or choose the structured engine"
        return None

    def candidates(
        self,
        X: FloatArray,
        y: FloatArray,
        weights: FloatArray,
        variables: Sequence[Variable],
        *,
        budget: Budget,
        seed: int,
    ) -> list[sp.Expr]:
        """Return the merged fronts of all runs; see `Engine.candidates`.

        A limit in seconds stops the search at the end of the run, or within a run at a whole second.
        """
        reason = self.available()
        if reason is not None:
            raise EngineUnavailable(reason)
        found: list[sp.Expr] = []
        evaluations = _split(round(_RUNS * _EVALUATIONS * budget.effort))
        end = time.monotonic() + budget.seconds
        for run, n_evaluations in enumerate(evaluations):
            left = end - time.monotonic()
            if run and left < 1:
                break
            rows = _repeated(weights, shift=(run + 0.5) / len(evaluations))
            regressor = self._regressor(run, n_evaluations, left, seed)
            # Read-only arrays break the compiled part, so these are copies.
            regressor.fit(np.asfortranarray(X[rows], dtype=float), np.array(y[rows], dtype=float))
            found += _front(regressor, variables)
        return real_and_distinct(found)

    def _regressor(self, run: int, n_evaluations: int, seconds: float, seed: int) -> Any:
        from pyoperon.sklearn import SymbolicRegressor

        return SymbolicRegressor(
            allowed_symbols=_RICH if run % _RUNS == _RUNS - 1 else _POWER,
            objectives=["r2", "length"],
            optimizer_iterations=5,
            population_size=1000,
            generations=100_000,
            max_evaluations=n_evaluations,
            max_length=25,
            max_depth=10,
            epsilon=1e-12,
            model_selection_criterion="bayesian_information_criterion",
            n_threads=self.n_threads,
            max_time=None if seconds == inf else max(1, int(seconds)),
            random_state=int(np.random.SeedSequence([seed, run]).generate_state(1)[0]),
        )


def _split(evaluations: int) -> list[int]:
    """Return the evaluations of every run: as many full runs as there can be, equally long."""
    runs = max(1, round(evaluations / _EVALUATIONS))
    return [max(1, evaluations // runs)] * runs


def _repeated(weights: FloatArray, *, shift: float) -> IntArray:
    """Return row numbers in which row i occurs `weights[i]` times on average over `shift` in (0, 1)."""
    ends = np.floor(np.cumsum(weights) * len(weights) / weights.sum() + shift)
    return np.repeat(np.arange(len(weights)), np.diff(ends, prepend=0.0).astype(int))


def _front(regressor: Any, variables: Sequence[Variable]) -> Iterator[sp.Expr]:
    """Yield the front's expressions in the symbols of `variables`."""
    # Columns are called X1, X2, ...; versions differ in whether `variables_` lists them in this order.
    symbols = {key: variables[int(name[1:]) - 1].symbol for key, name in regressor.variables_.items()}
    for entry in regressor.pareto_front_:
        yield _expression(entry["tree"].Nodes, symbols)


def _expression(nodes: Sequence[Any], symbols: Mapping[int, Any]) -> sp.Expr:
    """Return the expression of a tree in postfix order; its strings would cut small constants to zero."""
    stack: list[Any] = []
    for node in nodes:
        if node.IsVariable:
            stack.append(sp.Float(node.Value) * symbols[node.HashValue])
        elif node.IsConstant:
            stack.append(sp.Float(node.Value))
        else:
            # The first argument is the last on the stack.
            arguments = [stack.pop() for _ in range(node.Arity)]
            stack.append(_OPERATIONS[node.Type.name](*arguments))
    (expression,) = stack
    return expression
