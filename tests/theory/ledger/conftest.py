"""Verifications of ledger entries, and of corruptions of them, that share the draws of each entry."""

import dataclasses

import numpy as np
import pytest

from mtl_theory.theorem import theorem_rng, verify


@pytest.fixture(scope="session")
def remembered():
    """Return a maker of measurements that are simulated once: the same draws meet every claim about them."""
    memory = {}

    def remember(theorem):
        def measure(rng, x, n):
            bits = rng.bit_generator
            spawned = bits.seed_seq.n_children_spawned
            key = theorem.id, n, str(bits.state), spawned
            if key not in memory:
                draws = theorem.measure(rng, x, n)
                memory[key] = draws, bits.state, bits.seed_seq.n_children_spawned - spawned
                return draws
            # The generator moves on as if it had drawn and spawned: the next block must not repeat this one.
            draws, bits.state, n_children = memory[key]
            bits.seed_seq.spawn(n_children)
            return draws

        return measure

    return remember


@pytest.fixture(scope="session")
def verified(remembered):
    """Return a verifier of an entry of which some fields are changed."""

    def verified(theorem, *, quick=True, **changes):
        changed = dataclasses.replace(theorem, **({"measure": remembered(theorem)} | changes))
        return verify(changed, rng=theorem_rng(theorem, 0), quick=quick)

    return verified


@pytest.fixture(scope="session")
def corrupted(verified):
    """Return a verifier of a corrupted entry without its proof: the verification and the cases it judges."""

    def corrupted(theorem, **changes):
        verification = verified(theorem, derive=None, **changes)
        return verification, [case for case in verification.cases if case.trials]

    return corrupted


@pytest.fixture(scope="session")
def scaled():
    """Return a maker of claims that are off by a factor or, where the truth is zero, by a given amount."""

    def scaled(theorem, factor, amount=None):
        def predict(x):
            claim = np.asarray(theorem.predict(x), dtype=float)
            return factor * claim if amount is None else np.where(claim == 0, amount, factor * claim)

        return predict

    return scaled
