"""Alternating least squares: the closed forms where they exist, and the local minima where they do not."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import principal_angles
from mtl_simulators.problems import Dataset, Moments, Truth, draw_dataset, make_linear
from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    Outcome,
    SharedRepresentation,
    SingleTask,
    SolveError,
    TwoTaskGlobal,
    _alternating,
    local_minima,
    solve,
)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def different_designs(seed: int, *, n_tasks: int, d: int, n: int, n_replicates: int = 3) -> Moments:
    rng = rng_of(seed)
    root = rng.standard_normal((n_tasks, d, d))
    truth = Truth(
        weights=rng.standard_normal((1, n_tasks, d)),
        covariance=root @ root.mT + 0.1 * np.eye(d),
        noise=np.full(n_tasks, 0.5),
    )
    return draw_moments(rng, truth, n_samples=n, n_replicates=n_replicates, shared_design=False)


def total_loss(moments: Moments, weights: np.ndarray, alpha: np.ndarray | float = 1.0) -> np.ndarray:
    return (moments.squared_error(weights) * moments.n_samples * alpha).sum(axis=1)


def single_task_weights(moments: Moments) -> np.ndarray:
    return solve(moments, SingleTask(), rng=rng_of(0)).weights


def test_capacity_of_all_tasks_leaves_no_transfer():
    """d = 8, k = 4: the loss falls strictly with r and reaches the single-task loss at r = k."""
    moments = different_designs(0, n_tasks=4, d=8, n=30)
    alone = single_task_weights(moments)
    floor = total_loss(moments, alone)
    gaps = []
    for r in range(1, 5):
        solution = solve(moments, AlternatingLeastSquares(capacity=r), rng=rng_of(1))
        gaps.append(total_loss(moments, solution.weights) - floor)
    assert (np.diff(gaps, axis=0) < -0.1).all()
    assert (np.abs(gaps[-1]) < 1e-10 * moments.energy.sum(axis=1)).all()
    assert np.abs(solution.weights - alone).max() < 1e-10
    with pytest.raises(ValueError, match="use SingleTask, or a smaller capacity"):
        solve(moments, AlternatingLeastSquares(capacity=5), rng=rng_of(1))


def equal_design(kind: str) -> tuple[Moments, np.ndarray]:
    """Return moments whose Gram matrices are s_t Sigma, and the s_t."""
    rng = rng_of(2)
    n, d, k = 40, 9, 6
    data = make_linear(
        rng, weights=rng.standard_normal((k, d)), n_samples=n, shared_design=True, n_replicates=2
    ).train
    if kind == "one design":
        return data.moments(), np.ones(k)
    # Other inputs with the same Gram matrix: X_t = Q_t X with orthogonal Q_t.
    turn = np.linalg.qr(rng.standard_normal((2, k, n, n)))[0]
    scale = np.ones(k) if kind == "equal Gram matrices" else rng.uniform(0.3, 3.0, k)
    inputs = np.sqrt(scale)[:, None, None] * (turn @ data.inputs[:, None])
    return Dataset(inputs=inputs, targets=data.targets).moments(), scale


@pytest.mark.parametrize("kind", ["one design", "equal Gram matrices", "Gram matrices in proportion"])
@pytest.mark.parametrize("r", range(1, 6))
def test_proportional_designs_reach_the_closed_form_from_every_start(kind, r):
    """Loss minus single-task loss is the energy of the trailing singular values of [sqrt(alpha) U_t'y_t]."""
    moments, scale = equal_design(kind)
    alpha = rng_of(3).uniform(0.2, 3.0, 6)
    solver = AlternatingLeastSquares(capacity=r, n_starts=4, task_weights=alpha)
    values, vectors = np.linalg.eigh(moments.gram_per_task[:, 0] / scale[0])
    root = (vectors / np.sqrt(values)[:, None]) @ vectors.mT
    z = np.sqrt(alpha / scale)[:, None] * (moments.cross @ root)
    _, singular, directions = np.linalg.svd(z, full_matrices=False)
    floor = total_loss(moments, single_task_weights(moments), alpha)
    expected = floor + (singular[:, r:] ** 2).sum(axis=1)
    losses = local_minima(moments, solver, rng=rng_of(4))
    assert (np.abs(losses - expected[:, None]) < 1e-10 * expected[:, None]).all()
    solution = solve(moments, solver, rng=rng_of(5))
    span = directions[:, :r] @ root
    assert principal_angles(solution.representation, span).max() < 1e-6
    if kind == "one design":
        closed = solve(moments, SharedRepresentation(capacity=r, task_weights=alpha), rng=rng_of(0))
        assert np.abs(solution.weights - closed.weights).max() < 1e-5


def test_toy_tasks_cost_one_each_beyond_the_capacity():
    toy = Moments(gram=np.eye(6)[None], cross=np.eye(6)[None], energy=np.ones((1, 6)), n_samples=np.ones(6))
    for r in range(1, 7):
        losses = local_minima(toy, AlternatingLeastSquares(capacity=r, n_starts=3), rng=rng_of(6))
        assert np.abs(losses - (6 - r)).max() < 1e-12


def test_two_tasks_of_capacity_one_reach_the_global_search():
    moments = different_designs(7, n_tasks=2, d=6, n=9, n_replicates=10)
    exact = solve(moments, TwoTaskGlobal(), rng=rng_of(0))
    solution = solve(moments, AlternatingLeastSquares(capacity=1), rng=rng_of(8))
    assert np.allclose(total_loss(moments, solution.weights), total_loss(moments, exact.weights), rtol=1e-10)
    assert np.abs(solution.weights - exact.weights).max() < 1e-5 * np.abs(exact.weights).max()


@pytest.mark.parametrize("r", [1, 2, 3])
def test_ends_are_stationary_in_map_and_heads(r):
    moments = different_designs(9, n_tasks=4, d=6, n=12)
    solution = solve(moments, AlternatingLeastSquares(capacity=r, n_starts=2), rng=rng_of(10))
    residual = (moments.gram @ solution.weights[..., None])[..., 0] - moments.cross
    size = np.linalg.norm(moments.cross, axis=(1, 2))
    assert (np.linalg.norm(solution.heads.mT @ residual, axis=(1, 2)) < 1e-6 * size**2).all()
    assert (np.linalg.norm(residual @ solution.representation.mT, axis=(1, 2)) < 1e-6 * size).all()
    assert np.abs(solution.representation @ solution.representation.mT - np.eye(r)).max() < 1e-12


def test_explicit_tasks_have_three_strict_minima():
    r"""d = k = 3, r = 1, no noise: the converse of Lemma 10, by hand.

    With C_t = I + K (I - e_t e_t') and y_t = c_t X_t e_t the explained energy is
    sum_t c_t^2 b_t^2 / (1 + K - K b_t^2) at unit vectors b: convex in the b_t^2 on the simplex, so that its
    maxima are corners, and all three corners are strict maxima when c_3 / c_1 < 1 + K. The losses there are
    c_1^2 + c_2^2 + c_3^2 - c_t^2: for c = (1, 2, 3) and K = 3 they are 13, 10 and 5.
    """
    axes, length, stiff = np.eye(3), np.array([1.0, 2.0, 3.0]), 3.0
    gram = np.eye(3) + stiff * (np.eye(3) - axes[:, :, None] * axes[:, None])
    cross = length[:, None] * (gram @ axes[..., None])[..., 0]
    toy = Moments(gram=gram[None], cross=cross[None], energy=length[None] ** 2, n_samples=np.ones(3))
    solver = AlternatingLeastSquares(capacity=1, n_starts=60)
    losses = local_minima(toy, solver, rng=rng_of(11))[0]
    assert set(losses.round(9)) == {5.0, 10.0, 13.0}
    solution = solve(toy, solver, rng=rng_of(12))
    assert np.allclose(np.abs(solution.representation), [[[0.0, 0.0, 1.0]]], atol=1e-6)


def test_noisy_tasks_have_strict_spurious_minima():
    """Every end of an instance found by search: zero gradient, positive definite Hessian on the sphere."""
    moments = make_linear(
        rng_of(38), weights=rng_of(38).standard_normal((3, 3)), n_samples=4, noise=0.1
    ).train.moments()
    ends = AlternatingLeastSquares(capacity=1, n_starts=64).descend(moments, rng=rng_of(13))
    values = np.unique(ends.loss.round(6))
    assert ends.converged.all() and len(values) >= 2
    assert values[-1] > 1.1 * values[0]

    def loss(b: np.ndarray) -> float:
        explained = (moments.cross[0] @ b) ** 2 / np.einsum("i,tij,j->t", b, moments.gram[0], b)
        return float(moments.energy.sum() - explained.sum())

    for value in values:
        chosen = ends.representation[0, np.argmin(np.abs(ends.loss[0] - value)), 0]
        tangent = np.linalg.svd(chosen[None])[2][1:]
        step = 1e-4
        moved = {
            (i, j): loss(chosen + step * (i * tangent[0] + j * tangent[1]))
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
        }
        slopes = [moved[1, 0] - moved[-1, 0], moved[0, 1] - moved[0, -1]]
        across = (moved[1, 1] - moved[1, -1] - moved[-1, 1] + moved[-1, -1]) / 4
        hessian = np.array(
            [
                [moved[1, 0] + moved[-1, 0] - 2 * moved[0, 0], across],
                [across, moved[0, 1] + moved[0, -1] - 2 * moved[0, 0]],
            ]
        )
        lowest = np.linalg.eigvalsh(hessian)[0]
        assert lowest > 0
        assert np.abs(slopes).max() < 1e-2 * lowest


def test_more_starts_are_never_worse():
    moments = different_designs(14, n_tasks=5, d=6, n=7, n_replicates=4)
    losses = local_minima(moments, AlternatingLeastSquares(capacity=2, n_starts=12), rng=rng_of(15))
    assert (np.diff(losses, axis=1) >= 0).all()
    kept = solve(moments, AlternatingLeastSquares(capacity=2, n_starts=12), rng=rng_of(15))
    assert np.allclose(total_loss(moments, kept.weights), losses[:, 0], rtol=1e-10)


def test_a_task_weight_of_two_is_every_row_twice():
    data = draw_dataset(
        rng_of(16),
        Truth(weights=rng_of(17).standard_normal((1, 3, 4)), covariance=np.eye(4), noise=np.ones(3)),
        n_samples=9,
        shared_design=False,
    )
    inputs, targets = list(data.inputs[0]), list(data.targets[0])
    twice = Dataset.from_tasks(
        [*inputs[:2], np.tile(inputs[2], (2, 1))], [*targets[:2], np.tile(targets[2], 2)]
    )
    weighted = AlternatingLeastSquares(capacity=1, task_weights=[1.0, 1.0, 2.0])
    first = solve(data, weighted, rng=rng_of(18)).weights
    second = solve(twice, AlternatingLeastSquares(capacity=1), rng=rng_of(18)).weights
    assert np.abs(first - second).max() < 1e-6


def test_outcomes():
    moments = different_designs(19, n_tasks=4, d=6, n=12)
    hurried = AlternatingLeastSquares(capacity=2, max_sweeps=1)
    with pytest.raises(SolveError, match="NOT_CONVERGED"):
        solve(moments, hurried, rng=rng_of(20))
    few = different_designs(21, n_tasks=4, d=6, n=5)
    # 20 rows for 2 (6 + 4 - 2) = 16 free parameters, and for 3 (6 + 4 - 3) = 21.
    for r, outcome in ((2, Outcome.SUCCESS), (3, Outcome.RANK_DEFICIENT)):
        solver = AlternatingLeastSquares(capacity=r, n_starts=4)
        solution = solve(few, solver, rng=rng_of(22), throw=False)
        assert solution.outcomes == (outcome,) * 3


def test_blocks_of_starts_change_nothing(monkeypatch):
    moments = different_designs(23, n_tasks=3, d=5, n=12)
    solver = AlternatingLeastSquares(capacity=2, n_starts=5)
    whole = solve(moments, solver, rng=rng_of(24)).weights
    monkeypatch.setattr(_alternating, "BLOCK_ENTRIES", 700)
    assert np.abs(solve(moments, solver, rng=rng_of(24)).weights - whole).max() < 1e-9


def test_same_generator_same_bytes():
    moments = different_designs(25, n_tasks=3, d=5, n=12)
    first, second = (solve(moments, AlternatingLeastSquares(capacity=2), rng=rng_of(26)) for _ in range(2))
    assert first.weights.tobytes() == second.weights.tobytes()


@pytest.mark.parametrize(
    "settings", [{"capacity": 0}, {"n_starts": 0}, {"max_sweeps": 0}, {"tolerance": 0.0}, {"tolerance": 1.0}]
)
def test_settings_that_cannot_run_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        AlternatingLeastSquares(**({"capacity": 1} | settings))
