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
        Paper(
            key="wu",
            name="Wu, Zhang, Ré 2020",
            citation="Wu, Zhang, Ré: Understanding and Improving Information Transfer in Multi-Task "
            "Learning. ICLR 2020, arXiv:2005.00944; and Yang, Zhang, Wu, Su, Ré: Precise High-Dimensional "
            "Asymptotics for Quantifying Heterogeneous Transfers. JMLR 26(113), arXiv:2010.11750",
            topics=("transfer", "asymptotics"),
        ),
        Paper(
            key="bettgenhaeuser",
            name="Bettgenhäuser et al. 2020",
            citation="Bettgenhäuser, Hedderich, Klakow: Learning Functions to Study the Benefit of Multitask "
            "Learning. 2020, arXiv:2006.05561",
            topics=("benefit",),
        ),
    )
}
