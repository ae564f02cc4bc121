"""A dask cluster: one of its own on this machine, or one that is already there."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from mtl_simulators._validation import positive_int
from mtl_simulators.sweep._version import code_version
from mtl_simulators.sweep.engines._engine import EngineError, Workers
from mtl_simulators.sweep.engines._extras import on_one_blas_thread, require


@dataclass(frozen=True, kw_only=True)
class Dask:
    """Workers of a dask cluster.

    A block whose worker dies is run again by the scheduler, on another worker.

    Parameters
    ----------
    address
        Of a scheduler that is up, such as `"tcp://10.0.0.1:8786"`; None for workers on this machine.
    n_workers
        Workers to start where there is no address.
    block_seconds
        How long a block should take.
    timeout
        Seconds to wait for the scheduler and a first worker.
    """

    address: str | None = None
    n_workers: int = 1
    block_seconds: float = 5.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        """Check the number of workers."""
        positive_int("n_workers", self.n_workers)

    @contextmanager
    def start(self) -> Iterator[Workers]:
        """Connect, or bring a cluster up.

        Raises
        ------
        EngineError
            Where dask is not installed, no scheduler answers, or workers run another version of this code.
        """
        distributed = require("distributed", extra="dask")
        with ExitStack() as stack:
            client = stack.enter_context(self._connected(distributed, stack))
            try:
                yield Workers(executor=_DaskExecutor(client), n_blocks=sum(client.nthreads().values()))
            except CancelledError as error:
                raise EngineError(
                    f"the dask scheduler {self.address or 'on this machine'} went away; every finished block "
                    "is kept: run the same command again to go on."
                ) from error

    def lost_worker(self, error: BaseException) -> bool:
        """Return whether the scheduler gave a block up because its workers kept dying."""
        killed: type[BaseException] = require("distributed", extra="dask").KilledWorker
        return isinstance(error, killed)

    def _connected(self, distributed: Any, stack: ExitStack) -> Any:
        """Return a client with at least one worker of the same version."""
        address: Any = self.address
        if address is None:
            address = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=self.n_workers, threads_per_worker=1, processes=True, dashboard_address=None
                )
            )
        try:
            client = distributed.Client(address, timeout=self.timeout, set_as_default=False)
        except (OSError, ValueError) as error:
            raise EngineError(
                f"no dask scheduler answers at {self.address} within {self.timeout:g} s; start one with "
                "`dask scheduler` and give its address."
            ) from error
        try:
            client.wait_for_workers(1, timeout=self.timeout)
        except TimeoutError as error:
            client.close()
            raise EngineError(
                f"the dask scheduler at {self.address} has no workers; start one with `dask worker ADDRESS`."
            ) from error
        versions = set(client.run(code_version).values())
        if versions != {code_version()}:
            client.close()
            raise EngineError(
                f"the dask workers run mtlaws {', '.join(sorted(versions))}, this is {code_version()}; "
                "install the same version everywhere."
            )
        return client


class _DaskExecutor(Executor):
    """Futures of the standard library for work on a dask cluster."""

    def __init__(self, client: Any) -> None:
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Send a function to the cluster."""
        future: Future[Any] = self._executor.submit(on_one_blas_thread, fn, *args, **kwargs)
        return future
