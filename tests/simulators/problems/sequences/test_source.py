"""The synthetic source: the laws of its words and labels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from mtl_simulators.problems.sequences import draw_corpus, make_token_source

SOURCE = make_token_source(np.random.default_rng(0))
CORPUS = draw_corpus(np.random.default_rng(1), source=SOURCE, n_tokens=50_000)


def test_labels_are_those_of_the_network_on_the_window() -> None:
    # The formula of the world, written out for single tokens; padding is zero.
    labels = CORPUS.labelling("MAIN").labels
    zero = np.zeros((1, 16))
    stream = np.concatenate([zero, SOURCE.embeddings[CORPUS.words], zero])
    for i in [0, 1, 777, CORPUS.n_tokens - 1]:
        hidden = np.tanh(1.5 * SOURCE.representation @ stream[i : i + 3].ravel())
        assert labels[i] == np.argmax(SOURCE.heads @ hidden + SOURCE.offsets)


def test_shapes_and_the_hidden_subspace() -> None:
    assert (SOURCE.context, SOURCE.embeddings.shape) == (1, (3000, 16))
    assert (SOURCE.heads.shape, SOURCE.representation.shape) == ((5, 4), (4, 48))
    np.testing.assert_allclose(SOURCE.representation @ SOURCE.representation.T, np.eye(4), atol=1e-12)
    wide = make_token_source(np.random.default_rng(0), prior=(0.5, 0.5), n_words=9, context=2, n_hidden=3)
    assert (wide.context, wide.representation.shape) == (2, (3, 80))


def test_words_follow_the_power_law() -> None:
    weights = np.arange(1, 3001) ** -0.6
    np.testing.assert_allclose(SOURCE.frequencies, weights / weights.sum(), rtol=1e-12)
    counts = np.bincount(CORPUS.words, minlength=3000)
    assert chisquare(counts, SOURCE.frequencies * CORPUS.n_tokens).pvalue > 1e-4


@pytest.mark.parametrize(
    "prior",
    [(0.6, 0.1, 0.1, 0.1, 0.1), (0.833, 0.055, 0.049, 0.041, 0.022), (0.5, 0.5), (0.01, 0.19, 0.8)],
)
@pytest.mark.parametrize("seed", range(3))
def test_classes_have_their_shares(prior: tuple[float, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = make_token_source(rng, prior=prior)
    corpus = draw_corpus(rng, source=source, n_tokens=50_000)
    shares = np.bincount(corpus.labelling("MAIN").labels, minlength=len(prior)) / 50_000
    # Tolerance 0.001 of the calibration, and 5 standard errors of the two samples, each token counting for
    # a third because its two neighbours share its words.
    error = np.sqrt(3 * np.array(prior) * (1 - np.array(prior)) * (1 / 50_000 + 1 / 100_000))
    assert (np.abs(shares - prior) < 0.001 + 5 * error).all()


def test_labels_depend_on_the_neighbours_too() -> None:
    # The same word bears several labels, so the window is needed.
    labels = CORPUS.labelling("MAIN").labels
    most_frequent = labels[CORPUS.words == 0]
    assert len(most_frequent) > 200 and len(np.unique(most_frequent)) > 1


def test_the_same_generator_gives_the_same_world_and_stream() -> None:
    again = make_token_source(np.random.default_rng(0))
    for name in ("embeddings", "representation", "heads", "offsets"):
        np.testing.assert_array_equal(getattr(SOURCE, name), getattr(again, name))
    corpus = draw_corpus(np.random.default_rng(1), source=again, n_tokens=50_000)
    np.testing.assert_array_equal(corpus.words, CORPUS.words)
    np.testing.assert_array_equal(corpus.labelling("MAIN").labels, CORPUS.labelling("MAIN").labels)
    other = draw_corpus(np.random.default_rng(2), source=again, n_tokens=50_000)
    assert other.vocabulary == CORPUS.vocabulary and (other.words != CORPUS.words).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prior": (1.0,)}, "at least 2 shares, none zero"),
        ({"prior": (0.5, 0.0, 0.5)}, "at least 2 shares, none zero"),
        ({"prior": (0.5, 0.6)}, "must sum to 1"),
        ({"n_words": 0}, "n_words must be"),
        ({"exponent": -1.0}, r"exponent must lie in \[0, inf\]"),
        ({"context": -1}, "context must be"),
        ({"n_words": 4, "context": 0}, "too few different windows; raise n_words or context"),
        ({"n_hidden": 49}, "dimension=49 exceeds n_features=48"),
    ],
)
def test_worlds_that_cannot_be_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_token_source(np.random.default_rng(0), **change)


@pytest.mark.parametrize(
    "change",
    [
        {"frequencies": np.full(2, 0.5)},
        {"representation": np.ones((4, 32))},
        {"representation": np.ones((4, 47))},
        {"representation": np.ones((4, 0))},
        {"heads": np.ones((5, 3))},
        {"offsets": np.ones(4)},
    ],
)
def test_sources_refuse_parts_that_do_not_fit(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"do not fit; pass \(V,\), \(V, e\)"):
        replace(SOURCE, **change)


def test_sources_refuse_frequencies_that_are_no_probabilities() -> None:
    with pytest.raises(ValueError, match="frequencies must sum to 1"):
        replace(SOURCE, frequencies=np.ones(3000))
