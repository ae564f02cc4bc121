"""PySR: symbolic regression in Julia, which is started only when its candidates are asked for."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from math import isfinite
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._engines._cleaning import real_and_distinct
from mtl_theory.laws._engines._engine import Budget, EngineUnavailable
from mtl_theory.laws._engines._julia import why_no_julia
from mtl_theory.laws._variables import Variable

_ITERATIONS = 100
_FUNCTIONS = ("sqrt", "log", "exp")
_KEYWORDS: dict[str, Any] = {
    "binary_operators": ["+", "-", "*", "/", "^"],
    "unary_operators": list(_FUNCTIONS),
    # The exponent of a power is one constant or one variable; no power or function sits within its like.
    "constraints": {"^": (-1, 1)},
    "nested_constraints": {
        "^": {"^": 0},
        **{outer: dict.fromkeys(_FUNCTIONS, 0) for outer in _FUNCTIONS},
    },
    "complexity_of_operators": {"^": 2, "exp": 2, "log": 2},
    "maxsize": 25,
    "maxdepth": 8,
    "populations": 15,
    "population_size": 33,
    "tournament_selection_n": 15,
    "ncycles_per_iteration": 380,
    "model_selection": "best",
    "elementwise_loss": "L2DistLoss()",
    "precision": 64,
    "batching": False,
    # Only together do a seed, `deterministic` and a serial search give the same front again.
    "deterministic": True,
    "parallelism": "serial",
    "warm_start": False,
    "guesses": None,
    "verbosity": 0,
    "progress": False,
    "input_stream": "devnull",
    "run_id": "law",
}


@dataclass(frozen=True, kw_only=True)
class PySR:
    """PySR with powers, sqrt, log and exp, weighted, in double precision, serial and deterministic.

    The effort of the budget scales its 100 iterations. The first search of a process starts Julia.

    Parameters
    ----------
    fetch
        Whether PySR may download Julia and its packages where there is no Julia yet.
    """

    fetch: bool = False

    @property
    def name(self) -> str:
        """The name that laws found by this engine carry."""
        return "pysr"

    def available(self) -> str | None:
        """Return None where PySR can start Julia, else one line; imports nothing of PySR, within 2 s."""
        return why_no_julia(fetch=self.fetch)

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
        """Return PySR's hall of fame; see `Engine.candidates`.

        What PySR prints goes to the standard error; `os.environ` is as before, and no file is left.
        """
        reason = self.available()
        if reason is not None:
            raise EngineUnavailable(reason)
        # PySR refuses names that SymPy knows, such as N, S, beta or gamma.
        names = [f"v{i}" for i in range(len(variables))]
        with _undisturbed(), TemporaryDirectory() as folder:
            regressor = _regressor_class()(**keywords(budget, seed, folder))
            regressor.fit(np.array(X, float), np.array(y, float), weights=weights, variable_names=names)
            found = regressor.equations_["sympy_format"]
        symbols = {sp.Symbol(name): variable.symbol for name, variable in zip(names, variables, strict=True)}
        # PySR parses without evaluating; `doit` evaluates.
        return real_and_distinct(expression.xreplace(symbols).doit() for expression in found)


def keywords(budget: Budget, seed: int, folder: str) -> dict[str, Any]:
    """Return the arguments of PySRRegressor."""
    return {
        **_KEYWORDS,
        "niterations": max(1, round(_ITERATIONS * budget.effort)),
        "timeout_in_seconds": budget.seconds if isfinite(budget.seconds) else None,
        "random_state": seed,
        "output_directory": folder,
    }


def _regressor_class() -> Any:
    """Return PySRRegressor, or say in one line why Julia does not start."""
    try:
        from pysr import PySRRegressor
    # A broken Julia shows up as any error, the exit of the interpreter included.
    except (Exception, SystemExit) as error:
        cause = (str(error) or type(error).__name__).splitlines()[0]
        raise EngineUnavailable(
            f"PySR cannot start Julia: {cause}; repair the installation, or choose another engine"
        ) from error
    return PySRRegressor


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the standard output clean, and put `os.environ` back."""
    before = dict(os.environ)
    # PySR sets this at its import only and reads it in every search: interrupts depend on it.
    os.environ.setdefault("PYTHON_JULIACALL_HANDLE_SIGNALS", "yes")
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        for added in set(os.environ) - set(before):
            del os.environ[added]
        os.environ.update(before)
