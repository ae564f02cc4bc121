"""Binary tasks made of labelled sentences."""

from collections.abc import Mapping

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import in_interval, positive_int
from mtl_simulators.problems._dataset import Dataset
from mtl_simulators.problems._problem import Problem
from mtl_simulators.problems._text import Sentences, fit_text_features


def text_task_names(sentences: Mapping[str, Sentences]) -> tuple[str, ...]:
    """Return the tasks that `make_text_tasks` makes: a set of two classes, or each class of a larger set.

    >>> two = Sentences(texts=("a", "b"), labels=np.array([0, 1]), classes=("0", "1"))
    >>> three = Sentences(texts=("a", "b", "c"), labels=np.array([0, 1, 2]), classes=("HUM", "LOC", "NUM"))
    >>> text_task_names({"MR": two, "TREC": three})
    ('MR', 'TREC:HUM', 'TREC:LOC', 'TREC:NUM')
    """
    return tuple(
        name if one.n_classes == 2 else f"{name}:{kind}"
        for name, one in sentences.items()
        for kind in (one.classes if one.n_classes > 2 else ("",))
    )


def make_text_tasks(
    rng: np.random.Generator,
    sentences: Mapping[str, Sentences],
    *,
    n_features: int,
    samples_per_task: int | None = None,
    test_samples: int | None = None,
    test_share: float = 0.2,
) -> Problem:
    r"""Make regression tasks on labels -1 and +1, one for a set of two classes, else one for each class.

    A set of k > 2 classes gives the k one-vs-rest tasks on the same sentences; they sum to a constant, so
    their task vectors have rank k - 1. Each set is split at random; the features are learned from the
    training sentences of all sets together (`fit_text_features`). Inputs and targets of a task are then
    centred by its training means, so that every task has an intercept of its own, which is not shared: the
    class that a prediction stands for is decided at the middle between the task's two target values.

    Parameters
    ----------
    sentences
        Sets by name.
    n_features
        d.
    samples_per_task, test_samples
        Caps on the training and on the test sentences of a set; None for all.
    test_share
        Share of each set that is held out, before the caps.

    Returns
    -------
    Problem
        Separate designs, train and test, one replicate, no truth.

    Raises
    ------
    ValueError
        On no set, caps or shares that leave one side of a task without one of its classes, and as
        `fit_text_features`.

    Source: the sets of Wu, Zhang and Ré 2020, section 4.
    """
    if not sentences:
        raise ValueError("no set of sentences was given; pass at least one.")
    rng_split, rng_features = rng.spawn(2)
    splits = {
        name: _split(child, name, one, samples_per_task, test_samples, test_share)
        for child, (name, one) in zip(rng_split.spawn(len(sentences)), sentences.items(), strict=True)
    }
    texts = [one.texts[row] for name, one in sentences.items() for row in splits[name][0]]
    features = fit_text_features(rng_features, texts, n_features=n_features)
    inputs: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    targets: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for name, one in sentences.items():
        rows = [features([one.texts[row] for row in side]) for side in splits[name]]
        labels = [_signs(one, side) for side in splits[name]]
        for side in (1, 0):
            inputs[side].extend([rows[side] - rows[0].mean(axis=0)] * len(labels[side]))
            targets[side].extend(labels[side] - labels[0].mean(axis=1, keepdims=True))
    train, test = (Dataset.from_tasks(x, y) for x, y in zip(inputs, targets, strict=True))
    return Problem(train=train, test=test)


def make_text_labels(
    rng: np.random.Generator,
    sentences: Sentences,
    *,
    n_features: int,
    n_samples: int | None = None,
    test_samples: int | None = None,
    test_share: float = 0.2,
) -> Problem:
    """Make the one-vs-rest tasks of one set, all on the same sentences: a shared design.

    Parameters as in `make_text_tasks`; a set of two classes gives one task.
    """
    problem = make_text_tasks(
        rng,
        {"sentences": sentences},
        n_features=n_features,
        samples_per_task=n_samples,
        test_samples=test_samples,
        test_share=test_share,
    )
    assert problem.test is not None
    train, test = (
        Dataset(inputs=data.inputs[:, 0], targets=data.targets) for data in (problem.train, problem.test)
    )
    return Problem(train=train, test=test)


def _split(
    rng: np.random.Generator,
    name: str,
    sentences: Sentences,
    train_cap: int | None,
    test_cap: int | None,
    test_share: float,
) -> tuple[IntArray, IntArray]:
    """Return the rows of the training and of the test sentences, refusing a side that lacks a class."""
    in_interval("test_share", test_share, 0.0, 1.0)
    order = rng.permutation(len(sentences.texts))
    n_test = round(test_share * len(order))
    sides = []
    for cap, rows, what, option in (
        (train_cap, order[n_test:], "training", "samples_per_task"),
        (test_cap, order[:n_test], "test", "test_samples"),
    ):
        kept = rows if cap is None else rows[: positive_int(option, cap)]
        lacking = set(range(sentences.n_classes)) - set(sentences.labels[kept].tolist())
        if lacking:
            raise ValueError(
                f"the {len(kept)} {what} sentences of {name} hold none of class "
                f"{sentences.classes[min(lacking)]}; raise the cap, or change test_share."
            )
        sides.append(kept)
    return sides[0], sides[1]


def _signs(sentences: Sentences, rows: IntArray) -> FloatArray:
    """Return labels -1 and +1, one row a task, `(k, n)`: of two classes the second is positive."""
    labels = sentences.labels[rows]
    classes = np.arange(sentences.n_classes) if sentences.n_classes > 2 else np.array([1])
    return np.where(labels == classes[:, None], 1.0, -1.0)
