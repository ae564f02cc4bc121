import numpy as np
import pytest

from mtl_simulators.labels._adjusted import normalized_information
from mtl_simulators.labels._contingency import contingency_table
from mtl_simulators.labels._families import Resample
from mtl_simulators.labels._partitions import PartitionMixture, named_by_first, random_partition_mixture

PRIOR = np.array([0.6, 0.25, 0.1, 0.05])
MIXTURE = PartitionMixture(
    partitions=np.array([[0, 0, 1, 2], [5, 3, 3, 5], [0, 1, 2, 3], [7, 7, 7, 7]]),
    weights=np.array([0.4, 0.3, 0.2, 0.1]),
)


def test_blocks_are_named_by_their_first_task():
    assert MIXTURE.partitions.tolist() == [[0, 0, 2, 3], [0, 1, 1, 0], [0, 1, 2, 3], [0, 0, 0, 0]]
    assert (named_by_first(MIXTURE.partitions) == MIXTURE.partitions).all()


def test_agreement_counts_the_shared_blocks():
    expected = [[1.0, 0.5, 0.1, 0.4], [0.5, 1.0, 0.4, 0.1], [0.1, 0.4, 1.0, 0.1], [0.4, 0.1, 0.1, 1.0]]
    assert np.abs(MIXTURE.agreement() - expected).max() < 1e-15


def test_every_pair_is_a_resample_channel():
    # The joint law summed over all values of all tasks' draws, against the channel of the closed form.
    k = len(PRIOR)
    labels = np.stack(np.meshgrid(*[np.arange(k)] * 4, indexing="ij")).reshape(4, -1)
    draws = PRIOR[labels].prod(axis=0)
    ami = MIXTURE.ami(PRIOR)
    for i in range(4):
        for j in range(i):
            table = np.zeros((k, k))
            for partition, weight in zip(MIXTURE.partitions, MIXTURE.weights, strict=True):
                np.add.at(table, (labels[partition[i]], labels[partition[j]]), weight * draws)
            expected = Resample().channel(MIXTURE.agreement()[i, j], prior=PRIOR).joint(PRIOR)
            assert np.abs(table - expected).max() < 1e-14
            assert ami[i, j] == pytest.approx(float(normalized_information(table)), abs=1e-12)


def test_dealt_labels_follow_the_mixture():
    n = 200_000
    main = np.random.default_rng(1).choice(4, p=PRIOR, size=n)
    tasks = MIXTURE.deal_labels(np.random.default_rng(2), labels=main)
    assert (tasks[0] == main).all() and tasks.shape == (4, n)
    shares = np.bincount(main) / n
    for i in range(4):
        for j in range(i):
            law = Resample().channel(MIXTURE.agreement()[i, j], prior=shares).joint(shares)
            share = contingency_table(tasks[i], tasks[j], n_first=4, n_second=4) / n
            # Five standard errors of each of 96 cells.
            assert (np.abs(share - law) < 5 * np.sqrt(law * (1 - law) / n)).all()


def test_dealing_reproduces_and_leaves_the_input_alone():
    main = np.random.default_rng(3).choice(4, p=PRIOR, size=50)
    kept = main.copy()
    first, second = (MIXTURE.deal_labels(np.random.default_rng(4), labels=main) for _ in range(2))
    assert (first == second).all() and (main == kept).all()


def test_single_task_is_the_main_task():
    mixture = random_partition_mixture(np.random.default_rng(5), n_tasks=1)
    assert mixture.agreement().tolist() == [[1.0]]
    assert mixture.deal_labels(np.random.default_rng(6), labels=[0, 2, 1]).tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("n_tasks", [2, 3, 8])
def test_random_mixtures_are_distributions_over_partitions(n_tasks):
    rng = np.random.default_rng(n_tasks)
    agreements = np.array([random_partition_mixture(rng, n_tasks=n_tasks).agreement() for _ in range(2000)])
    entries = agreements[:, 0, 1]
    assert (agreements >= 0).all() and (agreements <= 1).all()
    # Two of T random blocks are the same with probability 1/T; five standard errors.
    assert abs(entries.mean() - 1 / n_tasks) < 5 * entries.std() / np.sqrt(2000)


@pytest.mark.parametrize(
    "partitions, weights, message",
    [
        ([[0, 1]], [0.5, 0.5], "weights has 2 entries for 1 partitions"),
        ([[0, 1], [0, 0]], [0.5, 0.4], "weights must sum to 1"),
        ([[0, 1], [0, 0]], [1.5, -0.5], "weights must hold probabilities"),
        ([[0, -1]], [1.0], "partitions must hold codes 0"),
        ([0, 1], [1.0], "partitions must be .* 2 dimensions"),
        ([[0.5, 1.0]], [1.0], "partitions must be .* integer codes"),
    ],
)
def test_bad_mixtures_are_refused(partitions, weights, message):
    with pytest.raises(ValueError, match=message):
        PartitionMixture(partitions=partitions, weights=weights)


def test_bad_labels_and_sizes_are_refused():
    with pytest.raises(ValueError, match="labels must be"):
        MIXTURE.deal_labels(np.random.default_rng(0), labels=[0.5, 1.0])
    with pytest.raises(ValueError, match="n_tasks must be an integer of at least 1, got 0"):
        random_partition_mixture(np.random.default_rng(0), n_tasks=0)
