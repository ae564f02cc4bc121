"""Running sweeps: the same table however it is cut, interrupted and shared out; and every way to stop."""

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from mtl_simulators.sweep import (
    EngineError,
    Levels,
    Local,
    NamedSolver,
    Range,
    Recipe,
    SpaceFilling,
    Stop,
    Store,
    SweepSpec,
    SweepStopped,
    run_sweep,
    sweep,
)


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True)


@pytest.fixture
def recipe():
    """Return a sweep of linear problems over four factors."""
    return SweepSpec(
        run=Recipe(
            problem="linear",
            solvers=(NamedSolver(name="pooled"), NamedSolver(name="truncated-svd")),
            measures=("risk", "transfer_gain", "sin_theta"),
        ),
        factors={
            "n_tasks": Levels(values=(2, 3)),
            "n_samples": Range(low=20, high=60, points=3),
            "cosine": Range(low=0.0, high=0.9, points=5),
            "capacity": Levels(values=(1, 2)),
        },
        constants={"n_features": 6},
        repeats=3,
    )


@pytest.fixture
def two_workers():
    return Local(n_workers=2)


def interrupted(spec, store, rng):
    """Run a sweep in pieces of random length, in blocks of random size; return the number of runs."""
    for run in range(1, 1000):
        budget = int(rng.integers(1, 12))

        def stop(progress, budget=budget):
            if progress.this_run >= budget:
                raise KeyboardInterrupt

        report = run_sweep(spec, store=store, block_points=int(rng.integers(1, 9)), listener=stop)
        if report.stop is Stop.FINISHED:
            return run
        assert report.stop is Stop.INTERRUPTED
        assert report.progress.done == Store(store).index(spec.digest, spec.n_points).done.sum()
    raise AssertionError("the sweep makes no progress")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("function", ["draw", "many_rows", "mixed", "turned"])
def test_no_cutting_and_no_interruption_changes_the_table(make_spec, tmp_path, function, seed):
    spec = make_spec(function, n_points=30)
    whole = sweep(spec, store=tmp_path / "whole")
    assert interrupted(spec, tmp_path / "pieces", np.random.default_rng(seed)) > 2
    same(Store(tmp_path / "pieces").frame(), whole)


@pytest.mark.parametrize("block_points", [1, 3, 30])
def test_columns_and_types_do_not_depend_on_the_blocks(make_spec, tmp_path, block_points):
    run_sweep(make_spec("mixed", n_points=30), store=tmp_path, block_points=block_points)
    frame = Store(tmp_path).frame()
    assert list(frame.columns) == ["point", "row", "x", "a", "point_seed", "b", "c", "d"]
    assert [frame[name].dtype.kind for name in "xabd"] == ["i", "f", "f", "f"]
    assert frame["b"].dropna().tolist() == [(1, 2.5, x % 2 == 0)[x % 4] for x in range(30) if x % 4 < 3]


@pytest.mark.parametrize("block_points", [1, 3, 30])
def test_the_first_point_says_the_order_of_the_columns(make_spec, tmp_path, block_points):
    run_sweep(make_spec("turned"), store=tmp_path, block_points=block_points)
    frame = Store(tmp_path).frame()
    assert list(frame.columns) == ["point", "row", "x", "a", "b", "point_seed"]
    assert (frame["b"] == frame["x"]).all()


def test_a_sample_of_a_space_is_cut_like_a_grid(recipe, tmp_path):
    spec = SweepSpec(
        run=recipe.run,
        factors=recipe.factors,
        constants=recipe.constants,
        design=SpaceFilling(n_points=17),
    )
    whole = sweep(spec, store=tmp_path / "whole")
    interrupted(spec, tmp_path / "pieces", np.random.default_rng(9))
    same(Store(tmp_path / "pieces").frame(), whole)
    assert whole["point"].nunique() == 17


def test_workers_and_this_process_give_the_same_table(recipe, two_workers, tmp_path):
    serial = sweep(recipe, store=tmp_path / "serial")
    same(sweep(recipe, store=tmp_path / "parallel", engine=two_workers), serial)
    assert not multiprocessing.active_children()
    assert len(serial) == recipe.n_points * 3 * 3
    assert serial.dtypes.drop("solver").map(lambda dtype: dtype.kind).isin(["i", "f"]).all()
    # An interrupted parallel run, finished by this process in other blocks.
    run_sweep(recipe, store=tmp_path / "both", engine=two_workers, block_points=7, listener=stop_at(20))
    assert 20 <= Store(tmp_path / "both").index(recipe.digest, recipe.n_points).done.sum() < 60
    same(sweep(recipe, store=tmp_path / "both"), serial)


def stop_at(n_points):
    def listener(progress):
        if progress.done >= n_points:
            raise KeyboardInterrupt

    return listener


def test_a_finished_sweep_runs_nothing(make_spec, tmp_path):
    spec = make_spec()
    whole = sweep(spec, store=tmp_path)
    report = run_sweep(spec, store=tmp_path)
    assert (report.stop, report.progress.this_run, report.progress.done) == (Stop.FINISHED, 0, 30)
    same(Store(tmp_path).frame(), whole)


def test_progress_counts_every_point_once(make_spec, tmp_path):
    seen = []
    report = run_sweep(make_spec("leave", n_points=20), store=tmp_path, block_points=6, listener=seen.append)
    assert [progress.this_run for progress in seen] == [6, 12, 18, 20]
    assert [progress.failed for progress in seen] == [2, 3, 4, 4]
    assert [progress.done for progress in seen] == [4, 9, 14, 16]
    assert seen[-1] == report.progress


def test_a_run_that_calls_exit_is_that_points_failure(make_spec, tmp_path):
    assert run_sweep(make_spec("leave", n_points=12), store=tmp_path).stop is Stop.FINISHED
    failures = Store(tmp_path).failures()
    assert failures["point"].tolist() == [0, 5, 10]
    assert set(failures["error"]) == {"SystemExit: leaving"}


def test_too_many_failures_stop_the_sweep(make_spec, tmp_path):
    spec = make_spec("leave", n_points=30)
    report = run_sweep(spec, store=tmp_path, block_points=5, max_failures=2)
    assert (report.stop, report.progress.failed, report.progress.this_run) == (Stop.TOO_MANY_FAILURES, 3, 15)
    assert len(Store(tmp_path).frame()) == 12
    # Points that failed before are tried first, and count again.
    report = run_sweep(spec, store=tmp_path, block_points=5, max_failures=6)
    assert (report.stop, report.progress.done) == (Stop.FINISHED, 24)


def test_a_point_that_kills_its_worker_is_found_and_the_others_are_run(make_spec, two_workers, tmp_path):
    # Bringing workers up again takes time: `test_queue.py` has the larger blocks.
    spec = make_spec("lethal", n_points=9)
    report = run_sweep(spec, store=tmp_path, engine=two_workers, block_points=1)
    assert (report.stop, report.progress.done, report.progress.failed) == (Stop.FINISHED, 8, 1)
    (record,) = Store(tmp_path).failures().to_dict("records")
    assert record["point"] == 7
    assert "the worker died" in record["error"]
    assert Store(tmp_path).frame()["point"].tolist() == [x for x in range(9) if x != 7]


def test_ctrl_c_in_a_run_drops_the_block_and_says_how_to_go_on(make_spec, tmp_path):
    spec = make_spec("interrupt", n_points=8)
    report = run_sweep(spec, store=tmp_path, block_points=2)
    assert report.stop is Stop.INTERRUPTED
    assert "run the same command again" in report.stop.value
    assert Store(tmp_path).frame()["point"].tolist() == [0, 1, 2, 3]
    with pytest.raises(SweepStopped, match="run the same command again"):
        sweep(spec, store=tmp_path)


def test_ctrl_c_while_writing_leaves_a_store_to_go_on_from(make_spec, tmp_path, monkeypatch):
    spec, fsync = make_spec(n_points=9), os.fsync
    whole = sweep(spec, store=tmp_path / "whole")
    for n_calls in range(1, 40):
        left = [n_calls]

        def interrupt(handle, left=left):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            fsync(handle)

        monkeypatch.setattr(os, "fsync", interrupt)
        store = tmp_path / str(n_calls)
        try:
            stop = run_sweep(spec, store=store, block_points=4).stop
        except KeyboardInterrupt:  # before the first block
            stop = Stop.INTERRUPTED
        monkeypatch.setattr(os, "fsync", fsync)
        assert not list(store.rglob(".partial-*"))
        same(sweep(spec, store=store, engine=None), whole)
        if stop is Stop.FINISHED:
            break
    assert n_calls == 9  # two for the description and two for each of three shards, all interrupted once


def test_a_script_without_a_main_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from mtl_simulators.sweep import *\n"
        "spec = SweepSpec(run=FunctionRun(path='sample_runs:draw'), factors={'x': Levels(values=(1, 2))})\n"
        f"run_sweep(spec, store={str(tmp_path / 's')!r}, engine=Local(n_workers=2))\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 1
    assert EngineError.__name__ in ended.stderr
    assert '__name__ == "__main__"' in ended.stderr


@pytest.mark.parametrize("settings", [{"block_points": 0}, {"max_failures": -1}])
def test_settings_that_make_no_sense_are_refused(make_spec, tmp_path, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        run_sweep(make_spec(), store=tmp_path / "s", **settings)
    assert not (tmp_path / "s").exists()
