import numpy as np
import pytest
from scipy import optimize

from mtl_simulators.labels._agreement import agreement_of_ami, ami_of_agreement
from mtl_simulators.labels._clustering import best_partition, climb_partitions
from mtl_simulators.labels._mixtures import _improving, fit_partition_mixture, nearest_feasible_ami
from mtl_simulators.labels._partitions import random_partition_mixture
from mtl_simulators.labels._task_matrices import star_ami, triangle_violation

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621
FAR = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]])


def symmetric(rng: np.random.Generator, n_tasks: int, low: float, high: float) -> np.ndarray:
    upper = np.triu(rng.uniform(low, high, size=(n_tasks, n_tasks)), 1)
    return upper + upper.T + np.eye(n_tasks)


def set_partitions(n_tasks: int) -> np.ndarray:
    partitions = [[0]]
    for _ in range(n_tasks - 1):
        partitions = [[*p, block] for p in partitions for block in range(max(p) + 2)]
    return np.array(partitions)


def distance_to_all_partitions(agreement: np.ndarray) -> float:
    """The L1 distance over every partition at once, with the residual bounded instead of split in two."""
    partitions = set_partitions(len(agreement))
    first, second = np.triu_indices(len(agreement), 1)
    together = (partitions[:, first] == partitions[:, second]).T.astype(float)
    target, m = agreement[first, second], first.size
    bound = np.block([[together, -np.eye(m)], [-together, -np.eye(m)]])
    solution = optimize.linprog(
        np.repeat([0.0, 1.0], [len(partitions), m]),
        A_ub=bound,
        b_ub=np.concatenate([target, -target]),
        A_eq=np.repeat([[1.0, 0.0]], [len(partitions), m], axis=1),
        b_eq=[1.0],
    )
    return solution.fun


def off_diagonal_sum(matrix: np.ndarray) -> float:
    return float(np.triu(np.abs(matrix), 1).sum())


@pytest.mark.parametrize("n_tasks", range(1, 13))
def test_matrices_of_partitions_are_recovered(n_tasks):
    rng = np.random.default_rng(n_tasks)
    for prior in (CONLL, np.array([0.5, 0.5])):
        truth = random_partition_mixture(rng, n_tasks=n_tasks)
        fitted = fit_partition_mixture(truth.ami(prior), prior=prior)
        assert np.abs(fitted.agreement() - truth.agreement()).max() < 1e-9
        assert np.abs(fitted.ami(prior) - truth.ami(prior)).max() < 1e-8
        # A vertex of the linear programme has one partition a pair, and one.
        assert len(fitted.weights) <= n_tasks * (n_tasks - 1) // 2 + 1


@pytest.mark.parametrize("ami", [[0.3, 0.3, 0.3], [0.9, 0.1, 0.5, 1.0, 0.0], [0.05] * 7])
def test_stars_are_feasible(ami):
    matrix = star_ami(ami, prior=CONLL)
    assert np.abs(fit_partition_mixture(matrix, prior=CONLL).ami(CONLL) - matrix).max() < 1e-8


def test_extreme_matrices_are_feasible():
    blocks = np.kron(np.eye(2), np.ones((3, 3)))
    for matrix in (np.eye(5), np.ones((5, 5)), blocks):
        mixture = fit_partition_mixture(matrix, prior=CONLL)
        assert (mixture.agreement() == matrix).all() and len(mixture.weights) == 1


@pytest.mark.parametrize("n_tasks", [3, 4, 5, 6, 7])
def test_nearest_matrix_is_as_near_as_all_partitions_allow(n_tasks):
    rng, n_infeasible = np.random.default_rng(n_tasks), 0
    for _ in range(5):
        ami = symmetric(rng, n_tasks, 0.1, 0.9)
        agreement = agreement_of_ami(ami, prior=CONLL)
        expected = distance_to_all_partitions(agreement)
        nearest = nearest_feasible_ami(ami, prior=CONLL)
        moved = off_diagonal_sum(agreement_of_ami(nearest, prior=CONLL) - agreement)
        assert moved == pytest.approx(expected, abs=1e-7)
        n_infeasible += expected > 1e-6
        assert triangle_violation(nearest) < 1e-9
        assert np.abs(fit_partition_mixture(nearest, prior=CONLL).ami(CONLL) - nearest).max() < 1e-8
        assert np.array_equal(nearest, nearest.T)
    assert n_infeasible > 0


@pytest.mark.parametrize("n_tasks", [1, 2, 4, 9])
def test_feasible_matrix_is_returned_as_it_is(n_tasks):
    ami = random_partition_mixture(np.random.default_rng(n_tasks), n_tasks=n_tasks).ami(CONLL)
    assert (nearest_feasible_ami(ami, prior=CONLL) == ami).all()


def test_search_that_stalls_is_taken_further():
    n_stalled, start = 0, np.arange(6)[None]
    for seed in range(20):
        prices = symmetric(np.random.default_rng(seed), 6, -1.0, 1.0) - np.eye(6)
        reached = climb_partitions(prices, start)
        together = reached[0][:, None] == reached[0]
        level = -np.where(together, prices, 0.0).sum() / 2
        best = best_partition(prices)
        stalled = np.where(best[:, None] == best, prices, 0.0).sum() / 2 + level > 1e-6
        assert (len(_improving(prices, level, start)) > 0) == stalled
        n_stalled += stalled
    assert 0 < n_stalled < 20


def test_two_tasks_are_always_feasible():
    for entry in (0.0, 1e-6, 0.5, 1 - 1e-6, 1.0):
        ami = np.array([[1.0, entry], [entry, 1.0]])
        mixture = fit_partition_mixture(ami, prior=CONLL)
        assert mixture.agreement()[0, 1] == pytest.approx(
            float(agreement_of_ami(entry, prior=CONLL)), abs=1e-12
        )


def test_three_tasks_are_feasible_up_to_the_triangle_of_agreements():
    # The hull of the five partitions of three tasks is r12 + r23 - r13 <= 1 and its likes.
    for excess, feasible in ((-1e-6, True), (1e-6, False)):
        agreement = np.array([[1.0, 0.8, 0.5 - excess], [0.8, 1.0, 0.7], [0.5 - excess, 0.7, 1.0]])
        ami = ami_of_agreement(agreement, prior=CONLL)
        assert (nearest_feasible_ami(ami, prior=CONLL) == ami).all() == feasible


def test_refusal_names_the_distance_the_entry_and_the_remedy():
    with pytest.raises(ValueError) as caught:
        fit_partition_mixture(FAR, prior=CONLL)
    message = str(caught.value)
    r = agreement_of_ami([0.9, 0.1], prior=CONLL)
    assert "breaks the triangle inequality by 0.7" in message
    assert f"off by {2 * r[0] - r[1] - 1:.3g} in the sum over pairs" in message
    assert "instead of" in message and "nearest_feasible_ami" in message


def test_matrix_that_only_the_mixture_cannot_reach_is_refused_as_such():
    # Both conditions hold for AMI, but r12 + r23 - r13 = 1.04 > 1.
    ami = np.array([[1.0, 0.6, 0.25], [0.6, 1.0, 0.6], [0.25, 0.6, 1.0]])
    assert triangle_violation(ami) == 0.0
    with pytest.raises(ValueError, match="no mixture of partitions has this AMI"):
        fit_partition_mixture(ami, prior=CONLL)


def test_more_tasks_than_can_be_proven_are_fitted_by_search():
    truth = random_partition_mixture(np.random.default_rng(16), n_tasks=16)
    fitted = fit_partition_mixture(truth.ami(CONLL), prior=CONLL)
    assert np.abs(fitted.agreement() - truth.agreement()).max() < 1e-9
    independent = np.eye(16)
    independent[0, 1] = independent[1, 0] = independent[1, 2] = independent[2, 1] = 0.45
    with pytest.raises(ValueError, match="no mixture of partitions with this AMI was found"):
        fit_partition_mixture(independent, prior=CONLL)


@pytest.mark.parametrize("function", [fit_partition_mixture, nearest_feasible_ami])
@pytest.mark.parametrize(
    "ami, message",
    [
        ([[1.0, 0.5], [0.4, 1.0]], "ami is not symmetric"),
        ([[1.0, np.nan], [np.nan, 1.0]], "ami holds NaN"),
        ([[1.0, 1.2], [1.2, 1.0]], r"ami must lie in \[0, 1\]"),
        ([[0.9, 0.2], [0.2, 0.9]], "ami has 0.9 on its diagonal"),
    ],
)
def test_what_is_no_ami_matrix_is_refused(function, ami, message):
    with pytest.raises(ValueError, match=message):
        function(ami, prior=CONLL)


def test_bad_priors_and_tolerances_are_refused():
    with pytest.raises(ValueError, match="single label"):
        fit_partition_mixture(np.eye(2), prior=[1.0])
    with pytest.raises(ValueError, match="tolerance must lie"):
        fit_partition_mixture(np.eye(2), prior=CONLL, tolerance=-1.0)
