"""Proposals for a new term: products of factors at a few exponents, matched to what a law leaves over."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_theory.laws._search._grammar import EXPONENTIAL, Effective, Factor
from mtl_theory.laws._search._projection import Table
from mtl_theory.laws._search._structure import Term

# Matching needs fewer rows than fitting: what is proposed is fitted on all of them.
MATCHED_ROWS = 512
BYTES = 8
# Products that are looked at before they are built; ten positive variables stay below it.
MOST_TRIED = 100_000
# A column that keeps less than this share of its square outside the fitted directions is one of them.
EXPLAINED = 1e-4


@dataclass(frozen=True)
class Entry:
    """A term at definite exponents."""

    term: Term
    exponents: tuple[float, ...]
    kappa: float | None = None


@dataclass(frozen=True)
class Dictionary:
    """Entries and their columns of unit length on some of the rows."""

    entries: tuple[Entry, ...]
    columns: FloatArray  # (M, rows)
    rows: IntArray  # (rows,)

    def matches(self, residual: FloatArray, basis: FloatArray) -> FloatArray:
        """Return (M,) every column's squared match to the residual, off the fitted directions (K, rows)."""
        inside = self.columns @ basis.T
        outside = 1.0 - np.einsum("mk,mk->m", inside, inside)
        along = self.columns @ residual
        scores: FloatArray = np.where(outside > EXPLAINED, along**2 / np.maximum(outside, EXPLAINED), 0.0)
        return scores


def atoms_of(factor: Factor, X: FloatArray) -> list[Entry]:
    """Return a factor at each of its starting exponents."""
    if isinstance(factor, Effective):
        pairs = product(factor.starts(X), factor.kappas(X))
        return [Entry((factor,), (theta,), kappa) for theta, kappa in pairs]
    if isinstance(factor, EXPONENTIAL):
        return [Entry((factor,), (theta,)) for theta in factor.starts(X)]
    return [Entry((factor,), ())]


def column_of(entry: Entry, table: Table) -> FloatArray:
    """Return the column of a single factor at its exponent, largest entry one."""
    (factor,) = entry.term
    column = table.column(factor)
    if not isinstance(factor, EXPONENTIAL):
        return column
    if entry.kappa is not None:
        column = np.log1p(entry.kappa * column)
    logs = entry.exponents[0] * column
    exponentials: FloatArray = np.exp(logs - logs.max())
    return exponentials


def build_dictionary(factors: Sequence[Factor], table: Table, *, megabytes: float) -> Dictionary:
    """Return products of up to three factors of distinct variables, an effective factor in pairs only.

    Where there are too many, or their columns would exceed `megabytes`, the products of three are left out,
    then those of two.
    """
    rows = np.unique(np.linspace(0, table.n_rows - 1, min(table.n_rows, MATCHED_ROWS)).astype(np.intp))
    atoms = [entry for factor in factors for entry in atoms_of(factor, table.X)]
    columns = np.array([column_of(atom, table)[rows] for atom in atoms]).reshape(len(atoms), len(rows))
    capacity = int(megabytes * 2**20 / (BYTES * len(rows)))
    chosen: list[tuple[int, ...]] = [(i,) for i in range(len(atoms))]
    plain = [i for i, atom in enumerate(atoms) if atom.kappa is None]
    for size, pool in ((2, range(len(atoms))), (3, plain)):
        if comb(len(pool), size) > MOST_TRIED:
            break
        larger = [c for c in combinations(pool, size) if distinct([atoms[i] for i in c])]
        if len(chosen) + len(larger) > capacity:
            break
        chosen += larger
    stacked = np.empty((len(chosen), len(rows)))
    for m, indices in enumerate(chosen):
        np.multiply(columns[list(indices)].prod(axis=0), table.root_weights[rows], out=stacked[m])
    stacked /= np.maximum(np.linalg.norm(stacked, axis=1, keepdims=True), 1e-300)
    return Dictionary(tuple(joined([atoms[i] for i in c]) for c in chosen), stacked, rows)


def distinct(atoms: Sequence[Entry]) -> bool:
    """Return whether the atoms are of distinct variables, an effective factor with one other at most."""
    if any(atom.kappa is not None for atom in atoms):
        return len(atoms) == 2 and sum(atom.kappa is not None for atom in atoms) == 1
    return len({atom.term[0].variables for atom in atoms}) == len(atoms)


def joined(atoms: Sequence[Entry]) -> Entry:
    """Return the product of atoms."""
    kappa = next((atom.kappa for atom in atoms if atom.kappa is not None), None)
    return Entry(
        tuple(atom.term[0] for atom in atoms), tuple(v for atom in atoms for v in atom.exponents), kappa
    )
