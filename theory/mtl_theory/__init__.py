"""Theorems, laws and reports on multitask learning: predict, verify, explain.

>>> import mtl_theory as theory
>>> entry = theory.theorems()["robustness/master-identity"]
>>> theory.verify(entry, rng=theory.theorem_rng(entry, seed=0)).verdict
<Verdict.HOLDS: 'holds'>
"""

from mtl_theory import asymptotics, ledger, spectral, theorem, transfer
from mtl_theory.ledger import theorems
from mtl_theory.theorem import Theorem, Verdict, Verification, theorem_rng, verify
from mtl_theory.transfer import TransferReport, transfer_report

__all__ = [
    "Theorem",
    "TransferReport",
    "Verdict",
    "Verification",
    "asymptotics",
    "ledger",
    "spectral",
    "theorem",
    "theorem_rng",
    "theorems",
    "transfer",
    "transfer_report",
    "verify",
]
