"""Base noun phrases of small trees."""

import pytest

from mtl_simulators.problems.sequences import Chunk


def rows(*words: str) -> list[tuple[str, ...]]:
    """Return CoNLL-U rows of words written `UPOS:head:relation`, heads counted from 1."""
    found = []
    for i, word in enumerate(words, start=1):
        upos, head, relation = word.split(":", 2)
        found.append((str(i), "w", "_", upos, "_", "_", head, relation, "_", "_"))
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["DET:2:det", "NOUN:0:root"], "B I"),
        # a very big house burns: the adverb hangs from the adjective
        (["DET:4:det", "ADV:3:advmod", "ADJ:4:amod", "NOUN:5:nsubj", "VERB:0:root"], "B I I I O"),
        # an adverb of the noun itself, or of a verb, is outside
        (["ADV:2:advmod", "NOUN:0:root", "ADV:4:advmod", "VERB:2:conj"], "O B O O"),
        # John 's big house
        (["PROPN:4:nmod:poss", "PART:1:case", "ADJ:4:amod", "NOUN:0:root"], "B O B I"),
        # his house; house of cards
        (["PRON:2:nmod:poss", "NOUN:0:root"], "B I"),
        (["NOUN:0:root", "ADP:3:case", "NOUN:1:nmod"], "B O B"),
        # a name runs on to the right of its head
        (["VERB:0:root", "PROPN:1:obj", "PROPN:2:flat", "PROPN:2:flat:name"], "O B I I"),
        # two phrases that touch
        (["VERB:0:root", "PRON:1:iobj", "DET:4:det:predet", "NOUN:1:obj"], "O B B I"),
        # a phrase cut in two by something that does not belong to it: the part without a nominal is outside
        (["DET:4:det", "PUNCT:4:punct", "ADJ:4:amod", "NOUN:0:root"], "O O B I"),
        # the particle of a verb, a verb's nominal-looking compound, and no nominal at all
        (["VERB:0:root", "ADP:1:compound:prt"], "O O"),
        (["DET:2:det", "ADJ:0:root"], "O O"),
        # no tree: heads unknown
        (["NOUN:_:det", "NOUN:_:det"], "B B"),
    ],
)
def test_chunks_of_small_trees(words: list[str], expected: str) -> None:
    short = {"B-NP": "B", "I-NP": "I", "O": "O"}
    assert " ".join(short[label] for label in Chunk().labels(rows(*words))) == expected


def test_a_long_chain_is_one_chunk() -> None:
    words = [f"NOUN:{i + 2}:compound" for i in range(99)] + ["NOUN:0:root"]
    assert Chunk().labels(rows(*words)) == ["B-NP"] + ["I-NP"] * 99
