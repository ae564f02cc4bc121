"""What a search engine must offer: candidate expressions, from a seed and a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

import sympy

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._variables import Variable


class EngineUnavailable(RuntimeError):
    """The engine cannot run on this machine; the message is one line: what is missing and what to do."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much an engine may spend.

    `effort` scales the engine's usual number of evaluations (restarts, structures), so it keeps a search
    reproducible. `seconds` stops it early on the wall clock; the front then depends on the machine.
    `megabytes` bounds the working arrays.
    """

    effort: float = 1.0
    seconds: float = inf
    megabytes: float = 256.0

    def __post_init__(self) -> None:
        for name in ("effort", "seconds", "megabytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}; try the default.")


class Engine(Protocol):
    """A source of candidate laws; constants are refitted and laws ranked by the caller, not here."""

    @property
    def name(self) -> str:
        """Return the name that laws found by this engine carry."""

    def available(self) -> str | None:
        """Return None where the engine can run, else one line: what is missing and what to do."""

    def candidates(
        self,
        X: FloatArray,
        y: FloatArray,
        weights: FloatArray,
        variables: Sequence[Variable],
        *,
        budget: Budget,
        seed: int,
    ) -> list[sympy.Expr]:
        """Return expressions in the variables' symbols for rows X (N, d), y (N,), weights (N,) with mean 1.

        Floats in an expression are constants to be refitted; integers and rationals are kept. The same
        arguments give the same list. Raises `EngineUnavailable` where `available()` names a reason.
        """
