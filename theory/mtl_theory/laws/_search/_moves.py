"""Neighbours of a fitted law: one term more, one factor more, one factor exchanged, one piece less."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._search._dictionary import EXPLAINED, Dictionary
from mtl_theory.laws._search._grammar import EXPONENTIAL, Effective, Factor
from mtl_theory.laws._search._projection import Table, orthonormal
from mtl_theory.laws._search._structure import Fitted, Start, Structure, Term, canonical

Job = tuple[Structure, Start]


@dataclass(frozen=True)
class Tangent:
    """A fitted law's weighted terms and residual, and an orthonormal basis of where it can move."""

    terms: FloatArray  # (T, N), amplitudes included
    residual: FloatArray  # (N,)
    basis: FloatArray  # (K, N)


def tangent(fitted: Fitted, table: Table) -> Tangent:
    """Return the linearisation of a fitted law: its columns and their derivatives by every free constant."""
    structure = fitted.structure
    terms = np.empty((len(structure.terms), table.n_rows))
    slopes: list[FloatArray] = []
    position = 0
    for t, term in enumerate(structure.terms):
        column, directions = table.root_weights.copy(), []
        for factor in term:
            if not isinstance(factor, EXPONENTIAL):
                column = column * table.column(factor)
                continue
            theta, direction = fitted.exponents[position], table.column(factor)
            if isinstance(factor, Effective):
                growth = np.exp(fitted.log_kappa) * direction
                direction = np.log1p(growth)
                directions.append(theta * growth / (1.0 + growth))
            directions.append(direction)
            column = column * np.exp(theta * direction)
            position += 1
        terms[t] = fitted.amplitudes[t] / (table.scale or 1.0) * column
        slopes += [terms[t] * direction for direction in directions]
    columns = np.array([table.root_weights, *terms, *slopes])
    columns /= np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-300)
    basis = orthonormal(columns[None])[0][0]
    residual = table.target - terms.sum(axis=0) - table.root_weights * fitted.offset / (table.scale or 1.0)
    return Tangent(terms, residual - basis.T @ (basis @ residual), basis)


def pieces(fitted: Fitted) -> tuple[list[Term], list[list[float]], float | None]:
    """Return the terms, the exponents of each and kappa."""
    exponents: list[list[float]] = [[] for _ in fitted.structure.terms]
    for (t, _), value in zip(fitted.structure.exponents, fitted.exponents, strict=True):
        exponents[t].append(float(value))
    kappa = None if fitted.structure.effective is None else float(np.exp(fitted.log_kappa))
    return list(fitted.structure.terms), exponents, kappa


def new_terms(fitted: Fitted, here: Tangent, dictionary: Dictionary, *, each: int) -> Iterator[Job]:
    """Yield the law with one term more: for every number of factors the `each` products that match best."""
    rows = dictionary.rows
    # Rows left out make the basis oblique: restore it on the rows that are matched.
    basis = here.basis[:, rows]
    if len(rows) < len(here.residual):
        basis = orthonormal(basis[None])[0][0]
    scores = dictionary.matches(here.residual[rows], basis)
    terms, exponents, kappa = pieces(fitted)
    found: dict[int, set[Structure]] = {}
    for m in np.argsort(-scores, kind="stable")[: 40 * each]:
        entry = dictionary.entries[m]
        size = len(entry.term) if entry.kappa is None else 0
        chosen = found.setdefault(size, set())
        if len(chosen) >= each or (entry.kappa is not None and kappa is not None):
            continue
        job = canonical([*terms, entry.term], [*exponents, entry.exponents], entry.kappa or kappa)
        if job is not None and job[0] not in chosen:
            chosen.add(job[0])
            yield job


def new_factors(
    fitted: Fitted, here: Tangent, factors: Sequence[Factor], table: Table, *, at_most: int
) -> Iterator[Job]:
    """Yield the law with one factor more in a term, those first whose score test is largest."""
    terms, exponents, kappa = pieces(fitted)
    options: list[tuple[float, int, Factor, float, float | None]] = []
    for factor in factors:
        if isinstance(factor, Effective):
            if kappa is not None:
                continue
            steps: list[tuple[FloatArray, float | None]] = [
                (np.log1p(k * table.column(factor)), k) for k in factor.kappas(table.X)
            ]
        else:
            steps = [(table.column(factor), None)]
        for column, k in steps:
            directions = here.terms * column
            lengths = np.einsum("tn,tn->t", directions, directions)
            along_basis = directions @ here.basis.T
            outside = lengths - np.einsum("tk,tk->t", along_basis, along_basis)
            along = directions @ here.residual
            for t in range(len(terms)):
                if outside[t] > EXPLAINED * lengths[t] and factor not in terms[t]:
                    options.append((along[t] ** 2 / outside[t], t, factor, along[t] / outside[t], k))
    options.sort(key=lambda option: -option[0])
    for _, t, factor, step, k in options[:at_most]:
        start: tuple[float, ...] = ()
        if isinstance(factor, EXPONENTIAL):
            low, high = factor.bounds(table.X)
            start = (float(np.clip(step, max(low, -1.0), min(high, 1.0))),)
        yield from extended(terms, exponents, kappa or k, t, factor, start)


def extended(
    terms: list[Term],
    exponents: list[list[float]],
    kappa: float | None,
    t: int,
    factor: Factor,
    start: tuple[float, ...],
) -> Iterator[Job]:
    """Yield the law with `factor` put into term t, where that is inside the grammar."""
    longer = [*terms[:t], (*terms[t], factor), *terms[t + 1 :]]
    values = [*exponents[:t], [*exponents[t], *start], *exponents[t + 1 :]]
    job = canonical(longer, values, kappa)
    if job is not None:
        yield job


def without(
    terms: list[Term], exponents: list[list[float]], t: int, k: int
) -> tuple[list[Term], list[list[float]]]:
    """Return the terms with factor k of term t taken out; an empty term goes with it."""
    before = sum(isinstance(f, EXPONENTIAL) for f in terms[t][:k])
    drop = isinstance(terms[t][k], EXPONENTIAL)
    shorter = (*terms[t][:k], *terms[t][k + 1 :])
    values = [v for i, v in enumerate(exponents[t]) if not (drop and i == before)]
    if not shorter:
        return [*terms[:t], *terms[t + 1 :]], [*exponents[:t], *exponents[t + 1 :]]
    return [*terms[:t], shorter, *terms[t + 1 :]], [*exponents[:t], values, *exponents[t + 1 :]]


def exchanged(fitted: Fitted, factors: Sequence[Factor], table: Table) -> Iterator[Job]:
    """Yield the law with one factor exchanged for another of the same variables, at each of its starts."""
    terms, exponents, kappa = pieces(fitted)
    for t, term in enumerate(terms):
        for k, old in enumerate(term):
            left, values = without(terms, exponents, t, k)
            alone = len(term) == 1
            for new in factors:
                if new == old or not set(new.variables) & set(old.variables) or new in term:
                    continue
                if isinstance(new, Effective) and kappa is not None and not isinstance(old, Effective):
                    continue
                start = new.starts(table.X)[:1] if isinstance(new, EXPONENTIAL) else ()
                scale = new.kappas(table.X)[0] if isinstance(new, Effective) else kappa
                if alone:
                    job = canonical([*left, (new,)], [*values, start], scale)
                    if job is not None:
                        yield job
                else:
                    yield from extended(left, values, scale, t, new, start)


def reduced(fitted: Fitted) -> Iterator[Job]:
    """Yield the law with one term less, or one factor less."""
    terms, exponents, kappa = pieces(fitted)
    for t, term in enumerate(terms):
        job = canonical([*terms[:t], *terms[t + 1 :]], [*exponents[:t], *exponents[t + 1 :]], kappa)
        if job is not None:
            yield job
        for k in range(len(term)):
            if len(term) > 1:
                job = canonical(*without(terms, exponents, t, k), kappa)
                if job is not None:
                    yield job
