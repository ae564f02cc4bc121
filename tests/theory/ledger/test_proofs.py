"""A corrupted derivation leaves a residual; that the right one leaves none is part of each verdict."""

import inspect

import pytest
import sympy as sp

from mtl_theory.ledger import benefit, robustness
from mtl_theory.ledger.robustness import _proofs

# One slip in each proof: a constant, an exponent, a missing factor.
SLIPS = {
    robustness: {
        "master_identity": ("[0] / 2\n", "[0] / 3\n"),
        "noise_slope": ("COVARIANCE.trace()", "2 * COVARIANCE[0, 0]"),
        "heterogeneous_noise": ("COVARIANCE[1, 1] * v2", "COVARIANCE[1, 1] * v1"),
        "tradeoff": ("(HEADS * MAP * (HEADS * MAP).T)", "(HEADS * HEADS.T)"),
        "deletion": ("- rate * (MAP", "- rate**2 * (MAP"),
        "rescaled_deletion": ("- rate / (1 - rate) * (MAP", "- rate * (MAP"),
        "sign_flip": ("- 4 * rate", "- 2 * rate"),
        "stuck_at": ("(value - entry)", "(value + entry)"),
        "multiplicative": ("- relative**2 * (MAP", "- relative * (MAP"),
        "head_noise": ("- variance * (MAP * COVARIANCE", "- variance * (MAP"),
        "ridge_heads": ("(nu - slope / (1 + x))", "(nu - slope / (1 + 2 * x))"),
        "crossover": ("root - 1 -", "root -"),
    },
    benefit: {
        "pooling": ("sp.pi / 2 * (d - 1)", "sp.pi / 2 * d"),
        "exact_pooling": ("sp.atan(a / r)", "sp.atan(r / a)"),
        "matched_weights": ("product**2 / sum(w**2", "product**2 / sum(w"),
        "equal_weights": ("1 / (1 + root)", "1 / root"),
        "cosine": ("2 * wedge", "wedge"),
        "small_cosine": ("2 / sp.pi * sp.asin", "sp.asin"),
        "correlation": ("(2 * j - 1)", "(2 * j + 1)"),
        "composition": ("one * two)", "one + two)"),
        "information": ("(r + (1 - r) * prior[i])", "(r + prior[i])"),
        "root_ami": ("slopes[1] - 2", "slopes[1] - 3"),
        "merge": ("(p * q)", "p"),
        "half_space_margin": ("- 2 * sp.sqrt(2 * sp.pi) * S)", "- sp.sqrt(2 * sp.pi) * S)"),
    },
}


def residuals_of(function):
    return [sp.simplify(residual) for residual in function()]


@pytest.mark.parametrize("topic, name", [(topic, name) for topic, slips in SLIPS.items() for name in slips])
def test_a_slip_in_a_derivation_leaves_something(topic, name):
    source = inspect.getsource(getattr(topic._proofs, name))
    right, wrong = SLIPS[topic][name]
    assert source.count(right) == 1, source
    namespace = dict(vars(topic._proofs))
    exec(source.replace(right, wrong), namespace)
    assert any(residual != 0 for residual in residuals_of(namespace[name]))


@pytest.mark.parametrize("name", ["master_identity", "tradeoff", "deletion", "sign_flip", "stuck_at"])
def test_a_map_that_is_not_optimal_leaves_something(monkeypatch, name):
    monkeypatch.setattr(_proofs, "MAP", 2 * _proofs.MAP)
    assert any(residual != 0 for residual in residuals_of(getattr(_proofs, name)))


@pytest.mark.parametrize(
    "name", ["noise_slope", "heterogeneous_noise", "rescaled_deletion", "multiplicative"]
)
def test_unbiased_failures_need_no_optimal_map(monkeypatch, name):
    # Mean-zero perturbations have no cross term with the residual, whatever the map.
    monkeypatch.setattr(_proofs, "MAP", sp.Matrix([[sp.Symbol("w1"), sp.Symbol("w2")]]))
    assert all(residual == 0 for residual in residuals_of(getattr(_proofs, name)))


@pytest.mark.parametrize("topic", SLIPS)
def test_every_derivation_is_tested_and_used(topic):
    used = {theorem.derive.__name__ for theorem in topic.THEOREMS if theorem.derive is not None}
    assert used == SLIPS[topic].keys()
