import numpy as np
import pytest
from sklearn.metrics.cluster import contingency_matrix

from mtl_simulators.labels._contingency import contingency_table, count_table


@pytest.mark.parametrize("k, m, n", [(1, 1, 1), (2, 9, 30), (5, 5, 1000), (7, 3, 40)])
def test_table_counts_what_meets(k, m, n):
    rng = np.random.default_rng(0)
    first, second = rng.integers(k, size=n), rng.integers(m, size=n)
    expected = np.zeros((k, m), dtype=int)
    np.add.at(expected, (first, second), 1)
    table = contingency_table(first, second, n_first=k, n_second=m)
    assert (table == expected).all()
    used = table[table.any(axis=1)][:, table.any(axis=0)]
    assert (used == contingency_matrix(first, second)).all()


def test_leading_axes_broadcast_and_tables_do_not_mix():
    rng = np.random.default_rng(1)
    first, second = rng.integers(3, size=(4, 1, 50)), rng.integers(5, size=(2, 50))
    tables = contingency_table(first, second)
    assert tables.shape == (4, 2, 3, 5)
    for b in range(4):
        for c in range(2):
            assert (tables[b, c] == contingency_table(first[b, 0], second[c], n_first=3, n_second=5)).all()
    assert (tables.sum(axis=-1) == contingency_table(first, first).sum(axis=-1)).all()


def test_narrow_codes_do_not_overflow():
    codes = np.arange(200, dtype=np.uint8)
    assert (contingency_table(codes, codes) == np.eye(200)).all()


def test_unused_labels_are_empty_rows():
    table = contingency_table([0, 2], [1, 1], n_first=4, n_second=3)
    assert table.tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([0, 1], [0, 1, 1]), "first has 2 labels and second 3; label the same tokens twice"),
        (([0.0, 1.0], [0, 1]), "first must be .* integer codes .* of float64; .* np.unique"),
        (([0, 1], []), r"second must be a non-empty array .* got shape \(0,\)"),
        ((0, [0, 1]), r"first must be .* with 1 dimensions, got shape \(\)"),
        (([0, -1], [0, 1]), "first must hold codes 0, got values from -1 to 0"),
    ],
)
def test_what_is_no_labelling_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        contingency_table(*arguments)


def test_labels_beyond_their_number_are_refused():
    with pytest.raises(ValueError, match=r"second must hold codes 0..1, got values from 0 to 2"):
        contingency_table([0, 1], [0, 2], n_second=2)
    with pytest.raises(ValueError, match="n_first must be an integer of at least 1, got 0"):
        contingency_table([0, 1], [0, 2], n_first=0)


@pytest.mark.parametrize(
    "table, message",
    [
        ([3, 4], r"table has shape \(2,\): expected counts \(..., k, m\)"),
        ([[0.5, 0.5]], "table must hold integer counts, got dtype float64; .* normalized_information"),
        ([[2, -1]], "table holds the negative count -1"),
        ([[[1, 0]], [[0, 0]]], "table holds a table without any count"),
        (np.zeros((2, 0), dtype=int), "table holds a table without any count"),
    ],
)
def test_what_is_no_table_of_counts_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        count_table("table", table)
