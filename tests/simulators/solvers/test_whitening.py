"""Whitening and recolouring: what becomes shared, and what a symmetric root cannot undo."""

import numpy as np
import pytest

from mtl_simulators.geometry import (
    covariance_with_spectrum,
    inverse_square_root,
    make_rotation,
    rotate_covariance,
    square_root,
)
from mtl_simulators.problems import Truth, make_linear
from mtl_simulators.solvers import (
    CovarianceAlignment,
    SharedRepresentation,
    TwoTaskGlobal,
    WhitenRecolour,
    solve,
)

D = 5
SPECTRUM = np.array([20.0, 5.0, 1.0, 1.0, 0.2])


def covariances(seed=0):
    rotations = make_rotation(np.random.default_rng(seed), n_features=D, n_tasks=2)
    return covariance_with_spectrum(SPECTRUM, rotation=rotations)


def population(weights, covariance):
    return Truth(weights=weights[None], covariance=covariance, noise=np.zeros(2)).population_moments()


def aligned(moments, reference=None, shared=None):
    solver = CovarianceAlignment(shared=shared or TwoTaskGlobal(), family=WhitenRecolour(reference=reference))
    return solver.align(moments, rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    "reference", [None, 0, 1, np.diag(SPECTRUM)], ids=["mean", "first", "second", "given"]
)
def test_vectors_shared_in_the_aligned_space_are_recovered(reference):
    sigma = covariances()
    target = {0: sigma[0], 1: sigma[1]}.get(reference) if isinstance(reference, int) else reference
    target = sigma.mean(axis=0) if target is None else target
    beta = np.random.default_rng(2).standard_normal(D)
    weights = np.stack([inverse_square_root(s) @ square_root(target) @ beta for s in sigma])
    weights[1] *= -0.5  # heads may differ
    moments = population(weights, sigma)
    alignment = aligned(moments, reference)
    np.testing.assert_allclose(alignment.weights[0], weights, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.abs(alignment.representation[0, 0] @ beta), np.linalg.norm(beta), rtol=1e-8)
    plain = solve(moments, TwoTaskGlobal(), rng=np.random.default_rng(1))
    assert moments.squared_error(plain.weights).sum() > 0.01 * moments.energy.sum()


def test_aligned_inputs_have_the_reference_covariance():
    rng = np.random.default_rng(3)
    data = make_linear(
        rng, alignment=0.5, n_tasks=2, n_features=D, n_samples=[30, 80], covariance=covariances()
    ).train
    matrices = aligned(data, reference=np.diag(SPECTRUM)).matrices
    gram = matrices.mT @ data.moments().gram_per_task @ matrices / data.counts[:, None, None]
    np.testing.assert_allclose(gram, np.broadcast_to(np.diag(SPECTRUM), gram.shape), atol=1e-9)


def test_equal_sizes_become_one_design_for_the_exact_eigenproblem():
    rng = np.random.default_rng(4)
    data = make_linear(
        rng, alignment=0.5, n_tasks=2, n_features=D, n_samples=30, covariance=covariances()
    ).train
    exact = aligned(data, shared=SharedRepresentation(capacity=1))
    searched = aligned(data)
    np.testing.assert_allclose(exact.weights, searched.weights, atol=1e-6)


def test_the_heads_of_an_exact_solver_have_nothing_left_to_learn():
    data = make_linear(
        np.random.default_rng(5),
        alignment=0.5,
        n_tasks=2,
        n_features=D,
        n_samples=30,
        covariance=covariances(),
    ).train
    long = CovarianceAlignment(shared=TwoTaskGlobal(), family=WhitenRecolour(), max_steps=300)
    short = CovarianceAlignment(shared=TwoTaskGlobal(), family=WhitenRecolour(), max_steps=1)
    ends = [solve(data, solver, rng=np.random.default_rng(6)).weights for solver in (short, long)]
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-8)


@pytest.mark.parametrize("stretch", ["symmetric", "rotation"])
def test_symmetric_maps_of_the_inputs_are_undone_and_rotations_are_not(stretch):
    # Second inputs X = Z Q with labels Z beta, so the task vector is Q^{-1} beta.
    rng = np.random.default_rng(7)
    rotation = make_rotation(rng, n_features=D)
    if stretch == "symmetric":
        first, q = np.eye(D), square_root(covariances()[0])
        second = q @ q
    else:
        first, q = np.diag(SPECTRUM), rotation
        second = rotate_covariance(first, rotation)
    beta = rng.standard_normal(D)
    moments = population(np.stack([beta, np.linalg.solve(q, beta)]), np.stack([first, second]))
    error = moments.squared_error(aligned(moments, reference=0).weights).sum()
    if stretch == "symmetric":
        assert error < 1e-10 * moments.energy.sum()
    else:
        assert error > 0.01 * moments.energy.sum()
