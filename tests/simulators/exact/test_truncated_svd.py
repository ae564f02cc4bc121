"""The law of the truncated SVD without features, against the truncated SVD of estimates from drawn data.

Seeds are fixed. 10 problems x 4 statistics x 2 precisions = 80 two-sample KS tests at p > 1e-4: were the seed
drawn anew, one run in 125 would fail. Means are held to 4.5 standard errors, 7e-6 each.
"""

import tracemalloc
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.exact import RepresentationDraws, draw_truncated_svd
from mtl_simulators.exact._representation import _measure
from mtl_simulators.problems import Truth, draw_dataset
from mtl_simulators.solvers import SingleTask, TruncatedSVD, solve

N = 2500


class Case(NamedTuple):
    n_tasks: int
    n_features: int
    rank: int
    capacity: int
    n_samples: int | list[int]
    shared_design: bool
    noise: float | list[float] = 1.0
    variance: float = 1.0


CASES = {
    "shared": Case(6, 12, 2, 2, 25, True),
    "shared, n = d": Case(6, 12, 2, 2, 12, True),
    "shared, own noise, covariance 3 I": Case(4, 12, 2, 2, 25, True, [0.2, 1.0, 2.0, 0.0], 3.0),
    "shared, capacity below the rank": Case(6, 12, 3, 2, 30, True),
    "shared, capacity above the rank": Case(6, 12, 2, 4, 30, True),
    "shared, fewer features outside than tasks": Case(8, 7, 3, 3, 16, True),
    "shared, row space is everything": Case(5, 3, 3, 2, 16, True),
    "separate": Case(6, 12, 2, 2, 25, False),
    "separate, own noise and counts": Case(4, 10, 2, 2, [10, 14, 40, 20], False, [0.2, 1.0, 2.0, 0.5]),
    "separate, one task": Case(1, 5, 1, 1, 9, False),
}


def make_truth(case: Case) -> Truth:
    rng = np.random.default_rng(30)
    heads = rng.standard_normal((case.n_tasks, case.rank))
    return Truth(
        weights=(heads @ rng.standard_normal((case.rank, case.n_features)) / 3)[None],
        covariance=case.variance * np.eye(case.n_features),
        noise=np.broadcast_to(np.asarray(case.noise, dtype=float), (case.n_tasks,)),
    )


def draw(case: Case, seed: int, n_replicates: int = N, **changes) -> RepresentationDraws:
    arguments = {
        "capacity": case.capacity,
        "n_samples": case.n_samples,
        "n_replicates": n_replicates,
        "shared_design": case.shared_design,
    } | changes
    return draw_truncated_svd(np.random.default_rng(seed), make_truth(case), **arguments)


def draw_from_data(case: Case, seed: int) -> RepresentationDraws:
    """Draw inputs and targets, solve every task, truncate the SVD of the estimates, and measure."""
    rng = np.random.default_rng(seed)
    truth = make_truth(case)
    many = Truth(weights=np.repeat(truth.weights, N, axis=0), covariance=truth.covariance, noise=truth.noise)
    data = draw_dataset(rng, many, n_samples=case.n_samples, shared_design=case.shared_design)
    estimate = solve(data, SingleTask(), rng=rng).weights
    left, spectrum, rows = np.linalg.svd(estimate, full_matrices=False)
    c = case.capacity
    truncated = (left[..., :c] * spectrum[:, None, :c]) @ rows[:, :c]
    basis = np.linalg.svd(truth.weights[0])[2][: case.rank]
    cosines = np.linalg.svd(rows[:, :c] @ basis.T, compute_uv=False)
    return RepresentationDraws(
        sin_theta=np.sqrt(np.clip(1 - cosines[:, -1] ** 2, 0, None)),
        excess_risk=case.variance * ((truncated - truth.weights) ** 2).sum(axis=(1, 2)),
        single_task_risk=case.variance * ((estimate - truth.weights) ** 2).sum(axis=(1, 2)),
        rank=case.rank,
    )


def statistics(draws: RepresentationDraws) -> dict[str, np.ndarray]:
    return {
        "sin-theta": draws.sin_theta,
        "excess risk": draws.excess_risk,
        "single-task risk": draws.single_task_risk,
        # Whether the three belong together.
        "joint": draws.sin_theta * draws.excess_risk / draws.single_task_risk,
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_law_is_that_of_the_estimates_from_drawn_data(case):
    expected = statistics(draw_from_data(case, 31))
    for dtype in (np.float64, np.float32):
        draws = draw(case, 32, dtype=dtype)
        assert draws.rank == case.rank
        for name, values in statistics(draws).items():
            assert values.dtype == dtype, name
            assert values.shape == (N,), name
            if np.allclose(expected[name], 0, atol=1e-6):  # no angle where the row space is everything
                assert np.allclose(values, 0, atol=1e-3), name
            else:
                assert stats.ks_2samp(values, expected[name]).pvalue > 1e-4, name


@pytest.mark.parametrize("shared_design", [True, False])
def test_mean_single_task_risk_is_known(shared_design):
    """E sum_t |w_hat_t - w_t|^2 = sum_t sigma_t^2 d / (n_t - d - 1)."""
    case = Case(5, 20, 2, 2, 45, shared_design, [0.5, 1.0, 1.5, 2.0, 2.5], variance=2.0)
    risk = draw(case, 33, n_replicates=20_000).single_task_risk
    expected = np.square(case.noise).sum() * 20 / (45 - 20 - 1)
    assert abs(risk.mean() - expected) < 4.5 * risk.std(ddof=1) / np.sqrt(len(risk))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_full_capacity_truncates_nothing(dtype):
    draws = draw(CASES["shared"], 34, n_replicates=50, capacity=6, dtype=dtype)
    assert np.allclose(draws.excess_risk, draws.single_task_risk, rtol=1e-3 if dtype == np.float32 else 1e-11)


@pytest.mark.parametrize("shared_design", [True, False])
def test_little_noise_leaves_little_angle(shared_design):
    """Errors are linear in small noise: the same draws with a tenth of the noise make a tenth."""
    case = Case(6, 12, 2, 2, 25, shared_design, noise=1e-5)
    coarse, fine = draw(case, 35, 40), draw(case._replace(noise=1e-6), 35, 40)
    assert np.allclose(coarse.sin_theta, 10 * fine.sin_theta, rtol=1e-3)
    assert np.allclose(coarse.excess_risk, 100 * fine.excess_risk, rtol=1e-3)


def test_without_noise_nothing_is_lost():
    draws = draw(CASES["shared"]._replace(noise=0.0), 36, 10)
    assert np.allclose(draws.sin_theta, 0, atol=1e-12)
    assert np.allclose(draws.excess_risk, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    # The Gram matrix is used while it keeps half of the digits: sqrt(eps), times a few for a small matrix.
    [
        (np.float64, 20 * np.sqrt(np.finfo(np.float64).eps)),
        (np.float32, 20 * np.sqrt(np.finfo(np.float32).eps)),
    ],
)
@pytest.mark.parametrize("ratio", [1.0, 1e-1, 1e-2, 1e-3])
@pytest.mark.parametrize("capacity", [2, 3, 5])
def test_measures_agree_with_the_singular_vectors(ratio, capacity, dtype, tolerance):
    """The T x T route against an SVD in double precision, on matrices of growing condition number."""
    rng = np.random.default_rng(37)
    rank, n_tasks, below = 3, 8, 6
    orthonormal = np.linalg.qr(rng.standard_normal((n_tasks, rank)))[0].T
    heads = (orthonormal * np.geomspace(1, ratio, rank)[:, None]).astype(dtype)
    estimate = (0.1 * ratio * rng.standard_normal((40, rank + below, n_tasks))).astype(dtype)
    estimate[:, :rank] += heads
    sin_theta, risk = _measure(estimate, heads, capacity)
    left, spectrum, rows = np.linalg.svd(estimate.astype(np.float64), full_matrices=False)
    left = left[..., :capacity]
    truth = np.concatenate([heads, np.zeros((below, n_tasks), dtype)])
    truncated = (left * spectrum[:, None, :capacity]) @ rows[:, :capacity]
    cosines = np.linalg.svd(left[:, :rank], compute_uv=False)[:, -1]
    assert np.allclose(sin_theta, np.sqrt(1 - cosines**2), rtol=tolerance, atol=tolerance)
    # The risk is a difference of matrices of norm 1, rounded in `dtype`.
    expected = ((truncated - truth) ** 2).sum(axis=(1, 2))
    rounding = 20 * np.finfo(dtype).eps * np.sqrt(expected)
    assert (np.abs(risk - expected) < tolerance * expected + rounding).all()


def test_the_solver_on_drawn_data_has_this_risk():
    """Mean risk of `solve(..., TruncatedSVD)` on data, 4.5 standard errors of the difference."""
    case = CASES["separate"]
    truth = make_truth(case)
    rng = np.random.default_rng(38)
    many = Truth(weights=np.repeat(truth.weights, N, axis=0), covariance=truth.covariance, noise=truth.noise)
    data = draw_dataset(rng, many, n_samples=case.n_samples, shared_design=False)
    weights = solve(data, TruncatedSVD(capacity=2), rng=rng).weights
    solved = ((weights - truth.weights) ** 2).sum(axis=(1, 2))
    drawn = draw(case, 39).excess_risk
    stderr = np.sqrt((solved.var(ddof=1) + drawn.var(ddof=1)) / N)
    assert abs(solved.mean() - drawn.mean()) < 4.5 * stderr


def test_same_generator_same_bytes_across_blocks():
    case = CASES["shared"]
    one, two = (draw(case, 40, n_replicates=9000) for _ in range(2))
    assert one.sin_theta.tobytes() == two.sin_theta.tobytes()
    assert one.excess_risk.tobytes() == two.excess_risk.tobytes()
    # Whole blocks do not depend on how many follow.
    assert np.array_equal(draw(case, 40, n_replicates=4096).excess_risk, one.excess_risk[:4096])


def test_memory_does_not_grow_with_replicates():
    """Peak of what numpy allocates, beyond the three results: the same for 10 times the replicates."""

    def working_peak(n_replicates: int) -> int:
        tracemalloc.start()
        draws = draw(Case(20, 60, 4, 4, 100, True), 41, n_replicates=n_replicates)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - 3 * draws.sin_theta.nbytes

    working_peak(700)
    few, many = working_peak(1500), working_peak(15_000)
    assert abs(many / few - 1) < 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_samples": 11}, "n = 11 samples for d = 12 features"),
        ({"n_samples": [25] * 5 + [30]}, "equal sample counts"),
        ({"capacity": 7}, r"capacity c = 7 exceeds min\(d, T\) = 6"),
        ({"capacity": 0}, "capacity must be an integer"),
        ({"n_replicates": 0}, "n_replicates must be an integer"),
        ({"dtype": np.float16}, "numpy.float32 or numpy.float64, got float16"),
    ],
)
def test_refused_arguments_say_why(changes, message):
    with pytest.raises(ValueError, match=message):
        draw(CASES["shared"], 0, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": np.ones((2, 3, 4))}, "holds 2 replicates; call once for each"),
        ({"weights": np.zeros((1, 3, 4))}, "no row space"),
        ({"covariance": np.diag([1.0, 1.0, 1.0, 2.0])}, "positive multiple of the identity"),
        ({"covariance": np.zeros((4, 4))}, "positive multiple of the identity"),
        ({"covariance": np.arange(1.0, 4.0)[:, None, None] * np.eye(4)}, "the same for every task"),
        # The truth has rank 1 and the estimate no noise, so nothing says which second direction to keep.
        ({"noise": np.zeros(3)}, "rank below 2"),
    ],
)
def test_refused_truths_say_why(changes, message):
    arguments = {"weights": np.ones((1, 3, 4)), "covariance": np.eye(4), "noise": np.ones(3)} | changes
    with pytest.raises(ValueError, match=message):
        draw_truncated_svd(
            np.random.default_rng(0),
            Truth(**arguments),
            capacity=2,
            n_samples=9,
            n_replicates=5,
            shared_design=False,
        )


def test_own_covariances_that_are_one_are_accepted():
    equal = np.broadcast_to(2 * np.eye(4), (3, 4, 4))
    truth = Truth(weights=np.ones((1, 3, 4)), covariance=equal, noise=np.ones(3))
    draws = draw_truncated_svd(
        np.random.default_rng(42), truth, capacity=1, n_samples=9, n_replicates=5, shared_design=False
    )
    assert np.isfinite(draws.excess_risk).all()
