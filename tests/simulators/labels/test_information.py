import itertools

import mpmath
import numpy as np
import pytest
from scipy import sparse, stats
from sklearn import metrics
from sklearn.metrics.cluster import expected_mutual_information as sklearn_expectation

from mtl_simulators.labels._contingency import contingency_table
from mtl_simulators.labels._information import (
    entropy,
    expected_cells,
    expected_mutual_information,
    mutual_information,
)


def random_tables(rng: np.random.Generator, k: int, m: int, n: int, size: int) -> np.ndarray:
    law = rng.dirichlet(np.full(k * m, 0.5))
    return rng.multinomial(n, law, size=size).reshape(size, k, m)


def test_entropy_is_that_of_scipy_for_counts_and_probabilities():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, size=(3, 4, 6))
    counts[..., 0] += 1
    assert entropy(counts) == pytest.approx(stats.entropy(counts, axis=-1), abs=1e-15)
    assert entropy(counts / 7.0) == pytest.approx(entropy(counts), abs=1e-14)
    assert entropy([0, 3, 0]) == 0
    assert entropy(np.ones(8)) == pytest.approx(np.log(8), rel=1e-15)


def test_information_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    for k, m, n in ((2, 2, 50), (5, 3, 700), (9, 9, 5000)):
        tables = random_tables(rng, k, m, n, size=4)
        expected = [metrics.mutual_info_score(None, None, contingency=table) for table in tables]
        assert mutual_information(tables) == pytest.approx(expected, abs=1e-13)


def test_information_is_the_entropy_that_is_shared():
    tables = random_tables(np.random.default_rng(2), 4, 6, 200, size=10)
    separate = entropy(tables.sum(axis=-1)) + entropy(tables.sum(axis=-2))
    shared = separate - entropy(tables.reshape(10, 24))
    assert mutual_information(tables) == pytest.approx(shared, abs=1e-13)
    assert mutual_information(tables.mT) == pytest.approx(mutual_information(tables), abs=1e-15)
    assert mutual_information(tables / 200) == pytest.approx(mutual_information(tables), abs=1e-15)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-5, 1e-7])
def test_information_near_independence_keeps_its_digits(epsilon):
    # Fair labels that agree with probability (1 + e) / 2: I = e atanh(e) + ln(1 - e^2) / 2.
    table = [[1 + epsilon, 1 - epsilon], [1 - epsilon, 1 + epsilon]]
    series = epsilon**2 / 2 + epsilon**4 / 12 + epsilon**6 / 30
    # The table's own entries are rounded to 1e-16, the information changes by e times that.
    assert mutual_information(table) == pytest.approx(series, rel=1e-15 / epsilon + 1e-12)


def test_expectation_is_the_mean_over_all_permutations():
    for first, second in (
        ([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 1, 0, 0, 2]),
        ([0, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1]),
        ([0, 1, 2, 3], [0, 1, 2, 2]),
    ):
        permuted = np.array(list(itertools.permutations(second)))
        every = mutual_information(contingency_table(first, permuted))
        table = contingency_table(first, second)
        assert expected_mutual_information(table) == pytest.approx(every.mean(), rel=1e-13)


def test_expectation_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    for k, m, n in ((2, 2, 50), (5, 3, 700), (9, 9, 5000), (30, 20, 300)):
        (table,) = random_tables(rng, k, m, n, size=1)
        table = table[table.any(axis=1)][:, table.any(axis=0)]
        expected = sklearn_expectation(sparse.csr_matrix(table), n)
        assert expected_mutual_information(table) == pytest.approx(expected, rel=1e-10)


def exact_cell(a: int, b: int, n: int) -> mpmath.mpf:
    """Sum the hypergeometric law over its whole support with 40 digits."""
    with mpmath.workdps(40):
        low = max(0, a + b - n)
        mass = mpmath.binomial(a, low) * mpmath.binomial(n - a, b - low) / mpmath.binomial(n, b)
        total = mpmath.mpf(0)
        for x in range(low, min(a, b) + 1):
            if x:
                total += mass * mpmath.mpf(x) / n * mpmath.log(mpmath.mpf(n) * x / (mpmath.mpf(a) * b))
            mass *= mpmath.mpf((a - x) * (b - x)) / ((x + 1) * (n - a - b + x + 1))
        return total


@pytest.mark.parametrize(
    "a, b, n",
    [
        (1, 1, 2),
        (1, 1, 50_000),
        (3, 5, 1000),
        (500, 500, 1000),
        (999, 1, 1000),
        (900, 950, 1000),
        (2732, 41_640, 50_000),
        (2462, 1128, 50_000),
        (41_640, 41_640, 50_000),
        (20, 49_990, 50_000),
        (100, 100, 1_000_000),
        (700, 300, 100_000_000),
    ],
)
def test_expectation_of_a_cell_has_twelve_digits(a, b, n):
    exact = float(exact_cell(a, b, n))
    assert expected_cells(a, b, n) == pytest.approx(exact, rel=1e-12)
    assert expected_cells(b, a, n) == expected_cells(a, b, n)


def test_cells_without_a_choice_are_exact():
    assert expected_cells([0, 7, 7], [3, 7, 2], 7).tolist() == [0.0, 0.0, 0.0]


def test_expectation_depends_on_the_margins_and_not_on_the_batch():
    rng = np.random.default_rng(4)
    tables = np.concatenate([random_tables(rng, 3, 4, n, size=5) for n in (20, 300, 40_000)])
    tables[1, :, 2] = 0
    batch = expected_mutual_information(tables.reshape(3, 5, 3, 4))
    assert batch.shape == (3, 5)
    single = [float(expected_mutual_information(table)) for table in tables]
    assert batch.ravel() == pytest.approx(single, rel=1e-13)
    moved = tables[14] + np.outer([1, -1, 0], [1, 0, 0, -1])
    assert expected_mutual_information(moved) == expected_mutual_information(tables[14])


def test_expectation_of_many_tokens_is_the_chi_squared_limit():
    # 2 N I of independent labels is chi-squared with (k - 1)(m - 1) degrees of freedom in the limit.
    table = np.outer([2, 3, 5], [4, 6]) * 10_000_000
    assert expected_mutual_information(table) == pytest.approx(2 / (2 * table.sum()), rel=1e-6)


def test_empty_rows_and_columns_change_nothing():
    table = np.array([[5, 0, 2], [0, 0, 0], [1, 0, 9]])
    small = np.array([[5, 2], [1, 9]])
    for quantity in (mutual_information, expected_mutual_information):
        assert quantity(table) == pytest.approx(float(quantity(small)), rel=1e-14)
    assert expected_mutual_information(small.astype(np.uint8)) == expected_mutual_information(small)


@pytest.mark.parametrize(
    "quantity, values, message",
    [
        (entropy, 1.0, r"probabilities has shape \(\): expected at least 1 dim"),
        (entropy, [0.5, -0.1], "probabilities holds negative numbers, NaN or infinity"),
        (entropy, [[0.5, 0.5], [0.0, 0.0]], "probabilities sums to zero"),
        (mutual_information, [1.0, 2.0], r"table has shape \(2,\): expected at least 2 dim"),
        (mutual_information, [[np.nan, 2.0]], "table holds negative numbers, NaN or infinity"),
        (mutual_information, [[0, 0]], "table sums to zero"),
        (expected_mutual_information, [[0.5, 0.5]], "table must hold integer counts"),
    ],
)
def test_what_is_no_distribution_is_refused(quantity, values, message):
    with pytest.raises(ValueError, match=message):
        quantity(values)
