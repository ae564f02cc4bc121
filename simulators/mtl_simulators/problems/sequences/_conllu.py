"""Reading treebanks."""

import re
from collections.abc import Sequence
from pathlib import Path

from mtl_simulators.problems.sequences._columns import FEATS, FORM, HEAD, ID, NO_VALUE, Column, Row
from mtl_simulators.problems.sequences._corpus import Corpus
from mtl_simulators.problems.sequences._malformed import Malformed
from mtl_simulators.problems.sequences._reading import (
    Fault,
    Line,
    Sentence,
    assemble_corpus,
    empty_field,
    read_lines,
    split_sentences,
)

N_FIELDS = 10
NUMBER = "[1-9][0-9]{0,8}"
WORD_ID = re.compile(NUMBER)
# The surface token of several words, and a word that the surface lacks: neither has a place in the tree.
OTHER_ID = re.compile(rf"{NUMBER}-{NUMBER}|(0|{NUMBER})\.{NUMBER}")
HEAD_ID = re.compile(f"_|0|{NUMBER}")
FEATURES = re.compile(r"_|[^=|]+=[^=|]+(\|[^=|]+=[^=|]+)*")


def load_conllu(
    *paths: str | Path, columns: Sequence[Column], malformed: Malformed = Malformed.FAIL
) -> Corpus:
    r"""Read the syntactic words of CoNLL-U files, one after another, into one stream.

    Comments, ranges of multiword tokens (`1-2`) and empty nodes (`1.1`) carry no labels and are passed over.
    A line is malformed that has not ten fields, none empty, an ID that does not count on, a HEAD outside
    its sentence or of the word itself, or features that are not `Name=Value|...`. If skipped, its whole
    sentence is left out: without one of its words a tree hangs together no more, and a chunk may be cut.

    Parameters
    ----------
    paths
        Files in UTF-8, read one after another.
    columns
        What to take for labels: `Upos()`, `Xpos()`, `Deprel()`, `Feature(name="Number")`, `Chunk()`.
    malformed
        What a malformed line does.

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    ValueError
        On malformed lines, unless skipped; an empty file or one that is not UTF-8; no usable sentence; or a
        column in which all tokens have one label.

    >>> from tempfile import TemporaryDirectory
    >>> from mtl_simulators.problems.sequences import Upos
    >>> rows = ["1 Dogs _ NOUN _ _ 2 nsubj _ _", "2 bark _ VERB _ _ 0 root _ _", "", "1 No _ INTJ", ""]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "tiny.conllu")
    ...     _ = path.write_text("\n".join(rows).replace(" ", "\t"))
    ...     corpus = load_conllu(path, columns=[Upos()], malformed=Malformed.SKIP)
    >>> corpus.n_tokens, corpus.labelling("UPOS").classes, str(corpus.malformed[0])
    (2, ('NOUN', 'VERB'), 'tiny.conllu, line 4: has 4 fields, not 10')

    Source: universaldependencies.org/format.html.
    """
    if not paths:
        raise ValueError("no file was named; pass at least one path.")
    files = []
    for path in map(Path, paths):
        sentences = split_sentences(read_lines(path, encoding="utf-8"), is_break=_is_blank)
        files.append((path, [_parse(lines) for lines in sentences]))
    return assemble_corpus(files, word=FORM, columns=columns, malformed=malformed)


def _is_blank(line: str) -> bool:
    return not line.strip()


def _parse(lines: Sequence[Line]) -> Sentence:
    rows: list[Row] = []
    numbers: list[int] = []
    faults: list[Fault] = []
    expected: int | None = 1  # the next ID; None behind a line without one, which is reported already
    for number, line in lines:
        row = tuple(line.split("\t"))
        if line.startswith("#") or (OTHER_ID.fullmatch(row[ID]) and len(row) == N_FIELDS):
            continue
        fault = _fault(row, expected)
        if fault is not None:
            faults.append((number, fault))
        expected = int(row[ID]) + 1 if WORD_ID.fullmatch(row[ID]) else None
        rows.append(row)
        numbers.append(number)
    return rows, faults or _heads_outside(rows, numbers)


def _fault(row: Row, expected: int | None) -> str | None:
    """Return what is wrong with the fields of one line, None if nothing is."""
    if len(row) != N_FIELDS:
        return f"has {len(row)} fields, not {N_FIELDS}"
    if not WORD_ID.fullmatch(row[ID]) or expected not in (None, int(row[ID])):
        return f"has the ID {row[ID]!r}" + ("" if expected is None else f", where {expected} was expected")
    if not HEAD_ID.fullmatch(row[HEAD]) or row[HEAD] == row[ID]:
        return f"has the HEAD {row[HEAD]!r}, not another word's ID, 0 or _"
    if not FEATURES.fullmatch(row[FEATS]):
        return f"has the features {row[FEATS]!r}, not Name=Value joined by |"
    return empty_field(row)


def _heads_outside(rows: Sequence[Row], numbers: Sequence[int]) -> list[Fault]:
    return [
        (number, f"has the HEAD {row[HEAD]}, but its sentence has {len(rows)} words")
        for number, row in zip(numbers, rows, strict=True)
        if row[HEAD] != NO_VALUE and int(row[HEAD]) > len(rows)
    ]
