"""Reading labelled sentences: what comes back, and every way in which a file or a line can be wrong."""

import os
from pathlib import Path

import numpy as np
import pytest

from mtl_simulators.problems import Sentences, fit_text_features, load_sentences, load_sentiment

FILES = ("rt-polarity.all", "subj.all", "custrev.all", "mpqa.all", "TREC.train.all", "TREC.test.all")
TEXTS = [
    "a fine film",
    "a dull film",
    "fine acting and a fine plot",
    "dull plot",
    "what a plot",
    "fine , dull",
]


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def real_folder() -> Path:
    """Return the real files' folder, or skip."""
    for root in (os.environ.get("MTLAWS_DATA"), Path(__file__).parents[4] / "shared" / "data"):
        if root is not None and (Path(root) / "sentiment").is_dir():
            return Path(root) / "sentiment"
    pytest.skip("the sentiment files are neither under MTLAWS_DATA nor under ../shared/data")


def test_sentences_come_in_file_order_with_numbered_classes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.all", b"10 ten\n2 two\n2 two again\n")
    found = load_sentences(path)
    assert found.texts == ("ten", "two", "two again")
    assert found.classes == ("2", "10")  # by number, not by spelling
    np.testing.assert_array_equal(found.labels, [1, 0, 0])
    assert found.problems == () and found.n_classes == 2


def test_several_files_are_read_one_after_another(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", b"0 x\n"), write(tmp_path / "b", b"1 y\nbad\n")
    found = load_sentences(first, str(second))
    assert found.texts == ("x", "y")
    assert found.problems == ("b, line 2: does not start with a label: 'bad'",)


def test_names_of_question_types_keep_their_coarse_class(tmp_path: Path) -> None:
    path = write(tmp_path / "trec", b"NUM:dist How far ?\nHUM:ind Who ?\nNUM:count How many ?\nLOC Where ?\n")
    found = load_sentences(path)
    assert found.classes == ("HUM", "LOC", "NUM")
    np.testing.assert_array_equal(found.labels, [2, 0, 2, 1])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "is empty"),
        (b"   ", "is empty"),
        (b"no label here", "does not start with a label"),
        (b"2004 was a good year", "does not start with a label"),
        (b"1", "has no text after its label"),
        (b"1 \t", "has no text after its label"),
        (b"7 an unknown class", "has the label 7, not one of 0, 1"),
        (b"0 a\x00b", "holds control characters"),
    ],
)
def test_bad_lines_are_reported_with_their_number_and_reading_goes_on(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    path = write(tmp_path / "some.all", b"0 first\n" + line + b"\n1 last\n")
    found = load_sentences(path, labels=("0", "1"))
    assert found.texts == ("first", "last")
    (problem,) = found.problems
    assert problem.startswith(f"some.all, line 2: {reason}")


def test_bytes_are_latin_1_and_only_line_feeds_end_lines(tmp_path: Path) -> None:
    # 0x85 and 0x0c end lines for str.splitlines, and occur inside sentences of the real files.
    path = write(tmp_path / "a", b"0 caf\xe9 \x85 and\x0cmore\r\n1 last line without an end")
    found = load_sentences(path)
    assert found.texts == ("caf\xe9 \x85 and\x0cmore", "last line without an end")


def test_utf_16_and_binary_files_are_refused_with_the_first_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "utf16.all", "0 one\n1 two\n".encode("utf-16"))
    with pytest.raises(ValueError, match=r"no usable line among \d lines.*utf16.all, line 1: holds control"):
        load_sentences(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no usable line among 0 lines"),
        (b"\n\n", "no usable line among 2 lines.*line 1: is empty"),
        (b"0 one\n0 two\n", "only the label 0 among 2 lines"),
    ],
)
def test_files_without_two_classes_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_sentences(write(tmp_path / "x", content))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is not a file; pass a text file"):
        load_sentences(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no file was named"):
        load_sentences()
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        load_sentiment(tmp_path / "nowhere")
    for name in FILES[:4]:
        write(tmp_path / name, b"0 a\n1 b\n")
    with pytest.raises(FileNotFoundError, match=r"does not hold TREC.train.all, TREC.test.all; put"):
        load_sentiment(tmp_path)


def test_five_sets_are_read_and_trec_is_one_of_them(tmp_path: Path) -> None:
    for name in FILES:
        write(tmp_path / name, b"0 a\n1 b\n5 c\n")
    found = load_sentiment(tmp_path)
    assert list(found) == ["MR", "SUBJ", "CR", "MPQA", "TREC"]
    assert found["MR"].texts == ("a", "b") and "label 5" in found["MR"].problems[0]
    assert found["TREC"].texts == ("a", "b", "c") * 2 and found["TREC"].classes == ("0", "1", "5")


def test_sentences_refuse_parts_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Sentences(texts=("a", "b"), labels=np.array([0]), classes=("0", "1"))
    for labels in ([0, 2], [0, -1], [0.0, 1.0]):
        with pytest.raises(ValueError, match="labels must number the classes"):
            Sentences(texts=("a", "b"), labels=np.array(labels), classes=("0", "1"))


def test_features_are_standardised_on_their_texts_and_repeat() -> None:
    first, second = (fit_text_features(np.random.default_rng(4), TEXTS, n_features=3) for _ in range(2))
    rows = first(TEXTS)
    np.testing.assert_array_equal(rows, second(TEXTS))
    np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=0), 1.0, rtol=1e-12)


def test_features_do_not_depend_on_the_other_rows_asked_for() -> None:
    features = fit_text_features(np.random.default_rng(0), TEXTS, n_features=2)
    np.testing.assert_allclose(features(TEXTS[2:4]), features(TEXTS)[2:4], rtol=1e-12)
    assert features(["words never seen"]).shape == (1, 2)


def test_features_span_the_leading_singular_vectors_of_the_weighted_counts() -> None:
    # Another route: exact singular value decomposition of the dense matrix.
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"[^\s]+")
    dense = vectorizer.fit_transform(TEXTS).toarray()
    u, s, _ = np.linalg.svd(dense, full_matrices=False)
    expected = u[:, :2] * s[:2]
    expected = (expected - expected.mean(axis=0)) / expected.std(axis=0)
    rows = fit_text_features(np.random.default_rng(0), TEXTS, n_features=2)(TEXTS)
    np.testing.assert_allclose(np.abs(rows), np.abs(expected), atol=1e-6)


def test_features_refuse_more_dimensions_than_the_texts_have() -> None:
    with pytest.raises(ValueError, match=r"n_features = 6, but 6 texts with .* terms allow at most 5"):
        fit_text_features(np.random.default_rng(0), TEXTS, n_features=6)
    with pytest.raises(ValueError, match="2 texts share no terms"):
        fit_text_features(np.random.default_rng(0), ["a", "b"], n_features=1)


def test_real_files_are_read_and_their_empty_lines_reported() -> None:
    sets = load_sentiment(real_folder())
    # The sizes that the sets are published with, less the lines without a sentence.
    published = {"MR": 10662, "SUBJ": 10000, "CR": 3775, "MPQA": 10606, "TREC": 5952}
    assert {name: len(one.texts) + len(one.problems) for name, one in sets.items()} == published
    assert {name: one.n_classes for name, one in sets.items()} == dict.fromkeys(sets, 2) | {"TREC": 6}
    assert len(sets["CR"].problems) == 4 and len(sets["MPQA"].problems) == 3
    assert all("has no text after its label" in p for one in sets.values() for p in one.problems)
