import itertools

import numpy as np
import pytest

from mtl_simulators.labels._adjusted import normalized_information
from mtl_simulators.labels._agreement import agreement_of_ami
from mtl_simulators.labels._families import Resample
from mtl_simulators.labels._information import entropy
from mtl_simulators.labels._solving import solve_channel
from mtl_simulators.labels._task_matrices import star_ami, target_matrix, triangle_violation

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621


def chain(first: float, second: float, ends: float) -> np.ndarray:
    return np.array([[1.0, first, ends], [first, 1.0, second], [ends, second, 1.0]])


def joint_law(rng: np.random.Generator, sizes: tuple[int, ...]) -> np.ndarray:
    return rng.dirichlet(np.full(int(np.prod(sizes)), 0.2)).reshape(sizes)


def pairwise(joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n_tasks = joint.ndim
    ami = np.eye(n_tasks)
    for i, j in itertools.combinations(range(n_tasks), 2):
        rest = tuple(t for t in range(n_tasks) if t not in (i, j))
        ami[i, j] = ami[j, i] = normalized_information(joint.sum(axis=rest))
    margins = [joint.sum(axis=tuple(t for t in range(n_tasks) if t != i)) for i in range(n_tasks)]
    return ami, np.array([float(entropy(margin)) for margin in margins])


def test_chain_of_strong_links_cannot_end_far_apart():
    assert triangle_violation(chain(0.9, 0.9, 0.1)) == pytest.approx(0.7, abs=1e-12)
    # On the edge: .9 + .9 - .8 - 1 = 0.
    assert triangle_violation(chain(0.9, 0.9, 0.8)) == pytest.approx(0.0, abs=1e-12)
    assert triangle_violation(chain(0.9, 0.9, 0.79)) == pytest.approx(0.01, abs=1e-12)


def test_violation_is_the_worst_of_all_triples():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a = rng.uniform(size=(5, 5))
        a = np.triu(a, 1) + np.triu(a, 1).T + np.eye(5)
        brute = max(a[i, j] + a[j, k] - a[i, k] - 1 for i, j, k in itertools.permutations(range(5), 3))
        assert triangle_violation(a) == pytest.approx(max(brute, 0.0), abs=1e-12)
        assert triangle_violation(a, entropies=np.full(5, 0.3)) == pytest.approx(max(brute, 0.0), abs=1e-12)


def test_no_joint_law_breaks_the_triangle_inequality():
    rng = np.random.default_rng(1)
    for _ in range(300):
        ami, entropies = pairwise(joint_law(rng, (2, 5, 3)))
        assert triangle_violation(ami, entropies=entropies) < 1e-12


def test_entropies_decide_about_tasks_of_unequal_size():
    # Two independent bits and both of them together: the pair lies between the two, on the edge.
    bit, pair = np.log(2), 2 * np.log(2)
    ami = chain(2 / 3, 2 / 3, 0.0)
    assert triangle_violation(ami) == pytest.approx(1 / 3, abs=1e-12)
    assert triangle_violation(ami, entropies=[bit, pair, bit]) == pytest.approx(0.0, abs=1e-12)
    # In bits, V = 2 against 0 + 1, and twice the mean entropy is 8/3.
    stronger = chain(1.0, 2 / 3, 0.0)
    assert triangle_violation(stronger, entropies=[bit, pair, bit]) == pytest.approx(3 / 8, abs=1e-12)


@pytest.mark.parametrize("ami", [[[1.0]], [[1.0, 0.3], [0.3, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_one_or_two_tasks_have_no_triangle(ami):
    assert triangle_violation(ami) == 0.0


@pytest.mark.parametrize("prior", [CONLL, np.array([0.5, 0.5]), np.full(9, 1 / 9)])
def test_star_is_the_product_of_the_channel_tables(prior):
    ami = [0.05, 0.43, 0.8, 1.0, 0.0]
    channels = [solve_channel(Resample(), prior=prior, ami=entry) for entry in ami]
    matrix = star_ami(ami, prior=prior)
    r = agreement_of_ami(ami, prior=prior)
    assert np.abs(matrix[0, 1:] - ami).max() < 1e-12
    for i, j in itertools.combinations(range(5), 2):
        first, second = channels[i].transition, channels[j].transition
        table = first.T @ np.diag(prior) @ second
        composed = Resample().channel(r[i] * r[j], prior=prior).joint(prior)
        assert np.abs(table - composed).max() < 1e-12
        assert matrix[i + 1, j + 1] == pytest.approx(float(normalized_information(table)), abs=1e-12)


def test_star_without_auxiliary_tasks_is_the_main_task():
    assert star_ami([], prior=CONLL).tolist() == [[1.0]]


def test_target_is_symmetric_to_the_last_bit():
    matrix = np.array([[1.0, 0.3 + 1e-12], [0.3, 1 - 1e-12]])
    target = target_matrix("ami", matrix)
    assert (target == target.T).all() and np.diagonal(target).tolist() == [1.0, 1.0]
    assert matrix[1, 1] < 1


BAD_MATRICES = [
    ([[1.0, 0.5], [0.4, 1.0]], "ami is not symmetric"),
    ([[1.0, np.nan], [np.nan, 1.0]], "ami holds NaN"),
    ([[1.0, 1.2], [1.2, 1.0]], r"ami must lie in \[0, 1\], got values from 1 to 1.2"),
    ([[1.0, -0.2], [-0.2, 1.0]], r"ami must lie in \[0, 1\], got values from -0.2"),
    ([[0.5, 0.2], [0.2, 1.0]], "ami has 0.5 on its diagonal: the AMI of a task with itself is 1"),
    (np.ones((2, 3)), "the last two dimensions must be equal"),
    (np.ones((0, 0)), "not empty"),
]


@pytest.mark.parametrize("ami, message", BAD_MATRICES)
def test_what_is_no_ami_matrix_is_refused(ami, message):
    with pytest.raises(ValueError, match=message):
        triangle_violation(ami)


@pytest.mark.parametrize("entropies", [[1.0], [1.0, -1.0], [0.0, 0.0]])
def test_entropies_have_to_fit(entropies):
    with pytest.raises(ValueError, match="do not fit 2 tasks; pass one a task, none negative"):
        triangle_violation(np.eye(2), entropies=entropies)


def test_bad_stars_are_refused():
    with pytest.raises(ValueError, match=r"ami must lie in \[0, 1\]"):
        star_ami([0.5, 1.5], prior=CONLL)
    with pytest.raises(ValueError, match="expected 1 dimensions"):
        star_ami(np.eye(2), prior=CONLL)
