import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from mtl_simulators.labels._adjusted import (
    adjusted_mutual_information,
    ami_matrix,
    arithmetic_average,
    geometric_average,
    maximum_average,
    minimum_average,
    normalized_information,
)
from mtl_simulators.labels._contingency import contingency_table


def noisy_pair(rng: np.random.Generator, k: int, m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    first = rng.choice(k, size=n, p=rng.dirichlet(np.ones(k)))
    second = np.where(rng.random(n) < rng.random(), first % m, rng.integers(m, size=n))
    return first, second


def test_ami_is_that_of_scikit_learn(method, average):
    rng = np.random.default_rng(0)
    for n in (50, 200, 1000, 5000):
        for k in range(2, 10):
            first, second = noisy_pair(rng, k, int(rng.integers(2, 10)), n)
            expected = adjusted_mutual_info_score(first, second, average_method=method)
            table = contingency_table(first, second)
            assert adjusted_mutual_information(table, average=average) == pytest.approx(expected, abs=1e-9)
            population = normalized_mutual_info_score(first, second, average_method=method)
            assert normalized_information(table, average=average) == pytest.approx(population, abs=1e-12)


@pytest.mark.parametrize(
    "first, second", [([1, 1, 1], [0, 0, 0]), ([1, 1, 1], [0, 1, 2]), ([0, 1, 1], [0, 0, 0])]
)
def test_constant_labels_follow_the_convention_of_scikit_learn(average, first, second):
    table = contingency_table(first, second)
    expected = adjusted_mutual_info_score(first, second)
    assert adjusted_mutual_information(table, average=average) == expected
    assert normalized_information(table, average=average) == expected


def test_labels_that_never_repeat_match_perfectly(average):
    # Every permutation matches as well: 0/0, which rounding makes anything at one size or another.
    for n in range(2, 64):
        assert adjusted_mutual_information(np.eye(n, dtype=int), average=average) == 1


@pytest.mark.parametrize("n", [10, 40, 50, 100, 300])
def test_labels_that_never_repeat_tell_nothing_beyond_chance(n):
    # They determine every other label, permuted or not: 0 by the averages above H, 0/0 by H itself.
    table = contingency_table(np.arange(n), np.arange(n) % 3)
    assert adjusted_mutual_information(table) == pytest.approx(0, abs=1e-13)
    assert adjusted_mutual_information(table, average=minimum_average) == 1


def test_the_smallest_gap_above_chance_is_not_taken_for_zero():
    # One token against the rest, and labels of which one occurs twice: chance falls (2/N)^2 ln 2 short of H.
    n = 100_000
    first, second = np.zeros(n, dtype=int), np.arange(n)
    first[0], second[-1] = 1, n - 2
    table = contingency_table(first, second)
    apart = contingency_table(first[::-1], second)
    assert adjusted_mutual_information(table, average=minimum_average) == pytest.approx(1, rel=1e-4)
    # The odd token in the pair costs (2/N) ln 2 where chance costs (2/N)^2 ln 2: AMI = 1 - N / 2.
    assert adjusted_mutual_information(apart, average=minimum_average) == pytest.approx(1 - n / 2, rel=1e-4)


def test_names_of_labels_do_not_matter(average):
    rng = np.random.default_rng(1)
    first, second = noisy_pair(rng, 5, 4, 300)
    value = adjusted_mutual_information(contingency_table(first, second), average=average)
    renamed = contingency_table(rng.permutation(7)[first], rng.permutation(4)[second])
    assert adjusted_mutual_information(renamed, average=average) == pytest.approx(value, abs=1e-13)
    same = contingency_table(first, rng.permutation(5)[first])
    assert adjusted_mutual_information(same, average=average) == pytest.approx(1, abs=1e-13)
    assert normalized_information(same, average=average) == pytest.approx(1, abs=1e-13)


def test_larger_averages_give_smaller_values():
    table = contingency_table(*noisy_pair(np.random.default_rng(2), 6, 3, 500))
    order = (minimum_average, geometric_average, arithmetic_average, maximum_average)
    values = [float(adjusted_mutual_information(table, average=average)) for average in order]
    assert 0 < values[3] < values[2] < values[1] < values[0] < 1


def test_permuted_labels_have_ami_zero_on_average():
    rng = np.random.default_rng(3)
    first, second = noisy_pair(rng, 3, 4, 60)
    permuted = rng.permuted(np.tile(second, (20_000, 1)), axis=1)
    values = adjusted_mutual_information(contingency_table(first, permuted))
    # Fixed margins make every denominator the same, so the mean is zero exactly; 4.5 standard errors.
    assert abs(values.mean()) < 4.5 * values.std() / np.sqrt(len(values))


def test_ami_of_many_tokens_is_the_population_value(average):
    joint = np.array([[30, 5, 1], [2, 40, 22]])
    population = float(normalized_information(joint, average=average))
    value = adjusted_mutual_information(joint * 10**6, average=average)
    assert value == pytest.approx(population, abs=1e-7)
    share = normalized_information(joint / joint.sum(), average=average)
    assert share == pytest.approx(population, abs=1e-15)


def test_matrix_holds_the_ami_of_every_pair(method, average):
    rng = np.random.default_rng(4)
    labels = np.array(
        [noisy_pair(rng, k, m, 200)[1] for k, m in ((3, 3), (5, 2), (4, 6))] + [np.zeros(200, int)]
    )
    labels = np.concatenate([labels, 5 - labels[2:3]])
    matrix = ami_matrix(labels, average=average)
    expected = [[adjusted_mutual_info_score(u, v, average_method=method) for u in labels] for v in labels]
    assert matrix == pytest.approx(np.array(expected), abs=1e-12)
    assert (matrix == matrix.T).all()
    assert (np.diagonal(matrix) == 1).all()
    assert ami_matrix(labels[:1]).tolist() == [[1.0]]


def test_batches_keep_their_shape():
    tables = np.random.default_rng(5).integers(0, 9, size=(2, 3, 4, 5))
    values = adjusted_mutual_information(tables)
    assert values.shape == normalized_information(tables).shape == (2, 3)
    assert values[1, 2] == pytest.approx(float(adjusted_mutual_information(tables[1, 2])), abs=1e-14)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: adjusted_mutual_information([[0.5, 0.5]]),
            "table must hold integer counts, .* normalized_inf",
        ),
        (lambda: adjusted_mutual_information([[0, 0]]), "table holds a table without any count"),
        (lambda: normalized_information([[0.0, 0.0]]), "table sums to zero"),
        (lambda: ami_matrix([0, 1]), "labels must be .* with 2 dimensions"),
        (lambda: ami_matrix([[0, -1]]), "labels must hold codes 0, got values from -1 to 0"),
    ],
)
def test_what_has_no_information_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
