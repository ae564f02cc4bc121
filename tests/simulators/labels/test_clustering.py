import numpy as np
import pytest

from mtl_simulators.labels._clustering import best_partition, climb_partitions


def set_partitions(n_tasks: int) -> np.ndarray:
    """All partitions, by adding one task after the other to an old block or to a new one."""
    partitions = [[0]]
    for _ in range(n_tasks - 1):
        partitions = [[*p, block] for p in partitions for block in range(max(p) + 2)]
    return np.array(partitions)


def worth(weights: np.ndarray, partitions: np.ndarray) -> np.ndarray:
    together = partitions[..., :, None] == partitions[..., None, :]
    return np.where(together, weights, 0.0).sum(axis=(-2, -1)) / 2


def symmetric(rng: np.random.Generator, n_tasks: int) -> np.ndarray:
    upper = np.triu(rng.uniform(-1, 1, size=(n_tasks, n_tasks)), 1)
    return upper + upper.T


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 5, 8])
def test_best_partition_is_the_best_of_all(n_tasks):
    rng, everything = np.random.default_rng(n_tasks), set_partitions(n_tasks)
    for _ in range(10):
        weights = symmetric(rng, n_tasks)
        best = best_partition(weights)
        assert worth(weights, best) == pytest.approx(worth(weights, everything).max(), abs=1e-12)


def test_climbing_ends_where_no_single_move_helps():
    rng, n_tasks = np.random.default_rng(0), 7
    weights, starts = symmetric(rng, n_tasks), rng.integers(n_tasks, size=(40, n_tasks))
    kept = starts.copy()
    ends = climb_partitions(weights, starts)
    assert (starts == kept).all()
    assert (worth(weights, ends) >= worth(weights, starts)).all()
    for task in range(n_tasks):
        for block in range(n_tasks):
            moved = ends.copy()
            moved[:, task] = block
            assert (worth(weights, moved) <= worth(weights, ends) + 1e-12).all()
    # A local search is allowed to fail, but from forty starts it should not.
    assert worth(weights, ends).max() == pytest.approx(worth(weights, best_partition(weights)), abs=1e-12)


def test_equal_weights_do_not_cycle():
    starts = np.array([[0, 1, 2, 3], [0, 0, 1, 1]])
    assert (climb_partitions(np.zeros((4, 4)), starts) == starts).all()
