"""The paper that the transfer statements come from."""

from mtl_theory.theorem import Source

PAPER = "Wu, Zhang, Ré 2020"


def source(where: str) -> Source:
    """Return a place in Wu, Zhang, Ré (ICLR 2020, arXiv:2005.00944)."""
    return Source(paper=PAPER, where=where)
