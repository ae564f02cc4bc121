"""The same table from every engine: dask on separate processes, slurm's executor on this machine."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from mtl_simulators.sweep import (
    Dask,
    EngineError,
    Levels,
    NamedSolver,
    Range,
    Recipe,
    Slurm,
    Stop,
    Store,
    SweepSpec,
    run_sweep,
    sweep,
)


@pytest.fixture
def spec():
    return SweepSpec(
        run=Recipe(problem="linear", solvers=(NamedSolver(name="pooled"),)),
        factors={"n_tasks": Levels(values=(2, 3)), "cosine": Range(low=0.0, high=1.0, points=15)},
        constants={"n_features": 12, "n_samples": 40},
        repeats=200,
    )


@pytest.fixture
def serial(spec, tmp_path):
    return sweep(spec, store=tmp_path / "serial")


@contextlib.contextmanager
def process(*command):
    """Run a module as a process for as long as the block lasts."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-m", *command], **silent) as started:
        try:
            yield started
        finally:
            started.kill()


@contextlib.contextmanager
def cluster(folder, n_workers):
    """A dask scheduler and workers as separate processes on loopback; yields the address and the workers."""
    file = folder / "scheduler.json"
    flags = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with contextlib.ExitStack() as stack:
        stack.enter_context(process("distributed.cli.dask_scheduler", *flags))
        wait_until(file.exists)
        address = json.loads(file.read_text())["address"]
        worker = ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        yield address, [stack.enter_context(process(*worker)) for _ in range(n_workers)]


def wait_until(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("nothing happened within a minute")


def test_dask_workers_on_loopback_give_the_serial_table_though_one_is_killed(spec, serial, tmp_path):
    pytest.importorskip("distributed")
    killed = []

    def kill_one(progress):
        if not killed:
            workers[0].send_signal(signal.SIGKILL)
            killed.append(progress.done)

    def both_are_up():
        with engine.start() as up:
            return up.n_blocks == 2

    with cluster(tmp_path, 2) as (address, workers):
        engine = Dask(address=address)
        wait_until(both_are_up)
        report = run_sweep(spec, store=tmp_path / "dask", engine=engine, block_points=3, listener=kill_one)
        assert workers[0].wait(timeout=10) == -signal.SIGKILL
        assert workers[1].poll() is None
    assert report.stop is Stop.FINISHED and report.progress.failed == 0
    assert killed[0] < spec.n_points
    pd.testing.assert_frame_equal(Store(tmp_path / "dask").frame(), serial, check_exact=True)


def test_a_dask_address_that_does_not_answer_is_named(spec, tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(EngineError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:1 within 1 s"):
        run_sweep(spec, store=tmp_path, engine=Dask(address="tcp://127.0.0.1:1", timeout=1))


def test_slurm_jobs_give_the_serial_table(spec, serial, tmp_path):
    pytest.importorskip("submitit")
    engine = Slurm(folder=tmp_path / "jobs", cluster="local", n_workers=2, poll_seconds=0.05)
    report = run_sweep(spec, store=tmp_path / "slurm", engine=engine, block_points=15)
    assert report.stop is Stop.FINISHED
    pd.testing.assert_frame_equal(Store(tmp_path / "slurm").frame(), serial, check_exact=True)


def test_a_slurm_job_that_is_killed_is_run_again(spec, serial, tmp_path):
    submitit = pytest.importorskip("submitit")
    engine = Slurm(folder=tmp_path / "jobs", cluster="local", n_workers=1, poll_seconds=0.05)
    submit, killed = submitit.AutoExecutor.submit, []

    def submit_and_kill_the_first(self, *args):
        job = submit(self, *args)
        if not killed:
            killed.append(job)
            os.kill(job._process.pid, signal.SIGKILL)
        return job

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submitit.AutoExecutor, "submit", submit_and_kill_the_first)
        # How long submitit waits for a network disk to show the result of a job that has ended.
        patch.setattr(submitit.Job, "_results_timeout_s", 1)
        report = run_sweep(spec, store=tmp_path / "slurm", engine=engine, block_points=15)
    assert killed and report.stop is Stop.FINISHED and report.progress.failed == 0
    pd.testing.assert_frame_equal(Store(tmp_path / "slurm").frame(), serial, check_exact=True)


def test_where_there_is_no_slurm_the_error_says_so(spec, tmp_path):
    pytest.importorskip("submitit")
    with pytest.raises(EngineError, match="slurm cannot be used here"):
        run_sweep(spec, store=tmp_path / "store", engine=Slurm(folder=tmp_path / "jobs"))


@pytest.mark.parametrize(
    ("engine", "extra"), [(Dask(), "dask"), (Slurm(folder="jobs"), "slurm")], ids=["dask", "slurm"]
)
def test_a_missing_package_names_the_extra(spec, tmp_path, monkeypatch, engine, extra):
    for module in ("distributed", "submitit"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineError, match=rf"pip install 'mtlaws\[{extra}\]'"):
        run_sweep(spec, store=tmp_path, engine=engine)
