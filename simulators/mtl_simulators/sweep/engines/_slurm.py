"""A slurm cluster, through submitit."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtl_simulators._validation import positive_int
from mtl_simulators.sweep.engines._engine import EngineError, Workers
from mtl_simulators.sweep.engines._extras import on_one_blas_thread, require


@dataclass(frozen=True, kw_only=True)
class Slurm:
    """Jobs of a slurm cluster, one a block.

    Parameters
    ----------
    folder
        Where submitit keeps its scripts and logs; all nodes must see it.
    n_workers
        Jobs that are queued or running at the same time.
    settings
        Parameters of submitit's executor, such as `{"slurm_partition": "cpu", "timeout_min": 60}`.
    cluster
        `"slurm"`, or `"local"` for processes on this machine.
    block_seconds
        How long a block should take: long, for a job waits in a queue.
    poll_seconds
        How often the jobs are asked whether they are done.
    """

    folder: Path
    n_workers: int = 16
    settings: Mapping[str, Any] = field(default_factory=dict)
    cluster: str = "slurm"
    block_seconds: float = 600.0
    poll_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Check the number of jobs."""
        positive_int("n_workers", self.n_workers)

    @contextmanager
    def start(self) -> Iterator[Workers]:
        """Find the cluster; jobs that are still there at the end are cancelled.

        Raises
        ------
        EngineError
            Where submitit is not installed, there is no slurm here, or it does not know a setting.
        """
        submitit = require("submitit", extra="slurm")
        try:
            executor = submitit.AutoExecutor(folder=self.folder, cluster=self.cluster)
            executor.update_parameters(**self.settings)
        except (RuntimeError, ValueError, NameError) as error:
            raise EngineError(f"slurm cannot be used here: {error}") from error
        jobs = _JobExecutor(executor, poll_seconds=self.poll_seconds)
        try:
            yield Workers(executor=jobs, n_blocks=self.n_workers)
        finally:
            jobs.shutdown(wait=True, cancel_futures=True)

    def lost_worker(self, error: BaseException) -> bool:
        """Return whether a job ended without a result: killed, out of time or memory."""
        utils = require("submitit.core.utils", extra="slurm")
        died: type[BaseException] = utils.UncompletedJobError
        failed: type[BaseException] = utils.FailedJobError
        return isinstance(error, died) and not isinstance(error, failed)


class _JobExecutor(Executor):
    """Futures of the standard library for submitit's jobs, watched by one thread."""

    def __init__(self, executor: Any, *, poll_seconds: float) -> None:
        self._executor, self._poll_seconds = executor, poll_seconds
        self._jobs: dict[Any, Future[Any]] = {}
        self._changed = threading.Lock()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Queue a job."""
        future: Future[Any] = Future()
        job = self._executor.submit(on_one_blas_thread, fn, *args, **kwargs)
        with self._changed:
            self._jobs[job] = future
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop watching, and cancel what is left where asked to."""
        self._ended.set()
        if wait:
            self._watcher.join()
        if cancel_futures:
            for job in self._jobs:
                job.cancel()

    def _watch(self) -> None:
        while not self._ended.wait(self._poll_seconds):
            with self._changed:
                finished = [job for job in self._jobs if job.done()]
                futures = [(job, self._jobs.pop(job)) for job in finished]
            for job, future in futures:
                try:
                    future.set_result(job.result())
                except BaseException as error:
                    future.set_exception(error)
