"""Binary regression tasks made of labelled images."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems._dataset import Dataset
from mtl_simulators.problems._images import Images
from mtl_simulators.problems._problem import Problem


class Standardization(Protocol):
    """A rule that turns pixels into inputs $(x - m) / s$."""

    def constants(self, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return m and s for training pixels `(n, d)`, each of shape `()` or `(d,)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class GlobalStandardization:
    r"""One mean and one standard deviation for all pixels of all training images.

    The second moment of the training inputs then has trace d, and its leading direction is near the mean
    image: pixels differ in their means, which stay.
    """

    def constants(self, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the mean and the standard deviation over all entries."""
        spread = np.asarray(pixels.std())
        if not spread > 0:
            raise ValueError(
                "all training pixels are equal, so they cannot be standardised; check the images."
            )
        return np.asarray(pixels.mean()), spread


@dataclass(frozen=True, kw_only=True)
class PixelStandardization:
    """A mean and a standard deviation per pixel; pixels that are constant in training are only centred."""

    def constants(self, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the means and the standard deviations of the columns."""
        spread = pixels.std(axis=0)
        # The standard deviation of a constant column is rounding error, which must not be divided by.
        constant = np.ptp(pixels, axis=0) == 0
        return pixels.mean(axis=0), np.where(constant, 1.0, spread)


@dataclass(frozen=True, kw_only=True)
class FixedStandardization:
    """Given constants; the defaults are those that everybody uses for MNIST pixels in [0, 1]."""

    mean: float = 0.1307
    std: float = 0.3081

    def __post_init__(self) -> None:
        """Refuse constants that cannot be subtracted or divided by."""
        if not np.isfinite(self.mean) or not 0 < self.std < np.inf:
            raise ValueError(f"mean must be finite and std positive, got {self.mean!r} and {self.std!r}.")

    def constants(self, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the given constants, whatever the pixels."""
        return np.asarray(self.mean), np.asarray(self.std)


def make_pairwise_tasks(
    images: Images,
    *,
    n_tasks: int,
    samples_per_task: int | None = None,
    standardization: Standardization | None = None,
    test_every: int = 4,
) -> Problem:
    r"""Make the tasks "class $t$ or class $t + 1$", targets 0 and 1, each on the images of its two classes.

    Training and test sets are split by image, so an image that serves two tasks is on the same side in both:
    the source's own split where it has one (`images.n_train`), else every `test_every`-th image of each class
    is held out. Of each side a task takes its first `samples_per_task` images in file order.

    Parameters
    ----------
    images
        Labelled images; tasks pair neighbours in `images.classes`.
    n_tasks
        T, at most the number of classes minus one.
    samples_per_task
        Cap on each of a task's two sets; None for all there are.
    standardization
        How pixels become inputs; None for `GlobalStandardization()`.
    test_every
        At least 2; not used where the source has its own split.

    Returns
    -------
    Problem
        Separate designs, train and test, no truth; tasks with fewer images than the largest are padded.

    Raises
    ------
    ValueError
        On more tasks than there are neighbours, a cap or a split that leaves a task without one of its
        classes, or pixels that cannot be standardised.

    Notes
    -----
    Source: Daras, Raoof, Gkalitsiou and Dimakis 2022, linear representation experiments; the pairs, the
    cap and the order are those of the released code.

    >>> from mtl_simulators.problems import load_digits_images
    >>> problem = make_pairwise_tasks(load_digits_images(), n_tasks=4, samples_per_task=100)
    >>> problem.train.inputs.shape, problem.test.n_samples.tolist()
    ((1, 4, 100, 64), [89, 89, 89, 90])
    """
    classes = images.classes
    if positive_int("n_tasks", n_tasks) > len(classes) - 1:
        raise ValueError(
            f"n_tasks = {n_tasks} pairs of neighbours do not exist among {len(classes)} classes; "
            f"pass at most {len(classes) - 1}."
        )
    inputs, in_train = _standardized(images, standardization, test_every)
    pairs = list(pairwise(classes))[:n_tasks]
    train, test = (
        _pairwise_side(inputs, images.labels, side, pairs, samples_per_task, name)
        for name, side in (("training", in_train), ("test", ~in_train))
    )
    return Problem(train=train, test=test)


def make_one_vs_rest_tasks(
    images: Images,
    *,
    n_tasks: int | None = None,
    n_samples: int | None = None,
    standardization: Standardization | None = None,
    test_every: int = 4,
) -> Problem:
    r"""Make the tasks "class $t$ or any other", targets 1 and 0, all on the same images.

    Parameters
    ----------
    images
        Labelled images.
    n_tasks
        T, the first so many classes; None for all.
    n_samples
        Cap on the training and on the test images, first ones in file order; None for all there are.
    standardization, test_every
        As in `make_pairwise_tasks`.

    Returns
    -------
    Problem
        A shared design, train and test, no truth.

    Raises
    ------
    ValueError
        On more tasks than classes, a cap or a split that leaves a task without one of its two targets, or
        pixels that cannot be standardised.

    >>> from mtl_simulators.problems import load_digits_images
    >>> problem = make_one_vs_rest_tasks(load_digits_images())
    >>> problem.train.inputs.shape, problem.test.targets.shape
    ((1, 1352, 64), (1, 10, 445))
    """
    classes = images.classes
    if n_tasks is not None and positive_int("n_tasks", n_tasks) > len(classes):
        raise ValueError(
            f"n_tasks = {n_tasks}, but there are {len(classes)} classes; pass at most that many."
        )
    chosen = classes[:n_tasks]
    inputs, in_train = _standardized(images, standardization, test_every)
    sides = []
    for name, side in (("training", in_train), ("test", ~in_train)):
        rows = _first_rows(side, n_samples, "n_samples")
        targets = (images.labels[rows] == chosen[:, None]).astype(np.float64)
        for label, target in zip(chosen, targets, strict=True):
            _check_both_classes(target, f"the {name} set of class {label} against the rest")
        sides.append(Dataset(inputs=inputs[rows][None], targets=targets[None]))
    return Problem(train=sides[0], test=sides[1])


def _standardized(
    images: Images, standardization: Standardization | None, test_every: int
) -> tuple[FloatArray, BoolArray]:
    """Return the inputs `(n, d)` and which of them are for training; constants come from training alone."""
    positive_int("test_every", test_every, at_least=2)
    in_train = _training_images(images, test_every)
    rule = GlobalStandardization() if standardization is None else standardization
    mean, std = rule.constants(images.pixels[in_train])
    return (images.pixels - mean) / std, in_train


def _training_images(images: Images, test_every: int) -> BoolArray:
    if images.n_train is not None:
        return np.arange(len(images.labels)) < images.n_train
    # Counted within each class: files that list the classes in turn would otherwise lose whole classes.
    rank = np.empty(len(images.labels), dtype=np.int64)
    for label in images.classes:
        rows = np.flatnonzero(images.labels == label)
        rank[rows] = np.arange(len(rows))
    in_train: BoolArray = rank % test_every != test_every - 1
    return in_train


def _pairwise_side(
    inputs: FloatArray,
    labels: IntArray,
    side: BoolArray,
    pairs: Sequence[tuple[int, int]],
    cap: int | None,
    name: str,
) -> Dataset:
    """Return the first `cap` images of each pair on one side of the split."""
    rows = [_first_rows(side & np.isin(labels, pair), cap, "samples_per_task") for pair in pairs]
    targets = [(labels[r] == second).astype(np.float64) for r, (_, second) in zip(rows, pairs, strict=True)]
    for (first, second), target in zip(pairs, targets, strict=True):
        _check_both_classes(target, f"the {name} set of classes {first} and {second}")
    return Dataset.from_tasks([inputs[r] for r in rows], targets)


def _first_rows(chosen: BoolArray, cap: int | None, name: str) -> IntArray:
    rows = np.flatnonzero(chosen)
    return rows if cap is None else rows[: positive_int(name, cap)]


def _check_both_classes(target: FloatArray, what: str) -> None:
    if len(np.unique(target)) < 2:
        raise ValueError(
            f"{what} holds {len(target)} images of one kind only; raise the cap, give more images, or lower "
            "test_every to hold out more of them."
        )
