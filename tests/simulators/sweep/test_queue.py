"""The queue: every point out once, blocks of the right length, and the point that kills found."""

import itertools

import numpy as np
import pytest

from mtl_simulators.sweep import _queue
from mtl_simulators.sweep._queue import LARGEST, BlockQueue


@pytest.fixture
def small_window(monkeypatch):
    monkeypatch.setattr(_queue, "WINDOW", 64)


@pytest.mark.parametrize("size", [1, 7, 100, 5000, None])
@pytest.mark.usefixtures("small_window")
def test_every_point_that_is_not_done_comes_out_once(size):
    rng = np.random.default_rng(0)
    done = rng.random(1000) < 0.3
    done[100:300] = True
    queue = BlockQueue(done, size=size, seconds=1.0)
    blocks = []
    while queue:
        blocks.append(queue.take(alone=False))
        queue.learn(len(blocks[-1]), float(rng.uniform(0, 2)))
    assert np.concatenate(blocks).tolist() == np.flatnonzero(~done).tolist()
    if size is not None:
        assert {len(block) for block in blocks[:-1]} <= {size}
    assert queue.take(alone=True) is None


def test_blocks_grow_to_the_time_they_should_take_and_shrink_at_once():
    queue = BlockQueue(np.zeros(10**6, dtype=np.bool_), size=None, seconds=2.0)
    sizes = []
    for cost in [0.001] * 8 + [0.1] * 2:
        block = queue.take(alone=False)
        sizes.append(len(block))
        queue.learn(len(block), cost * len(block))
    assert sizes == [1, 8, 64, 512, 2000, 2000, 2000, 2000, 2000, 20]
    queue.learn(20, 1e-9)
    for _ in range(10):
        queue.learn(len(queue.take(alone=False)), 1e-9)
    assert len(queue.take(alone=False)) == LARGEST


def work_off(queue, n_workers, killers):
    """Run blocks, some of whose points kill their worker; return points finished, given up, and deaths."""
    finished, given_up, deaths = [], [], 0
    while queue:
        running = []
        while len(running) < n_workers:
            block = queue.take(alone=not running)
            if block is None:
                break
            running.append(block)
        deadly = [bool(killers & set(block.tolist())) for block in running]
        if any(deadly):
            deaths += 1
            given_up += queue.suspect(running)
        else:
            finished += itertools.chain.from_iterable(block.tolist() for block in running)
    return finished, given_up, deaths


@pytest.mark.parametrize("n_workers", [1, 2, 5])
@pytest.mark.parametrize("killers", [set(), {0}, {17}, {3, 4}, {0, 50, 99}])
@pytest.mark.parametrize("size", [1, 16, 100])
def test_only_the_points_that_kill_are_given_up(n_workers, killers, size):
    queue = BlockQueue(np.zeros(100, dtype=np.bool_), size=size, seconds=1.0)
    finished, given_up, deaths = work_off(queue, n_workers, killers)
    assert sorted(given_up) == sorted(killers)
    assert sorted(finished) == sorted(set(range(100)) - killers)
    # Once in company, once a halving, twice alone.
    assert deaths <= len(killers) * (1 + np.ceil(np.log2(size)) + 2)


def test_a_worker_that_dies_once_costs_no_point():
    queue = BlockQueue(np.zeros(8, dtype=np.bool_), size=1, seconds=1.0)
    first = queue.take(alone=True)
    assert queue.suspect([first]) == []
    assert queue.take(alone=False) is None
    assert queue.take(alone=True).tolist() == first.tolist()
    assert work_off(queue, 2, set())[0] == list(range(1, 8))
