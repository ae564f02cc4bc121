"""Algorithm 1 with one shared vector against the same descent on the whole matrix R."""

import numpy as np
import pytest

from mtl_simulators.problems import Moments
from mtl_simulators.solvers import TwoTaskGlobal, solve
from mtl_simulators.solvers._alignment import CovarianceAlignment
from mtl_theory.experiments.wu._aligning import align

RNG = np.random.default_rng(11)
D = 5
INPUTS = RNG.standard_normal((3, 12, D))
TARGETS = RNG.standard_normal((3, 12))
GRAM = INPUTS.mT @ INPUTS
CROSS = (INPUTS.mT @ TARGETS[..., None])[..., 0]
START = RNG.standard_normal((3, D))


def slope(maps: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Return the gradient of half the squared error in the task vector."""
    residual = np.einsum("bnd,bde,be->bn", INPUTS, maps, START) * head[:, None] - TARGETS
    return np.einsum("bnd,bn->bd", INPUTS, residual)


def whole_matrix(n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the task vectors and the maps R after gradient descent on all entries of R and the head."""
    maps, head = np.broadcast_to(np.eye(D), (3, D, D)).copy(), np.ones(3)
    rate = 0.3 / np.linalg.norm(GRAM, ord=2, axis=(1, 2))
    for _ in range(n_steps):
        # The gradient in R is head * slope w'; in coordinates R w it is that times |w|^2.
        move = (head[:, None] * slope(maps, head))[:, :, None] * START[:, None]
        step = rate / np.maximum(1, head**2) / (START**2).sum(axis=1)
        maps = maps - step[:, None, None] * move
        moved = np.einsum("bde,be->bd", maps, START)
        head = head - rate / (moved**2).sum(axis=1) * (slope(maps, head) * moved).sum(axis=1)
    return head[:, None] * np.einsum("bde,be->bd", maps, START), maps


@pytest.mark.parametrize("n_steps", [0, 1, 7, 40])
def test_path_is_that_of_the_whole_matrix(n_steps: int) -> None:
    weights, maps = whole_matrix(n_steps)
    path = align(GRAM, CROSS, START, stops=[n_steps])
    at = np.zeros(3, dtype=int)
    np.testing.assert_allclose(path.stopped_at(at), weights, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(path.maps_at(at), maps, rtol=1e-9, atol=1e-11)


def test_path_starts_at_the_shared_solution_and_ends_at_least_squares() -> None:
    path = align(GRAM, CROSS, START, stops=[0, 20_000])
    np.testing.assert_allclose(path.weights[0], START, rtol=1e-12)
    np.testing.assert_allclose(path.weights[1], np.linalg.solve(GRAM, CROSS[..., None])[..., 0], rtol=1e-6)


def test_loss_falls_along_the_path_also_from_a_start_near_zero() -> None:
    for start in (START, 1e-4 * START):
        stops = [0, 1, 2, 5, 20, 100, 500]
        path = align(GRAM, CROSS, start, stops=stops)
        fit = np.einsum("bnd,sbd->sbn", INPUTS, path.weights)
        loss = ((fit - TARGETS) ** 2).sum(axis=-1)
        assert (np.diff(loss, axis=0) <= 0).all()


def test_path_converges_like_the_solver_of_any_capacity() -> None:
    """Another route: descent on R and head at once, started from the same shared solution."""
    moments = Moments(
        gram=GRAM[:, None].repeat(2, axis=1),
        cross=CROSS[:, None].repeat(2, axis=1),
        energy=(TARGETS**2).sum(axis=-1)[:, None].repeat(2, axis=1),
        n_samples=np.full(2, 12.0),
    )
    rng = np.random.default_rng(0)
    solver = CovarianceAlignment(shared=TwoTaskGlobal(), learning_rate=0.1, max_steps=20_000)
    found = solve(moments, solver, rng=rng, throw=False).weights[:, 0]
    start = TwoTaskGlobal().fit(moments, rng=rng)
    path = align(GRAM, CROSS, (start.heads @ start.representation)[:, 0], stops=[20_000])
    np.testing.assert_allclose(path.weights[0], found, atol=1e-5)
