"""The store: a folder of shards that survives whatever happens to its writers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import BoolArray
from mtl_simulators.sweep._block import Block
from mtl_simulators.sweep._shard import (
    SUFFIX,
    TEMPORARY,
    DamagedShard,
    failures_table,
    read_shard,
    rows_table,
    shard_points,
    write_durably,
    write_shard,
)
from mtl_simulators.sweep._spec import SweepSpec
from mtl_simulators.sweep._version import code_version

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS, FAILURES, ASIDE = "rows", "failures", "aside"


class StoreError(Exception):
    """The store cannot be used as asked; the message names the remedy."""


@dataclass(frozen=True, kw_only=True)
class Index:
    """What a store holds of a sweep, read off its shards.

    Parameters
    ----------
    done, failed
        Flags per point of the design; a failed point has an error and no rows.
    damaged
        Names of shards that cannot be trusted.
    """

    done: BoolArray
    failed: BoolArray
    damaged: tuple[str, ...]

    @property
    def left(self) -> int:
        """Number of points that have no rows yet, failed ones included."""
        return int(self.done.size - self.done.sum())


@dataclass(frozen=True)
class Store:
    """A folder with the rows of one sweep.

    `rows/` and `failures/` hold one Parquet file a block (one for each set of columns where its points
    differ), named after its first point and the hash of its bytes; `sweep.json` says what the sweep is;
    `aside/` keeps what was damaged or replaced. The shards alone count: nothing else has to survive. Read
    them with `Store(folder).frame()`, `pandas.read_parquet(folder / "rows")` or DuckDB's
    `read_parquet('folder/rows/*.parquet')`.

    Parameters
    ----------
    folder
        Path of the folder.
    """

    folder: Path

    def __post_init__(self) -> None:
        """Accept any kind of path."""
        object.__setattr__(self, "folder", Path(self.folder))

    def frame(self) -> "pd.DataFrame":
        """Return all finished rows, ordered by point and row, as one data frame.

        The same sweep gives the same frame bit for bit, however it was cut into blocks.

        Raises
        ------
        StoreError
            Where there is no store, or a shard is damaged.
        """
        import pandas as pd

        tables = self._read(ROWS)
        if not tables:
            return pd.DataFrame({"point": np.zeros(0, dtype=np.int64)})
        # A point that stands in two shards, after a copy of one was put back, counts once.
        return _sorted(tables, ["point", "row"])

    def failures(self) -> "pd.DataFrame":
        """Return the points that failed and have no rows: factors (JSON), error, trace, seed."""
        import pandas as pd

        tables = self._read(FAILURES)
        if not tables:
            return pd.DataFrame({"point": np.zeros(0, dtype=np.int64)})
        failed = _sorted(tables, ["point", "error"]).drop_duplicates("point")
        finished = [shard_points(table) for table in self._read(ROWS, columns=["point"])]
        return failed[
            ~failed["point"].isin(np.concatenate([np.zeros(0, dtype=np.int64), *finished]))
        ].reset_index(drop=True)

    def description(self) -> dict[str, Any]:
        """Return what `sweep.json` says: content, digest, number of points, code version.

        Raises
        ------
        StoreError
            Where there is no store, or the file is damaged.
        """
        path = self.folder / "sweep.json"
        try:
            description = json.loads(path.read_text(encoding="utf-8"))
            return {name: description[name] for name in ("digest", "n_points", "version", "content")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            if not (self.folder / ROWS).is_dir():
                raise StoreError(
                    f"{self.folder} holds no sweep; name the folder given to --store."
                ) from error
            raise StoreError(
                f"{path} is missing or damaged; resume the sweep with its spec, which writes it anew."
            ) from error

    def index(self, digest: str, n_points: int) -> Index:
        """Return which points of a sweep are here, from the shards alone.

        Raises
        ------
        StoreError
            Where a shard belongs to another sweep.
        """
        flags = {kind: np.zeros(n_points, dtype=np.bool_) for kind in (ROWS, FAILURES)}
        damaged = []
        for kind, flag in flags.items():
            for path in self._shards(kind):
                try:
                    table = self._open(path, digest, columns=["point"])
                except DamagedShard:
                    damaged.append(f"{kind}/{path.name}")
                else:
                    flag[shard_points(table)] = True
        failed = flags[FAILURES] & ~flags[ROWS]
        return Index(done=flags[ROWS], failed=failed, damaged=tuple(damaged))

    @contextmanager
    def writer(self, spec: SweepSpec) -> "Iterator[Writer]":
        """Become the only writer, for as long as the block runs.

        Raises
        ------
        StoreError
            Where another process writes, or the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        with self._writable():
            for kind in (ROWS, FAILURES, ASIDE):
                (self.folder / kind).mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "writer.lock")
            try:
                lock.acquire(blocking=False)
            except Timeout as error:
                raise StoreError(
                    f"another sweep is writing to {self.folder}; wait until it ends, or choose another "
                    "--store."
                ) from error
        try:
            yield Writer(store=self, spec=spec)
        finally:
            lock.release()

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"cannot write to {self.folder} ({error.strerror}); make room, or choose a folder of yours "
                "with --store."
            ) from error

    def _shards(self, kind: str) -> list[Path]:
        # Whatever its name: a shard that was renamed is damaged, not overlooked.
        return sorted((self.folder / kind).glob(f"*{SUFFIX}"))

    def _open(self, path: Path, digest: str, *, columns: list[str] | None = None) -> "pa.Table":
        """Read a shard of this sweep; refuse one of another."""
        table = read_shard(path, columns=columns)
        owner = (table.schema.metadata or {}).get(b"sweep", b"").decode()
        if owner != digest:
            raise StoreError(
                f"{path} holds rows of another sweep ({self._owner(owner)}); choose another --store, or "
                "--fresh to set all rows here aside and start anew."
            )
        return table

    def _owner(self, digest: str) -> str:
        """Say in words what another sweep is, as far as `sweep.json` tells."""
        try:
            description = self.description()
        except StoreError:
            return f"digest {digest}"
        if description["digest"] != digest:
            return f"digest {digest}"
        return f"{description['n_points']} points of {json.dumps(description['content'])[:200]}"

    def _read(self, kind: str, *, columns: list[str] | None = None) -> "list[pa.Table]":
        """Read all shards of a kind."""
        digest = self.description()["digest"]
        try:
            return [self._open(path, digest, columns=columns) for path in self._shards(kind)]
        except DamagedShard as error:
            raise StoreError(
                f"{self.folder}: {error} Resume the sweep, which computes those points again."
            ) from error


@dataclass(frozen=True, kw_only=True)
class Writer:
    """The one process that may change a store."""

    store: Store
    spec: SweepSpec

    def start(self, *, fresh: bool) -> Index:
        """Set damaged shards aside (all of them where a fresh start is asked for) and return what is left.

        Raises
        ------
        StoreError
            Where the folder cannot be written, or holds rows of another sweep.
        """
        with self.store._writable():
            return self._start(fresh)

    def _start(self, fresh: bool) -> Index:
        self._remove_leftovers()
        if fresh:
            self._set_aside([path for kind in (ROWS, FAILURES) for path in self.store._shards(kind)])
        index = self.store.index(self.spec.digest, self.spec.n_points)
        self._set_aside([self.store.folder / name for name in index.damaged])
        description = {
            "digest": self.spec.digest,
            "n_points": self.spec.n_points,
            "version": code_version(),
            "content": self.spec.content,
        }
        write_durably(
            self.store.folder / "sweep.json", (json.dumps(description, indent=2) + "\n").encode("utf-8")
        )
        return index

    def keep(self, block: Block) -> None:
        """Write a finished block; when this returns it survives a power cut."""
        metadata = {"sweep": self.spec.digest, "version": code_version()}
        for columns in block.tables:
            write_shard(self.store.folder / ROWS, rows_table(columns, metadata))
        if block.failures:
            write_shard(self.store.folder / FAILURES, failures_table(block.failures, metadata))

    def _remove_leftovers(self) -> None:
        """Remove what writers that were killed had not finished."""
        for folder in (self.store.folder, self.store.folder / ROWS, self.store.folder / FAILURES):
            for leftover in folder.glob(f"{TEMPORARY}*"):
                leftover.unlink(missing_ok=True)

    def _set_aside(self, paths: list[Path]) -> None:
        for path in paths:
            target = self.store.folder / ASIDE / f"{path.parent.name}-{path.name}"
            path.replace(target)


def _sorted(tables: "list[pa.Table]", order: list[str]) -> "pd.DataFrame":
    """Return the rows of all shards, each once, in a way that does not depend on how the blocks were cut.

    Columns that all shards have come first, as the first point has them, then the others by name; a column
    of several types takes the widest.
    """
    import pyarrow as pa

    tables = sorted(tables, key=lambda table: table["point"][0].as_py())
    widths = (pa.bool_(), pa.int64(), pa.float64(), pa.string())
    types: dict[str, pa.DataType] = {}
    for field in (field for table in tables for field in table.schema):
        types[field.name] = max(types.get(field.name, field.type), field.type, key=widths.index)
    common = [name for name in types if all(name in table.column_names for table in tables)]
    names = [*common, *sorted(types.keys() - common)]
    alike = [
        table.cast(pa.schema([(name, types[name]) for name in table.column_names]), safe=False)
        for table in tables
    ]
    frame: pd.DataFrame = pa.concat_tables(alike, promote_options="default").select(names).to_pandas()
    return frame.sort_values(order, kind="stable", ignore_index=True).drop_duplicates(
        order, ignore_index=True
    )
