"""Sweeps that are killed: real processes and real signals."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mtl_simulators.sweep import (
    Levels,
    Local,
    NamedSolver,
    Range,
    Recipe,
    Stop,
    Store,
    SweepSpec,
    run_sweep,
    sweep,
)


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True)


@pytest.fixture(scope="module")
def context():
    """Return processes that are forked from a fresh one with everything imported, so that they start fast."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mtl_simulators.sweep", "pyarrow.parquet", "pandas"])
    return context


@pytest.fixture
def start(context):
    """Return a function that runs a sweep in a process of its own; what still runs at the end is killed."""
    import sample_runs

    started = []

    def start(spec, store, *, n_workers, block_points, kept):
        engine = Local(n_workers=n_workers)
        process = context.Process(
            target=sample_runs.run_in_child, args=(spec, store, engine, block_points, kept)
        )
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join()


def lines(path):
    return path.read_text().split() if path.exists() else []


def promised(kept):
    """Return how many points a child has been told are safe."""
    return max((int(line) for line in lines(kept) if line != "start"), default=0)


def stored(store, spec):
    return int(store.index(spec.digest, spec.n_points).done.sum())


def wait_until(holds, seconds=120):
    """Poll, for what other processes do announces itself on the disk alone."""
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.005)


def slow_spec(make_spec, tmp_path, n_points):
    return make_spec("slow", n_points=n_points, constants={"log": str(tmp_path / "log")})


def test_ten_kills_in_a_row_lose_a_block_each_at_most(make_spec, start, tmp_path):
    n_points, block_points = 600, 8
    spec, log, kept = slow_spec(make_spec, tmp_path, n_points), tmp_path / "log", tmp_path / "kept"
    store, rng = Store(tmp_path / "s"), np.random.default_rng(0)
    log.touch()
    for kills in range(1, 11):
        process = start(spec, store.folder, n_workers=1, block_points=block_points, kept=str(kept))
        enough = log.stat().st_size + rng.integers(40)
        wait_until(lambda enough=enough: log.stat().st_size >= enough)
        time.sleep(rng.uniform(0, 0.02))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        done = stored(store, spec)
        assert done >= promised(kept)
        assert log.stat().st_size - done <= kills * block_points
    assert 0 < done < n_points
    report = run_sweep(spec, store=store.folder)
    assert report.set_aside == ()
    assert report.progress.this_run == n_points - done
    same(store.frame(), sweep(spec, store=tmp_path / "serial"))


def children_of(pid):
    """Return the processes below one, from the system's own table."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def test_workers_do_not_outlive_a_parent_that_is_killed(make_spec, start, tmp_path):
    n_points, block_points = 20_000, 20
    spec, kept = slow_spec(make_spec, tmp_path, n_points), tmp_path / "kept"
    process = start(spec, tmp_path / "s", n_workers=2, block_points=block_points, kept=str(kept))
    wait_until(lambda: len(lines(kept)) > 4)
    workers = children_of(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.join()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), seconds=20)
    log = tmp_path / "log"
    executed, done = log.stat().st_size, stored(Store(tmp_path / "s"), spec)
    assert done >= promised(kept)
    assert executed - done <= 2 * block_points
    time.sleep(0.1)
    assert log.stat().st_size == executed
    # The lock went with the process.
    assert run_sweep(spec, store=tmp_path / "s", block_points=1, listener=interrupt).stop is Stop.INTERRUPTED


def interrupt(progress):
    raise KeyboardInterrupt


def test_of_two_processes_one_writes_and_ctrl_c_ends_it_well(make_spec, start, context, tmp_path):
    spec, kept = slow_spec(make_spec, tmp_path, 20_000), tmp_path / "kept"
    first = start(spec, tmp_path / "s", n_workers=1, block_points=5, kept=str(kept))
    wait_until(lambda: len(lines(kept)) > 1)
    second = start(spec, tmp_path / "s", n_workers=1, block_points=5, kept=str(tmp_path / "other"))
    second.join()
    assert second.exitcode == 1  # refused, with an exception
    assert lines(tmp_path / "other") == ["start"]
    os.kill(first.pid, signal.SIGINT)
    first.join()
    assert first.exitcode == 0
    done = stored(Store(tmp_path / "s"), spec)
    assert promised(kept) <= done <= promised(kept) + 5  # kept, and stopped before it could say so
    assert (tmp_path / "log").stat().st_size - done <= 5
    assert not list((tmp_path / "s").rglob(".partial-*"))


@pytest.mark.slow
def test_a_hundred_thousand_points_survive_ten_kills_bit_for_bit(start, tmp_path):
    """Two workers, killed with their parent at random moments: the table is that of a serial run."""
    spec = SweepSpec(
        run=Recipe(problem="label-channel", solvers=(NamedSolver(name="pooled"),)),
        factors={
            "n_tasks": Levels(values=(2, 3, 4, 6, 8)),
            "n_samples": Range(low=10, high=100, points=20, log=True),
            "cosine": Range(low=0.6, high=1.0, points=20),
            "ami": Range(low=0.001, high=0.05, points=50),
        },
        constants={"n_features": 5},
    )
    assert spec.n_points == 100_000
    store, kept, rng = Store(tmp_path / "s"), tmp_path / "kept", np.random.default_rng(0)
    for _ in range(10):
        process = start(spec, store.folder, n_workers=2, block_points=50, kept=str(kept))
        enough = len(lines(kept)) + rng.integers(1, 60)
        wait_until(lambda enough=enough: len(lines(kept)) >= enough)
        time.sleep(rng.uniform(0, 0.5))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert stored(store, spec) >= promised(kept)
    assert 0 < stored(store, spec) < spec.n_points
    parallel = sweep(spec, store=store.folder, engine=Local(n_workers=2))
    serial = sweep(spec, store=tmp_path / "serial")
    same(parallel, serial)
    assert parallel["point"].nunique() + len(store.failures()) == spec.n_points
    same(store.failures(), Store(tmp_path / "serial").failures())
