"""Tagging problems: simulated auxiliary labels with a requested AMI, or other columns of the same text."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.labels import Average, ChannelFamily, ami_matrix, arithmetic_average, make_label_tasks
from mtl_simulators.problems.sequences._corpus import Corpus, Labelling
from mtl_simulators.problems.sequences._problem import TaggingProblem
from mtl_simulators.problems.sequences._slices import Disjoint, Slices
from mtl_simulators.problems.sequences._windows import token_windows

DISJOINT = Disjoint()


def make_tagging(
    rng: np.random.Generator,
    *,
    corpus: Corpus,
    main: str,
    ami: npt.ArrayLike,
    n_samples: int,
    test_samples: int,
    slices: Slices = DISJOINT,
    context: int = 3,
    family: ChannelFamily | None = None,
    exact: bool = True,
    average: Average = arithmetic_average,
    tolerance: float = 1e-3,
) -> TaggingProblem:
    r"""Make a main task of a column and auxiliary tasks of labels that share a requested AMI with it.

    The last `test_samples` tokens are held out; the others are the training stream. Auxiliary labels are made
    for the whole of it (`make_label_tasks`), where the AMI is measured, too; then each task keeps its slice.
    They depend on the text through the main label only. Windows see no word of the other stream.

    Parameters
    ----------
    corpus
        Tokens and columns.
    main
        Name of the column that is the main task.
    ami
        AMI of the main task with each auxiliary task, `(T - 1,)`, empty for the main task alone; or of every
        two tasks, `(T, T)`.
    n_samples, test_samples
        Tokens for each task, and held-out tokens of the main task.
    slices
        `Disjoint()` or `Shared()`.
    context
        Neighbours on either side.
    family, exact, average, tolerance
        As in `make_label_tasks`.

    Raises
    ------
    ValueError
        On an unknown column, fewer tokens than the tasks need, or an AMI that cannot be had.

    >>> from mtl_simulators.problems.sequences import draw_corpus, make_token_source
    >>> rng = np.random.default_rng(0)
    >>> corpus = draw_corpus(rng, source=make_token_source(rng), n_tokens=3000)
    >>> problem = make_tagging(rng, corpus=corpus, main="MAIN", ami=[0.5], n_samples=800, test_samples=900)
    >>> problem.windows.shape, problem.test_windows.shape, problem.ami.round(3).tolist()
    ((2, 800, 7), (900, 7), [[1.0, 0.5], [0.5, 1.0]])

    Source: Bettgenhäuser, Hedderich and Klakow 2020, with the AMI in place of the channel's parameter.
    """
    column = corpus.labelling(main)
    n_train = _training_tokens(corpus, test_samples)
    labels = make_label_tasks(
        rng,
        labels=column.labels[:n_train],
        ami=ami,
        family=family,
        exact=exact,
        average=average,
        tolerance=tolerance,
    )
    auxiliary = [
        Labelling(name=f"auxiliary {t}", labels=row, classes=tuple(map(str, range(row.max() + 1))))
        for t, row in enumerate(labels[1:], start=1)
    ]
    return _cut(corpus, [column, *auxiliary], n_train, n_samples, slices, context, average)


def make_real_tagging(
    *,
    corpus: Corpus,
    main: str,
    auxiliary: Sequence[str],
    n_samples: int,
    test_samples: int,
    slices: Slices = DISJOINT,
    context: int = 3,
    average: Average = arithmetic_average,
) -> TaggingProblem:
    """Make a main task of one column and auxiliary tasks of others; their AMI is what it is, and measured.

    Parameters as in `make_tagging`, but for `auxiliary`, names of columns.
    """
    n_train = _training_tokens(corpus, test_samples)
    columns = [corpus.labelling(name) for name in (main, *auxiliary)]
    return _cut(corpus, columns, n_train, n_samples, slices, context, average)


def _training_tokens(corpus: Corpus, test_samples: int) -> int:
    n_train = corpus.n_tokens - positive_int("test_samples", test_samples)
    if n_train < 1:
        raise ValueError(
            f"test_samples = {test_samples} of {corpus.n_tokens} tokens leaves none to learn from; hold out "
            "fewer."
        )
    return n_train


def _cut(
    corpus: Corpus,
    columns: Sequence[Labelling],
    n_train: int,
    n_samples: int,
    slices: Slices,
    context: int,
    average: Average,
) -> TaggingProblem:
    """Return the problem of the tasks whose labels on the training stream are the first of each column."""
    n_tasks = len(columns)
    tokens = slices.tokens(n_tasks=n_tasks, n_samples=positive_int("n_samples", n_samples))
    needed = int(tokens.max()) + 1
    if needed > n_train:
        raise ValueError(
            f"{n_tasks} tasks of {n_samples} tokens need {needed} training tokens, but {n_train} of "
            f"{corpus.n_tokens} are left beside the test; pass a longer text, fewer tokens or Shared()."
        )
    padding = len(corpus.vocabulary)
    train, test = (
        token_windows(words, context=context, padding=padding)
        for words in (corpus.words[:n_train], corpus.words[n_train:])
    )
    labels = np.stack([column.labels[:n_train] for column in columns])
    measured: FloatArray = ami_matrix(labels, average=average)
    return TaggingProblem(
        names=tuple(column.name for column in columns),
        classes=tuple(column.classes for column in columns),
        windows=train[tokens],
        labels=np.take_along_axis(labels, tokens, axis=1),
        test_windows=test,
        test_labels=columns[0].labels[n_train:],
        ami=measured,
        padding=padding,
        embeddings=corpus.embeddings,
    )
