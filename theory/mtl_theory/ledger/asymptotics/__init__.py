"""High-dimensional limits of multitask regression (Yang, Zhang, Wu, Su, Ré, arXiv:2010.11750)."""

from typing import Any

from mtl_theory.ledger.asymptotics import (
    _covariates,
    _engine,
    _heads,
    _many_tasks,
    _model_shift,
    _regimes,
    _weighting,
)
from mtl_theory.theorem import Theorem

__all__ = ["THEOREMS"]

THEOREMS: tuple[Theorem[Any], ...] = (
    *_covariates.THEOREMS,
    *_model_shift.THEOREMS,
    *_heads.THEOREMS,
    *_regimes.THEOREMS,
    *_weighting.THEOREMS,
    *_many_tasks.THEOREMS,
    *_engine.THEOREMS,
)
