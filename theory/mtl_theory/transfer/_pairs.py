"""Two-task problems cut out of a larger one, and the data behind a transfer report as a file."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset, Problem


def pair_of(data: Dataset, source: int, target: int) -> Dataset:
    """Return the two tasks of a data set, source first, without the padding that others needed."""
    tasks = [source, target]
    if data.shared_design:
        return Dataset(inputs=data.inputs, targets=data.targets[:, tasks])
    longest = int(data.counts[tasks].max())
    return Dataset(
        inputs=data.inputs[:, tasks, :longest],
        targets=data.targets[:, tasks, :longest],
        n_samples=data.counts[tasks],
    )


def load_tasks(path: Path, *, test_every: int = 4) -> tuple[Problem, tuple[str, ...]]:
    """Read tasks from an NPZ file with arrays `x_NAME` (n, d) and `y_NAME` (n,), one pair a task.

    Every `test_every`-th sample of a task is held out. Task names are returned in the order of the file.

    Raises
    ------
    FileNotFoundError
        When the file is missing.
    ValueError
        When it is no NPZ file, a pair is incomplete, fewer than two tasks are there, or arrays do not fit.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; pass an NPZ file with arrays x_NAME and y_NAME.")
    try:
        with path.open("rb") as file, np.load(file) as archive:  # so that a broken file is closed too
            arrays = {name: np.atleast_1d(archive[name]) for name in archive.files}
    except (OSError, ValueError, EOFError, TypeError, AttributeError, BadZipFile) as error:
        raise ValueError(f"{path} is not a readable NPZ file of numbers; write it with np.savez.") from error
    names = tuple(name[2:] for name in arrays if name.startswith("x_"))
    missing = [f"y_{name}" for name in names if f"y_{name}" not in arrays]
    if missing or len(names) < 2:
        raise ValueError(
            f"{path} holds {sorted(arrays)}; it needs x_NAME and y_NAME for at least two tasks"
            + (f", and {missing[0]} is missing." if missing else ".")
        )
    short = [name for name in names if len(arrays[f"y_{name}"]) < test_every]
    if short:
        raise ValueError(
            f"task {short[0]} has {len(arrays[f'y_{short[0]}'])} samples; every {test_every}th is held out, "
            f"so give each task at least {test_every}."
        )
    held_out = {name: np.arange(len(arrays[f"y_{name}"])) % test_every == test_every - 1 for name in names}
    parts: list[Dataset] = []
    for keep in (False, True):
        chosen = {name: held_out[name] == keep for name in names}
        parts.append(
            Dataset.from_tasks(
                [_rows(arrays[f"x_{name}"], chosen[name], name) for name in names],
                [_rows(arrays[f"y_{name}"], chosen[name], name) for name in names],
            )
        )
    return Problem(train=parts[0], test=parts[1]), names


def _rows(values: FloatArray, chosen: FloatArray, name: str) -> FloatArray:
    if len(values) != len(chosen):
        raise ValueError(f"task {name} has {len(values)} inputs for {len(chosen)} targets.")
    return np.asarray(values[chosen])
