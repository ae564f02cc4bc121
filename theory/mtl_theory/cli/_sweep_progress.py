"""The progress of a sweep on stderr: a bar with rate and remaining time, or two lines in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from mtl_theory.cli._consoles import messages

if TYPE_CHECKING:
    from mtl_simulators.sweep import Progress


@contextmanager
def sweep_progress(total: int, store: Path) -> "Iterator[Callable[[Progress], None]]":
    """Show on stderr how a sweep gets on, while the block runs."""
    console = messages()
    if console.is_terminal:
        with _bar(console, total) as listener:
            yield listener
        return
    console.print(f"sweep of {total:,} points into {store} ...", markup=False, soft_wrap=True)
    start, last = monotonic(), ""

    def remember(progress: "Progress") -> None:
        nonlocal last
        last = in_words(progress, monotonic() - start)

    yield remember
    console.print(last or "nothing was left to run", markup=False, soft_wrap=True)


@contextmanager
def _bar(console: Console, total: int) -> "Iterator[Callable[[Progress], None]]":
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=total)
        start = monotonic()

        def show(progress: "Progress") -> None:
            bar.update(
                task,
                completed=progress.done + progress.failed,
                description=in_words(progress, monotonic() - start),
            )

        yield show


def in_words(progress: "Progress", seconds: float) -> str:
    """Return failures, rate and remaining time.

    >>> from mtl_simulators.sweep import Progress
    >>> in_words(Progress(done=300, failed=2, total=1502, this_run=200), 20.0)
    '2 failed, 10 points/s, 2 min left'
    """
    rate = progress.this_run / max(seconds, 1e-9)
    left = progress.total - progress.done - progress.failed
    remaining = f"{_duration(left / rate)} left" if left else f"finished in {_duration(seconds)}"
    return f"{progress.failed:,} failed, {rate:,.3g} points/s, {remaining}"


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
