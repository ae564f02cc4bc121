"""What the readers of column files share: lines, sentences, and the corpus made of them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mtl_simulators.problems.sequences._columns import Column, Row
from mtl_simulators.problems.sequences._corpus import Corpus, Labelling, enumerate_values
from mtl_simulators.problems.sequences._malformed import Malformed, MalformedLine, refuse

Line: TypeAlias = tuple[int, str]  # its number in the file, counted from 1, and its text
Fault: TypeAlias = tuple[int, str]  # the number of a malformed line, and what is wrong with it
Sentence: TypeAlias = tuple[list[Row], list[Fault]]


def read_lines(path: Path, *, encoding: str) -> list[Line]:
    """Return the numbered lines of a text file, refusing one that is missing, empty or encoded otherwise."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file; pass a file with one token a line.")
    content = path.read_bytes()
    if not content.strip():
        raise ValueError(f"{path.name} is empty; fetch it again.")
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise ValueError(
            f"{encoding!r} is no encoding that Python knows; name one, such as latin-1."
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path.name}, line {line}: byte 0x{content[error.start]:02x} is not {encoding}; "
            "convert the file, or name its encoding if it is a plain column file."
        ) from error
    # Not str.splitlines, which would also break lines at separators that occur inside words.
    lines = text.removeprefix("\ufeff").split("\n")
    return [(number, line.removesuffix("\r")) for number, line in enumerate(lines, start=1)]


def split_sentences(lines: Iterable[Line], *, is_break: Callable[[str], bool]) -> list[list[Line]]:
    """Return the runs of lines between breaks."""
    return [list(run) for broken, run in groupby(lines, key=lambda line: is_break(line[1])) if not broken]


def empty_field(row: Row) -> str | None:
    """Return which field of a line holds nothing, None if all hold something."""
    empty = [position for position, field in enumerate(row, start=1) if not field.strip()]
    return f"has nothing in field {empty[0]}" if empty else None


def assemble_corpus(
    files: Sequence[tuple[Path, Sequence[Sentence]]],
    *,
    word: int,
    columns: Sequence[Column],
    malformed: Malformed,
) -> Corpus:
    """Make a corpus of the sentences without fault, words being the field at position `word`."""
    faults = [
        MalformedLine(file=path.name, line=line, reason=reason)
        for path, sentences in files
        for _, found in sentences
        for line, reason in found
    ]
    if faults and malformed is Malformed.FAIL:
        raise refuse(faults)
    kept = [rows for _, sentences in files for rows, found in sentences if rows and not found]
    if not kept:
        names = ", ".join(path.name for path, _ in files)
        first = f" The first malformed line is {faults[0]}." if faults else ""
        raise ValueError(f"{names}: no sentence can be used; expected one token a line.{first}")
    words, vocabulary = enumerate_values([row[word] for rows in kept for row in rows])
    lengths = [len(rows) for rows in kept]
    return Corpus(
        words=words,
        vocabulary=vocabulary,
        labellings=tuple(_labelling(column, kept) for column in columns),
        sentence_starts=np.cumsum([0, *lengths[:-1]]),
        malformed=tuple(faults),
    )


def _labelling(column: Column, sentences: Sequence[Sequence[Row]]) -> Labelling:
    try:
        labelling = Labelling.of(column.name, [label for rows in sentences for label in column.labels(rows)])
    except IndexError as error:
        width = min(len(row) for rows in sentences for row in rows)
        raise ValueError(
            f"the column {column.name} stands behind the last of {width} fields; count from 0."
        ) from error
    if len(labelling.classes) < 2:
        raise ValueError(
            f"every token has the label {labelling.classes[0]} in the column {column.name}; check that "
            "column's name or position, or leave it out."
        )
    return labelling
