import numpy as np
import pytest

from mtl_simulators.labels._adjusted import ami_matrix
from mtl_simulators.labels._families import Permuted, Resample, Symmetric
from mtl_simulators.labels._label_tasks import make_label_tasks
from mtl_simulators.labels._partitions import random_partition_mixture
from mtl_simulators.labels._task_matrices import star_ami

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621
FULL = np.array([[1.0, 0.4, 0.1], [0.4, 1.0, 0.3], [0.1, 0.3, 1.0]])


def main_labels(seed: int, n: int, prior: np.ndarray = CONLL) -> np.ndarray:
    return np.random.default_rng(seed).choice(len(prior), p=prior, size=n)


def shares(labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels) / labels.size


@pytest.mark.parametrize("family", [None, Symmetric(), Permuted(family=Resample(), order=(1, 2, 3, 4, 0))])
def test_star_has_the_ami_of_the_main_task(family):
    main = main_labels(0, 1000)
    tasks = make_label_tasks(np.random.default_rng(1), labels=main, ami=[0.1, 0.6, 0.35], family=family)
    assert (tasks[0] == main).all() and tasks.shape == (4, 1000)
    assert np.abs(ami_matrix(tasks)[0] - [1.0, 0.1, 0.6, 0.35]).max() <= 1e-4


def test_auxiliary_tasks_of_a_star_are_related_through_the_main_task_only():
    main = main_labels(2, 3000)
    expected = star_ami([0.6, 0.5], prior=shares(main))[1, 2]
    measured = np.array(
        [
            ami_matrix(make_label_tasks(np.random.default_rng(seed), labels=main, ami=[0.6, 0.5]))[1, 2]
            for seed in range(30)
        ]
    )
    # Five standard errors, and the bias of order 1/n that the adjustment for chance leaves.
    assert abs(measured.mean() - expected) < 5 * measured.std() / np.sqrt(30) + 2e-3


@pytest.mark.parametrize("n_tasks", [3, 4, 6])
@pytest.mark.parametrize("prior", [CONLL, np.full(5, 0.2), np.array([0.5, 0.5])])
def test_full_matrix_is_reached(n_tasks, prior):
    main = main_labels(n_tasks, 1000, prior)
    target = random_partition_mixture(np.random.default_rng(n_tasks), n_tasks=n_tasks).ami(shares(main))
    tasks = make_label_tasks(np.random.default_rng(3), labels=main, ami=target)
    assert (tasks[0] == main).all()
    assert np.abs(ami_matrix(tasks) - target).max() <= 5e-3


def test_two_tasks_are_a_star():
    main = main_labels(4, 500)
    full = make_label_tasks(np.random.default_rng(5), labels=main, ami=[[1.0, 0.4], [0.4, 1.0]])
    star = make_label_tasks(np.random.default_rng(5), labels=main, ami=[0.4])
    assert (full == star).all()


@pytest.mark.parametrize("ami", [[], [[1.0]]])
@pytest.mark.parametrize("exact", [True, False])
def test_main_task_alone(ami, exact):
    main = main_labels(6, 100)
    tasks = make_label_tasks(np.random.default_rng(0), labels=main, ami=ami, exact=exact)
    assert (tasks == main[None]).all()


def test_independent_draws_scatter_around_the_matrix():
    main = main_labels(7, 2000)
    measured = np.array(
        [
            ami_matrix(make_label_tasks(np.random.default_rng(seed), labels=main, ami=FULL, exact=False))
            for seed in range(60)
        ]
    )
    spread = measured.std(axis=0)[np.triu_indices(3, 1)]
    error = np.abs(measured.mean(axis=0) - FULL)[np.triu_indices(3, 1)]
    # Five standard errors, and the bias of order 1/n that the adjustment for chance leaves.
    assert (error < 5 * spread / np.sqrt(60) + 2e-3).all()
    assert (spread > 5e-3).all()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("ami", [[0.3, 0.5], FULL])
def test_same_generator_gives_the_same_labels(ami, exact):
    main = main_labels(9, 400)
    first, second = (
        make_label_tasks(np.random.default_rng(10), labels=main, ami=ami, exact=exact) for _ in range(2)
    )
    assert (first == second).all()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"ami": [[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]]}, "nearest_feasible_ami"),
        ({"ami": FULL, "family": Symmetric()}, r"needs the family Resample\(\), got Symmetric\(\)"),
        ({"ami": [[1.0, 0.4], [0.3, 1.0]]}, "ami is not symmetric"),
        ({"ami": [0.4, np.nan]}, "ami holds NaN"),
        ({"ami": [1.4]}, "ami must lie"),
        ({"ami": 0.4}, "expected 1 or 2 dimensions"),
        ({"labels": np.zeros(50, dtype=int)}, "single label"),
        ({"labels": np.arange(50) / 50}, "labels must be"),
        ({"labels": np.arange(12) % 2, "ami": FULL}, "no labels of these 12 tokens .* Take more tokens"),
    ],
)
def test_bad_calls_are_refused(arguments, message):
    valid = {"labels": np.arange(100) % 4, "ami": [0.4]}
    with pytest.raises(ValueError, match=message):
        make_label_tasks(np.random.default_rng(0), **{**valid, **arguments})
