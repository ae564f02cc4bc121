"""Theorems that can be checked, and the verdicts on them."""

from mtl_theory.theorem._theorem import (
    Assumption,
    Case,
    Kind,
    Source,
    Theorem,
    Verdict,
    log_log_slope,
)
from mtl_theory.theorem._verification import CaseResult, Verification
from mtl_theory.theorem._verify import theorem_rng, verify

__all__ = [
    "Assumption",
    "Case",
    "CaseResult",
    "Kind",
    "Source",
    "Theorem",
    "Verdict",
    "Verification",
    "log_log_slope",
    "theorem_rng",
    "verify",
]
