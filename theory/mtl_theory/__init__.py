"""Theorems, laws and reports on multitask learning: predict, verify, explain.

>>> import mtl_theory as theory
>>> entry = theory.theorems()["robustness/master-identity"]
>>> theory.verify(entry, rng=theory.theorem_rng(entry, seed=0)).verdict
<Verdict.HOLDS: 'holds'>
"""

from mtl_theory import ledger, spectral, theorem
from mtl_theory.ledger import theorems
from mtl_theory.theorem import Theorem, Verdict, Verification, theorem_rng, verify

__all__ = [
    "Theorem",
    "Verdict",
    "Verification",
    "ledger",
    "spectral",
    "theorem",
    "theorem_rng",
    "theorems",
    "verify",
]
