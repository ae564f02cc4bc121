"""make_linear delivers what is asked: exact promises to 1e-10, laws by KS tests and 4.5 standard errors."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators import Truth, make_linear
from mtl_simulators.geometry import covariance_with_spectrum, make_rotation
from mtl_simulators.problems import draw_dataset

SIZES = {"n_tasks": 5, "n_features": 8, "n_samples": 12}


@pytest.mark.parametrize("alignment", [-0.25, -0.1, 0.0, 0.3, 0.999, 1.0])
def test_alignment_is_the_measured_cosine(alignment):
    problem = make_linear(np.random.default_rng(0), alignment=alignment, n_replicates=3, **SIZES)
    gram = problem.truth.weights @ problem.truth.weights.mT
    expected = np.full((5, 5), alignment)
    np.fill_diagonal(expected, 1.0)
    assert np.abs(gram - expected).max() < 1e-10


@pytest.mark.parametrize("rank", [1, 3, 5])
def test_rank_is_the_measured_rank(rank):
    problem = make_linear(np.random.default_rng(1), rank=rank, n_replicates=4, **SIZES)
    assert (np.linalg.matrix_rank(problem.truth.weights) == rank).all()
    assert len({w.tobytes() for w in problem.truth.weights}) == 4


@pytest.mark.parametrize("shape, n_replicates, expected", [((2, 3), 1, 1), ((2, 3), 4, 4), ((4, 2, 3), 1, 4)])
def test_given_weights_are_kept(shape, n_replicates, expected):
    weights = np.random.default_rng(2).standard_normal(shape)
    problem = make_linear(
        np.random.default_rng(3), weights=weights, n_samples=6, n_replicates=n_replicates, noise=0.0
    )
    assert problem.truth.weights.shape == (expected, 2, 3)
    assert np.array_equal(problem.truth.weights, np.broadcast_to(weights, (expected, 2, 3)))
    # Without noise the samples are the plane itself.
    fitted = (problem.train.inputs @ problem.truth.weights[..., None])[..., 0]
    assert np.allclose(problem.train.targets, fitted, rtol=1e-13)


def anisotropic():
    rotations = make_rotation(np.random.default_rng(4), n_features=3, n_tasks=3)
    return covariance_with_spectrum([4.0, 1.0, 0.1], rotation=rotations)


def standard_scores(draws, expected):
    """Distance of the mean over the first axis from its expectation, in standard errors from the sample."""
    return (draws.mean(axis=0) - expected) / (draws.std(axis=0, ddof=1) / np.sqrt(len(draws)))


def test_samples_have_the_covariance_and_the_noise_of_their_task():
    # 3 tasks x (6 second moments + 3 correlations with the noise): 27 tests at 4.5 errors, rate 2e-4.
    noise = [0.5, 1.0, 3.0]
    problem = make_linear(
        np.random.default_rng(5),
        weights=np.random.default_rng(6).standard_normal((3, 3)),
        covariance=anisotropic(),
        noise=noise,
        n_samples=20_000,
    )
    for t in range(3):
        x, y = problem.train.inputs[0, t], problem.train.targets[0, t]
        assert np.abs(standard_scores(x[:, :, None] * x[:, None], anisotropic()[t])).max() < 4.5
        residual = y - x @ problem.truth.weights[0, t]
        assert np.abs(standard_scores(x * residual[:, None], 0.0)).max() < 4.5
        assert stats.kstest(residual / noise[t], "norm").pvalue > 1e-4
        # Whitened inputs are standard normal in every coordinate.
        whitened = x @ np.linalg.inv(np.linalg.cholesky(anisotropic()[t])).T
        assert stats.kstest(whitened.ravel(), "norm").pvalue > 1e-4


def test_noise_is_independent_between_tasks_that_share_a_design():
    problem = make_linear(
        np.random.default_rng(7), alignment=0.5, n_tasks=4, n_features=6, n_samples=20_000, shared_design=True
    )
    assert problem.train.inputs.shape == (1, 20_000, 6)
    residuals = problem.train.targets[0] - problem.truth.weights[0] @ problem.train.inputs[0].T
    upper = np.triu_indices(4, k=1)
    products = (residuals[:, None] * residuals)[upper]
    assert np.abs(standard_scores(products.T, 0.0)).max() < 4.5


def test_replicates_and_tasks_have_their_own_samples():
    train = make_linear(np.random.default_rng(8), alignment=0.0, n_replicates=3, **SIZES).train
    assert len(np.unique(train.inputs)) == train.inputs.size
    assert len(np.unique(train.targets)) == train.targets.size


def test_unequal_counts_are_padded():
    counts = [3, 12, 1, 7, 5]
    problem = make_linear(
        np.random.default_rng(9), alignment=0.2, n_tasks=5, n_features=8, n_samples=counts, n_replicates=2
    )
    assert problem.train.counts.tolist() == counts
    assert problem.train.inputs.shape == (2, 5, 12, 8)
    for t, n in enumerate(counts):
        assert problem.train.inputs[:, t, :n].all() and problem.train.targets[:, t, :n].all()


@pytest.mark.parametrize("shared_design", [True, False])
def test_held_out_samples_do_not_change_the_training_samples(shared_design):
    without, with_test = (
        make_linear(
            np.random.default_rng(10), alignment=0.1, shared_design=shared_design, n_test=n_test, **SIZES
        )
        for n_test in (0, 30)
    )
    assert without.test is None
    assert with_test.test.targets.shape == (1, 5, 30)
    assert without.train.inputs.tobytes() == with_test.train.inputs.tobytes()
    assert without.train.targets.tobytes() == with_test.train.targets.tobytes()
    assert not np.isin(with_test.test.inputs, with_test.train.inputs).any()
    assert not np.isin(with_test.test.targets, with_test.train.targets).any()


def test_held_out_samples_are_independent_of_the_training_samples():
    # Same counts, so that sharing a stream would show: correlations within 4.5 standard errors.
    problem = make_linear(
        np.random.default_rng(11), alignment=0.1, n_tasks=3, n_features=4, n_samples=5000, n_test=5000
    )
    products = problem.train.inputs * problem.test.inputs
    assert np.abs(standard_scores(np.moveaxis(products, 2, 0), 0.0)).max() < 4.5


def test_same_generator_same_bytes():
    one, two, other = (
        make_linear(np.random.default_rng(seed), rank=2, n_test=3, **SIZES) for seed in (12, 12, 13)
    )
    for part in ("train", "test"):
        assert getattr(one, part).inputs.tobytes() == getattr(two, part).inputs.tobytes()
        assert getattr(one, part).targets.tobytes() == getattr(two, part).targets.tobytes()
    assert one.truth.weights.tobytes() == two.truth.weights.tobytes()
    assert not np.isin(one.train.inputs, other.train.inputs).any()


def test_a_singular_covariance_draws_inputs_in_its_range():
    direction = np.array([3.0, 4.0]) / 5
    problem = make_linear(
        np.random.default_rng(14),
        weights=[[1.0, 2.0]],
        covariance=np.outer(direction, direction),
        n_samples=9,
    )
    assert np.abs(problem.train.inputs @ [-4.0, 3.0]).max() < 1e-7


@pytest.mark.parametrize(
    "change, message",
    [
        ({"alignment": None}, "pass exactly one of weights, alignment and rank, got none"),
        ({"rank": 2}, r"exactly one of .*, got \['alignment', 'rank'\]"),
        ({"weights": np.ones((5, 8))}, r"exactly one of .*, got \['weights', 'alignment'\]"),
        ({"alignment": -0.3}, r"-0.3 is infeasible for 5 tasks: .* \[-0.25, 1\]; move it there"),
        ({"alignment": 1.1}, "1.1 is infeasible for 5 tasks: .* move it there"),
        ({"alignment": None, "rank": 6}, "rank=6 is infeasible .* lower it, or raise"),
        ({"n_tasks": None}, "alignment needs n_tasks and n_features; pass both"),
        ({"n_samples": 0}, "n_samples must be an integer of at least 1, got 0"),
        ({"n_samples": 12.5}, "n_samples must be an integer of at least 1, got 12.5"),
        ({"n_samples": [3, 4]}, r"n_samples has shape \(2,\) for 5 tasks; pass one number, or one a task"),
        ({"noise": [1.0, 2.0]}, r"noise has shape \(2,\) for 5 tasks; pass one number, or one a task"),
        ({"noise": -1.0}, "noise must not be negative"),
        ({"n_test": -1}, "n_test must be an integer of at least 0, got -1"),
        ({"n_replicates": 0}, "n_replicates must be an integer of at least 1, got 0"),
        ({"covariance": np.eye(7)}, "covariance has shape"),
        ({"n_samples": [3, 4, 5, 6, 7], "shared_design": True}, "share a design need equal sample counts"),
        ({"covariance": np.stack([np.eye(8)] * 5), "shared_design": True}, "pass shared_design=False"),
    ],
)
def test_bad_requests_say_what_is_feasible(change, message):
    with pytest.raises(ValueError, match=message):
        make_linear(np.random.default_rng(0), **{**SIZES, "alignment": 0.3, **change})


@pytest.mark.parametrize("name, asked", [("n_tasks", 3), ("n_features", 4), ("n_replicates", 4)])
def test_sizes_that_contradict_the_weights_are_refused(name, asked):
    with pytest.raises(ValueError, match=rf"{name}={asked} contradicts weights of shape .*; leave it out"):
        make_linear(np.random.default_rng(0), weights=np.ones((3, 2, 5)), n_samples=5, **{name: asked})


def test_drawing_more_samples_of_a_truth_follows_the_truth():
    truth = Truth(weights=np.ones((2, 3, 4)), covariance=4 * np.eye(4), noise=np.zeros(3))
    data = draw_dataset(np.random.default_rng(15), truth, n_samples=2500, shared_design=True)
    assert data.inputs.shape == (2, 2500, 4)
    assert stats.kstest(data.inputs.ravel() / 2, "norm").pvalue > 1e-4
    assert np.allclose(data.targets, data.inputs.sum(axis=-1)[:, None], atol=1e-12)
