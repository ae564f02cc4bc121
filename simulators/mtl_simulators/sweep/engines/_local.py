"""Processes on this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mtl_simulators._validation import positive_int
from mtl_simulators.sweep.engines._engine import EngineError, Workers
from mtl_simulators.sweep.engines._threads import limit_blas_threads, one_blas_thread


@dataclass(frozen=True, kw_only=True)
class Local:
    """Worker processes on this machine, one BLAS thread each; a single worker is this process itself.

    Parameters
    ----------
    n_workers
        Number of processes.
    """

    n_workers: int = 1
    block_seconds: float = 2.0

    def __post_init__(self) -> None:
        """Check the number of workers."""
        positive_int("n_workers", self.n_workers)

    @contextmanager
    def start(self) -> Iterator[Workers]:
        """Bring the workers up; those that are still busy at the end are stopped.

        Raises
        ------
        EngineError
            Where the workers cannot start.
        """
        if self.n_workers == 1:
            with one_blas_thread():
                yield Workers(executor=InThisProcess(), n_blocks=1)
            return
        pool = ProcessPoolExecutor(
            self.n_workers, mp_context=multiprocessing.get_context("spawn"), initializer=prepare_worker
        )
        try:
            _bring_up(pool, self.n_workers)
            yield Workers(executor=pool, n_blocks=self.n_workers)
        finally:
            workers = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.join()

    def lost_worker(self, error: BaseException) -> bool:
        """Return whether the pool broke because a process ended."""
        return isinstance(error, BrokenProcessPool)


def _bring_up(pool: ProcessPoolExecutor, n_workers: int) -> None:
    """Wait for the workers, so that one that cannot start is not taken for one that its work killed."""
    with _ctrl_c_waits():  # processes inherit it: Ctrl-C is the parent's, even before `prepare_worker`
        started = [pool.submit(os.getpid) for _ in range(n_workers)]
    try:
        for future in started:
            future.result()
    except BrokenProcessPool as error:
        raise EngineError(
            "the worker processes cannot start; a script that runs a sweep must do so under "
            '`if __name__ == "__main__":`, and each worker needs memory to import this package.'
        ) from error


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Let a Ctrl-C wait until the block ends, where the system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class InThisProcess(Executor):
    """An executor without workers: the work is done when `submit` returns."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run the function now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def prepare_worker() -> None:
    """Set a worker process up: one BLAS thread, Ctrl-C left to the parent, no life after the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_blas_threads()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
