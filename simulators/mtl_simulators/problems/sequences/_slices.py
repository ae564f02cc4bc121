"""Which tokens of a stream each task has labels for."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mtl_simulators._typing import IntArray


class Slices(Protocol):
    """A rule that deals tokens to tasks."""

    def tokens(self, *, n_tasks: int, n_samples: int) -> IntArray:
        """Return the positions of each task's tokens, `(T, n)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Disjoint:
    """Consecutive slices, task t having the tokens from $t n$ to $(t + 1) n - 1$: no token has two labels.

    Source: Bettgenhäuser, Hedderich and Klakow 2020.

    >>> Disjoint().tokens(n_tasks=2, n_samples=3).tolist()
    [[0, 1, 2], [3, 4, 5]]
    """

    def tokens(self, *, n_tasks: int, n_samples: int) -> IntArray:
        """Return the positions of each task's tokens, `(T, n)`."""
        return np.arange(n_tasks * n_samples).reshape(n_tasks, n_samples)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The first n tokens, for every task.

    >>> Shared().tokens(n_tasks=2, n_samples=3).tolist()
    [[0, 1, 2], [0, 1, 2]]
    """

    def tokens(self, *, n_tasks: int, n_samples: int) -> IntArray:
        """Return the positions of each task's tokens, `(T, n)`."""
        return np.tile(np.arange(n_samples), (n_tasks, 1))
