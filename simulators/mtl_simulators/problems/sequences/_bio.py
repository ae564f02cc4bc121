"""BIO labels: one word inside or outside a phrase, and the phrases that a sequence of them holds."""

from collections.abc import Sequence

OUTSIDE = "O"


def to_io(tags: Sequence[str]) -> list[str]:
    """Return IO labels, in which `B-PER` and `I-PER` are both `PER`.

    >>> to_io(["B-PER", "I-PER", "B-PER", "O"])
    ['PER', 'PER', 'PER', 'O']

    Raises
    ------
    ValueError
        On a label that is neither `O` nor starts with `B-` or `I-`.
    """
    return [OUTSIDE if tag == OUTSIDE else _kind(tag) for tag in tags]


def to_bio(kinds: Sequence[str]) -> list[str]:
    """Return BIO labels of IO labels: a phrase starts where the kind changes.

    Two phrases of one kind that touch become one, so this inverts `to_io` only where none do.

    >>> to_bio(["PER", "PER", "O", "LOC"])
    ['B-PER', 'I-PER', 'O', 'B-LOC']
    """
    return [
        OUTSIDE if kind == OUTSIDE else f"{'I' if kind == before else 'B'}-{kind}"
        for before, kind in zip([OUTSIDE, *kinds], kinds, strict=False)
    ]


def entity_spans(tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """Return the phrases `(start, end, kind)` of BIO labels, `end` being the first position behind.

    As the shared task's script has it, a phrase starts at `B-`, and at an `I-` that continues none of its
    kind; so the older convention, in which `B-` only separates phrases that touch, reads the same.

    >>> sorted(entity_spans(["I-PER", "B-PER", "I-LOC", "O"]))
    [(0, 1, 'PER'), (1, 2, 'PER'), (2, 3, 'LOC')]

    Source: Tjong Kim Sang and De Meulder 2003, `conlleval`.
    """
    spans: set[tuple[int, int, str]] = set()
    start, before = 0, OUTSIDE
    for position, (tag, kind) in enumerate(zip([*tags, OUTSIDE], to_io([*tags, OUTSIDE]), strict=True)):
        if kind == before and not tag.startswith("B-"):
            continue
        if before != OUTSIDE:
            spans.add((start, position, before))
        start, before = position, kind
    return spans


def entity_f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    r"""Return the F1 of phrases, $2 c / (g + p)$: c right in both ends and kind, g in gold, p predicted.

    0 where neither side holds a phrase.

    >>> entity_f1(["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "O", "B-LOC"])
    0.5

    Raises
    ------
    ValueError
        On sequences of different lengths, or labels as in `to_io`.

    Source: Tjong Kim Sang and De Meulder 2003, `conlleval`.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold and {len(predicted)} predicted labels; pass one of each a token.")
    true, found = entity_spans(gold), entity_spans(predicted)
    total = len(true) + len(found)
    return 2 * len(true & found) / total if total else 0.0


def _kind(tag: str) -> str:
    prefix, _, kind = tag.partition("-")
    if prefix not in ("B", "I") or not kind:
        raise ValueError(f"{tag!r} is not a BIO label; expected O, B-KIND or I-KIND (see to_bio).")
    return kind
