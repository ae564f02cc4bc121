"""The loop that runs a sweep: blocks out, finished blocks to the disk."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mtl_simulators._validation import positive_int
from mtl_simulators.sweep._block import Block, FailedPoint, run_block
from mtl_simulators.sweep._queue import BlockQueue, Indices
from mtl_simulators.sweep._spec import SweepSpec
from mtl_simulators.sweep._store import Store, Writer
from mtl_simulators.sweep.engines import Engine, Local, Workers

if TYPE_CHECKING:
    import pandas as pd


class Stop(Enum):
    """Why a run of a sweep ended; the values are help texts."""

    FINISHED = "every point was run"
    INTERRUPTED = (
        "interrupted: every finished block is kept; run the same command again, without --fresh, to go on"
    )
    TOO_MANY_FAILURES = "more points failed than allowed; `failures` of the store says why"
    NOT_WRITTEN = (
        "the disk took no more: every earlier block is kept; make room and run the same command again"
    )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a sweep stands: points finished, failed and in all, and those that this run has finished."""

    done: int
    failed: int
    total: int
    this_run: int


Listener: TypeAlias = Callable[[Progress], None]
"""Called whenever a block is kept."""


@dataclass(frozen=True, kw_only=True)
class SweepReport:
    """How a run of a sweep ended.

    Parameters
    ----------
    stop
        Why it ended.
    progress
        Where the store stands.
    set_aside
        Damaged shards that were found, set aside, and computed again.
    detail
        What the system said where something could not be written.
    """

    stop: Stop
    progress: Progress
    set_aside: tuple[str, ...] = ()
    detail: str = ""


class SweepStopped(Exception):
    """A sweep ended before every point was run; the message says why and what to do."""


def sweep(spec: SweepSpec, *, store: Any, engine: Engine | None = None) -> "pd.DataFrame":
    """Run a sweep, or the rest of it, and return all its rows.

    Parameters
    ----------
    store
        Folder of the rows. What it already holds of this sweep is not run again.
    engine
        Where the blocks run; default this process.

    Raises
    ------
    SweepStopped
        Where the run ended early; everything finished is in the store.
    StoreError
        Where the folder cannot be used.
    """
    report = run_sweep(spec, store=store, engine=engine)
    if report.stop is not Stop.FINISHED:
        raise SweepStopped(f"{report.stop.value} {report.detail}".strip())
    return Store(store).frame()


def run_sweep(
    spec: SweepSpec,
    *,
    store: Any,
    engine: Engine | None = None,
    fresh: bool = False,
    max_failures: int | None = None,
    block_points: int | None = None,
    listener: Listener | None = None,
) -> SweepReport:
    """Run a sweep, or the rest of it, into a store.

    Parameters
    ----------
    store
        Folder of the rows.
    engine
        Where the blocks run; default this process.
    fresh
        Set the rows that the store holds aside and start anew.
    max_failures
        Stop when more points than this have failed in this run; default never. Points that failed in an
        earlier run are tried again.
    block_points
        Points a block; by default as many as take the engine's `block_seconds`.
    listener
        Called whenever a block is kept.

    Raises
    ------
    StoreError
        Where the folder cannot be written, is being written by another process, or holds another sweep.
    """
    if block_points is not None:
        positive_int("block_points", block_points)
    if max_failures is not None:
        positive_int("max_failures", max_failures, at_least=0)
    chosen = Local() if engine is None else engine
    with Store(store).writer(spec) as writer:
        index = writer.start(fresh=fresh)
        queue = BlockQueue(index.done, size=block_points, seconds=chosen.block_seconds)
        loop = _Loop(spec, writer, chosen, queue, n_done=int(index.done.sum()))
        loop.max_failures, loop.listener = max_failures, listener
        stop, detail = loop.run()
        progress = loop.progress
        if stop is Stop.INTERRUPTED:  # perhaps after a block was kept, before it was counted
            kept = writer.store.index(spec.digest, spec.n_points)
            progress = replace(progress, done=int(kept.done.sum()))
    return SweepReport(stop=stop, progress=progress, set_aside=index.damaged, detail=detail)


def _is_lost(future: "Future[Block]") -> bool:
    return future.exception() is not None


class _TooManyFailures(Exception):
    pass


class _NotWritten(Exception):
    pass


class _Loop:
    """One run of a sweep: what is under way, and what has become of it."""

    max_failures: int | None = None
    listener: Listener | None = None

    def __init__(
        self, spec: SweepSpec, writer: Writer, engine: Engine, queue: BlockQueue, *, n_done: int
    ) -> None:
        self.spec, self.writer, self.engine, self.queue = spec, writer, engine, queue
        self.progress = Progress(done=n_done, failed=0, total=spec.n_points, this_run=0)

    def run(self) -> tuple[Stop, str]:
        """Run everything that is left; bring the workers up again where one died."""
        try:
            while self.queue:
                with self.engine.start() as workers:
                    self._use(workers)
        except KeyboardInterrupt:
            return Stop.INTERRUPTED, ""
        except _TooManyFailures:
            return Stop.TOO_MANY_FAILURES, ""
        except _NotWritten as error:
            return Stop.NOT_WRITTEN, str(error)
        return Stop.FINISHED, ""

    def _use(self, workers: Workers) -> None:
        """Run blocks until none is left, or until a worker dies."""
        running: dict[Future[Block], Indices] = {}
        while True:
            while len(running) < workers.n_blocks:
                indices = self.queue.take(alone=not running)
                if indices is None:
                    break
                try:
                    running[workers.executor.submit(run_block, self.spec, indices)] = indices
                except Exception as error:
                    self._lost(error, [indices, *running.values()])
                    return
            if not running:
                return
            ended = wait(running, return_when=FIRST_COMPLETED).done
            for future in sorted(ended, key=_is_lost):  # what is finished is kept, whoever died beside it
                indices = running.pop(future)
                lost = future.exception()
                if lost is not None:
                    self._lost(lost, [indices, *running.values()])
                    return
                self._keep(future.result(), len(indices))

    def _lost(self, error: BaseException, blocks: list[Indices]) -> None:
        """Queue the blocks of a dead worker again; record the point that kills its worker every time."""
        if not self.engine.lost_worker(error):
            raise error
        for index in self.queue.suspect(blocks):
            (point,) = self.spec.points(np.array([index]))
            failure = FailedPoint(
                index=index,
                point=point,
                seed=self.spec.point_seed(point),
                error="the worker died each time it ran this point (out of memory, or a native crash)",
            )
            self._keep(Block(tables=(), failures=(failure,)), 1)

    def _keep(self, block: Block, n_points: int) -> None:
        try:
            self.writer.keep(block)
        except OSError as error:
            raise _NotWritten(str(error)) from error
        self.queue.learn(n_points, block.seconds)
        before, n_failed = self.progress, len(block.failures)
        self.progress = Progress(
            done=before.done + n_points - n_failed,
            failed=before.failed + n_failed,
            total=before.total,
            this_run=before.this_run + n_points,
        )
        if self.listener is not None:
            self.listener(self.progress)
        if self.max_failures is not None and self.progress.failed > self.max_failures:
            raise _TooManyFailures
