"""What an engine is: somewhere to run blocks."""

from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class EngineError(Exception):
    """The workers cannot be brought up, or are gone; the message names the remedy."""


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Workers that are up.

    Parameters
    ----------
    executor
        Takes a function and hands back a standard future.
    n_blocks
        Blocks that run at the same time.
    """

    executor: Executor
    n_blocks: int


class Engine(Protocol):
    """A frozen description of workers; `start` brings them up. Scheduling stops at blocks."""

    @property
    def block_seconds(self) -> float:
        """How long a block should take, so that handing it over costs nothing beside it."""
        ...

    def start(self) -> AbstractContextManager[Workers]:
        """Bring the workers up for as long as the context lasts; when it ends none is left behind."""
        ...

    def lost_worker(self, error: BaseException) -> bool:
        """Return whether an error says that a worker died, not that the work is wrong."""
        ...
