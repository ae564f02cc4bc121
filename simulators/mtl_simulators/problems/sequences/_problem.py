"""Several tagging tasks on one text."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import finite_array


@dataclass(frozen=True, kw_only=True)
class TaggingProblem:
    """Tokens of one text with the labels of `T` tasks, task 0 being the main one, which is tested.

    Parameters
    ----------
    names
        Names of the tasks.
    classes
        Names of each task's labels.
    windows
        Codes of each token and its neighbours, `(T, n, 2 c + 1)`.
    labels
        Positions in the task's classes, `(T, n)`.
    test_windows, test_labels
        Held-out tokens of the main task, `(m, 2 c + 1)` and `(m,)`.
    ami
        AMI of every two tasks' labels, measured on the whole training stream, `(T, T)`.
    padding
        The code V beyond the ends of a stream; words have the codes below it.
    embeddings
        One row a word, `(V, e)`, or None. See `embed_windows`.

    Raises
    ------
    ValueError
        On parts that do not fit each other.
    """

    names: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    windows: IntArray
    labels: IntArray
    test_windows: IntArray
    test_labels: IntArray
    ami: FloatArray
    padding: int
    embeddings: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check the parts against each other."""
        n_tasks, width = len(self.names), self.windows.shape[-1]
        shapes = {
            "classes": ((len(self.classes),), (n_tasks,)),
            "windows": (self.windows.shape, (*self.labels.shape, width)),
            "labels": (self.labels.shape, (n_tasks, self.labels.shape[-1])),
            "test_windows": (self.test_windows.shape, (*self.test_labels.shape, width)),
            "ami": (finite_array("ami", self.ami, ndim=2).shape, (n_tasks, n_tasks)),
        }
        for name, (got, expected) in shapes.items():
            if got != expected:
                raise ValueError(
                    f"{name} has shape {got}, expected {expected}; pass one entry a task and token."
                )
        most = max(int(self.windows.max()), int(self.test_windows.max()))
        if most > self.padding:
            raise ValueError(f"windows hold the code {most} above padding = {self.padding}; raise padding.")
        counts = np.array([len(names) for names in self.classes])
        if (self.labels.max(axis=1) >= counts).any() or self.test_labels.max() >= counts[0]:
            raise ValueError(f"labels go beyond the classes, {counts.tolist()} of them; name all classes.")

    @property
    def n_tasks(self) -> int:
        """Number of tasks, `T`."""
        return len(self.names)

    @property
    def n_samples(self) -> int:
        """Number of tokens a task, `n`."""
        return int(self.labels.shape[1])

    @property
    def n_classes(self) -> tuple[int, ...]:
        """Number of labels of each task."""
        return tuple(len(names) for names in self.classes)
