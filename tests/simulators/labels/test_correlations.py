import itertools

import numpy as np
import pytest

from mtl_simulators.geometry import make_tasks_with_gram
from mtl_simulators.labels._adjusted import ami_matrix
from mtl_simulators.labels._agreement import agreement_of_ami
from mtl_simulators.labels._correlations import gaussian_correlations
from mtl_simulators.labels._cosines import ami_of_cosine, cosine_of_ami
from mtl_simulators.labels._mixtures import nearest_feasible_ami


def random_cosines(rng: np.random.Generator, n_tasks: int, rank: int) -> np.ndarray:
    vectors = rng.standard_normal((n_tasks, rank))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = np.clip(vectors @ vectors.T, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return cosines


def symmetric(rng: np.random.Generator, n_tasks: int, low: float, high: float) -> np.ndarray:
    upper = np.triu(rng.uniform(low, high, size=(n_tasks, n_tasks)), 1)
    return upper + upper.T + np.eye(n_tasks)


@pytest.mark.parametrize("n_tasks, rank", [(1, 1), (2, 2), (4, 2), (5, 3), (7, 3)])
def test_matrices_of_linear_tasks_get_signs_that_make_them_positive(n_tasks, rank):
    rng, needs_signs = np.random.default_rng(n_tasks), 0
    for _ in range(8):
        ami = ami_of_cosine(random_cosines(rng, n_tasks, rank))
        found = gaussian_correlations(ami)
        assert np.abs(ami_of_cosine(found) - ami).max() < 1e-8
        assert np.linalg.eigvalsh(found)[0] > -2e-9
        needs_signs += bool((found < 0).any())
    assert needs_signs > 0 or n_tasks < 4


def test_tasks_with_these_cosines_measure_the_ami():
    ami = np.array([[1.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 1.0]])
    w = make_tasks_with_gram(np.random.default_rng(0), gram=gaussian_correlations(ami), n_features=6)[0]
    inputs = np.random.default_rng(1).standard_normal((200_000, 6))
    labels = (inputs @ w.T > 0).astype(int).T
    # A disagreement rate q has standard error sqrt(q (1 - q) / n), and |dA/dq| = ln((1 - q) / q) / ln 2 < 4.
    assert np.abs(ami_matrix(labels) - ami).max() < 5 * 4 * 0.5 / np.sqrt(200_000)


def test_every_choice_of_signs_is_searched():
    rng, pairs = np.random.default_rng(2), list(itertools.combinations(range(4), 2))
    outcomes = []
    for _ in range(60):
        size = np.abs(random_cosines(rng, 4, 2))
        if rng.random() < 0.5:
            size = size**0.9
        brute = False
        for signs in itertools.product((1.0, -1.0), repeat=len(pairs)):
            cosines = size.copy()
            for (i, j), sign in zip(pairs, signs, strict=True):
                cosines[i, j] = cosines[j, i] = sign * size[i, j]
            brute |= bool(np.linalg.eigvalsh(cosines)[0] > -1e-9)
        try:
            gaussian_correlations(ami_of_cosine(size))
            found = True
        except ValueError as error:
            assert "there is none" in str(error)
            found = False
        assert found == brute
        outcomes.append(found)
    assert 0 < sum(outcomes) < len(outcomes)


def test_three_binary_tasks_are_linear_exactly_when_they_are_a_mixture():
    # Angles obey the spherical triangle inequality just when disagreements q = angle / pi obey theirs, and
    # the mixture's are q = (1 - r) / 2.
    rng, outcomes = np.random.default_rng(3), []
    for _ in range(30):
        ami = symmetric(rng, 3, 0.1, 0.9)
        mixture = bool((nearest_feasible_ami(ami, prior=[0.5, 0.5]) == ami).all())
        try:
            gaussian_correlations(ami)
        except ValueError:
            assert not mixture
        else:
            assert mixture
        outcomes.append(mixture)
    assert 0 < sum(outcomes) < len(outcomes)
    disagreement = (1 - agreement_of_ami(0.3, prior=[0.5, 0.5])) / 2
    assert cosine_of_ami(0.3) == pytest.approx(np.cos(np.pi * disagreement), abs=1e-12)


def test_independent_and_equal_tasks():
    for matrix in (np.eye(4), np.ones((3, 3)), np.kron(np.eye(2), np.ones((2, 2)))):
        assert np.abs(gaussian_correlations(matrix) - matrix).max() < 1e-12


def test_infeasible_matrices_are_refused_with_a_remedy():
    far = [[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]]
    with pytest.raises(ValueError, match=r"there is none: .* smallest eigenvalue is -.* label channels"):
        gaussian_correlations(far)
    large = np.kron(np.eye(5), far)
    with pytest.raises(ValueError, match="no choice was found"):
        gaussian_correlations(large)


@pytest.mark.parametrize(
    "ami, message",
    [
        ([[1.0, 0.5], [0.4, 1.0]], "ami is not symmetric"),
        ([[1.0, np.nan], [np.nan, 1.0]], "ami holds NaN"),
        ([[1.0, 1.2], [1.2, 1.0]], r"ami must lie in \[0, 1\]"),
    ],
)
def test_what_is_no_ami_matrix_is_refused(ami, message):
    with pytest.raises(ValueError, match=message):
        gaussian_correlations(ami)
