"""What related tasks are worth, on the scale of AMI (Bettgenhäuser, Hedderich, Klakow, arXiv:2006.05561)."""

from typing import Any

from mtl_theory.ledger.benefit import _channels, _cosines, _half_spaces, _pooling, _triangles, _weights
from mtl_theory.ledger.benefit._pooled_error import exact_error
from mtl_theory.theorem import Theorem

__all__ = ["THEOREMS", "exact_error"]

THEOREMS: tuple[Theorem[Any], ...] = (
    *_pooling.THEOREMS,
    *_weights.THEOREMS,
    *_cosines.THEOREMS,
    *_channels.THEOREMS,
    *_triangles.THEOREMS,
    *_half_spaces.THEOREMS,
)
