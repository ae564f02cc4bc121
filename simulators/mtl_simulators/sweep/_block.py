"""The unit of scheduling: a block of points, run by one worker, kept by one shard."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mtl_simulators.sweep._factors import Point
from mtl_simulators.sweep._spec import RESERVED, Measured, SweepSpec

Columns: TypeAlias = dict[str, npt.NDArray[Any]]

# One type of column for each kind of NumPy's, so that a table does not depend on which points share a block.
_COLUMN_TYPES: dict[str, type] = {
    "b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64, "U": np.str_, "T": np.str_,
}  # fmt: skip
_PLAIN = frozenset({bool, float, str, np.float64})  # not int, which may exceed 64 bits


@dataclass(frozen=True, kw_only=True)
class FailedPoint:
    """A point whose run raised."""

    index: int
    point: Point
    seed: int
    error: str
    trace: str = ""

    @classmethod
    def of(cls, error: BaseException, *, index: int, point: Point, seed: int) -> "FailedPoint":
        """Return the record of an exception, in characters that any file can hold."""
        summary = "".join(traceback.format_exception_only(error)).strip()
        summary, trace = (
            text.encode(errors="backslashreplace").decode()
            for text in (summary, "".join(traceback.format_exception(error)))
        )
        return cls(index=index, point=point, seed=seed, error=summary, trace=trace)


@dataclass(frozen=True, kw_only=True)
class Block:
    """The rows of a block of points, as columns, and the points that failed.

    Parameters
    ----------
    tables
        Columns of one length: `point`, `row`, the factors, what was measured, `point_seed`; one table
        for each set of measured columns and their types.
    failures
        The points whose run raised.
    seconds
        Time that the block took, to size the next one.
    """

    tables: tuple[Columns, ...]
    failures: tuple[FailedPoint, ...] = field(default=())
    seconds: float = 0.0


def run_block(spec: SweepSpec, indices: npt.NDArray[np.int64]) -> Block:
    """Run some points of a sweep, one after the other, each from its own generator."""
    start = perf_counter()
    groups: dict[object, _Rows] = {}
    failures = []
    for index, point in zip(indices.tolist(), spec.points(indices), strict=True):
        seed = spec.point_seed(point)
        given = {**spec.constants, **point}
        given.pop("seed", None)
        try:
            measured = spec.run(np.random.default_rng(seed), given, n_replicates=spec.repeats)
            values, signature = _checked(point, measured)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # even `sys.exit()` in a run is that point's failure alone
            failures.append(FailedPoint.of(error, index=index, point=point, seed=seed))
        else:
            if signature not in groups:
                groups[signature] = _Rows()
            groups[signature].add(index, point, seed, values)
    tables = tuple(rows.columns() for rows in groups.values())
    return Block(tables=tables, failures=tuple(failures), seconds=perf_counter() - start)


def _checked(point: Point, measured: Measured) -> tuple[dict[str, Any], object]:
    """Return what was measured at a point, and what it shares with the points of its table.

    The values are plain ones, one row, or arrays of one length.
    """
    if not isinstance(measured, (dict, Mapping)) or not measured:
        raise ValueError("the run returned no columns; return a mapping of names to values.")
    if not (RESERVED.isdisjoint(measured) and point.keys().isdisjoint(measured)):
        clash = min(measured.keys() & {*RESERVED, *point})
        raise ValueError(f"the run returned a column {clash!r}, which the sweep writes; rename it.")
    types = tuple(map(type, measured.values()))
    if _PLAIN.issuperset(types):
        return dict(measured), (*measured, *types)  # the common case of one row, kept cheap
    arrays = {name: _column(name, values) for name, values in measured.items()}
    lengths = {array.size for array in arrays.values() if array.ndim}
    if len(lengths) > 1 or 0 in lengths or any(array.ndim > 1 for array in arrays.values()):
        shapes = {name: array.shape for name, array in arrays.items()}
        raise ValueError(f"the run returned columns of shapes {shapes}; return one number a row in each.")
    count = lengths.pop() if lengths else 1
    columns = {name: array if array.ndim else np.repeat(array, count) for name, array in arrays.items()}
    return columns, (*columns, *(array.dtype.kind for array in columns.values()))


def _column(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return values as Booleans, 64-bit integers, 64-bit floats or words."""
    array = np.asarray(values)
    target = _COLUMN_TYPES.get(array.dtype.kind)
    if target is None or (array.dtype.kind == "u" and array.max(initial=0) > np.iinfo(np.int64).max):
        raise ValueError(
            f"the run returned {name!r} as {array.dtype}; return numbers of at most 64 bits, or words."
        )
    return array.astype(target, copy=False)


class _Rows:
    """Rows with the same columns, gathered point by point, turned into a table once."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.indices: list[int] = []
        self.seeds: list[int] = []
        self.values: list[dict[str, Any]] = []

    def add(self, index: int, point: Point, seed: int, values: dict[str, Any]) -> None:
        """Take the rows of one point."""
        self.points.append(point)
        self.indices.append(index)
        self.seeds.append(seed)
        self.values.append(values)

    def columns(self) -> Columns:
        """Return the table."""
        some = next(iter(self.values[0]))
        arrays = isinstance(self.values[0][some], np.ndarray)
        join = np.concatenate if arrays else np.array
        counts = (
            np.array([values[some].size for values in self.values]) if arrays else np.ones_like(self.indices)
        )
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        factors = {
            name: np.repeat(np.array([point[name] for point in self.points]), counts)
            for name in self.points[0]
        }
        return {
            "point": np.repeat(np.array(self.indices, dtype=np.int64), counts),
            "row": np.arange(counts.sum()) - starts,
            **factors,
            **{name: join([values[name] for values in self.values]) for name in self.values[0]},
            "point_seed": np.repeat(np.array(self.seeds, dtype=np.int64), counts),
        }
