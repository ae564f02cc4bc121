"""Which points are run next, and how many at a time."""

from collections import deque
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray

Indices: TypeAlias = npt.NDArray[np.int64]
# Flags that are looked through at a time, and points a block at most: both bound memory, at half a megabyte
# of numbers and some megabytes of rows.
WINDOW = 65_536
LARGEST = 20_000


class BlockQueue:
    """The points of a sweep that are not done, handed out in blocks.

    Blocks that were under way when a worker died are suspects: they are run again one at a time, cut in
    halves, until the point that kills is alone.

    Parameters
    ----------
    done
        Flags per point.
    size
        Points a block; None to make blocks last `seconds`.
    seconds
        How long a block should take.
    """

    def __init__(self, done: BoolArray, *, size: int | None, seconds: float) -> None:
        self._done, self._fixed, self._seconds = done, size, seconds
        self._size = 1 if size is None else size
        self._next = 0
        self._window: Indices = np.zeros(0, dtype=np.int64)
        self._suspects: deque[Indices] = deque()
        self._testing = False
        self._second_chance: set[int] = set()

    def __bool__(self) -> bool:
        """Return whether anything is left."""
        self._look_ahead()
        return bool(self._suspects) or self._window.size > 0

    def take(self, *, alone: bool) -> Indices | None:
        """Return the next block; None where nothing is left, or the next must run alone and cannot yet."""
        if alone:
            self._testing = bool(self._suspects)
            if self._testing:
                return self._suspects.popleft()
        elif self._testing or self._suspects:
            return None
        self._look_ahead()
        block, self._window = self._window[: self._size], self._window[self._size :]
        return block if block.size else None

    def learn(self, n_points: int, seconds: float) -> None:
        """Size the next blocks by a finished one; grow by a factor of eight at most, early blocks mislead."""
        if self._fixed is None and seconds > 0:
            fitting = min(n_points * self._seconds / seconds, 8 * self._size, LARGEST)
            self._size = max(1, int(fitting))

    def suspect(self, blocks: list[Indices]) -> list[int]:
        """Queue blocks whose worker died; return the points that died alone twice, which are given up."""
        given_up = []
        for block in blocks:
            if block.size > 1 and len(blocks) == 1:
                self._suspects.extend(np.array_split(block, 2))
            elif block.size == 1 and len(blocks) == 1 and int(block[0]) in self._second_chance:
                given_up.append(int(block[0]))
            else:
                if len(blocks) == 1:
                    self._second_chance.add(int(block[0]))
                self._suspects.append(block)
        return given_up

    def _look_ahead(self) -> None:
        """Have at least one block's worth of points at hand, without ever listing all of them."""
        while self._window.size < self._size and self._next < self._done.size:
            ahead = np.flatnonzero(~self._done[self._next : self._next + WINDOW]) + self._next
            self._window = np.concatenate([self._window, ahead])
            self._next += WINDOW
