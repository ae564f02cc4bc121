"""The declared assumptions suffice: outside the paper's setting an entry holds or does not apply."""

import dataclasses

import numpy as np
import pytest

from mtl_simulators.geometry import make_rotation
from mtl_simulators.solvers import (
    GradientDescent,
    TruncatedSVD,
    balanced,
    orthonormal_rows,
    unit_rows,
    whitened,
)
from mtl_theory.ledger.robustness import THEOREMS, _identities, _network
from mtl_theory.ledger.robustness._network import Network
from mtl_theory.theorem import Case, Verdict, theorem_rng, verify

BY_NAME = {theorem.id.split("/")[1]: theorem for theorem in THEOREMS}
ON_NETWORKS = [
    theorem for theorem in THEOREMS if isinstance(theorem.cases[0].build(theorem_rng(theorem, 0)), Network)
]


def remade(network, **how):
    """Solve the network's tasks again in another way."""
    covariance = how.pop("covariance", network.covariance)
    capacity = len(network.representation)
    made = _network.make_network(network.weights, capacity, covariance=covariance, **how)
    return dataclasses.replace(made, corruptions=network.corruptions, head_noise=network.head_noise)


def spd(rng, network):
    return _identities.random_covariance(rng, network.weights.shape[1])


def saddle(rng, network):
    rows = np.linalg.svd(network.weights, full_matrices=False)[2][1 : len(network.representation) + 1]
    return dataclasses.replace(network, representation=rows, heads=network.weights @ rows.T)


def equal_tasks(rng, network):
    return remade(dataclasses.replace(network, weights=np.eye(*network.weights.shape)))


def stationary_for_odd_heads(rng, network):
    heads = rng.standard_normal(network.heads.shape)
    return dataclasses.replace(network, heads=heads, representation=np.linalg.pinv(heads) @ network.weights)


def scaled(network, factor):
    return dataclasses.replace(network, weights=factor * network.weights, heads=factor * network.heads)


VARIANTS = {
    "rotated": lambda rng, net: _identities.transformed(
        net, make_rotation(rng, n_features=len(net.heads[0]))
    ),
    "another scale": lambda rng, net: _identities.transformed(net, 2.0 * np.eye(len(net.heads[0]))),
    "general A": lambda rng, net: _identities.transformed(net, rng.standard_normal((len(net.heads[0]),) * 2)),
    "balanced": lambda rng, net: remade(net, factorization=balanced),
    "unit rows": lambda rng, net: remade(net, factorization=unit_rows),
    "inputs of variance 2": lambda rng, net: remade(net, covariance=2 * np.eye(net.weights.shape[1])),
    "general covariance": lambda rng, net: remade(net, covariance=spd(rng, net)),
    "whitened rows": lambda rng, net: remade(net, covariance=spd(rng, net), factorization=whitened),
    "released code": lambda rng, net: remade(
        net,
        covariance=spd(rng, net),
        solver=TruncatedSVD(capacity=len(net.heads[0]), factorization=orthonormal_rows),
    ),
    "saddle point": saddle,
    "equal singular values": equal_tasks,
    "odd heads": stationary_for_odd_heads,
    "shrunk heads": lambda rng, net: dataclasses.replace(net, heads=0.8 * net.heads),
    "moved map": lambda rng, net: dataclasses.replace(net, representation=net.representation + 0.05),
    "small units": lambda rng, net: scaled(net, 1e-3),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("theorem", ON_NETWORKS, ids=lambda theorem: theorem.id.split("/")[1])
def test_under_its_assumptions_an_entry_is_never_wrong(theorem, variant):
    build = theorem.cases[0].build
    case = Case(
        name=variant,
        build=lambda rng: VARIANTS[variant](rng, build(rng)),
        trials=min(4000, max(400, theorem.cases[0].trials)) if theorem.cases[0].trials > 1 else 1,
    )
    changed = dataclasses.replace(theorem, cases=(case,), derive=None, scale=1e-9)
    verdict = verify(changed, rng=theorem_rng(theorem, 0)).verdict
    if theorem.expected is Verdict.HOLDS:
        assert verdict is not Verdict.REFUTED


def applies(assumption, network):
    return assumption.holds(network)


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("input_unit", [1e-6, 1.0, 1e6])
def test_assumptions_do_not_depend_on_units(unit, input_unit):
    tasks = unit * np.random.default_rng(0).standard_normal((9, 40))
    network = _network.make_network(tasks, 4, covariance=input_unit * np.eye(40))
    moved = dataclasses.replace(network, representation=1.001 * network.representation)
    in_between = dataclasses.replace(network, heads=unit * np.random.default_rng(1).standard_normal((9, 4)))
    for assumption in (_network.STATIONARY, _network.OPTIMAL):
        assert applies(assumption, network)
        assert not applies(assumption, moved)
        assert not applies(assumption, in_between)
    assert applies(_network.DIAGONAL_HEADS, network) and not applies(_network.DIAGONAL_HEADS, in_between)
    assert applies(_network.DISTINCT_CUT, network)
    assert applies(_network.ORTHONORMAL_ROWS, network) and not applies(_network.ORTHONORMAL_ROWS, moved)
    assert applies(_network.ISOTROPIC, network) == (input_unit == 1.0)


def test_the_optimum_is_told_from_stationary_points():
    rng = np.random.default_rng(2)
    network = _network.make_network(rng.standard_normal((9, 40)), 4)
    for stationary in (saddle(rng, network), stationary_for_odd_heads(rng, network)):
        assert _network.STATIONARY.holds(stationary) and not _network.OPTIMAL.holds(stationary)
    for optimum in ("rotated", "general A", "balanced", "unit rows"):
        other = VARIANTS[optimum](rng, network)
        assert _network.OPTIMAL.holds(other), optimum
        np.testing.assert_allclose(other.product, network.product, atol=1e-9)
    trained = remade(
        network, solver=GradientDescent(capacity=4, learning_rate=0.3, initial_scale=1e-5, max_steps=4000)
    )
    assert abs(trained.clean / network.clean - 1) < 1e-6


def test_a_tie_at_the_cut_is_seen_and_one_elsewhere_is_not():
    def with_spectrum(*values):
        return _network.make_network(np.diag(values), 2)

    assert not _network.DISTINCT_CUT.holds(with_spectrum(3.0, 2.0, 2.0, 1.0))
    assert _network.DISTINCT_CUT.holds(with_spectrum(3.0, 3.0, 2.0, 2.0))
    assert _network.DISTINCT_CUT.holds(_network.make_network(np.diag([2.0, 2.0, 1.0])[:2], 2))
