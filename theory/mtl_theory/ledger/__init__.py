"""The theorems: one package per topic, gathered by `theorems()`."""

from typing import Any

from mtl_theory.ledger._papers import PAPERS, Paper
from mtl_theory.theorem import Theorem

__all__ = ["PAPERS", "Paper", "theorems"]


def theorems() -> dict[str, Theorem[Any]]:
    """Return every theorem by its id, in reading order."""
    from mtl_theory.ledger import asymptotics, benefit, robustness, transfer

    entries = (*robustness.THEOREMS, *transfer.THEOREMS, *asymptotics.THEOREMS, *benefit.THEOREMS)
    by_id = {theorem.id: theorem for theorem in entries}
    if len(by_id) != len(entries):
        raise RuntimeError("two ledger entries share an id")
    return by_id
