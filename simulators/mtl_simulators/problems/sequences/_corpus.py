"""A stream of tokens with columns of labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import finite_array, label_codes
from mtl_simulators.problems.sequences._malformed import MalformedLine


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """One label for each token.

    Parameters
    ----------
    name
        What the labels are called.
    labels
        Positions in `classes`, shape `(N,)`, integers.
    classes
        Names of the labels.

    Raises
    ------
    ValueError
        On labels that do not number the classes.

    >>> Labelling.of("UPOS", ["NOUN", "VERB", "NOUN"]).labels.tolist()
    [0, 1, 0]
    """

    name: str
    labels: IntArray
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the labels against the classes."""
        codes = label_codes(f"labels of {self.name}", self.labels, n_labels=len(self.classes))
        object.__setattr__(self, "labels", codes.astype(np.int64, copy=False))

    @classmethod
    def of(cls, name: str, values: Sequence[str]) -> "Labelling":
        """Return the labelling that numbers the values that occur, in the order of their spelling."""
        labels, classes = enumerate_values(values)
        return cls(name=name, labels=labels, classes=classes)


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """One stream of tokens, with columns of labels; it runs across the ends of sentences.

    Parameters
    ----------
    words
        Positions in `vocabulary`, shape `(N,)`, integers.
    vocabulary
        The words, `V` of them.
    labellings
        Columns of labels, each with a name of its own.
    sentence_starts
        Positions at which a sentence starts, increasing from 0, shape `(S,)`; one sentence if not given.
    embeddings
        One row a word, `(V, e)`; None where words are only codes.
    malformed
        The lines for which sentences were left out when the tokens were read.

    Raises
    ------
    ValueError
        On no tokens, or parts that do not fit each other.
    """

    words: IntArray
    vocabulary: tuple[str, ...]
    labellings: tuple[Labelling, ...]
    sentence_starts: IntArray | Sequence[int] = (0,)
    embeddings: FloatArray | None = None
    malformed: tuple[MalformedLine, ...] = ()

    def __post_init__(self) -> None:
        """Check the parts against each other."""
        words = label_codes("words", self.words, n_labels=len(self.vocabulary))
        names = [column.name for column in self.labellings]
        if len(set(names)) < len(names):
            raise ValueError(f"two columns have one name among {names}; give each a name of its own.")
        for column in self.labellings:
            if column.labels.shape != words.shape:
                raise ValueError(
                    f"column {column.name} has {len(column.labels)} labels for {len(words)} tokens; "
                    "pass one a token."
                )
        starts = np.asarray(self.sentence_starts)
        if (
            starts.ndim != 1
            or starts.size == 0
            or starts[0] != 0
            or (np.diff([*starts, len(words)]) < 1).any()
        ):
            raise ValueError(
                f"sentence_starts must increase from 0 and stay below {len(words)}; drop empty sentences."
            )
        if self.embeddings is not None:
            embeddings = finite_array("embeddings", self.embeddings, ndim=2)
            if len(embeddings) != len(self.vocabulary):
                raise ValueError(
                    f"embeddings {embeddings.shape} for {len(self.vocabulary)} words; pass one row a word."
                )
            object.__setattr__(self, "embeddings", embeddings)
        object.__setattr__(self, "words", words.astype(np.int64, copy=False))
        object.__setattr__(self, "sentence_starts", starts)

    @property
    def n_tokens(self) -> int:
        """Number of tokens, `N`."""
        return len(self.words)

    def labelling(self, name: str) -> Labelling:
        """Return the column of that name."""
        for column in self.labellings:
            if column.name == name:
                return column
        names = ", ".join(column.name for column in self.labellings)
        raise ValueError(f"the corpus has no column {name!r}, only {names}; read the file with that column.")


def enumerate_values(values: Sequence[str]) -> tuple[IntArray, tuple[str, ...]]:
    """Return the position of each value among the distinct ones, and these in the order of their spelling."""
    # Not np.unique, which would give each value the space of the longest one.
    distinct = sorted(set(values))
    index = {value: position for position, value in enumerate(distinct)}
    return np.array([index[value] for value in values], dtype=np.int64), tuple(distinct)
