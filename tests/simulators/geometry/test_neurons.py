"""Neurons of two tasks: principal angles asked for and measured, paired neurons and turned ones."""

import numpy as np
import pytest

from mtl_simulators.geometry import make_mixed_neurons, make_neurons_at_angles, principal_angles

ANGLES = [0.0, 0.3, 1.2, np.pi / 2]


@pytest.mark.parametrize("paired", [True, False])
def test_spans_make_the_angles_asked_for(paired):
    w = make_neurons_at_angles(
        np.random.default_rng(0), n_features=12, angles=ANGLES, paired=paired, n_replicates=5
    )
    assert w.shape == (5, 2, 4, 12)
    assert np.abs(w @ w.mT - np.eye(4)).max() < 1e-13
    assert np.abs(principal_angles(w[:, 0], w[:, 1]) - ANGLES).max() < 1e-12


def test_paired_neurons_meet_their_partner_alone():
    w = make_neurons_at_angles(np.random.default_rng(1), n_features=12, angles=ANGLES, n_replicates=5)
    assert np.abs(w[:, 0] @ w[:, 1].mT - np.diag(np.cos(ANGLES))).max() < 1e-13


def test_turned_neurons_are_spread_over_their_span():
    """Cosines of neurons between the same spans: paired ones have a fixed trace, turned ones mean zero."""
    w = make_neurons_at_angles(
        np.random.default_rng(2), n_features=12, angles=[0.1, 0.2, 0.3], paired=False, n_replicates=2000
    )
    trace = np.einsum("bjd,bjd->b", w[:, 0], w[:, 1])
    assert abs(trace.mean()) < 5 * trace.std() / np.sqrt(len(trace))
    assert trace.std() > 0.5


@pytest.mark.parametrize(("mixture", "cosine"), [(0.2, 0.2425), (0.5, 0.7071), (0.8, 0.9701)])
def test_mixture_has_the_true_principal_cosine(mixture, cosine):
    """Not the mixture itself, which the paper calls the principal cosine."""
    w = make_mixed_neurons(
        np.random.default_rng(3), n_neurons=3, n_features=9, mixture=mixture, n_replicates=4
    )
    exact = mixture / np.hypot(mixture, 1 - mixture)
    assert exact == pytest.approx(cosine, abs=5e-5)
    assert np.abs(np.cos(principal_angles(w[:, 0], w[:, 1])) - exact).max() < 1e-12
    lengths = np.linalg.norm(w, axis=-1)
    assert np.abs(lengths[:, 0] - 1).max() < 1e-13
    assert np.abs(lengths[:, 1] - np.hypot(mixture, 1 - mixture)).max() < 1e-13


def test_ends_of_the_mixture():
    same = make_mixed_neurons(np.random.default_rng(4), n_neurons=2, n_features=4, mixture=1.0)
    assert np.array_equal(same[:, 0], same[:, 1])
    apart = make_mixed_neurons(np.random.default_rng(4), n_neurons=2, n_features=4, mixture=0.0)
    assert np.abs(apart[:, 0] @ apart[:, 1].mT).max() < 1e-14


@pytest.mark.parametrize("paired", [True, False])
def test_same_generator_same_bytes(paired):
    draws = [
        make_neurons_at_angles(np.random.default_rng(5), n_features=8, angles=[0.1, 1.0], paired=paired)
        for _ in range(2)
    ]
    assert np.array_equal(*draws)


def test_impossible_requests_are_refused():
    rng = np.random.default_rng(6)
    with pytest.raises(ValueError, match="at least 8 features, got 7"):
        make_neurons_at_angles(rng, n_features=7, angles=ANGLES)
    with pytest.raises(ValueError, match="raise n_features or set angles to 0"):
        make_neurons_at_angles(rng, n_features=6, angles=ANGLES, paired=False)
    for angles in ([], [-0.1], [2.0]):
        with pytest.raises(ValueError, match="angles"):
            make_neurons_at_angles(rng, n_features=9, angles=angles)
    with pytest.raises(ValueError, match=r"mixture must lie in \[0, 1\]"):
        make_mixed_neurons(rng, n_neurons=1, n_features=4, mixture=1.5)
    with pytest.raises(ValueError, match="at least 6 features"):
        make_mixed_neurons(rng, n_neurons=3, n_features=5, mixture=0.5)
