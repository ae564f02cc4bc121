"""Reading treebanks: what comes back, and every way in which a file or a line can be wrong."""

import os
from pathlib import Path

import numpy as np
import pytest

from mtl_simulators.problems.sequences import (
    Chunk,
    Column,
    Corpus,
    Deprel,
    Feature,
    Field,
    Malformed,
    MalformedLine,
    Upos,
    Xpos,
    entity_spans,
    load_conllu,
)

GOOD = """\
# sent_id = 1
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
1\tDo\tdo\tAUX\tVBP\tMood=Imp\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
3\tgo\tgo\tVERB\tVB\tVerbForm=Inf\t0\troot\t_\t_
3.1\tthere\tthere\tADV\tRB\t_\t_\t_\t3:obl\t_

# sent_id = 2
1\tDogs\tdog\tNOUN\tNNS\tNumber=Plur\t2\tnsubj:pass\t_\t_
2\tgo\tgo\tVERB\tVB\tNumber=Sing|Person=3\t0\troot\t_\t_
"""


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def labels(corpus: Corpus, name: str) -> list[str]:
    column = corpus.labelling(name)
    return [column.classes[label] for label in column.labels]


def line(number: int, *, form: str = "w", feats: str = "_", head: str = "0") -> str:
    return f"{number}\t{form}\t_\tX\t_\t{feats}\t{head}\troot\t_\t_\n"


TWO = line(1) + line(2, head="1").replace("root", "dep")


def test_words_labels_and_sentences_come_in_file_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conllu", GOOD)
    columns: list[Column] = [Upos(), Xpos(), Deprel(), Feature(name="Number"), Field(index=2, name="LEMMA")]
    corpus = load_conllu(path, columns=columns)
    assert [corpus.vocabulary[word] for word in corpus.words] == ["Do", "n't", "go", "Dogs", "go"]
    assert corpus.vocabulary == ("Do", "Dogs", "go", "n't")
    assert labels(corpus, "UPOS") == ["AUX", "PART", "VERB", "NOUN", "VERB"]
    assert labels(corpus, "XPOS") == ["VBP", "RB", "VB", "NNS", "VB"]
    assert labels(corpus, "DEPREL") == ["aux", "advmod", "root", "nsubj", "root"]
    assert labels(corpus, "Number") == ["_", "_", "_", "Plur", "Sing"]
    assert labels(corpus, "LEMMA") == ["do", "not", "go", "dog", "go"]
    np.testing.assert_array_equal(corpus.sentence_starts, [0, 3])
    assert corpus.n_tokens == 5 and corpus.malformed == () and corpus.embeddings is None
    with_subtypes = load_conllu(str(path), columns=[Deprel(subtypes=True)])
    assert labels(with_subtypes, "DEPREL")[3] == "nsubj:pass"


def test_several_files_are_one_stream(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conllu", GOOD)
    once, twice = load_conllu(path, columns=[Upos()]), load_conllu(path, path, columns=[Upos()])
    np.testing.assert_array_equal(twice.words, np.tile(once.words, 2))
    np.testing.assert_array_equal(twice.sentence_starts, [0, 3, 5, 8])
    assert twice.vocabulary == once.vocabulary


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        "\n\n" + GOOD.replace("\n\n", "\n\n  \n# only a comment\n\n"),
        GOOD + "\n",
        GOOD.rstrip("\n"),
    ],
    ids=["byte order mark", "carriage returns", "more blank lines", "blank end", "no end"],
)
def test_other_spellings_of_a_file_read_the_same(tmp_path: Path, text: str) -> None:
    columns: list[Column] = [Upos(), Feature(name="Number"), Chunk()]
    expected = load_conllu(write(tmp_path / "a", GOOD), columns=columns)
    found = load_conllu(write(tmp_path / "b", text), columns=columns)
    assert found.vocabulary == expected.vocabulary
    np.testing.assert_array_equal(found.words, expected.words)
    np.testing.assert_array_equal(found.sentence_starts, expected.sentence_starts)
    for column in columns:
        assert labels(found, column.name) == labels(expected, column.name)


def test_words_may_hold_the_separators_of_unicode(tmp_path: Path) -> None:
    forms = ["a\u2028b", "a b", "a\u00a0b", "a\x0bb", "#", "_", '"']
    text = "".join(line(i, form=form) for i, form in enumerate(forms, start=1)).replace("X", "Y", 1)
    corpus = load_conllu(write(tmp_path / "a", text), columns=[Upos()])
    assert [corpus.vocabulary[word] for word in corpus.words] == forms


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line(2).replace("\tX\t", "\t"), "has 9 fields, not 10"),
        (line(2).replace("\n", "\t_\n"), "has 11 fields, not 10"),
        (line(2).replace("\t", " "), "has 1 fields, not 10"),
        ("2-3\tw\n", "has 2 fields, not 10"),
        (line(2, form=""), "has nothing in field 2"),
        (line(2, form=" "), "has nothing in field 2"),
        (line(3), "has the ID '3', where 2 was expected"),
        (line(1), "has the ID '1', where 2 was expected"),
        (line(2).replace("2", "x", 1), "has the ID 'x', where 2 was expected"),
        (line(2).replace("2", "02", 1), "has the ID '02', where 2 was expected"),
        (line(2).replace("2", "9" * 5000, 1), "has the ID '999"),
        (line(2, head="-1"), "has the HEAD '-1', not another word's ID, 0 or _"),
        (line(2, head="one"), "has the HEAD 'one'"),
        (line(2, head="2"), "has the HEAD '2'"),
        (line(2, head="7"), "has the HEAD 7, but its sentence has 2 words"),
        (line(2, feats="Number"), r"has the features 'Number', not Name=Value joined by \|"),
        (line(2, feats="Number=Sing|"), "has the features 'Number=Sing|'"),
    ],
)
def test_malformed_lines_end_the_reading_or_are_listed(tmp_path: Path, bad: str, reason: str) -> None:
    path = write(tmp_path / "en.conllu", f"{GOOD}\n# a comment\n{line(1)}{bad}\n{GOOD}")
    with pytest.raises(ValueError, match=f"^en.conllu, line 14: {reason}.*pass malformed=Malformed.SKIP"):
        load_conllu(path, columns=[Upos()])
    corpus = load_conllu(path, columns=[Upos()], malformed=Malformed.SKIP)
    # The sentence of the line is gone, those before and behind it are there.
    assert labels(corpus, "UPOS") == ["AUX", "PART", "VERB", "NOUN", "VERB"] * 2
    (found,) = corpus.malformed
    assert (found.file, found.line) == ("en.conllu", 14) and str(found).startswith("en.conllu, line 14: has")


def test_one_bad_line_is_one_report(tmp_path: Path) -> None:
    # Behind a line without an ID the count goes on where the next ID says.
    text = line(1) + "2 w _ _\n" + line(3) + line(4) + line(6) + line(7)
    path = write(tmp_path / "a", text + "\n" + TWO)
    corpus = load_conllu(path, columns=[Deprel()], malformed=Malformed.SKIP)
    assert corpus.malformed == (
        MalformedLine(file="a", line=2, reason="has 1 fields, not 10"),
        MalformedLine(file="a", line=5, reason="has the ID '6', where 5 was expected"),
    )
    assert corpus.n_tokens == 2


def test_an_error_names_the_first_lines_and_counts_the_others(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "\n\n".join(["bad"] * 5))
    with pytest.raises(ValueError, match=r"a, line 1: .*; a, line 3: .*; a, line 5: .* and 2 more; correct"):
        load_conllu(path, columns=[Upos()])
    with pytest.raises(
        ValueError, match=r"a: no sentence can be used.* The first malformed line is a, line 1"
    ):
        load_conllu(path, columns=[Upos()], malformed=Malformed.SKIP)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bad.conllu is empty"),
        (b" \n\n", "bad.conllu is empty"),
        (b"# only a comment\n", "bad.conllu: no sentence can be used"),
        (GOOD.encode() + b"\n1\tcaf\xe9\n", "bad.conllu, line 12: byte 0xe9 is not utf-8; convert the file"),
        (GOOD.encode("utf-16"), "bad.conllu, line 1: byte 0xff is not utf-8"),
    ],
)
@pytest.mark.parametrize("malformed", list(Malformed))
def test_files_without_text_are_refused(
    tmp_path: Path, content: bytes, message: str, malformed: Malformed
) -> None:
    path = tmp_path / "bad.conllu"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_conllu(path, columns=[Upos()], malformed=malformed)


def test_missing_files_and_useless_columns_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a", GOOD)
    with pytest.raises(FileNotFoundError, match="nowhere is not a file"):
        load_conllu(tmp_path / "nowhere", columns=[Upos()])
    with pytest.raises(FileNotFoundError, match="is not a file"):
        load_conllu(tmp_path, columns=[Upos()])
    with pytest.raises(ValueError, match="no file was named"):
        load_conllu(columns=[Upos()])
    with pytest.raises(ValueError, match="every token has the label _ in the column number; check"):
        load_conllu(path, columns=[Feature(name="number")])
    with pytest.raises(ValueError, match="the column MISC2 stands behind the last of 10 fields"):
        load_conllu(path, columns=[Field(index=10, name="MISC2")])
    with pytest.raises(ValueError, match="two columns have one name"):
        load_conllu(path, columns=[Deprel(), Deprel(subtypes=True)])
    with pytest.raises(ValueError, match="index must be an integer of at least 0"):
        Field(index=-1, name="NER")


def treebank() -> Path:
    """Return the real treebanks' folder, or skip."""
    for root in (os.environ.get("MTLAWS_DATA"), Path(__file__).parents[5] / "shared" / "data"):
        if root is not None and (Path(root) / "treebank").is_dir():
            return Path(root) / "treebank"
    pytest.skip("the treebanks are neither under MTLAWS_DATA nor under ../shared/data")


# Sentences, words, NOUN, nsubj with subtypes, Number=Plur, distinct forms, distinct XPOS: by grep, awk, sort.
COUNTS = {
    "en_ewt-ud-dev.conllu": (2001, 25147, 4210, 2137, 1780, 5494, 49),
    "en_ewt-ud-test.conllu": (2077, 25094, 4123, 2074, 1766, 5629, 48),
    "de_gsd-ud-dev.conllu": (799, 12480, 2200, 1064, 1585, 4011, 49),
    "de_gsd-ud-test.conllu": (977, 16499, 3111, 1251, 2099, 5429, 49),
}


@pytest.mark.parametrize("name", COUNTS)
def test_real_treebanks_have_the_counts_of_other_tools(name: str) -> None:
    columns: list[Column] = [Upos(), Xpos(), Deprel(), Feature(name="Number"), Chunk()]
    corpus = load_conllu(treebank() / name, columns=columns)
    tags = {column.name: labels(corpus, column.name) for column in columns}
    counts = (
        len(corpus.sentence_starts),
        corpus.n_tokens,
        tags["UPOS"].count("NOUN"),
        tags["DEPREL"].count("nsubj"),
        tags["Number"].count("Plur"),
        len(corpus.vocabulary),
        len(corpus.labelling("XPOS").classes),
    )
    assert counts == COUNTS[name]
    # A chunk holds a nominal, and a nominal is in a chunk.
    nominal = np.isin(tags["UPOS"], ["NOUN", "PROPN", "PRON"])
    assert all(nominal[start:end].any() for start, end, _ in entity_spans(tags["CHUNK"]))
    assert "O" not in np.array(tags["CHUNK"])[nominal]
