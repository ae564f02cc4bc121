"""Task vectors with requested inner products: asked for, then measured back to 1e-10."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.geometry import (
    make_clustered_tasks,
    make_equicorrelated_tasks,
    make_orthonormal_tasks,
    make_tasks_with_gram,
)


def random_gram(seed: int, n_tasks: int, rank: int) -> np.ndarray:
    factor = np.random.default_rng(seed).standard_normal((n_tasks, rank))
    return factor @ factor.T


def gram_of(weights: np.ndarray) -> np.ndarray:
    return np.einsum("bsd,btd->bst", weights, weights)


@pytest.mark.parametrize(
    "n_tasks, rank, n_features", [(1, 1, 1), (5, 5, 5), (5, 2, 2), (6, 3, 40), (30, 30, 31)]
)
def test_any_positive_semidefinite_gram_is_delivered(n_tasks, rank, n_features):
    gram = random_gram(n_tasks, n_tasks, rank)
    w = make_tasks_with_gram(np.random.default_rng(0), gram=gram, n_features=n_features, n_replicates=4)
    assert w.shape == (4, n_tasks, n_features)
    assert np.abs(gram_of(w) - gram).max() < 1e-10
    assert (np.linalg.matrix_rank(w) == rank).all()


def test_short_tasks_keep_their_angles_beside_long_ones():
    norms = np.array([1e-9, 1.0, 1e9])
    cosines = np.array([[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]])
    w = make_tasks_with_gram(np.random.default_rng(1), gram=cosines * np.outer(norms, norms), n_features=8)
    unit = w / norms[:, None]
    assert np.abs(gram_of(unit) - cosines).max() < 1e-10


def test_zero_tasks_are_a_gram_like_any_other():
    rng = np.random.default_rng(2)
    assert not make_tasks_with_gram(rng, gram=np.zeros((2, 2)), n_features=3).any()
    w = make_tasks_with_gram(rng, gram=np.diag([4.0, 0.0]), n_features=1)
    assert np.abs(w[0, :, 0]) == pytest.approx([2.0, 0.0], abs=1e-15)


def test_orientation_of_a_gram_is_uniform():
    gram = [[1.0, 0.5], [0.5, 1.0]]
    w = make_tasks_with_gram(np.random.default_rng(3), gram=gram, n_features=4, n_replicates=3000)
    law = stats.beta(1.5, 1.5, loc=-1, scale=2)
    for task, feature in ((0, 0), (1, 1), (1, 3)):
        assert stats.kstest(w[:, task, feature], law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("n_tasks", [2, 3, 10, 200])
@pytest.mark.parametrize("position", [0.0, 1e-9, 0.2, 0.7, 1 - 1e-9, 1.0])
def test_equicorrelated_tasks_have_the_cosine_asked_for(n_tasks, position):
    low = -1 / (n_tasks - 1)
    cosine = low + position * (1 - low)
    w = make_equicorrelated_tasks(
        np.random.default_rng(4), n_tasks=n_tasks, n_features=n_tasks, cosine=cosine, n_replicates=2
    )
    expected = (1 - cosine) * np.eye(n_tasks) + cosine
    assert np.abs(gram_of(w) - expected).max() < 1e-10


def test_spectrum_of_equicorrelated_tasks_is_the_closed_form():
    w = make_equicorrelated_tasks(np.random.default_rng(5), n_tasks=5, n_features=9, cosine=0.3)
    squared = np.linalg.svd(w[0], compute_uv=False) ** 2
    assert squared == pytest.approx([2.2, 0.7, 0.7, 0.7, 0.7], abs=1e-12)


@pytest.mark.parametrize("cosine, rank", [(1.0, 1), (-0.25, 4), (0.0, 5)])
def test_equicorrelated_tasks_span_as_few_dimensions_as_possible(cosine, rank):
    rng = np.random.default_rng(6)
    w = make_equicorrelated_tasks(rng, n_tasks=5, n_features=rank, cosine=cosine)
    assert np.linalg.matrix_rank(w[0], tol=1e-10) == rank
    if rank > 1:
        with pytest.raises(ValueError, match=f"rank {rank}, but n_features={rank - 1}: .* at least {rank}"):
            make_equicorrelated_tasks(rng, n_tasks=5, n_features=rank - 1, cosine=cosine)


def test_cosine_rounded_past_its_limit_counts_as_the_limit():
    rng = np.random.default_rng(7)
    for n_tasks, excess in ((4, 1e-15), (200, 5e-13)):
        low = -1 / (n_tasks - 1)
        w = make_equicorrelated_tasks(rng, n_tasks=n_tasks, n_features=n_tasks - 1, cosine=low - excess)
        assert np.abs(w.sum(axis=1)).max() < 1e-10
        w = make_equicorrelated_tasks(rng, n_tasks=n_tasks, n_features=1, cosine=1 + excess)
        assert np.ptp(w) < 1e-10


def test_single_task_has_no_cosine_to_keep():
    w = make_equicorrelated_tasks(np.random.default_rng(8), n_tasks=1, n_features=3, cosine=0.4, norms=2.0)
    assert np.linalg.norm(w) == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize("norms", [None, 3.0, [1.0, 1e-3, 7.0]])
def test_norms_scale_the_gram_and_leave_the_orientation(norms):
    sizes = {"n_features": 6, "n_replicates": 2, "norms": norms}
    lengths = np.broadcast_to(1.0 if norms is None else norms, 3)
    equal = make_equicorrelated_tasks(np.random.default_rng(9), n_tasks=3, cosine=0.4, **sizes)
    groups = make_clustered_tasks(
        np.random.default_rng(9), cluster_sizes=(1, 2), within=0.4, between=0.4, **sizes
    )
    for w in (equal, groups):
        expected = np.outer(lengths, lengths) * (0.6 * np.eye(3) + 0.4)
        assert np.abs(gram_of(w) - expected).max() < 1e-10


def clustered_gram(sizes: list[int], within: float, between: float) -> np.ndarray:
    blocks = [
        [
            within * np.ones((m, m)) + (1 - within) * np.eye(m) if i == j else between * np.ones((m, k))
            for j, k in enumerate(sizes)
        ]
        for i, m in enumerate(sizes)
    ]
    return np.block(blocks)


@pytest.mark.parametrize(
    "sizes, within, between",
    [
        ([3, 2, 4], 0.8, 0.1),
        ([2, 2], 0.5, -0.75),
        ([1, 1, 1], 0.0, -0.5),
        ([5, 1], 1.0, 0.2),
        ([4], 0.6, 0.0),
        ([2, 3], -0.5, 0.0),
        ([6, 6, 6], 0.9, 0.9),
    ],
)
def test_clustered_tasks_have_the_cosines_asked_for(sizes, within, between):
    w = make_clustered_tasks(
        np.random.default_rng(10),
        cluster_sizes=sizes,
        n_features=20,
        within=within,
        between=between,
        n_replicates=2,
    )
    assert np.abs(gram_of(w) - clustered_gram(sizes, within, between)).max() < 1e-10


def test_uncorrelated_groups_of_one_task_are_orthonormal():
    groups = make_clustered_tasks(
        np.random.default_rng(11), cluster_sizes=[1] * 4, n_features=6, within=0.3, between=0.0
    )
    tasks = make_orthonormal_tasks(np.random.default_rng(11), n_tasks=4, n_features=6)
    assert np.abs(gram_of(groups) - gram_of(tasks)).max() < 1e-12


def feasible_between(sizes: list[int], within: float) -> tuple[float, float]:
    with pytest.raises(ValueError, match="infeasible") as caught:
        make_clustered_tasks(
            np.random.default_rng(0), cluster_sizes=sizes, n_features=50, within=within, between=1.1
        )
    low, high = str(caught.value).split("must lie in [")[1].split("]")[0].split(", ")
    return float(low), float(high)


@pytest.mark.parametrize("sizes, within", [([3, 2], 0.5), ([2, 2, 7], 0.3), ([1, 4], -0.2), ([1, 1, 1], 0.9)])
def test_feasible_interval_ends_where_the_gram_stops_being_positive(sizes, within):
    # Printed with six digits: feasible just inside, a negative eigenvalue just outside.
    low, high = feasible_between(sizes, within)
    for inside, outside in ((low + 1e-5, low - 1e-5), (high - 1e-5, high + 1e-5)):
        assert np.linalg.eigvalsh(clustered_gram(sizes, within, inside)).min() > -1e-12
        assert np.linalg.eigvalsh(clustered_gram(sizes, within, outside)).min() < -1e-6
        arguments = {"cluster_sizes": sizes, "n_features": 50, "within": within}
        w = make_clustered_tasks(np.random.default_rng(0), **arguments, between=inside)
        assert np.abs(gram_of(w) - clustered_gram(sizes, within, inside)).max() < 1e-10
        with pytest.raises(ValueError, match="infeasible"):
            make_clustered_tasks(np.random.default_rng(0), **arguments, between=outside)


def test_limits_between_two_groups_are_the_closed_form():
    # Two groups: beta^2 <= (1 + (m_1 - 1) w)(1 + (m_2 - 1) w) / (m_1 m_2), here 2.0 * 1.5 / 6.
    low, high = feasible_between([3, 2], 0.5)
    assert (low, high) == pytest.approx((-np.sqrt(0.5), np.sqrt(0.5)), abs=1e-6)


def test_clustered_tasks_at_the_limit_lose_one_dimension():
    limit = float(np.sqrt(0.5))
    arguments = {"cluster_sizes": [3, 2], "within": 0.5, "between": limit}
    w = make_clustered_tasks(np.random.default_rng(12), **arguments, n_features=4)
    assert np.abs(gram_of(w) - clustered_gram([3, 2], 0.5, limit)).max() < 1e-10


def test_clustered_cosines_rounded_past_their_limits_count_as_the_limits():
    # Equal groups of m: between is at most (1 + (m - 1) within) / m, and at least minus that for two groups.
    limit = (1 + 49 * 0.02) / 50
    for between in (limit + 5e-13, -limit - 5e-13):
        w = make_clustered_tasks(
            np.random.default_rng(13), cluster_sizes=[50, 50], n_features=99, within=0.02, between=between
        )
        assert np.abs(gram_of(w) - clustered_gram([50, 50], 0.02, between)).max() < 1e-10
    floor = -1 / 199 - 5e-13
    w = make_clustered_tasks(
        np.random.default_rng(14), cluster_sizes=[200, 1], n_features=200, within=floor, between=0.0
    )
    assert np.abs(gram_of(w) - clustered_gram([200, 1], floor, 0.0)).max() < 1e-10


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "gram, message",
    [
        ([[1.0, 2.0], [2.0, 1.0]], r"gram is not positive semidefinite \(smallest eigenvalue -1\); clip"),
        # Inside the tolerance of a covariance, but the Gram matrix would come back wrong in the tenth digit.
        ([[1.0, 1 + 5e-9], [1 + 5e-9, 1.0]], "smallest eigenvalue -5e-09 after scaling to cosines"),
        ([[1.0, 0.5], [0.0, 1.0]], "gram is not symmetric"),
        (np.zeros((0, 0)), r"gram has shape \(0, 0\): .* not empty"),
        (np.ones((2, 3)), r"gram has shape \(2, 3\): the last two dimensions must be equal"),
        (np.ones(3), r"gram has shape \(3,\): expected 2 dimensions"),
        ([[np.nan]], "gram holds NaN"),
        (np.eye(4), "4 tasks have rank 4, but n_features=3: they need at least 4 features"),
    ],
)
def test_infeasible_grams_are_refused(gram, message):
    with pytest.raises(ValueError, match=message):
        make_tasks_with_gram(RNG, gram=gram, n_features=3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"cosine": -0.6}, r"cosine=-0.6 is infeasible for 3 tasks: .* \[-1/\(T-1\), 1\] = \[-0.5, 1\]"),
        ({"cosine": 1.1}, "cosine=1.1 is infeasible"),
        ({"cosine": np.nan}, "cosine=nan is infeasible"),
        ({"n_tasks": 0}, "n_tasks must be an integer of at least 1, got 0"),
        ({"n_features": -3}, "n_features must be an integer of at least 1, got -3"),
        ({"norms": 0.0}, "norms must be positive, got a smallest value of 0"),
        ({"norms": [1.0, -1.0, 2.0]}, "norms must be positive, got a smallest value of -1"),
        ({"norms": [1.0, 2.0]}, r"norms has shape \(2,\): pass one number or one a task, \(3,\)"),
        ({"norms": np.ones((3, 1))}, r"norms has shape \(3, 1\): expected 0 or 1 dimensions"),
    ],
)
def test_infeasible_equicorrelated_tasks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_equicorrelated_tasks(RNG, **{"n_tasks": 3, "n_features": 5, "cosine": 0.2, **arguments})


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"cluster_sizes": []}, "cluster_sizes is empty; pass the number of tasks in each group"),
        ({"cluster_sizes": [2, 0]}, r"cluster_sizes\[1\] must be an integer of at least 1, got 0"),
        ({"within": -0.6}, r"within=-0.6 is infeasible for a group of 3 tasks: it must lie in \[-0.5, 1\]"),
        ({"within": 1.2}, r"within=1.2 is infeasible for a group of 3 tasks: it must lie in \[-0.5, 1\]"),
        ({"between": 0.9}, r"between=0.9 .* groups of \[3, 2\] .* within=0.5: .* \[-0.707107, 0.707107\]"),
        ({"within": -0.5, "between": 0.1}, r"between=0.1 is infeasible .* must lie in \[0, 0\]"),
        ({"between": np.nan}, "between=nan is infeasible"),
        ({"n_features": 4}, "5 tasks have rank 5, but n_features=4: they need at least 5 features"),
        ({"norms": [1.0, 2.0]}, r"norms has shape \(2,\): pass one number or one a task, \(5,\)"),
    ],
)
def test_infeasible_clustered_tasks_are_refused(arguments, message):
    valid = {"cluster_sizes": [3, 2], "n_features": 9, "within": 0.5, "between": 0.1}
    with pytest.raises(ValueError, match=message):
        make_clustered_tasks(RNG, **{**valid, **arguments})
