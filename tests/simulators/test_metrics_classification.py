"""The exact error of linear classifiers against counts."""

import numpy as np
import pytest

from mtl_simulators import LabelChannel, classification_error, make_classification


def make_problem(positive):
    return make_classification(
        np.random.default_rng(0),
        ami=[0.5, 0.2],
        mode=LabelChannel(cosine=0.95),
        n_features=4,
        n_samples=30_000,
        positive=positive,
        n_replicates=2,
    )


@pytest.mark.parametrize("positive", [0.5, 0.2, 0.7])
def test_error_is_the_rate_of_wrong_predictions(positive):
    # 12 rates at 5 standard errors, against clean and against observed labels.
    problem = make_problem(positive)
    truth, data = problem.truth, problem.train
    estimate = truth.weights + 0.3 * np.random.default_rng(1).standard_normal(truth.weights.shape)
    error = classification_error(3.0 * estimate, truth)
    assert error.shape == (2, 3)

    def scores(weights):
        return (data.inputs @ weights[..., None])[..., 0]

    predicted = scores(estimate / np.linalg.norm(estimate, axis=-1, keepdims=True)) > truth.threshold
    wrong = (predicted != (scores(truth.weights) > truth.threshold)).mean(axis=-1)
    assert (np.abs(wrong - error) < 5 * np.sqrt(error * (1 - error) / 30_000)).all()
    # Half of the error is on each side: predicted and clean labels have the table that this spells out.
    p = truth.positive
    table = np.stack([1 - p - error / 2, error / 2, error / 2, p - error / 2], axis=-1).reshape(2, 3, 2, 2)
    noisy = np.einsum("btpc,tcy->btpy", table, truth.transition)
    expected = noisy[..., 0, 1] + noisy[..., 1, 0]
    observed = (predicted != data.targets).mean(axis=-1)
    assert (np.abs(observed - expected) < 5 * np.sqrt(expected * (1 - expected) / 30_000)).all()


def test_symmetric_flips_add_to_the_error_as_documented():
    truth = make_problem(0.5).truth
    error = classification_error(truth.weights[:, :1] * np.ones((3, 1)), truth)
    table = np.stack([1 - error, error, error, 1 - error], axis=-1).reshape(2, 3, 2, 2) / 2
    noisy = np.einsum("btpc,tcy->btpy", table, truth.transition)
    noise = truth.label_noise
    assert error[0] == pytest.approx([0.0, *[np.arccos(0.95) / np.pi] * 2], abs=1e-12)
    assert noisy[..., 0, 1] + noisy[..., 1, 0] == pytest.approx(error * (1 - 2 * noise) + noise, abs=1e-14)


@pytest.mark.parametrize("leading", [(), (1,), (2,), (5, 2), (4, 3, 1)])
def test_leading_axes_broadcast(leading):
    truth = make_problem(0.3).truth
    estimate = np.random.default_rng(2).standard_normal((*leading, 3, 4))
    error = classification_error(estimate, truth)
    full = np.broadcast_to(estimate, np.broadcast_shapes(estimate.shape, (2, 3, 4)))
    assert error.shape == full.shape[:-1]
    for index in np.ndindex(*error.shape[:-1]):
        assert np.array_equal(error[index], classification_error(full[index], truth)[index[-1]])


def test_weights_of_other_shapes_are_refused():
    truth = make_problem(0.5).truth
    for shape in ((3, 5), (2, 4), (1, 4), (4,)):
        with pytest.raises(ValueError, match=r"do not end in \(T, d\) = \(3, 4\)"):
            classification_error(np.ones(shape), truth)
