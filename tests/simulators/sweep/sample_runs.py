"""Functions for sweeps in tests, in a module that worker processes import by name."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from mtl_simulators.sweep import run_sweep


def draw(rng, x):
    return {"value": rng.standard_normal(), "double": 2.0 * x}


def both(rng, x, y):
    return {"value": rng.standard_normal(), "sum": x + y}


def many_rows(rng, x):
    return {"value": rng.standard_normal(1 + x % 3), "word": "even" if x % 2 == 0 else "odd"}


def mixed(rng, x):
    """Return other columns and types from point to point."""
    value = rng.standard_normal()
    kinds = (
        {"a": value, "b": 1},
        {"b": 2.5, "a": value},
        {"b": x % 2 == 0, "c": "word", "a": np.float32(value)},
        {"a": np.array([value, value]), "d": np.array([x, 1])},
    )
    return kinds[x % 4]


def turned(rng, x):
    """Return the same columns, in another order at every other point."""
    pair = {"a": rng.standard_normal(), "b": x}
    return pair if x % 2 == 0 else dict(reversed(pair.items()))


def picky(rng, x, forbidden):
    """Fail at one point until a file is there."""
    if x == 3 and not Path(forbidden).exists():
        raise RuntimeError("three is not ready")
    return draw(rng, x)


def leave(rng, x):
    if x % 5 == 0:
        raise SystemExit("leaving")
    return draw(rng, x)


def lethal(rng, x):
    if x == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(rng, x)


def interrupt(rng, x):
    """Press Ctrl-C at the sixth point, as a terminal does for the process in front."""
    if x == 5:
        os.kill(os.getpid(), signal.SIGINT)
    return draw(rng, x)


def slow(rng, x, log):
    """Take two milliseconds and leave a byte in a file: who counts the bytes knows what was ever run."""
    time.sleep(0.002)
    append(log, ".")
    return draw(rng, x)


def heavy_words(rng, x):
    """Fill a disk: words that do not compress."""
    return {"word": np.array([rng.bytes(30_000).hex()])}


def append(path, text):
    """Add to a file in one write, which processes at the same time cannot tear."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, text.encode())
    os.close(handle)


def run_in_child(spec, store, engine, block_points, kept):
    """Run a sweep in a process that may be killed, noting on a file what it has promised to keep."""
    append(kept, "start\n")
    run_sweep(
        spec,
        store=store,
        engine=engine,
        block_points=block_points,
        listener=lambda progress: append(kept, f"{progress.done}\n"),
    )
