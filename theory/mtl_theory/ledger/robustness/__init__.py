"""Multitasking and robustness to structural failure (Daras, Raoof, Gkalitsiou, Dimakis, NeurIPS 2022)."""

from typing import Any

from mtl_theory.ledger.robustness import (
    _compression,
    _conventions,
    _failures,
    _gaussian,
    _generalisations,
    _identities,
    _near_orthonormal,
    _tasks,
)
from mtl_theory.theorem import Theorem

__all__ = ["THEOREMS"]

THEOREMS: tuple[Theorem[Any], ...] = (
    *_identities.THEOREMS,
    *_tasks.THEOREMS,
    *_gaussian.THEOREMS,
    *_failures.THEOREMS,
    *_compression.THEOREMS,
    *_generalisations.THEOREMS,
    *_conventions.THEOREMS,
    *_near_orthonormal.THEOREMS,
)
