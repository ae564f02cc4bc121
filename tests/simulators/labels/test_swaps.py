import numpy as np
import pytest
from scipy import special

from mtl_simulators.labels import _swaps
from mtl_simulators.labels._adjusted import ami_matrix, arithmetic_average, geometric_average
from mtl_simulators.labels._contingency import contingency_table
from mtl_simulators.labels._partitions import PartitionMixture, random_partition_mixture
from mtl_simulators.labels._swaps import tune_by_swaps

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621


def dealt(seed: int, n_tasks: int, n: int, prior: np.ndarray = CONLL) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mixture = random_partition_mixture(rng, n_tasks=n_tasks)
    labels = mixture.deal_labels(rng, labels=rng.choice(len(prior), p=prior, size=n))
    return labels, mixture.ami(prior)


@pytest.mark.parametrize("n_tasks", [2, 3, 4, 6])
@pytest.mark.parametrize("n", [1000, 5000])
def test_tuned_matrix_is_the_target(n_tasks, n):
    labels, target = dealt(n_tasks, n_tasks, n)
    tuned = tune_by_swaps(np.random.default_rng(0), labels=labels, ami=target)
    assert np.abs(ami_matrix(labels) - target).max() > 2e-3
    assert np.abs(ami_matrix(tuned) - target).max() <= 1e-3


def test_main_task_and_label_counts_stay():
    labels, target = dealt(5, 4, 800)
    kept = labels.copy()
    tuned = tune_by_swaps(np.random.default_rng(1), labels=labels, ami=target)
    assert (labels == kept).all()
    assert (tuned[0] == labels[0]).all() and (tuned != labels).any(axis=1)[1:].all()
    for before, after in zip(labels, tuned, strict=True):
        assert (np.bincount(before) == np.bincount(after)).all()


def test_tokens_of_one_main_label_are_treated_alike():
    # Whatever stands at the start of a text is not tied to other labels than what stands at its end.
    main = np.tile([0, 0, 0, 0, 0, 1, 1, 1, 2, 2], 40)
    mixture = PartitionMixture(partitions=[[0, 0, 2], [0, 1, 1], [0, 1, 2]], weights=[0.5, 0.2, 0.3])
    target = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.1], [0.0, 0.1, 1.0]])
    differences = []
    for seed in range(150):
        rng = np.random.default_rng([1, seed])
        labels = mixture.deal_labels(rng, labels=main)
        same = tune_by_swaps(rng, labels=labels, ami=target, max_swaps=3000)[1] == main
        early, late = same[:200], same[200:]
        differences.append(
            [early[main[:200] == label].mean() - late[main[200:] == label].mean() for label in range(3)]
        )
    mean, error = np.mean(differences, axis=0), np.std(differences, axis=0) / np.sqrt(150)
    assert (np.abs(mean) < 5 * error).all()


def test_another_average_is_tuned_by_its_own_measure():
    rng = np.random.default_rng(2)
    main = rng.integers(4, size=2000)
    labels = np.stack([main, np.where(rng.random(2000) < 0.8, main // 2, 0), rng.integers(2, size=2000)])
    target = np.array([[1.0, 0.25, 0.1], [0.25, 1.0, 0.2], [0.1, 0.2, 1.0]])
    tuned = tune_by_swaps(rng, labels=labels, ami=target, average=geometric_average)
    assert np.abs(ami_matrix(tuned, average=geometric_average) - target).max() < 1e-3
    assert np.abs(ami_matrix(tuned) - target).max() > 5e-3


def test_running_error_is_the_measured_one():
    # Stops at its own tolerance: what it believes must be what `ami_matrix` finds.
    labels, target = dealt(6, 5, 3000)
    for tolerance in (1e-2, 1e-3, 1e-4):
        tuned = tune_by_swaps(np.random.default_rng(3), labels=labels, ami=target, tolerance=tolerance)
        assert np.abs(ami_matrix(tuned) - target).max() <= tolerance * (1 + 1e-9)


def test_predicted_changes_are_those_of_the_tables():
    labels, _ = dealt(7, 4, 300)
    rng, tables = np.random.default_rng(4), contingency_table(labels[:, None], labels)
    tasks, tokens = _swaps._proposals(rng, labels)
    cells = _swaps._cells(labels, tasks, tokens)
    change = _swaps._information_change(tables, _swaps._growth(300), cells)
    for m, (task, (u, v)) in enumerate(zip(tasks, tokens, strict=True)):
        swapped = labels.copy()
        swapped[task, [u, v]] = swapped[task, [v, u]]
        after = contingency_table(swapped[:, None], swapped)
        gained = (special.xlogy(after, after) - special.xlogy(tables, tables)).sum(axis=(-2, -1))[task]
        gained[task] = 0.0
        assert np.abs(gained - change[m]).max() < 1e-9


def test_tables_after_many_swaps_are_those_of_the_swapped_labels():
    labels, _ = dealt(8, 4, 300)
    tasks, tokens = _swaps._proposals(np.random.default_rng(5), labels)
    moved = _swaps._moved_tables(
        contingency_table(labels[:, None], labels), _swaps._cells(labels, tasks, tokens)
    )
    swapped = labels.copy()
    for task, (u, v) in zip(tasks, tokens, strict=True):
        swapped[task, [u, v]] = swapped[task, [v, u]]
    expected = contingency_table(swapped[:, None], swapped)
    off = ~np.eye(4, dtype=bool)
    assert (moved[off] == expected[off]).all()


@pytest.mark.parametrize("seed", range(6))
def test_best_two_are_the_best_two_by_brute_force(seed):
    # Few tokens: the two tasks' common entry has to count once, not as if the other were not there.
    labels, target = dealt(seed, 3, 24, np.full(3, 1 / 3))
    tables = contingency_table(labels[:, None], labels)
    tasks, tokens = _swaps._proposals(np.random.default_rng(6), labels)
    slope = _swaps._slope(tables, arithmetic_average)
    cells = _swaps._cells(labels, tasks, tokens)
    change = slope[tasks] * _swaps._information_change(tables, _swaps._growth(24), cells)
    error = ami_matrix(labels) - target
    *_, (first, second) = _swaps._best_moves(change, error, tasks, 1)

    def squared_error(i: int, j: int) -> float:
        moved = error.copy()
        for m in (i, j):
            moved[tasks[m]] += change[m]
            moved[:, tasks[m]] += change[m]
        return float((moved[np.triu_indices(3, 1)] ** 2).sum())

    pairs = [(i, j) for i in range(len(tasks)) for j in range(i)]
    assert squared_error(first, second) == pytest.approx(min(squared_error(*p) for p in pairs), abs=1e-12)


def test_same_generator_gives_the_same_labels():
    labels, target = dealt(10, 3, 500)
    first, second = (tune_by_swaps(np.random.default_rng(7), labels=labels, ami=target) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("labels", [np.zeros((3, 1), dtype=int), np.zeros((3, 50), dtype=int)])
def test_labels_without_choice_come_back(labels):
    tuned = tune_by_swaps(np.random.default_rng(8), labels=labels, ami=np.eye(3), max_swaps=1000)
    assert (tuned == labels).all()


def test_single_task_and_no_swaps_leave_the_labels():
    assert tune_by_swaps(np.random.default_rng(9), labels=[[0, 1, 1]], ami=[[1.0]]).tolist() == [[0, 1, 1]]
    labels, target = dealt(11, 3, 200)
    assert (tune_by_swaps(np.random.default_rng(9), labels=labels, ami=target, max_swaps=0) == labels).all()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"ami": np.eye(2)}, "labels has 3 tasks, but ami 2"),
        ({"ami": [[1.0, 0.5, 0.0], [0.4, 1.0, 0.0], [0.0, 0.0, 1.0]]}, "ami is not symmetric"),
        ({"labels": [0, 1]}, "labels must be"),
        ({"labels": [[0.5], [1.0], [1.0]]}, "labels must be"),
        ({"tolerance": np.nan}, "tolerance must lie"),
        ({"max_swaps": -1}, "max_swaps must be an integer of at least 0"),
    ],
)
def test_bad_calls_are_refused(arguments, message):
    valid = {"labels": np.zeros((3, 4), dtype=int), "ami": np.eye(3)}
    with pytest.raises(ValueError, match=message):
        tune_by_swaps(np.random.default_rng(0), **{**valid, **arguments})
