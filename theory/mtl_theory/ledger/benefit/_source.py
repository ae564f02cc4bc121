"""The paper that the statements on the benefit of related tasks belong to."""

from mtl_theory.theorem import Source

PAPER = "Bettgenhäuser et al. 2020"


def source(where: str) -> Source:
    """Return a place in Bettgenhäuser, Hedderich, Klakow (arXiv:2006.05561), or what it rests on."""
    return Source(paper=PAPER, where=where)
