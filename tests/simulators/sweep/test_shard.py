"""Shards: whole or not there, and known when they are damaged."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mtl_simulators.sweep._shard import DamagedShard, read_shard, write_durably, write_shard


@pytest.fixture
def table():
    values = np.random.default_rng(0).standard_normal(40)
    return pa.table({"point": np.arange(40), "value": values}).replace_schema_metadata({"sweep": "this"})


def test_a_shard_comes_back_with_its_metadata(table, tmp_path):
    path = write_shard(tmp_path, table)
    assert read_shard(path).equals(table, check_metadata=True)
    assert read_shard(path, columns=["point"]).column_names == ["point"]
    assert write_shard(tmp_path, table) == path
    assert list(tmp_path.iterdir()) == [path]


def test_every_kind_of_damage_is_known(table, tmp_path):
    path = write_shard(tmp_path, table)
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    damaged = [content[:size] for size in (0, 1, 4, len(content) // 2, len(content) - 1)]
    for place in rng.integers(len(content), size=50).tolist():
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(flipped))
    for wrong in [*damaged, content + b"\0", b"\0" * len(content)]:
        path.write_bytes(wrong)
        with pytest.raises(DamagedShard, match="damaged"):
            read_shard(path)


def test_a_shard_that_cannot_be_read_is_damaged(tmp_path):
    (tmp_path / "0-0.parquet").mkdir()
    with pytest.raises(DamagedShard, match="cannot be read"):
        read_shard(tmp_path / "0-0.parquet")


def test_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(handle):
        events.append(("fsync", os.readlink(f"/proc/self/fd/{handle}"), os.fstat(handle).st_size))
        fsync(handle)

    def note_replace(path, target):
        events.append(("replace", str(path), str(target)))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    write_durably(tmp_path / "file", b"12345")
    temporary = events[0][1]
    assert events[0] == ("fsync", temporary, 5)
    assert events[1] == ("replace", temporary, str(tmp_path / "file"))
    assert events[2][:2] == ("fsync", str(tmp_path))
    assert len(events) == 3


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    def fail(handle):
        raise error

    write_durably(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_durably(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
