"""BIO labels, against a parser written over all possible phrases."""

from itertools import product

import pytest

from mtl_simulators.problems.sequences import entity_f1, entity_spans, to_bio, to_io

TAGS = ("O", "B-X", "I-X", "B-Y", "I-Y")


def all_phrases(tags: tuple[str, ...]) -> set[tuple[int, int, str]]:
    """Try every stretch: it is a phrase if it is of one kind, starts right, and cannot go on."""

    def starts(i: int) -> bool:
        inherits = i > 0 and tags[i - 1][1:] == tags[i][1:]
        return tags[i][0] == "B" or (tags[i][0] == "I" and not inherits)

    return {
        (i, j, tags[i][2:])
        for i in range(len(tags))
        for j in range(i + 1, len(tags) + 1)
        if starts(i)
        and all(tags[m] == "I" + tags[i][1:] for m in range(i + 1, j))
        and (j == len(tags) or tags[j] != "I" + tags[i][1:])
    }


def test_spans_agree_with_the_search_over_all_phrases() -> None:
    for length in range(6):
        for tags in product(TAGS, repeat=length):
            assert entity_spans(tags) == all_phrases(tags), tags


def test_both_conventions_of_the_shared_tasks_give_the_same_phrases() -> None:
    # The older one writes B only where two phrases of a kind touch.
    older = ["I-PER", "I-PER", "B-PER", "O", "I-LOC", "I-ORG"]
    newer = ["B-PER", "I-PER", "B-PER", "O", "B-LOC", "B-ORG"]
    assert entity_spans(older) == entity_spans(newer)
    assert entity_f1(older, newer) == 1.0


def test_conversions_lose_only_the_border_of_phrases_that_touch() -> None:
    kinds = ["X", "X", "O", "Y", "X"]
    assert to_bio(kinds) == ["B-X", "I-X", "O", "B-Y", "B-X"]
    assert to_io(to_bio(kinds)) == kinds
    assert to_bio(to_io(["B-X", "B-X"])) == ["B-X", "I-X"]
    assert to_bio([]) == to_io([]) == []


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("B-X I-X O B-Y", "B-X I-X O B-Y", 1.0),
        ("B-X I-X O B-Y", "B-X I-X O B-X", 0.5),  # precision 1/2, recall 1/2
        ("B-X I-X O B-Y", "B-X O O O", 0.0),  # a part of a phrase is no phrase
        ("B-X O B-Y O", "B-X O O O", 2 / 3),  # precision 1, recall 1/2
        ("B-X B-X O O", "B-X I-X O O", 0.0),
        ("O O", "O O", 0.0),
        ("O O", "B-X O", 0.0),
    ],
)
def test_f1_of_phrases(gold: str, predicted: str, expected: float) -> None:
    assert entity_f1(gold.split(), predicted.split()) == pytest.approx(expected, abs=1e-15)
    assert entity_f1(predicted.split(), gold.split()) == pytest.approx(expected, abs=1e-15)


def test_other_labels_and_lengths_are_refused() -> None:
    for tag in ("PER", "E-PER", "B-", "B", "", "-X"):
        with pytest.raises(ValueError, match="is not a BIO label"):
            to_io([tag])
        with pytest.raises(ValueError, match="is not a BIO label"):
            entity_spans([tag])
    with pytest.raises(ValueError, match="2 gold and 1 predicted"):
        entity_f1(["O", "O"], ["O"])
