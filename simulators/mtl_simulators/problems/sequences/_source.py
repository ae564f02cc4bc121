"""A synthetic source of tokens whose labels a small network computes from their neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import distributions, finite_array, in_interval, positive_int
from mtl_simulators.geometry import make_subspace
from mtl_simulators.problems.sequences._corpus import Corpus, Labelling
from mtl_simulators.problems.sequences._windows import embed_windows, token_windows

GAIN = 1.5  # how far the hidden layer is driven out of its linear range
CALIBRATION = 100_000  # tokens on which the classes get their shares: a standard error below 0.002
TOLERANCE = 1e-3
SWEEPS = 20  # seven were enough for each of 160 worlds of 2 to 10 classes
MAIN = "MAIN"


@dataclass(frozen=True, kw_only=True)
class TokenSource:
    r"""A world of tokens: words are drawn independently, and a window of them determines the label.

    The label of the window $x$, embeddings side by side, is $\arg\max_c (W z + b)_c$ with
    $z = \tanh(1.5\,U x)$: it has no noise, so the Bayes error is 0 for learners that see the window, and it
    depends on x through r directions only.

    Parameters
    ----------
    frequencies
        Probability of each word, `(V,)`.
    embeddings
        One row a word, `(V, e)`.
    representation
        U, `(r, (2 c + 1) e)`, where c words on either side count.
    heads
        W, `(k, r)`.
    offsets
        b, `(k,)`.

    Raises
    ------
    ValueError
        On NaN, infinity, frequencies that are not probabilities, or shapes that do not fit.

    Stands in for the text of Bettgenhäuser, Hedderich and Klakow 2020.
    """

    frequencies: FloatArray
    embeddings: FloatArray
    representation: FloatArray
    heads: FloatArray
    offsets: FloatArray

    def __post_init__(self) -> None:
        """Check shapes against each other."""
        object.__setattr__(self, "frequencies", distributions("frequencies", self.frequencies))
        for name, ndim in (
            ("embeddings", 2),
            ("representation", 2),
            ("heads", 2),
            ("offsets", 1),
        ):
            object.__setattr__(self, name, finite_array(name, getattr(self, name), ndim=ndim))
        width, odd = divmod(self.representation.shape[1], self.embeddings.shape[1])
        fits = (
            len(self.frequencies) == len(self.embeddings)
            and (width % 2, odd) == (1, 0)
            and self.heads.shape == (len(self.offsets), len(self.representation))
        )
        if not fits:
            raise ValueError(
                f"frequencies {self.frequencies.shape}, embeddings {self.embeddings.shape}, representation "
                f"{self.representation.shape}, heads {self.heads.shape} and offsets {self.offsets.shape} do "
                "not fit; pass (V,), (V, e), (r, (2 c + 1) e), (k, r) and (k,)."
            )

    @property
    def context(self) -> int:
        """Number of words on either side that a label depends on, `c`."""
        return int(self.representation.shape[1] // self.embeddings.shape[1] - 1) // 2

    def scores(self, words: IntArray) -> FloatArray:
        """Return $W z + b$ for each token of a stream `(N,)`, shape `(N, k)`."""
        windows = token_windows(words, context=self.context, padding=len(self.frequencies))
        inputs = embed_windows(windows, self.embeddings)
        return np.tanh(GAIN * inputs @ self.representation.T) @ self.heads.T + self.offsets


def make_token_source(
    rng: np.random.Generator,
    *,
    prior: Sequence[float] = (0.6, 0.1, 0.1, 0.1, 0.1),
    n_words: int = 3000,
    exponent: float = 0.6,
    n_features: int = 16,
    context: int = 1,
    n_hidden: int = 4,
) -> TokenSource:
    r"""Make a source in which the word of rank i has a weight of $i^{-a}$ and the classes have given shares.

    Embeddings are standard Gaussian; the rows of U are orthonormal, uniformly distributed, so that $U x$ is
    of unit scale; W is Gaussian; b is the one that gives each class its share, within 0.01.

    Parameters
    ----------
    prior
        Shares of the k classes, positive, sum 1. Default: class 0 is the frequent one, as "outside" is.
    n_words, n_features, context, n_hidden
        V, e, c and r.
    exponent
        a, not negative.

    Raises
    ------
    ValueError
        On numbers out of range, more hidden directions than features in a window, or so few words that no b
        gives the shares.

    >>> source = make_token_source(np.random.default_rng(0), n_words=50, prior=(0.5, 0.3, 0.2))
    >>> corpus = draw_corpus(np.random.default_rng(1), source=source, n_tokens=20_000)
    >>> shares = np.bincount(corpus.labelling("MAIN").labels) / corpus.n_tokens
    >>> bool(np.abs(shares - (0.5, 0.3, 0.2)).max() < 0.02)
    True
    """
    shares = distributions("prior", prior)
    if len(shares) < 2 or (shares == 0).any():
        raise ValueError(
            f"prior = {shares.tolist()} must hold at least 2 shares, none zero; drop empty classes."
        )
    positive_int("n_words", n_words)
    positive_int("n_features", n_features)
    in_interval("exponent", exponent, 0.0, np.inf)
    width = (2 * positive_int("context", context, at_least=0) + 1) * n_features
    weights = np.arange(1, n_words + 1) ** -float(exponent)
    source = TokenSource(
        frequencies=weights / weights.sum(),
        embeddings=rng.standard_normal((n_words, n_features)),
        representation=make_subspace(rng, n_features=width, dimension=n_hidden)[0],
        heads=rng.standard_normal((len(shares), n_hidden)),
        offsets=np.zeros(len(shares)),
    )
    scores = source.scores(_draw_words(rng, source, CALIBRATION))
    return replace(source, offsets=_offsets(scores, shares))


def draw_corpus(rng: np.random.Generator, *, source: TokenSource, n_tokens: int) -> Corpus:
    """Draw a stream of tokens with their labels, the column `MAIN`; it has no sentences.

    The vocabulary holds all words of the source, named by their rank in frequency, so that streams of one
    source have the same codes.

    Raises
    ------
    ValueError
        When `n_tokens` is below 1.
    """
    words = _draw_words(rng, source, positive_int("n_tokens", n_tokens))
    labels = source.scores(words).argmax(axis=1)
    classes = tuple(str(c) for c in range(len(source.offsets)))
    return Corpus(
        words=words,
        vocabulary=tuple(f"w{rank}" for rank in range(1, len(source.frequencies) + 1)),
        labellings=(Labelling(name=MAIN, labels=labels, classes=classes),),
        embeddings=source.embeddings,
    )


def _draw_words(rng: np.random.Generator, source: TokenSource, n_tokens: int) -> IntArray:
    return rng.choice(len(source.frequencies), size=n_tokens, p=source.frequencies)


def _offsets(scores: FloatArray, prior: FloatArray) -> FloatArray:
    r"""Return the b for which $\arg\max_c (s + b)_c$ has the law `prior` over the rows s of `scores`.

    It minimises the convex $E \max_c (s + b)_c - \sum_c p_c b_c$, here one coordinate after another: each
    step gives one class its share.
    """
    offsets = np.zeros(len(prior))
    for _ in range(SWEEPS):
        for c, share in enumerate(prior):
            rivals = np.delete(scores + offsets, c, axis=1).max(axis=1)
            offsets[c] = np.quantile(rivals - scores[:, c], share)
        reached = np.bincount((scores + offsets).argmax(axis=1), minlength=len(prior)) / len(scores)
        if np.abs(reached - prior).max() < TOLERANCE:
            return offsets
    raise ValueError(
        f"the classes reach the shares {reached.round(4).tolist()} instead of {prior.round(4).tolist()}: "
        "there are too few different windows; raise n_words or context."
    )
