"""One block on disk: a Parquet file that is either whole or not there."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mtl_simulators.sweep._block import Columns, FailedPoint
from mtl_simulators.sweep._spec import canonical_json

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIX = ".parquet"
TEMPORARY = ".partial-"


class DamagedShard(Exception):
    """A shard whose bytes are not those that were written."""


def rows_table(columns: Columns, metadata: dict[str, str]) -> "pa.Table":
    """Return rows of a block as an Arrow table."""
    import pyarrow as pa

    return pa.table(columns).replace_schema_metadata(metadata)


def failures_table(failures: tuple[FailedPoint, ...], metadata: dict[str, str]) -> "pa.Table":
    """Return failed points as an Arrow table, factors as JSON."""
    import pyarrow as pa

    columns: dict[str, list[Any]] = {
        "point": [failure.index for failure in failures],
        "factors": [canonical_json(failure.point).decode() for failure in failures],
        "error": [failure.error for failure in failures],
        "trace": [failure.trace for failure in failures],
        "point_seed": [failure.seed for failure in failures],
    }
    return pa.table(columns).replace_schema_metadata(metadata)


def write_shard(folder: Path, table: "pa.Table") -> Path:
    """Write a table so that a crash leaves the whole file or none.

    The bytes go to a temporary file, are forced to the disk, and only then get their name, which holds their
    hash: a reader knows a damaged shard from its name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=True)
    content = sink.getvalue()
    first = table["point"][0].as_py()
    path = folder / f"{first:010d}-{_digest(content)}{SUFFIX}"
    write_durably(path, content)
    return path


def write_durably(path: Path, content: Any) -> None:
    """Write bytes to a temporary file, fsync, rename, fsync the folder; leave nothing behind on failure."""
    # Not the suffix of a shard, for other readers of the folder.
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_shard(path: Path, columns: list[str] | None = None) -> "pa.Table":
    """Read a shard whose bytes are still the ones that its name promises.

    Raises
    ------
    DamagedShard
        On a truncated, changed or unreadable file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedShard(f"{path.name} cannot be read: {error.strerror}.") from error
    promised = path.name.removesuffix(SUFFIX).rpartition("-")[2]
    if _digest(content) != promised:
        raise DamagedShard(f"{path.name} is damaged: its bytes are not those that were written.")
    return pq.read_table(pa.BufferReader(content), columns=columns)


def shard_points(table: "pa.Table") -> npt.NDArray[np.int64]:
    """Return the points of a shard, each once."""
    return np.unique(table["point"].to_numpy())


def _digest(content: Any) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can sync a folder."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
