"""The two streams: results on stdout, everything about the run on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance: TypeAlias = Callable[[str, float], None]
"""Called with what is being done and how much of the total is finished."""


def output() -> Console:
    """Return the console on stdout."""
    _tolerate_any_encoding()
    return Console(file=sys.stdout, highlight=False, soft_wrap=False)


def messages() -> Console:
    """Return the console on stderr."""
    _tolerate_any_encoding()
    return Console(file=sys.stderr, highlight=False)


@contextmanager
def progress_bar(total: int, *, announce: str = "") -> Iterator[Advance]:
    """Show a progress bar on stderr while the block runs.

    Where stderr is not a terminal (a log file), print the announcement and no bar.
    """
    console = messages()
    if not console.is_terminal:
        if announce:
            console.print(announce, markup=False)
        yield lambda message, done: None
        return
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total)

        def advance(message: str, done: float) -> None:
            progress.update(task, description=message.replace("[", r"\["), completed=done)

        yield advance


def _tolerate_any_encoding() -> None:
    """Print a question mark where the terminal lacks a letter, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
