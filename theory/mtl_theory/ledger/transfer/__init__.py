"""When shared representations transfer (Wu, Zhang, Ré, ICLR 2020): linear and ReLU, printed and corrected."""

from typing import Any

from mtl_theory.ledger.transfer import _alignment, _angles, _capacity, _relu, _relu_tasks, _weights
from mtl_theory.theorem import Theorem

__all__ = ["THEOREMS"]

THEOREMS: tuple[Theorem[Any], ...] = (
    *_capacity.THEOREMS,
    *_angles.THEOREMS,
    *_relu.THEOREMS,
    *_relu_tasks.THEOREMS,
    *_weights.THEOREMS,
    *_alignment.THEOREMS,
)
