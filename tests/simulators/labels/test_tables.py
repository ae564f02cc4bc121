"""Tables with a requested AMI in the sample: reached, judged by scikit-learn, or refused with the range."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from mtl_simulators.labels import Merge, MergeThenResample, Permutation, Permuted, Resample, Symmetric
from mtl_simulators.labels._adjusted import adjusted_mutual_information
from mtl_simulators.labels._solving import solve_channel
from mtl_simulators.labels._tables import _Moves, exact_table

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621
TARGETS = [0.1, 0.22, 0.43, 0.61, 0.8, 0.95]
FAMILIES = [Resample(), Symmetric()]


def conll_counts(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(n, CONLL)


def judged(table: np.ndarray, average: str = "arithmetic") -> float:
    k, m = table.shape
    first, second = (
        np.repeat(np.arange(k), table.sum(axis=1)),
        np.repeat(np.tile(np.arange(m), k), table.ravel()),
    )
    return float(adjusted_mutual_info_score(first, second, average_method=average))


def check_reached(family, seed: int, n: int, *, tolerance: float, targets=TARGETS, n_restarts: int = 100):
    counts = conll_counts(seed, n)
    for ami in targets:
        table = exact_table(
            np.random.default_rng(seed),
            label_counts=counts,
            family=family,
            ami=ami,
            tolerance=tolerance,
            n_restarts=n_restarts,
        )
        assert (table.sum(axis=1) == counts).all() and table.min() >= 0
        assert abs(judged(table) - ami) <= tolerance + 1e-9


@pytest.mark.parametrize("n, tolerance", [(200, 1e-3), (500, 1e-4), (1000, 1e-4), (5000, 1e-4)])
@pytest.mark.parametrize("family", FAMILIES)
def test_samples_have_the_ami_asked_for(family, n, tolerance):
    check_reached(family, 0, n, tolerance=tolerance, targets=[0.0, 0.13, 0.43, 0.8, 1.0])


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "n, tolerance", [(500, 1e-4), (1000, 1e-4), (2000, 1e-4), (5000, 1e-4), (10000, 1e-4), (50000, 1e-4)]
)
def test_twenty_samples_have_the_ami_asked_for(family, n, tolerance):
    for seed in range(20):
        check_reached(family, seed, n, tolerance=tolerance)


@pytest.mark.slow
def test_twenty_small_samples_have_the_ami_asked_for():
    for seed in range(20):
        check_reached(Resample(), seed, 200, tolerance=1e-3)


@pytest.mark.parametrize(
    "seeds", [range(2), pytest.param(range(2, 20), marks=pytest.mark.slow)], ids=["two", "the rest"]
)
def test_large_samples_need_no_restarts(seeds):
    # Near AMI 1 few tokens are moved at all, and single moves can stop at some 1e-4.
    for seed in seeds:
        for n in (5000, 10000):
            for family in FAMILIES:
                check_reached(family, seed, n, tolerance=1e-4, targets=TARGETS[:-1], n_restarts=0)


def test_every_average_is_reached(method, average):
    table = exact_table(
        np.random.default_rng(0),
        label_counts=[1400, 300, 300],
        family=Symmetric(),
        ami=0.37,
        average=average,
    )
    assert judged(table, method) == pytest.approx(0.37, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_fifty_thousand_tokens_stay_with_the_channel(family):
    counts = conll_counts(1, 50_000)
    table = exact_table(np.random.default_rng(0), label_counts=counts, family=family, ami=0.43)
    assert judged(table) == pytest.approx(0.43, abs=1e-4)
    channel = solve_channel(family, prior=counts / 50_000, ami=0.43)
    # The correction for chance and a few moves shift the expected counts by a few tokens.
    assert np.abs(table - counts[:, None] * channel.transition).max() < 20


@pytest.mark.parametrize(
    "table",
    [
        [[30, 4, 1], [2, 9, 0], [0, 0, 5]],
        [[3, 2, 0], [2, 1, 0], [0, 0, 0]],
        [[6, 0], [3, 0]],
        [[1, 0, 1], [0, 1, 0], [0, 0, 1]],
    ],
)
def test_every_move_has_the_ami_of_the_moved_table(table, average):
    table = np.array(table)
    allowed = np.ones(table.shape, dtype=bool)
    allowed[0, -1] = False
    predicted = _Moves(allowed=allowed, rows=table.sum(axis=1), average=average).ami(table)
    n_finite = 0
    for i, j, target in np.ndindex(predicted.shape):
        if table[i, j] == 0 or j == target or not allowed[i, target]:
            assert predicted[i, j, target] == np.inf
            continue
        moved = table.copy()
        moved[i, [j, target]] += [-1, 1]
        if np.isfinite(predicted[i, j, target]):
            n_finite += 1
            expected = adjusted_mutual_information(moved, average=average)
            assert predicted[i, j, target] == pytest.approx(expected, abs=1e-10)
        else:
            # One main or auxiliary label is left, or as many as tokens: 0/0, which the descent passes over.
            assert min(judged(moved), 1 - judged(moved)) == pytest.approx(0, abs=1e-10)
    assert n_finite > 0


def test_labels_that_occur_once_or_never_keep_their_rows():
    for counts in ([400, 99, 1, 0], [1, 0, 300, 199]):
        table = exact_table(np.random.default_rng(0), label_counts=counts, family=Resample(), ami=0.4)
        assert table.sum(axis=1).tolist() == counts
        # Resampling draws from the labels that occur: none of the missing one appears.
        assert (table[:, np.array(counts) == 0] == 0).all()
        assert judged(table) == pytest.approx(0.4, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_identical_labels_are_exact_in_any_sample(family):
    for counts in ([7, 3], [1, 1, 0, 1, 0], [2, 1], [40, 30, 1, 0, 0]):
        table = exact_table(np.random.default_rng(0), label_counts=counts, family=family, ami=1.0)
        assert (table == np.diag(counts)).all()


def test_chance_level_is_reached_by_more_than_independence():
    # Independent counts share less information than a random permutation does: their AMI is negative.
    counts = conll_counts(3, 1000)
    table = exact_table(np.random.default_rng(0), label_counts=counts, family=Resample(), ami=0.0)
    assert abs(judged(table)) <= 1e-4
    independent = np.round(np.outer(counts, counts) / 1000).astype(int)
    assert judged(independent) < -1e-3


def test_two_labels_have_too_few_tables_for_the_default_tolerance():
    arguments = {"label_counts": [60, 40], "family": Resample(), "ami": 0.5}
    with pytest.raises(
        ValueError, match=r"within 0.0001 of 0.5 under Resample.*allow a larger tolerance"
    ) as caught:
        exact_table(np.random.default_rng(0), **arguments)
    nearest = float(str(caught.value).split("nearest has ")[1].split(". ")[0])
    table = exact_table(np.random.default_rng(0), **arguments, tolerance=5e-3)
    assert abs(nearest - 0.5) < 5e-3
    assert judged(table) == pytest.approx(0.5, abs=5e-3)


@pytest.mark.parametrize("counts", [[1, 1, 0, 0, 1], [2, 1], [1, 1, 1, 1, 1, 1]])
def test_fewer_tokens_than_labels_reach_no_ami_between(counts):
    with pytest.raises(ValueError, match=f"found no labels of these {sum(counts)} tokens"):
        exact_table(np.random.default_rng(0), label_counts=counts, family=Resample(), ami=0.5)


def test_range_of_a_sample_lies_below_that_of_the_population():
    family = MergeThenResample(groups=(0, 0, 1))
    with pytest.raises(ValueError, match=r"nearest has 0\.606.*\[-0\..*, 0\.6062\] in this sample") as caught:
        exact_table(np.random.default_rng(0), label_counts=[30, 20, 10], family=family, ami=0.61)
    assert "[0.0000, 0.6164] in the population" in str(caught.value)
    merged = exact_table(
        np.random.default_rng(0), label_counts=[30, 20, 10], family=family, ami=judged_merge([30, 20, 10])
    )
    assert merged.tolist() == [[30, 0], [20, 0], [0, 10]]


def judged_merge(counts: list[int]) -> float:
    first, second, third = counts
    return judged(np.array([[first, 0], [second, 0], [0, third]]))


def test_families_without_a_parameter_move_no_token():
    order = (1, 2, 0)
    table = exact_table(
        np.random.default_rng(0), label_counts=[5, 3, 2], family=Permutation(order=order), ami=1.0
    )
    assert table[range(3), order].tolist() == [5, 3, 2] and table.sum() == 10
    for family in (Permutation(order=order), Merge(groups=(0, 1, 1))):
        with pytest.raises(ValueError, match="found no labels"):
            exact_table(np.random.default_rng(0), label_counts=[50, 30, 20], family=family, ami=0.5)


def test_renamed_tables_are_the_tables_with_renamed_columns():
    order = (2, 0, 1)
    arguments = {"label_counts": [700, 200, 100], "ami": 0.3, "n_restarts": 0}
    rng = np.random.default_rng(0)
    table = exact_table(rng, family=Permuted(family=Resample(), order=order), **arguments)
    assert judged(table) == pytest.approx(0.3, abs=1e-4)
    assert table.argmax(axis=1).tolist() == list(order)


def test_seeds_reproduce():
    tables = [
        exact_table(
            np.random.default_rng(7),
            label_counts=conll_counts(4, 500),
            family=Symmetric(),
            ami=0.7,
            tolerance=1e-5,
        )
        for _ in range(2)
    ]
    assert (tables[0] == tables[1]).all()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"ami": np.nan}, r"ami must lie in \[0, 1\], got nan"),
        ({"ami": -0.2}, r"ami must lie in \[0, 1\], got -0.2"),
        ({"tolerance": -1.0}, r"tolerance must lie in \[0, 1\]"),
        ({"n_restarts": -1}, "n_restarts must be an integer of at least 0"),
        ({"label_counts": [10, 0]}, "a single label: it carries no information"),
        ({"label_counts": [10.0, 5.0]}, "label_counts must hold integer counts"),
        ({"label_counts": [10, -5]}, "label_counts holds the negative count -5"),
        ({"label_counts": [0, 0]}, "label_counts holds a table without any count"),
        ({"family": Merge(groups=(0, 1, 1))}, "groups renames 3 labels, but there are 2"),
    ],
)
def test_wrong_calls_are_refused(arguments, message):
    valid = {"label_counts": [70, 30], "family": Resample(), "ami": 0.5}
    with pytest.raises(ValueError, match=message):
        exact_table(np.random.default_rng(0), **{**valid, **arguments})
