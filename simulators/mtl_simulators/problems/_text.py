"""Labelled sentences from text files, and numbers made of them."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import positive_int

# A class number, or a name in capitals with an optional finer class after a colon, which is dropped.
LABEL = re.compile(r"([+-]?\d{1,3}|[A-Z]{2,})(?::\w+)?")
# What no text file in an eight-bit encoding holds: a binary file, or text in UTF-16, has plenty of it.
BINARY = re.compile(r"[\x00-\x08\x0e-\x1f]")
SHOWN = 40  # characters of a bad line that a report of it repeats

BINARY_LABELS = ("0", "1")
# Either way in which the question types are written: class numbers, or the names of the coarse classes.
TREC_LABELS = ("0", "1", "2", "3", "4", "5", "ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
SENTIMENT_FILES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "MR": (("rt-polarity.all",), BINARY_LABELS),
    "SUBJ": (("subj.all",), BINARY_LABELS),
    "CR": (("custrev.all",), BINARY_LABELS),
    "MPQA": (("mpqa.all",), BINARY_LABELS),
    "TREC": (("TREC.train.all", "TREC.test.all"), TREC_LABELS),
}


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """Sentences with their class labels, in file order.

    Parameters
    ----------
    texts
        One string a sentence.
    labels
        Position of each sentence's class in `classes`, shape `(n,)`, integers.
    classes
        Names of the classes, in the order of their labels.
    problems
        What was wrong with the lines that were left out: file, line number, reason.

    Raises
    ------
    ValueError
        On no sentences, or labels that do not fit the texts or the classes.
    """

    texts: tuple[str, ...]
    labels: IntArray
    classes: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the parts against each other."""
        labels = np.asarray(self.labels)
        if not self.texts or labels.shape != (len(self.texts),):
            raise ValueError(
                f"{len(self.texts)} texts and labels {labels.shape} do not fit: pass one a text."
            )
        if not np.issubdtype(labels.dtype, np.integer) or (np.unique(labels) >= len(self.classes)).any():
            raise ValueError(
                f"labels must number the classes {list(self.classes)} from 0; number them again."
            )
        if labels.min() < 0:
            raise ValueError(f"labels must number the classes from 0, got {labels.min()}; number them again.")
        object.__setattr__(self, "labels", labels.astype(np.int64, copy=False))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)


def load_sentences(*paths: str | Path, labels: Collection[str] | None = None) -> Sentences:
    r"""Read sentences from files with one `label text` a line, in latin-1.

    A label is a class number, or a name in capitals; of `NUM:dist` the coarse class `NUM` is taken. Lines
    that cannot be used are left out and described in the result's `problems`; reading goes on. Lines end
    with a line feed, before which a carriage return does not count: the other line separators of Unicode
    occur inside sentences.

    Parameters
    ----------
    paths
        Files, read one after another.
    labels
        The labels that may occur; others are problems. None for any.

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    ValueError
        When no usable line is left, or all of them have the same label; says what was wrong with the first.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "reviews.all")
    ...     _ = path.write_bytes(b"1 a caf\xe9 to love\nno label\n0 a bore\n")
    ...     reviews = load_sentences(path)
    >>> reviews.texts, reviews.labels.tolist()
    (('a café to love', 'a bore'), [1, 0])
    >>> reviews.problems
    ("reviews.all, line 2: does not start with a label: 'no label'",)
    """
    if not paths:
        raise ValueError("no file was named; pass at least one path.")
    names: list[str] = []
    texts: list[str] = []
    problems: list[str] = []
    for path in map(Path, paths):
        for number, line in enumerate(_lines(path), start=1):
            found = _parse(line, labels)
            if isinstance(found, str):
                problems.append(f"{path.name}, line {number}: {found}: {line[:SHOWN]!r}")
            else:
                names.append(found[0])
                texts.append(found[1])
    # Class numbers in the order of numbers, not of their spelling.
    classes = sorted(set(names), key=lambda name: (0, int(name), "") if _is_number(name) else (1, 0, name))
    if len(classes) < 2:
        seen = f"only the label {classes[0]}" if classes else "no usable line"
        first = f" The first problem is: {problems[0]}." if problems else ""
        raise ValueError(
            f"{', '.join(Path(p).name for p in paths)}: {seen} among {len(texts) + len(problems)} lines; "
            f"expected `label text`, one sentence a line, of at least two classes.{first}"
        )
    index = {name: i for i, name in enumerate(classes)}
    return Sentences(
        texts=tuple(texts),
        labels=np.array([index[name] for name in names]),
        classes=tuple(classes),
        problems=tuple(problems),
    )


def load_sentiment(folder: str | Path) -> dict[str, Sentences]:
    """Read the five sets of short texts MR, SUBJ, CR, MPQA (two classes each) and TREC (six), in this order.

    `folder` holds `rt-polarity.all`, `subj.all`, `custrev.all`, `mpqa.all`, `TREC.train.all` and
    `TREC.test.all`; the two parts of TREC become one set.

    Raises
    ------
    FileNotFoundError
        When the folder or one of its files is missing; names all that are.
    ValueError
        As `load_sentences`.

    Source: Pang and Lee 2004, 2005; Hu and Liu 2004; Wiebe, Wilson and Cardie 2005; Li and Roth 2002.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; pass the one that holds rt-polarity.all.")
    missing = [
        name for files, _ in SENTIMENT_FILES.values() for name in files if not (folder / name).is_file()
    ]
    if missing:
        raise FileNotFoundError(f"{folder} does not hold {', '.join(missing)}; put them there.")
    return {
        name: load_sentences(*(folder / file for file in files), labels=labels)
        for name, (files, labels) in SENTIMENT_FILES.items()
    }


def fit_text_features(
    rng: np.random.Generator, texts: Sequence[str], *, n_features: int, min_count: int = 2
) -> Callable[[Sequence[str]], FloatArray]:
    r"""Learn features from texts and return the function that maps any texts to rows `(n, d)`.

    TF-IDF of words and pairs of neighbouring words (sublinear counts), projected on the leading `n_features`
    right singular vectors of the given texts, each feature standardised to mean 0 and variance 1 over them.
    Words that the given texts lack do not count. The randomised singular value decomposition draws from
    `rng`; same texts and generator, same features.

    Parameters
    ----------
    texts
        Training texts, of all tasks together.
    n_features
        d, less than the number of texts and of terms.
    min_count
        Texts that a term must occur in.

    Raises
    ------
    ValueError
        When the texts hold too few terms for `n_features`.

    >>> texts = ["good fun", "good film", "bad film", "bad fun", "good bad film"]
    >>> features = fit_text_features(np.random.default_rng(0), texts, n_features=2)
    >>> features(texts).std(axis=0).round(12).tolist(), features(["unknown words"]).shape
    ([1.0, 1.0], (1, 2))
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    positive_int("n_features", n_features)
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=positive_int("min_count", min_count),
        token_pattern=r"[^\s]+",  # negations and punctuation are tokens of their own in these files
    )
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError as error:  # no term is left
        raise ValueError(
            f"{len(texts)} texts share no terms ({error}); pass more texts or a smaller min_count."
        ) from error
    if n_features >= min(counts.shape):
        raise ValueError(
            f"n_features = {n_features}, but {counts.shape[0]} texts with {counts.shape[1]} terms allow at "
            f"most {min(counts.shape) - 1}; pass that, more texts or a smaller min_count."
        )
    projection = TruncatedSVD(n_components=n_features, random_state=int(rng.integers(2**31)))
    scores = projection.fit_transform(counts)
    mean, spread = scores.mean(axis=0), scores.std(axis=0)
    scale = np.where(spread > 1e-12 * spread.max(), spread, 1.0)

    def features(new: Sequence[str]) -> FloatArray:
        return np.asarray((projection.transform(vectorizer.transform(new)) - mean) / scale)

    return features


def _lines(path: Path) -> Iterable[str]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file; pass a text file with one `label text` a line.")
    # Not in text mode, which would also break lines at a carriage return on its own.
    lines = path.read_bytes().decode("latin-1").split("\n")
    return lines[:-1] if not lines[-1] else lines


def _parse(line: str, labels: Collection[str] | None) -> tuple[str, str] | str:
    """Return label and text, or what is wrong with the line."""
    if BINARY.search(line):
        return "holds control characters, as UTF-16 or binary files do"
    label, _, text = line.strip(" \t\r").partition(" ")
    found = LABEL.fullmatch(label)
    if not label:
        return "is empty"
    if found is None:
        return "does not start with a label"
    name = str(int(found[1])) if _is_number(found[1]) else found[1]
    if labels is not None and name not in labels:
        return f"has the label {name}, not one of {', '.join(labels)}"
    if not text.strip():
        return "has no text after its label"
    return name, text.strip()


def _is_number(name: str) -> bool:
    return name.lstrip("+-").isdigit()
