"""What a column of labels is: a rule that turns the rows of a sentence into one label a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mtl_simulators._validation import positive_int
from mtl_simulators.problems.sequences._bio import to_io

Row: TypeAlias = tuple[str, ...]  # the fields of one token

# Positions of the ten fields of CoNLL-U.
ID, FORM, UPOS, XPOS, FEATS, HEAD, DEPREL = 0, 1, 3, 4, 5, 6, 7
NO_VALUE = "_"


class Column(Protocol):
    """A named rule for labels."""

    @property
    def name(self) -> str:
        """What the labels are called in the corpus."""
        ...

    def labels(self, rows: Sequence[Row]) -> Sequence[str]:
        """Return one label for each token of a sentence."""
        ...


@dataclass(frozen=True, kw_only=True)
class Field:
    """The field at `index`, counted from 0, as it stands in the file."""

    index: int
    name: str

    def __post_init__(self) -> None:
        """Refuse positions below zero."""
        positive_int("index", self.index, at_least=0)

    def labels(self, rows: Sequence[Row]) -> list[str]:
        """Return one label for each token of a sentence."""
        return [row[self.index] for row in rows]


@dataclass(frozen=True, kw_only=True)
class Upos:
    """The universal part of speech of CoNLL-U."""

    name: str = "UPOS"

    def labels(self, rows: Sequence[Row]) -> list[str]:
        """Return one label for each token of a sentence."""
        return [row[UPOS] for row in rows]


@dataclass(frozen=True, kw_only=True)
class Xpos:
    """The language's own part of speech of CoNLL-U."""

    name: str = "XPOS"

    def labels(self, rows: Sequence[Row]) -> list[str]:
        """Return one label for each token of a sentence."""
        return [row[XPOS] for row in rows]


@dataclass(frozen=True, kw_only=True)
class Deprel:
    """The dependency relation of CoNLL-U; `nsubj:pass` counts as `nsubj` unless `subtypes` are asked for."""

    subtypes: bool = False
    name: str = "DEPREL"

    def labels(self, rows: Sequence[Row]) -> list[str]:
        """Return one label for each token of a sentence."""
        return [row[DEPREL] if self.subtypes else relation(row) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One morphological feature of CoNLL-U, such as `Number`; `_` where a token lacks it.

    >>> rows = [("1", "She", "she", "PRON", "PRP", "Case=Nom|Number=Sing", "2", "nsubj", "_", "_")]
    >>> Feature(name="Number").labels(rows), Feature(name="Tense").labels(rows)
    (['Sing'], ['_'])
    """

    name: str

    def labels(self, rows: Sequence[Row]) -> list[str]:
        """Return one label for each token of a sentence."""
        features = [dict(item.split("=", 1) for item in row[FEATS].split("|") if "=" in item) for row in rows]
        return [present.get(self.name, NO_VALUE) for present in features]


@dataclass(frozen=True, kw_only=True)
class InsideOutside:
    """The BIO labels of another column without the difference of B and I, as in training by the paper.

    Source: Bettgenhäuser, Hedderich and Klakow 2020.
    """

    column: Column

    @property
    def name(self) -> str:
        """The name of the other column."""
        return self.column.name

    def labels(self, rows: Sequence[Row]) -> list[str]:
        """Return one label for each token of a sentence."""
        return to_io(self.column.labels(rows))


def relation(row: Row) -> str:
    """Return a token's dependency relation without its subtype."""
    return row[DEPREL].partition(":")[0]
