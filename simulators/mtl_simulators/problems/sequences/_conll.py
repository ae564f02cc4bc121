"""Reading column files, such as those of the shared tasks before CoNLL-U."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mtl_simulators._validation import positive_int
from mtl_simulators.problems.sequences._columns import Column, Row
from mtl_simulators.problems.sequences._corpus import Corpus
from mtl_simulators.problems.sequences._malformed import Malformed
from mtl_simulators.problems.sequences._reading import (
    Line,
    Sentence,
    assemble_corpus,
    empty_field,
    read_lines,
    split_sentences,
)

DOCUMENT_START = "-DOCSTART-"


def load_conll(
    *paths: str | Path,
    columns: Sequence[Column],
    word: int = 0,
    malformed: Malformed = Malformed.FAIL,
    encoding: str = "utf-8",
) -> Corpus:
    r"""Read column files, one token a line, into one stream.

    Fields are separated by tabs, or by blanks in a line without tabs. Blank lines and the lines of
    `-DOCSTART-` end a sentence. A line is malformed that has an empty field, or more or fewer fields than
    most lines of its file. If skipped, its whole sentence is left out, as by `load_conllu`.

    Parameters
    ----------
    paths
        Files, read one after another.
    columns
        What to take for labels, such as `Field(index=3, name="NER")` for CoNLL-2003.
    word
        Position of the word, counted from 0.
    malformed
        What a malformed line does.
    encoding
        Name of the files' encoding, as Python knows it.

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    ValueError
        On malformed lines, unless skipped; an empty file or one that is encoded otherwise; fewer fields than
        the columns need; no usable sentence; or a column in which all tokens have one label.

    >>> from tempfile import TemporaryDirectory
    >>> from mtl_simulators.problems.sequences import Field
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "eng.train")
    ...     _ = path.write_text("-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n")
    ...     corpus = load_conll(path, columns=[Field(index=3, name="NER")])
    >>> corpus.vocabulary, corpus.labelling("NER").classes, corpus.labelling("NER").labels.tolist()
    (('EU', 'rejects'), ('I-ORG', 'O'), [0, 1])

    Source: Tjong Kim Sang and De Meulder 2003.
    """
    if not paths:
        raise ValueError("no file was named; pass at least one path.")
    positive_int("word", word, at_least=0)
    files = []
    for path in map(Path, paths):
        sentences = split_sentences(read_lines(path, encoding=encoding), is_break=_is_break)
        files.append((path, _parse(path, sentences, word)))
    return assemble_corpus(files, word=word, columns=columns, malformed=malformed)


def _is_break(line: str) -> bool:
    return not line.strip() or line.split(maxsplit=1)[0] == DOCUMENT_START


def _parse(path: Path, sentences: Sequence[Sequence[Line]], word: int) -> list[Sentence]:
    split = [[(number, _fields(line)) for number, line in lines] for lines in sentences]
    widths = Counter(len(row) for lines in split for _, row in lines)
    width = widths.most_common(1)[0][0] if widths else 0
    if split and word >= width:
        raise ValueError(f"{path.name} has {width} columns, so there is no word at position {word}.")
    parsed: list[Sentence] = []
    for lines in split:
        faults = [(number, fault) for number, row in lines if (fault := _fault(row, width)) is not None]
        parsed.append(([row for _, row in lines], faults))
    return parsed


def _fields(line: str) -> Row:
    # Not str.split() alone, which would also break words at the no-break space.
    return tuple(line.split("\t")) if "\t" in line else tuple(re.split(" +", line.strip(" ")))


def _fault(row: Row, width: int) -> str | None:
    """Return what is wrong with the fields of one line, None if nothing is."""
    if len(row) != width:
        return f"has {len(row)} fields, where most lines have {width}"
    return empty_field(row)
