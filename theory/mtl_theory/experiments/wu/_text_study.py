"""Real text as tasks: several random splits, and how estimates are judged on held-out sentences."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators.problems import Dataset, Moments, Sentences, make_text_tasks, text_task_names

# Meaning of the class numbers of the question types, for pictures.
QUESTIONS = {"0": "descr.", "1": "entity", "2": "abbr.", "3": "human", "4": "place", "5": "number"}


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Held-out samples of T tasks in S splits.

    Parameters
    ----------
    inputs, targets
        `(S, T, n, d)` and `(S, T, n)`, padded with zeros.
    seen
        Which rows are samples, `(S, T, n)`.
    middle
        The middle between a task's two target values, `(S, T)`: minus its training mean.
    """

    inputs: FloatArray
    targets: FloatArray
    seen: BoolArray
    middle: FloatArray

    def of(self, tasks: Sequence[int]) -> "HeldOut":
        """Return some of the tasks."""
        chosen = list(tasks)
        return HeldOut(
            inputs=self.inputs[:, chosen],
            targets=self.targets[:, chosen],
            seen=self.seen[:, chosen],
            middle=self.middle[:, chosen],
        )

    def scores(self, weights: FloatArray) -> FloatArray:
        """Return the predictions `(S, T, n)` of task vectors `(S, T, d)`."""
        return np.asarray((self.inputs @ weights[..., None])[..., 0])

    def accuracy(self, weights: FloatArray) -> FloatArray:
        """Return the share of samples on the right side of the middle, `(S, T)`."""
        return self.accuracy_of(self.scores(weights))

    def accuracy_of(self, scores: FloatArray) -> FloatArray:
        """Return the same for given predictions `(S, T, n)`."""
        middle = self.middle[..., None]
        right = ((scores > middle) == (self.targets > middle)) & self.seen
        return np.asarray(right.sum(axis=-1) / self.seen.sum(axis=-1))

    def squared_error(self, weights: FloatArray) -> FloatArray:
        """Return the mean squared error, `(S, T)`."""
        off = (self.scores(weights) - self.targets) * self.seen
        return np.asarray((off**2).sum(axis=-1) / self.seen.sum(axis=-1))

    def r_squared(self, weights: FloatArray) -> FloatArray:
        """Return one minus the squared error over that of the training mean, `(S, T)`."""
        return 1 - self.squared_error(weights) / self.squared_error(np.zeros_like(weights))

    def class_accuracy(self, weights: FloatArray) -> FloatArray:
        """Return the accuracy of the class with the largest score, `(S,)`, for one-vs-rest tasks."""
        guess = (self.scores(weights) - self.middle[..., None]).argmax(axis=1)
        true = (self.targets - self.middle[..., None]).argmax(axis=1)
        seen = self.seen[:, 0]
        return np.asarray(((guess == true) & seen).sum(axis=-1) / seen.sum(axis=-1))


@dataclass(frozen=True, kw_only=True)
class TextStudy:
    """T tasks in S splits: sufficient statistics of the training sentences, and two held-out halves.

    Parameters
    ----------
    names
        Of the tasks; those of one set of several classes read `set:class`.
    samples
        Training samples of each split.
    train
        Their sufficient statistics, splits as replicates.
    valid, test
        Halves of the held-out sentences: the first chooses stopping times, the second judges.
    """

    names: tuple[str, ...]
    samples: tuple[Dataset, ...]
    train: Moments
    valid: HeldOut
    test: HeldOut

    def pair(self, first: int, second: int) -> Moments:
        """Return the training statistics of two tasks."""
        return self.tasks([first, second])

    def tasks(self, chosen: Sequence[int], n_features: int | None = None) -> Moments:
        """Return the training statistics of some tasks, on the first features."""
        pick, d = list(chosen), n_features or self.train.n_features
        return Moments(
            gram=self.train.gram[:, pick, :d, :d],
            cross=self.train.cross[:, pick, :d],
            energy=self.train.energy[:, pick],
            n_samples=self.train.n_samples[pick],
        )

    @cached_property
    def families(self) -> dict[str, list[int]]:
        """The tasks of each set of sentences, by its name."""
        found: dict[str, list[int]] = {}
        for task, name in enumerate(self.names):
            found.setdefault(name.partition(":")[0], []).append(task)
        return found


def text_folder(data: Path | None) -> Path | None:
    """Return the folder that holds the files of sentences, None where there is none."""
    if data is None:
        return None
    return next((f for f in (data / "sentiment", data) if (f / "rt-polarity.all").is_file()), None)


def study_text(
    rng: np.random.Generator,
    sentences: Mapping[str, Sentences],
    *,
    n_splits: int,
    n_features: int,
    samples_per_task: int,
    test_samples: int,
    advance: Callable[[int], None],
) -> TextStudy:
    """Split every set `n_splits` times at random, each time with features of its own training sentences."""
    samples, held = [], []
    for split, child in enumerate(rng.spawn(n_splits)):
        advance(split)
        problem = make_text_tasks(
            child,
            sentences,
            n_features=n_features,
            samples_per_task=samples_per_task,
            test_samples=test_samples,
        )
        assert problem.test is not None
        samples.append(problem.train)
        held.append(problem.test)
    each = [data.moments() for data in samples]
    valid, test = _halves(held)
    return TextStudy(
        names=tuple(_readable(name) for name in text_task_names(sentences)),
        samples=tuple(samples),
        train=Moments(
            gram=np.concatenate([m.gram for m in each]),
            cross=np.concatenate([m.cross for m in each]),
            energy=np.concatenate([m.energy for m in each]),
            n_samples=each[0].n_samples,
        ),
        valid=valid,
        test=test,
    )


def _halves(held: Sequence[Dataset]) -> tuple[HeldOut, HeldOut]:
    inputs = np.concatenate([data.inputs for data in held])
    targets = np.concatenate([data.targets for data in held])
    row = np.arange(targets.shape[-1])
    seen = np.stack([row < data.counts[:, None] for data in held])
    highest = np.where(seen, targets, -np.inf).max(axis=-1)
    lowest = np.where(seen, targets, np.inf).min(axis=-1)
    sides = []
    for parity in (0, 1):
        mine = row % 2 == parity
        sides.append(
            HeldOut(
                inputs=inputs[:, :, mine],
                targets=targets[:, :, mine],
                seen=seen[..., mine],
                middle=(highest + lowest) / 2,
            )
        )
    return sides[0], sides[1]


def _readable(name: str) -> str:
    family, colon, kind = name.partition(":")
    return f"{family}{colon}{QUESTIONS.get(kind, kind)}"
