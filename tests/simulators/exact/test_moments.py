"""Drawn moments against the moments of drawn data.

Seeds are fixed. 6 designs x 8 statistics = 48 two-sample KS tests at p > 1e-4: were the seed drawn anew, one
run in 200 would fail.
"""

from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.exact import draw_moments
from mtl_simulators.problems import Moments, Truth, draw_dataset
from mtl_simulators.solvers import SingleTask, solve

N, TASKS, FEATURES = 4000, 3, 4


class Design(NamedTuple):
    n_samples: int | list[int]
    shared_design: bool
    own_covariances: bool = False


DESIGNS = {
    "shared": Design(9, True),
    "shared, n = d": Design(4, True),
    "shared, n < d": Design(3, True),
    "separate, own covariances": Design(7, False, own_covariances=True),
    "separate, unequal counts": Design([12, 5, 6], False),
    "separate, counts on both sides of d": Design([2, 8, 4], False, own_covariances=True),
}


def make_truth(*, own_covariances: bool, n_replicates: int = 1) -> Truth:
    rng = np.random.default_rng(10)
    root = rng.standard_normal((TASKS, FEATURES, FEATURES))
    covariances = root @ root.mT + 0.1 * np.eye(FEATURES)
    return Truth(
        weights=np.repeat(rng.standard_normal((1, TASKS, FEATURES)), n_replicates, axis=0),
        covariance=covariances if own_covariances else covariances[0],
        noise=np.array([0.5, 1.0, 2.0]),
    )


def statistics(moments: Moments) -> dict[str, np.ndarray]:
    gram, cross, energy = moments.gram_per_task, moments.cross, moments.energy
    direction = np.arange(1.0, FEATURES + 1)
    explained = np.einsum("bti,btij,btj->bt", cross, np.linalg.pinv(gram, hermitian=True, rcond=1e-9), cross)
    return {
        "top eigenvalue": np.linalg.eigvalsh(gram)[:, 0, -1],
        "gram along a direction": direction @ gram[:, 1] @ direction,
        "gram across tasks": np.einsum("bij,bij->b", gram[:, 0], gram[:, 2]),
        "cross along a direction": cross[:, 2] @ direction,
        "cross across tasks": np.einsum("bi,bi->b", cross[:, 0], cross[:, 1]),
        "energy": energy[:, 1],
        "explained energy": explained.sum(axis=1),
        "mixture": energy.sum(axis=1) - 2 * cross.sum(axis=(1, 2)) + gram.sum(axis=(1, 2, 3)),
    }


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_law_of_the_moments_is_that_of_drawn_data(design):
    rng = np.random.default_rng(11)
    truth = make_truth(own_covariances=design.own_covariances)
    many = make_truth(own_covariances=design.own_covariances, n_replicates=N)
    sampling = {"n_samples": design.n_samples, "shared_design": design.shared_design}
    drawn = draw_moments(rng, truth, n_replicates=N, **sampling)
    data = draw_dataset(rng, many, **sampling).moments()
    assert drawn.gram.shape == data.gram.shape
    assert drawn.n_samples.tolist() == data.n_samples.tolist()
    expected = statistics(data)
    for name, values in statistics(drawn).items():
        assert stats.ks_2samp(values, expected[name]).pvalue > 1e-4, name


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_residual_energy_is_noise_that_no_input_sees(design):
    """Residual sums of squares are sigma^2 chi^2 with n - d degrees, and zero for n <= d."""
    truth = make_truth(own_covariances=design.own_covariances)
    sampling = {"n_samples": design.n_samples, "shared_design": design.shared_design}
    moments = draw_moments(np.random.default_rng(12), truth, n_replicates=N, **sampling)
    gram, cross = moments.gram_per_task, moments.cross
    explained = np.einsum("bti,btij,btj->bt", cross, np.linalg.pinv(gram, hermitian=True, rcond=1e-9), cross)
    residual = (moments.energy - explained) / truth.noise**2
    degrees = np.maximum(moments.n_samples - FEATURES, 0)
    error = residual.std(axis=0, ddof=1) / np.sqrt(N)
    assert (np.abs(residual.mean(axis=0) - degrees) < 4.5 * error + 1e-6).all()


def test_moments_solve_like_any_others_and_the_error_has_its_known_mean():
    """E (w_hat - w)' Sigma (w_hat - w) = sigma^2 d / (n - d - 1)."""
    truth = make_truth(own_covariances=False)
    rng = np.random.default_rng(13)
    n = 20
    moments = draw_moments(rng, truth, n_samples=n, n_replicates=20_000, shared_design=False)
    error = solve(moments, SingleTask(), rng=rng).weights - truth.weights
    risk = np.einsum("bti,ij,btj->bt", error, truth.covariance, error)
    stderr = risk.std(axis=0, ddof=1) / np.sqrt(len(risk))
    expected = truth.noise**2 * FEATURES / (n - FEATURES - 1)
    assert (np.abs(risk.mean(axis=0) - expected) < 4.5 * stderr).all()


def test_each_replicate_may_have_its_own_truth():
    weights = np.random.default_rng(14).standard_normal((5, 2, 3))
    truth = Truth(weights=weights, covariance=np.diag([1.0, 2.0, 3.0]), noise=np.zeros(2))
    rng = np.random.default_rng(15)
    for shared in (True, False):
        moments = draw_moments(rng, truth, n_samples=8, n_replicates=5, shared_design=shared)
        assert np.allclose(np.linalg.solve(moments.gram_per_task, moments.cross[..., None])[..., 0], weights)
        assert np.allclose(moments.squared_error(weights), 0, atol=1e-12)


def test_same_generator_same_bytes():
    truth = make_truth(own_covariances=False)
    one, two = (
        draw_moments(np.random.default_rng(16), truth, n_samples=6, n_replicates=7, shared_design=True)
        for _ in range(2)
    )
    for name in ("gram", "cross", "energy"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_samples": [5, 5, 6], "shared_design": True}, "equal sample counts"),
        ({"n_samples": [5, 5]}, "one number, or one a task"),
        ({"n_samples": 0}, "n_samples must be an integer"),
        ({"n_samples": 5.5}, "n_samples must be an integer"),
        ({"n_replicates": 0}, "n_replicates must be an integer"),
    ],
)
def test_refused_arguments_say_why(changes, message):
    arguments = {"n_samples": 5, "n_replicates": 3, "shared_design": False} | changes
    with pytest.raises(ValueError, match=message):
        draw_moments(np.random.default_rng(0), make_truth(own_covariances=False), **arguments)


def test_a_shared_design_has_one_covariance():
    with pytest.raises(ValueError, match="different covariances cannot share a design"):
        draw_moments(
            np.random.default_rng(0),
            make_truth(own_covariances=True),
            n_samples=5,
            n_replicates=3,
            shared_design=True,
        )


def test_as_many_truths_as_replicates():
    truth = make_truth(own_covariances=False, n_replicates=2)
    with pytest.raises(ValueError, match="holds 2 replicates, n_replicates asks for 3"):
        draw_moments(np.random.default_rng(0), truth, n_samples=5, n_replicates=3, shared_design=False)


def test_nan_never_reaches_the_law():
    with pytest.raises(ValueError, match="NaN"):
        Truth(weights=np.full((1, 2, 3), np.nan), covariance=np.eye(3), noise=np.ones(2))
