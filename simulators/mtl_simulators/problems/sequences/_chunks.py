"""Base noun phrases, read off a dependency tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from mtl_simulators._typing import IntArray
from mtl_simulators.problems.sequences._bio import OUTSIDE
from mtl_simulators.problems.sequences._columns import DEPREL, HEAD, UPOS, Row, relation

NOMINALS = frozenset({"NOUN", "PROPN", "PRON"})
MODIFIERS = frozenset({"amod", "nummod"})
INSIDE = MODIFIERS | {"det", "compound", "flat"}


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Base noun phrases of CoNLL-U as BIO labels `B-NP`, `I-NP` and `O`.

    A chunk is a longest run of consecutive tokens that hang together by relations inside a noun phrase and
    hold a nominal (UPOS `NOUN`, `PROPN` or `PRON`). Relations inside a noun phrase are `det`, `amod`,
    `nummod`, `compound` and `flat` with their subtypes, but for the particles of verbs (`compound:prt`);
    `nmod:poss`; and `advmod` where its head hangs by `amod` or `nummod`. Hence "a very big house" and
    "John" are chunks, and a possessor that is followed by its clitic is one of its own: [John] 's [house].

    >>> rows = [
    ...     ("1", "a", "a", "DET", "DT", "_", "2", "det", "_", "_"),
    ...     ("2", "house", "house", "NOUN", "NN", "_", "3", "nsubj", "_", "_"),
    ...     ("3", "burns", "burn", "VERB", "VBZ", "_", "0", "root", "_", "_"),
    ... ]
    >>> Chunk().labels(rows)
    ['B-NP', 'I-NP', 'O']
    """

    name: str = "CHUNK"

    def labels(self, rows: Sequence[Row]) -> list[str]:
        """Return one label for each token of a sentence."""
        groups = _groups(rows)
        labels: list[str] = []
        for _, run in groupby(range(len(rows)), key=groups.__getitem__):
            tokens = list(run)
            nominal = any(rows[i][UPOS] in NOMINALS for i in tokens)
            labels += ["B-NP" if nominal else OUTSIDE] + ["I-NP" if nominal else OUTSIDE] * (len(tokens) - 1)
        return labels


def _groups(rows: Sequence[Row]) -> IntArray:
    """Return for each token the topmost one that it hangs from by relations inside a noun phrase."""
    tops = np.arange(len(rows))
    for i, row in enumerate(rows):
        head = int(row[HEAD]) - 1 if row[HEAD].isdigit() else -1
        if head >= 0 and _hangs_inside(row, rows[head]):
            tops[i] = head
    for _ in range(len(rows).bit_length()):  # each round doubles the length of the jumps
        tops = tops[tops]
    return tops


def _hangs_inside(row: Row, head: Row) -> bool:
    if relation(row) == "advmod":
        return relation(head) in MODIFIERS
    return row[DEPREL] == "nmod:poss" or (relation(row) in INSIDE and row[DEPREL] != "compound:prt")
