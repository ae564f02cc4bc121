import numpy as np
import pytest

from mtl_simulators.geometry import make_gaussian_tasks, make_tasks_with_spectrum
from mtl_theory.spectral import effective_rank, participation_ratio, singular_values, stable_rank

RANKS = (effective_rank, stable_rank, participation_ratio)


def test_singular_values_are_those_that_were_asked_for():
    spectrum = [3.0, 2.0, 0.5, 0.0]
    weights = make_tasks_with_spectrum(
        np.random.default_rng(0), spectrum=spectrum, n_tasks=4, n_features=7, n_replicates=3
    )
    np.testing.assert_allclose(singular_values(weights), np.tile(spectrum, (3, 1)), atol=1e-12)


@pytest.mark.parametrize(("n_tasks", "n_features"), [(3, 5), (5, 3)])
@pytest.mark.parametrize("per_replicate", [False, True])
def test_singular_values_in_a_covariance_by_the_gram_route(n_tasks, n_features, per_replicate):
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((4, n_tasks, n_features))
    factor = rng.standard_normal((4, n_features, n_features))
    covariance = factor @ factor.mT
    covariance = covariance if per_replicate else covariance[0]
    gram = weights @ covariance @ weights.mT
    expected = np.linalg.eigvalsh(gram)[:, ::-1][:, : min(n_tasks, n_features)]
    measured = singular_values(weights, covariance)
    assert measured.shape == (4, min(n_tasks, n_features))
    np.testing.assert_allclose(measured**2, expected, rtol=1e-9, atol=1e-9 * expected.max())


@pytest.mark.parametrize("rank", RANKS)
def test_ranks_count_equal_values_and_ignore_scale_and_order(rank):
    for m in (1, 2, 5):
        np.testing.assert_allclose(rank([0.0, 0.0, *[4.0] * m]), m, rtol=1e-12)
    spectra = np.random.default_rng(2).gamma(0.5, size=(3, 2, 6))
    assert rank(spectra).shape == (3, 2)
    np.testing.assert_allclose(rank(1e-180 * spectra[..., ::-1]), rank(spectra), rtol=1e-12)


@pytest.mark.parametrize("rank", RANKS)
def test_ranks_lie_between_one_and_the_rank_and_approach_one(rank):
    spectra = np.random.default_rng(3).gamma(0.3, size=(200, 6))
    spectra[:, 4:] = 0
    values = rank(spectra)
    assert (values >= 1 - 1e-12).all()
    assert (values <= 4 + 1e-12).all()
    np.testing.assert_allclose(rank([1.0, 1e-9, 1e-9]), 1.0, atol=1e-6)


def test_effective_rank_of_two_values_has_a_closed_form():
    share = 0.3
    expected = share**-share * (1 - share) ** (share - 1)
    np.testing.assert_allclose(effective_rank([3.0, 7.0]), expected, rtol=1e-14)


def test_participation_ratio_of_squares_by_traces():
    gram = (lambda w: w @ w.mT)(make_gaussian_tasks(np.random.default_rng(4), n_tasks=5, n_features=9))
    expected = np.trace(gram[0]) ** 2 / np.trace(gram[0] @ gram[0])
    np.testing.assert_allclose(participation_ratio(np.linalg.eigvalsh(gram)), [expected], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effective_rank([0.0, 0.0]), "only zeros"),
        (lambda: stable_rank([[1.0, 2.0], [0.0, 0.0]]), "only zeros"),
        (lambda: participation_ratio([1.0, -1e-3]), "non-negative"),
        (lambda: stable_rank(np.zeros((2, 0))), "at least one"),
        (lambda: effective_rank([np.nan]), "NaN"),
        (lambda: singular_values(np.ones((2, 3))), "3 dimensions"),
        (lambda: singular_values(np.ones((2, 3, 0))), "at least one of each"),
        (lambda: singular_values(np.ones((2, 3, 4)), np.eye(3)), "does not fit"),
        (lambda: singular_values(np.ones((2, 3, 4)), np.stack([np.eye(4)] * 3)), "does not fit"),
        (lambda: singular_values(np.ones((2, 3, 2)), -np.eye(2)), "semidefinite"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
