"""The store: damage is found and mended, strangers are refused, and writers exclude each other."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mtl_simulators.sweep import FunctionRun, Levels, Stop, Store, StoreError, SweepSpec, run_sweep, sweep


@pytest.fixture
def spec(make_spec):
    return make_spec(n_points=30)


@pytest.fixture
def store(spec, tmp_path):
    """Return a store with all rows, in shards of six points."""
    run_sweep(spec, store=tmp_path / "store", block_points=6)
    return Store(tmp_path / "store")


def shards(store, kind="rows"):
    return sorted((store.folder / kind).iterdir())


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def damage_truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def damage_flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def damage_empty(path):
    os.truncate(path, 0)


def damage_rename(path):
    path.rename(path.with_name("backup.parquet"))


def damage_swap(path):
    shutil.copy(next(other for other in path.parent.iterdir() if other != path), path)


@pytest.mark.parametrize("damage", [damage_truncate, damage_flip, damage_empty, damage_rename, damage_swap])
@pytest.mark.parametrize("place", [0, 2])
def test_a_damaged_shard_is_reported_set_aside_and_computed_again(spec, store, damage, place):
    whole = store.frame()
    damage(shards(store)[place])
    with pytest.raises(StoreError, match="Resume the sweep"):
        store.frame()
    index = store.index(spec.digest, spec.n_points)
    assert (len(index.damaged), index.left) == (1, 6)
    damaged = (store.folder / index.damaged[0]).read_bytes()
    report = run_sweep(spec, store=store.folder, block_points=4)
    assert report.set_aside == index.damaged
    assert report.progress.this_run == 6
    assert [path.read_bytes() for path in shards(store, "aside")] == [damaged]
    same(store.frame(), whole)


def test_a_shard_that_is_gone_is_computed_again(spec, store):
    whole = store.frame()
    shards(store)[1].unlink()
    assert run_sweep(spec, store=store.folder).progress.this_run == 6
    same(store.frame(), whole)


def test_a_shard_under_another_name_counts_once(spec, store):
    whole = store.frame()
    first = shards(store)[0]
    shutil.copy(first, first.with_name(f"copy-{first.name}"))
    first.rename(first.with_name(f"zzz-{first.name}"))
    same(store.frame(), whole)
    assert run_sweep(spec, store=store.folder).progress.this_run == 0


def test_what_is_no_shard_does_no_harm(spec, store):
    whole = store.frame()
    for name in (".DS_Store", "notes.txt", ".partial-1"):
        (store.folder / "rows" / name).write_text("nothing")
    same(store.frame(), whole)
    assert run_sweep(spec, store=store.folder).set_aside == ()
    assert not list(store.folder.rglob(".partial-*"))


def test_other_readers_see_the_same_rows(store):
    frame = pd.read_parquet(store.folder / "rows").sort_values("point", ignore_index=True)
    same(frame, store.frame())


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"digest": 1}', b"\xff\xfe"])
def test_a_damaged_or_missing_description_is_written_anew(spec, store, content):
    whole, path = store.frame(), store.folder / "sweep.json"
    before = path.read_bytes()
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StoreError, match="writes it anew"):
        store.frame()
    assert run_sweep(spec, store=store.folder).progress.this_run == 0
    assert path.read_bytes() == before
    same(store.frame(), whole)


def test_the_description_says_what_the_sweep_is(spec, store):
    description = store.description()
    assert description["digest"] == spec.digest
    assert description["n_points"] == 30
    assert description["content"] == json.loads(json.dumps(spec.content))


def test_a_folder_without_a_sweep_is_named(tmp_path):
    with pytest.raises(StoreError, match="holds no sweep"):
        Store(tmp_path / "nowhere").frame()
    assert not (tmp_path / "nowhere").exists()


def test_rows_of_another_sweep_are_refused_unless_set_aside(spec, store):
    whole = store.frame()
    other = replace(spec, seed=1)
    with pytest.raises(StoreError, match=r"another sweep.*sample_runs:draw.*--fresh"):
        run_sweep(other, store=store.folder)
    same(store.frame(), whole)
    report = run_sweep(other, store=store.folder, fresh=True)
    assert report.progress.this_run == 30
    assert len(shards(store, "aside")) == 5
    assert not np.isin(store.frame()["value"], whole["value"]).any()


def test_one_shard_of_another_sweep_is_named(spec, store, tmp_path):
    run_sweep(replace(spec, seed=1), store=tmp_path / "other")
    (stranger,) = shards(Store(tmp_path / "other"))[:1]
    shutil.copy(stranger, store.folder / "rows")
    for use in (store.frame, lambda: run_sweep(spec, store=store.folder)):
        with pytest.raises(StoreError, match=stranger.name):
            use()
    (store.folder / "rows" / stranger.name).unlink()
    assert len(store.frame()) == 30


def test_reordered_factors_are_another_sweep(tmp_path):
    # They number the points in another order: rows of the one are not rows of the other.
    factors = {"x": Levels(values=(1, 2)), "y": Levels(values=(1, 2, 3))}
    first = SweepSpec(run=FunctionRun(path="sample_runs:both"), factors=factors)
    turned = replace(first, factors=dict(reversed(factors.items())))
    run_sweep(first, store=tmp_path / "s", block_points=2)
    with pytest.raises(StoreError, match="another sweep"):
        run_sweep(turned, store=tmp_path / "s")


def test_fresh_computes_everything_again(spec, store):
    whole = store.frame()
    assert run_sweep(spec, store=store.folder, fresh=True).progress.this_run == 30
    same(store.frame(), whole)


def test_a_failure_is_kept_tried_again_and_forgotten_once_it_succeeds(make_spec, tmp_path):
    spec = make_spec("picky", n_points=8, constants={"forbidden": str(tmp_path / "ready")})
    report = run_sweep(spec, store=tmp_path / "s", block_points=3)
    assert (report.stop, report.progress.done, report.progress.failed) == (Stop.FINISHED, 7, 1)
    store = Store(tmp_path / "s")
    for _ in range(2):  # failing again adds no second record
        (record,) = store.failures().to_dict("records")
        assert record["point"] == 3
        assert json.loads(record["factors"]) == {"x": 3}
        assert record["error"] == "RuntimeError: three is not ready"
        assert "in picky" in record["trace"]
        assert record["point_seed"] == spec.point_seed({"x": 3})
        assert store.index(spec.digest, 8).failed.tolist() == [x == 3 for x in range(8)]
        assert run_sweep(spec, store=tmp_path / "s").progress.this_run == 1
    (tmp_path / "ready").touch()
    assert run_sweep(spec, store=tmp_path / "s").progress.done == 8
    assert len(store.failures()) == 0
    same(store.frame(), sweep(spec, store=tmp_path / "whole"))
    assert Store(tmp_path / "whole").failures().empty


def test_a_damaged_record_of_failures_is_mended_too(make_spec, tmp_path):
    spec = make_spec("leave", n_points=11)
    run_sweep(spec, store=tmp_path, block_points=4)
    store, before = Store(tmp_path), Store(tmp_path).failures()
    damage_truncate(shards(store, "failures")[0])
    report = run_sweep(spec, store=tmp_path, block_points=4)
    assert [name.split("/")[0] for name in report.set_aside] == ["failures"]
    same(store.failures()[["point", "factors", "error"]], before[["point", "factors", "error"]])


def test_a_second_writer_in_the_same_process_is_refused(spec, tmp_path):
    seen = []

    def second(progress):
        with pytest.raises(StoreError, match="another sweep is writing"):
            run_sweep(spec, store=tmp_path)
        seen.append(progress.done)

    run_sweep(spec, store=tmp_path, block_points=10, listener=second)
    assert seen == [10, 20, 30]


def test_of_threads_that_start_together_one_writes(spec, tmp_path):
    barrier, outcomes = threading.Barrier(4), []

    def start():
        barrier.wait()
        try:
            outcomes.append(run_sweep(spec, store=tmp_path, block_points=1).stop)
        except StoreError as error:
            outcomes.append("another sweep is writing" in str(error))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Stop.FINISHED in outcomes
    assert set(outcomes) <= {Stop.FINISHED, True}
    assert len(Store(tmp_path).frame()) == 30


@pytest.mark.parametrize("folder", ["file/store", "/proc/store"])
def test_a_folder_that_cannot_be_written_is_named(spec, tmp_path, folder):
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / folder
    with pytest.raises(StoreError, match=f"cannot write to {path}"):
        run_sweep(spec, store=path)


@contextmanager
def small_tmpfs(folder, kilobytes):
    """A file system of its own that is soon full."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a tmpfs needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def small_files(folder, kilobytes):
    """A limit on the size of files, which any user may set: the write itself fails, with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, hard))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_stops_the_sweep_and_keeps_what_is_finished(make_spec, tmp_path):
    spec = make_spec("heavy_words", n_points=40)
    with small_tmpfs(tmp_path / "disk", kilobytes=400) as disk:
        store = Store(disk / "store")
        kept = []
        report = run_sweep(
            spec, store=store.folder, block_points=2, listener=lambda progress: kept.append(progress.done)
        )
        assert report.stop is Stop.NOT_WRITTEN
        assert os.strerror(errno.ENOSPC) in report.detail
        assert 2 <= report.progress.done == kept[-1] == store.index(spec.digest, 40).done.sum() < 40
        assert not list(store.folder.rglob(".partial-*"))
        kept_rows = store.frame()
        # Nor does a second attempt lose anything, wherever it stops.
        try:
            assert run_sweep(spec, store=store.folder, block_points=2).stop is Stop.NOT_WRITTEN
        except StoreError as error:
            assert "make room" in str(error)
        same(store.frame(), kept_rows)
        # With room, it goes on where it stopped.
        shutil.copytree(store.folder, tmp_path / "roomy")
    assert run_sweep(spec, store=tmp_path / "roomy").progress.this_run == 40 - kept[-1]
    same(Store(tmp_path / "roomy").frame(), sweep(spec, store=tmp_path / "whole"))


def test_a_write_that_the_system_cuts_short_keeps_what_is_finished(make_spec, tmp_path):
    spec = make_spec("heavy_words", n_points=10)
    run_sweep(spec, store=tmp_path / "s", block_points=1, listener=stop_after(4))
    store = Store(tmp_path / "s")
    with small_files(tmp_path, kilobytes=8):
        report = run_sweep(spec, store=store.folder, block_points=5)
    assert report.stop is Stop.NOT_WRITTEN
    assert os.strerror(errno.EFBIG) in report.detail
    assert store.frame()["point"].tolist() == [0, 1, 2, 3]
    assert not list(store.folder.rglob(".partial-*"))
    run_sweep(spec, store=store.folder)
    same(store.frame(), sweep(spec, store=tmp_path / "whole"))


def stop_after(n_points):
    """Return a listener that ends a run as Ctrl-C does."""

    def listener(progress):
        if progress.done >= n_points:
            raise KeyboardInterrupt

    return listener
