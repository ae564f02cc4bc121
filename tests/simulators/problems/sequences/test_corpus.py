"""A stream of tokens checks itself; windows run over it."""

from dataclasses import replace

import numpy as np
import pytest

from mtl_simulators.problems.sequences import Corpus, Labelling, embed_windows, token_windows

CORPUS = Corpus(
    words=np.array([0, 1, 2, 1], dtype=np.uint8),
    vocabulary=("a", "b", "c"),
    labellings=(Labelling.of("POS", ["X", "Y", "X", "Y"]), Labelling.of("NER", ["O", "P", "O", "O"])),
    sentence_starts=[0, 3],
    embeddings=np.arange(6.0).reshape(3, 2),
)


def test_columns_are_found_by_name() -> None:
    assert CORPUS.labelling("NER").labels.tolist() == [0, 1, 0, 0]
    assert CORPUS.words.dtype == np.int64 and CORPUS.n_tokens == 4
    with pytest.raises(ValueError, match="the corpus has no column 'UPOS', only POS, NER; read the file"):
        CORPUS.labelling("UPOS")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": np.array([0, 1, 3, 1])}, "words must hold codes 0..2"),
        ({"words": np.array([0, -1, 1, 1])}, "words must hold codes 0..2"),
        ({"words": np.array([0.0, 1.0, 1.0, 1.0])}, "integer codes"),
        ({"words": np.array([], dtype=int)}, "non-empty"),
        ({"words": np.array([0, 1, 2])}, "column POS has 4 labels for 3 tokens"),
        ({"labellings": CORPUS.labellings[:1] * 2}, "two columns have one name"),
        ({"sentence_starts": [1, 3]}, "must increase from 0 and stay below 4"),
        ({"sentence_starts": [0, 3, 3]}, "must increase from 0"),
        ({"sentence_starts": [0, 4]}, "stay below 4"),
        ({"sentence_starts": []}, "must increase from 0"),
        ({"embeddings": np.ones((2, 5))}, r"embeddings \(2, 5\) for 3 words"),
        ({"embeddings": np.full((3, 1), np.nan)}, "NaN"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CORPUS, **change)


def test_labels_must_number_their_classes() -> None:
    with pytest.raises(ValueError, match=r"labels of POS must hold codes 0\.\.1"):
        Labelling(name="POS", labels=np.array([0, 2]), classes=("X", "Y"))


@pytest.mark.parametrize("context", [0, 1, 3, 9])
def test_windows_hold_the_neighbours_and_padding_only_beyond_the_ends(context: int) -> None:
    words = np.random.default_rng(0).integers(50, size=7)
    windows = token_windows(words, context=context, padding=50)
    assert windows.shape == (7, 2 * context + 1)
    for i in range(7):
        for offset in range(-context, context + 1):
            inside = 0 <= i + offset < 7
            assert windows[i, context + offset] == (words[i + offset] if inside else 50)


def test_windows_are_no_view_of_the_words() -> None:
    words = np.array([1, 2, 3])
    token_windows(words, context=0, padding=9)[:] = 0
    assert words.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="context must be an integer of at least 0"):
        token_windows(words, context=-1, padding=9)


def test_embedded_windows_stand_side_by_side_and_padding_is_zero() -> None:
    windows = np.random.default_rng(0).integers(4, size=(2, 5, 3))
    embedded = embed_windows(windows, CORPUS.embeddings)
    assert embedded.shape == (2, 5, 6)
    for index in np.ndindex(2, 5):
        expected = [CORPUS.embeddings[word] if word < 3 else np.zeros(2) for word in windows[index]]
        np.testing.assert_array_equal(embedded[index], np.concatenate(expected))
