"""Two tasks, capacity 1: never beaten by grids or descent, and the phase diagram of Wu, Zhang and Ré."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.optimize import minimize

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import heavy_covariance, make_equicorrelated_tasks, make_rotation
from mtl_simulators.problems import Dataset, Moments, Truth, make_linear
from mtl_simulators.solvers import (
    Outcome,
    SharedRepresentation,
    SingleTask,
    Solution,
    TwoTaskGlobal,
    head_ratio,
    solve,
)

REPLICATES = 6


class Case(NamedTuple):
    n_samples: tuple[int, int]
    covariance: np.ndarray
    scale: float = 1.0
    weights: tuple[float, float] | None = None


HEAVY = np.stack([heavy_covariance(5, heavy=[i], condition=100.0) for i in (0, 4)])
CASES = {
    "isotropic": Case((20, 30), np.eye(5)),
    "weighted": Case((20, 30), np.eye(5), weights=(0.02, 3.0)),
    "disjoint heavy coordinates, unequal sizes": Case((12, 3000), HEAVY),
    "source with fewer samples than features": Case((3, 9), np.eye(5)),
    "neither task determined alone": Case((4, 4), np.eye(5)),
    "labels of very different size": Case((10, 10), np.eye(5), scale=1e4),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def draw(case: Case, seed: int = 0) -> Moments:
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((REPLICATES, 2, 5)) * np.array([1.0, case.scale])[:, None]
    truth = Truth(weights=weights, covariance=case.covariance, noise=np.array([1.0, case.scale]))
    return draw_moments(rng, truth, n_samples=case.n_samples, n_replicates=REPLICATES, shared_design=False)


def total_loss(moments: Moments, weights: np.ndarray, alpha: tuple[float, float] | None) -> np.ndarray:
    return (moments.squared_error(weights) * moments.n_samples) @ np.asarray(alpha or (1.0, 1.0))


def run(moments: Moments, alpha: tuple[float, float] | None = None) -> Solution:
    return solve(moments, TwoTaskGlobal(task_weights=alpha), rng=np.random.default_rng(0))


@cases
def test_no_point_of_a_fine_grid_of_heads_is_better(case):
    """4000 angles of the pair of heads, in the units of the labels and Gram matrices, by plain solves."""
    moments, alpha = draw(case), np.asarray(case.weights or (1.0, 1.0))
    angles = np.linspace(0, np.pi, 4001)[:-1] + 1e-4
    traces = np.einsum("btii->t", moments.gram)
    for unit in (1.0, case.scale, np.sqrt(traces[0] / traces[1])):
        heads = np.stack([np.cos(angles), unit * np.sin(angles)], axis=-1)
        gram = np.einsum("gt,t,btij->bgij", heads**2, alpha, moments.gram)
        cross = np.einsum("gt,t,bti->bgi", heads, alpha, moments.cross)
        explained = np.einsum("bgi,bgi->bg", cross, np.linalg.solve(gram, cross[..., None])[..., 0])
        grid = (moments.energy @ alpha)[:, None] - explained
        found = total_loss(moments, run(moments, case.weights).weights, case.weights)
        # Losses of the grid carry the rounding of solving with nearly singular matrices.
        assert (found <= grid.min(axis=1) + 1e-9 * (moments.energy @ alpha)).all()


@cases
def test_descent_from_many_starts_finds_nothing_better(case):
    moments, alpha = draw(case, seed=1), case.weights or (1.0, 1.0)
    found = total_loss(moments, run(moments, case.weights).weights, case.weights)
    rng = np.random.default_rng(2)
    for b in range(2):
        gram, cross, energy = moments.gram[b], moments.cross[b], moments.energy[b]

        def loss(point, gram=gram, cross=cross, energy=energy):
            vector, heads = point[:5], np.array([1.0, case.scale]) * point[5:]
            image = gram @ vector
            value = heads**2 * (image @ vector) - 2 * heads * (cross @ vector) + energy
            d_vector = np.einsum("t,ti->i", alpha * heads, 2 * (heads[:, None] * image - cross))
            d_heads = 2 * np.asarray(alpha) * (heads * (image @ vector) - cross @ vector)
            scale = energy @ alpha
            gradient = np.concatenate([d_vector, d_heads * [1.0, case.scale]])
            return alpha @ value / scale, gradient / scale

        ends = [minimize(loss, rng.standard_normal(7), jac=True, method="L-BFGS-B") for _ in range(8)]
        assert found[b] <= min(end.fun for end in ends) * (energy @ alpha) * (1 + 1e-12)


@cases
def test_solution_is_stationary_in_vector_and_heads(case):
    moments, alpha = draw(case, seed=3), np.asarray(case.weights or (1.0, 1.0))
    solution = run(moments, case.weights)
    residual = (moments.gram @ solution.weights[..., None])[..., 0] - moments.cross
    heads = alpha[:, None] * solution.heads
    vector = (heads * residual).sum(axis=1)
    size = np.abs(heads * moments.cross).sum(axis=1)
    assert (np.abs(vector) < 1e-7 * size.max(axis=1, keepdims=True)).all()
    pull = np.einsum("bti,bi->bt", residual, solution.representation[:, 0])
    assert (np.abs(pull) < 1e-7 * np.linalg.norm(moments.cross, axis=-1)).all()
    assert np.abs(np.linalg.norm(solution.representation, axis=-1) - 1).max() < 1e-14
    assert (solution.heads[:, 0] >= 0).all()


@cases
def test_flipping_the_labels_of_a_task_flips_its_vector_alone(case):
    moments = draw(case, seed=4)
    signs = np.array([-1.0, 1.0])
    flipped = Moments(
        gram=moments.gram,
        cross=signs[:, None] * moments.cross,
        energy=moments.energy,
        n_samples=moments.n_samples,
    )
    plain, turned = run(moments, case.weights), run(flipped, case.weights)
    size = np.linalg.norm(plain.weights, axis=-1, keepdims=True)
    assert (np.abs(turned.weights - signs[:, None] * plain.weights) < 1e-8 * size).all()
    assert np.allclose(head_ratio(turned), -head_ratio(plain), rtol=1e-8)


@cases
def test_the_order_of_the_tasks_does_not_matter(case):
    moments = draw(case, seed=5)
    swapped = Moments(
        gram=moments.gram[:, ::-1],
        cross=moments.cross[:, ::-1],
        energy=moments.energy[:, ::-1],
        n_samples=moments.n_samples[::-1],
    )
    weights = run(moments, case.weights).weights
    other = run(swapped, None if case.weights is None else case.weights[::-1]).weights
    size = np.linalg.norm(weights, axis=-1, keepdims=True)
    assert (np.abs(other[:, ::-1] - weights) < 1e-7 * size).all()


def test_equal_designs_give_the_closed_form():
    rng = np.random.default_rng(6)
    data = make_linear(
        rng, rank=2, n_tasks=2, n_features=7, n_samples=30, shared_design=True, n_replicates=5
    ).train
    alpha = [0.3, 2.0]
    closed = solve(data, SharedRepresentation(capacity=1, task_weights=alpha), rng=rng)
    assert np.abs(run(data, alpha).weights - closed.weights).max() < 1e-9


def test_a_task_weight_of_two_is_every_row_twice():
    rng = np.random.default_rng(7)
    data = make_linear(rng, alignment=0.4, n_tasks=2, n_features=4, n_samples=9).train
    inputs, targets = data.inputs[0], data.targets[0]
    twice = Dataset.from_tasks([inputs[0], np.tile(inputs[1], (2, 1))], [targets[0], np.tile(targets[1], 2)])
    assert np.abs(run(data, (1.0, 2.0)).weights - run(twice).weights).max() < 1e-9


def test_one_vector_without_noise_is_found_exactly():
    rng = np.random.default_rng(8)
    vector = rng.standard_normal(6)
    data = make_linear(rng, weights=np.stack([-2.5 * vector, vector]), n_samples=[10, 8], noise=0.0).train
    solution = run(data)
    assert np.abs(solution.weights[0] - [-2.5 * vector, vector]).max() < 1e-10
    assert head_ratio(solution) == pytest.approx(-2.5, rel=1e-10)


def test_orthogonal_tasks_without_noise_leave_the_sign_open():
    truth = Truth(weights=np.eye(2, 3)[None], covariance=np.eye(3), noise=np.zeros(2))
    assert run(truth.population_moments()).outcomes == (Outcome.TIED_SPECTRUM,)
    stronger = Truth(weights=np.array([[[2.0, 0, 0], [0, 1.0, 0]]]), covariance=np.eye(3), noise=np.zeros(2))
    solution = run(stronger.population_moments())
    assert solution.outcomes == (Outcome.SUCCESS,)
    # The weaker of two orthogonal tasks gets nothing.
    assert np.allclose(solution.weights, [[[2.0, 0, 0], [0, 0, 0]]])
    assert head_ratio(solution).tolist() == [np.inf]


def test_designs_that_miss_a_direction_are_named():
    data = make_linear(np.random.default_rng(9), alignment=0.5, n_tasks=2, n_features=6, n_samples=2).train
    solution = solve(data, TwoTaskGlobal(), rng=np.random.default_rng(0), throw=False)
    assert solution.outcomes == (Outcome.RANK_DEFICIENT,)
    assert np.isnan(solution.weights).all()


def test_wrong_calls_are_refused():
    rng = np.random.default_rng(10)
    three = make_linear(rng, alignment=0.5, n_tasks=3, n_features=4, n_samples=9).train
    with pytest.raises(ValueError, match="got 3 tasks; for more than two use AlternatingLeastSquares"):
        run(three)
    with pytest.raises(ValueError, match="n_grid must be an integer of at least 20"):
        TwoTaskGlobal(n_grid=5)
    with pytest.raises(ValueError, match="a ratio needs two tasks and capacity 1"):
        head_ratio(solve(three, SingleTask(), rng=rng))


class Cell(NamedTuple):
    """Cosine, source samples, simulated risk of 60 replicates, median head ratio."""

    cosine: float
    n_source: int
    risk: float
    ratio: float | None


# Source: an independent simulation with an exact solver, p = 50, n_2 = 150, sigma = 0.5, 60 replicates.
PHASE_DIAGRAM = [
    Cell(1.0, 30, 0.103, None),
    Cell(0.95, 150, 0.085, None),
    Cell(0.9, 1500, 0.173, None),
    Cell(0.8, 450, 0.260, 1.10),
    Cell(0.5, 75, 0.239, None),
]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("cell", PHASE_DIAGRAM, ids=str)
def test_phase_diagram(cell, sign):
    """Mean target risk within 5 standard errors of both samples; the published values have 3 digits."""
    rng = np.random.default_rng(11)
    tasks = make_equicorrelated_tasks(rng, n_tasks=2, n_features=50, cosine=sign * cell.cosine)
    truth = Truth(weights=tasks, covariance=np.eye(50), noise=np.full(2, 0.5))
    moments = draw_moments(rng, truth, n_samples=[cell.n_source, 150], n_replicates=120, shared_design=False)
    solution = run(moments)
    risk = ((solution.weights[:, 1] - tasks[:, 1]) ** 2).sum(axis=-1)
    error = risk.std() * np.sqrt(1 / 120 + 1 / 60)
    assert abs(risk.mean() - cell.risk) < 5 * error + 5e-4
    if cell.ratio is not None:
        assert np.median(head_ratio(solution)) == pytest.approx(sign * cell.ratio, abs=0.03)


def test_rotating_all_inputs_rotates_the_solution():
    moments = draw(CASES["disjoint heavy coordinates, unequal sizes"], seed=12)
    q = make_rotation(np.random.default_rng(13), n_features=5)
    rotated = Moments(
        gram=q.T @ moments.gram @ q,
        cross=moments.cross @ q,
        energy=moments.energy,
        n_samples=moments.n_samples,
    )
    weights = run(moments).weights
    assert np.abs(run(rotated).weights - weights @ q).max() < 1e-7 * np.abs(weights).max()
