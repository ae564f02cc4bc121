"""What the engines of other packages share: a clear word where one is missing, one BLAS thread a block."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from mtl_simulators.sweep.engines._engine import EngineError
from mtl_simulators.sweep.engines._threads import limit_blas_threads

Result = TypeVar("Result")


def require(module: str, *, extra: str) -> ModuleType:
    """Import a module of an optional package.

    Raises
    ------
    EngineError
        Where it is not installed, naming the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise EngineError(
            f"this engine needs {module}, which is not installed; pip install 'mtlaws[{extra}]'."
        ) from error


def on_one_blas_thread(function: Callable[..., Result], *args: Any) -> Result:
    """Run a function in a process that keeps to one BLAS thread from now on."""
    limit_blas_threads()
    return function(*args)
