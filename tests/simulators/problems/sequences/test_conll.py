"""Reading column files: what comes back, and every way in which a file or a line can be wrong."""

from pathlib import Path

import numpy as np
import pytest

from mtl_simulators.problems.sequences import (
    Corpus,
    Field,
    InsideOutside,
    Malformed,
    load_conll,
)

GOOD = """\
-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC
call NN I-NP O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O

# SYM B-NP O
"""
NER = Field(index=3, name="NER")


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def labels(corpus: Corpus, name: str) -> list[str]:
    column = corpus.labelling(name)
    return [column.classes[label] for label in column.labels]


@pytest.mark.parametrize(
    "text",
    [GOOD, GOOD.replace(" ", "\t"), GOOD.replace(" ", "   "), GOOD.replace("\n", " \r\n"), GOOD.rstrip()],
    ids=["blanks", "tabs", "several blanks", "blanks and carriage returns behind", "no end"],
)
def test_tokens_and_labels_come_in_file_order(tmp_path: Path, text: str) -> None:
    corpus = load_conll(write(tmp_path / "train", text), columns=[NER, Field(index=1, name="POS")])
    words = ["EU", "rejects", "German", "call", "Peter", "Blackburn", "#"]
    assert [corpus.vocabulary[word] for word in corpus.words] == words
    assert labels(corpus, "NER") == ["B-ORG", "O", "B-MISC", "O", "B-PER", "I-PER", "O"]
    assert labels(corpus, "POS") == ["NNP", "VBZ", "JJ", "NN", "NNP", "NNP", "SYM"]
    np.testing.assert_array_equal(corpus.sentence_starts, [0, 4, 6])


def test_bio_labels_are_read_as_io_if_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "train", GOOD)
    corpus = load_conll(path, columns=[InsideOutside(column=NER)])
    assert labels(corpus, "NER") == ["ORG", "O", "MISC", "O", "PER", "PER", "O"]
    with pytest.raises(ValueError, match="'NNP' is not a BIO label"):
        load_conll(path, columns=[InsideOutside(column=Field(index=1, name="POS"))])


def test_the_word_may_stand_in_another_column_and_hold_blanks_between_tabs(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "1\tNew York\tLOC\n2\ta\u00a0b\tO\n")
    corpus = load_conll(path, columns=[Field(index=2, name="NER")], word=1)
    assert corpus.vocabulary == ("New York", "a\u00a0b")
    blanks = load_conll(write(tmp_path / "b", "a\u00a0b O\n! X\n"), columns=[Field(index=1, name="NER")])
    assert blanks.vocabulary == ("!", "a\u00a0b")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("says VBZ O", "has 3 fields, where most lines have 4"),
        ("New York NNP B-NP B-LOC", "has 5 fields, where most lines have 4"),
        ("says\tVBZ\t\tO", "has nothing in field 3"),
        ("\tVBZ\tB-VP\tO", "has nothing in field 1"),
    ],
)
def test_malformed_lines_end_the_reading_or_are_listed(tmp_path: Path, bad: str, reason: str) -> None:
    path = write(tmp_path / "eng.train", f"{GOOD}\nHe PRP B-NP O\n{bad}\n\n{GOOD}")
    with pytest.raises(
        ValueError, match=f"^eng.train, line 16: {reason}; correct the file, or pass malformed"
    ):
        load_conll(path, columns=[NER])
    corpus = load_conll(path, columns=[NER], malformed=Malformed.SKIP)
    assert labels(corpus, "NER") == ["B-ORG", "O", "B-MISC", "O", "B-PER", "I-PER", "O"] * 2
    assert [str(found) for found in corpus.malformed] == [f"eng.train, line 16: {reason}"]


def test_other_encodings_are_read_if_named(tmp_path: Path) -> None:
    path = tmp_path / "deu.train"
    path.write_bytes("schön ADJA I-NP O\nKöln NE I-NP I-LOC\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"deu.train, line 1: byte 0xf6 is not utf-8; .* name its encoding"):
        load_conll(path, columns=[NER])
    assert load_conll(path, columns=[NER], encoding="latin-1").vocabulary == ("Köln", "schön")
    with pytest.raises(ValueError, match="'latin-99' is no encoding"):
        load_conll(path, columns=[NER], encoding="latin-99")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("-DOCSTART- -X- O O\n\n", "no sentence can be used"),
        ("a NN B-NP O\nb NN I-NP O\n", "every token has the label O in the column NER"),
        ("a NN O\nb NN PER\n", "the column NER stands behind the last of 3 fields; count from 0"),
    ],
)
def test_files_without_labels_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_conll(write(tmp_path / "a", text), columns=[NER])


def test_missing_files_and_words_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is not a file"):
        load_conll(tmp_path / "nowhere", columns=[NER])
    with pytest.raises(ValueError, match="no file was named"):
        load_conll(columns=[NER])
    path = write(tmp_path / "a", GOOD)
    with pytest.raises(ValueError, match="a has 4 columns, so there is no word at position 4"):
        load_conll(path, columns=[NER], word=4)
    with pytest.raises(ValueError, match="word must be an integer of at least 0"):
        load_conll(path, columns=[NER], word=-1)
