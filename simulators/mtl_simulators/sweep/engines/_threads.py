"""One BLAS thread a worker: on matrices of these sizes more threads are many times slower."""

from collections.abc import Iterator
from contextlib import contextmanager


def limit_blas_threads() -> None:
    """Keep BLAS to one thread in this process, for good."""
    import scipy.linalg  # noqa: F401 - the limit reaches only libraries that are loaded
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread while the block runs."""
    import scipy.linalg  # noqa: F401 - the limit reaches only libraries that are loaded
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
