"""The papers: how each is called on the command line, and which topics of the ledger it fills."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper whose results the ledger states and whose experiments can be run.

    Parameters
    ----------
    key
        Its name on the command line.
    name
        Its short name in tables, as in `Source.paper`.
    citation
        Authors, title, venue.
    topics
        Topics of the ledger that hold its theorems.
    """

    key: str
    name: str
    citation: str
    topics: tuple[str, ...]


PAPERS: dict[str, Paper] = {
    paper.key: paper
    for paper in (
        Paper(
            key="daras",
            name="Daras et al. 2022",
            citation="Daras, Raoof, Gkalitsiou, Dimakis: Multitasking Models are Robust to Structural "
            "Failure: A Neural Model for Bilingual Cognitive Reserve. NeurIPS 2022, arXiv:2210.11618",
            topics=("robustness",),
        ),
    )
}
