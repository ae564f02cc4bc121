"""A run that is a function of one's own."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mtl_simulators.sweep._factors import Point
from mtl_simulators.sweep._spec import Measured


@dataclass(frozen=True, kw_only=True)
class FunctionRun:
    """Call `module:function` at every replicate of every point, as `function(rng, **point)`.

    The function returns a mapping of column names to numbers or words. It is named rather than passed, so
    that workers on other machines find the same one.

    Parameters
    ----------
    path
        Where it is imported from, such as `"my_runs:train"`.

    Raises
    ------
    ValueError
        Where it cannot be imported, or does not take what the sweep would give it.
    """

    path: str

    def content(self) -> dict[str, Any]:
        """Return the path."""
        return {"function": self.path}

    def check(self, names: frozenset[str]) -> None:
        """Compare the function's parameters with the names of the sweep."""
        try:
            inspect.signature(self._function).bind(None, **dict.fromkeys(names))
        except TypeError as error:
            raise ValueError(
                f"function {self.path} cannot be called as (rng, {', '.join(sorted(names))}): {error}; "
                "give its parameters the names of the factors and constants."
            ) from error

    def __call__(self, rng: np.random.Generator, point: Point, *, n_replicates: int) -> Measured:
        """Call the function; for several replicates once each, with a generator of its own."""
        if n_replicates == 1:
            return self._function(rng, **point)
        rows = [self._function(child, **point) for child in rng.spawn(n_replicates)]
        return {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}

    @cached_property
    def _function(self) -> Callable[..., dict[str, Any]]:
        module, _, name = self.path.partition(":")
        try:
            found: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(
                f'function {self.path!r} cannot be imported ({error}); write it as "module:function" and '
                "make sure that the module is installed or on PYTHONPATH."
            ) from error
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Send the name alone to workers."""
        return {"path": self.path}
