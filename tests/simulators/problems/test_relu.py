"""ReLU teachers: their moments against the arc-cosine kernel, and the exact risk against samples.

Statistical tests have fixed seeds and allow 5 standard errors of the sample: one run in 10^6 would fail were
the seed drawn anew.
"""

import numpy as np
import pytest

from mtl_simulators.geometry import heavy_covariance, make_equicorrelated_tasks, make_neurons_at_angles
from mtl_simulators.problems import Dataset, Problem, ReluTruth, make_relu

N = 50_000


def agrees(sample, expected):
    return abs(sample.mean() - expected) < 5 * sample.std() / np.sqrt(sample.size)


def arc_cosine(phi):
    """g(phi), normalised to g(0) = 1."""
    return np.cos(phi) + (np.sin(phi) - phi * np.cos(phi)) / np.pi


@pytest.mark.parametrize(
    ("phi", "value"), [(0, 0.5), (0.5, 0.445), (1, 0.318), (np.pi / 2, 0.159), (2.5, 0.0134)]
)
def test_products_of_targets_are_half_the_kernel(phi, value):
    rng = np.random.default_rng(0)
    neurons = make_equicorrelated_tasks(rng, n_tasks=2, n_features=5, cosine=np.cos(phi))[:, :, None]
    data = make_relu(rng, n_samples=N, neurons=neurons, noise=0.0, shared_design=True).train
    assert arc_cosine(phi) / 2 == pytest.approx(value, abs=5e-4)
    assert agrees(data.targets[0, 0] * data.targets[0, 1], arc_cosine(phi) / 2)


def test_opposite_neurons_are_never_active_together():
    neurons = np.array([[[1.0, 0.0]], [[-1.0, 0.0]]])
    data = make_relu(np.random.default_rng(1), n_samples=500, neurons=neurons, noise=0.0, shared_design=True)
    first, second = data.train.targets[0]
    assert (first * second == 0).all()
    assert (np.where(first > 0, first, -second) == data.train.inputs[0, :, 0]).all()


def test_second_moment_adds_signal_and_noise():
    rng = np.random.default_rng(2)
    covariance = heavy_covariance(3, heavy=[0], condition=2.0)
    neurons = np.array([[[1.0, 0.0, 0.0]], [[0.0, 0.0, 3.0]]])
    problem = make_relu(
        rng,
        n_samples=N,
        neurons=neurons,
        amplitudes=[[np.sqrt(2)], [-1.0]],
        covariance=covariance,
        noise=[0.5, 2.0],
    )
    for task, signal in enumerate((2 * 4 / 2, 9 / 2)):
        assert agrees(problem.train.targets[0, task] ** 2, signal + (0.25, 4.0)[task])


@pytest.mark.parametrize("shared_design", [True, False])
def test_exact_risk_is_the_mean_squared_difference_of_two_networks(shared_design):
    rng = np.random.default_rng(3)
    d, h, k = 6, 3, 4
    root = rng.standard_normal((2, d, d)) / np.sqrt(d)
    covariances = root @ root.mT + 0.1 * np.eye(d)
    truth = ReluTruth(
        neurons=rng.standard_normal((1, 2, h, d)),
        amplitudes=rng.standard_normal((1, 2, h)),
        covariance=covariances[0] if shared_design else covariances,
        noise=np.zeros(2),
    )
    units, heads = rng.standard_normal((1, 1, k, d)), rng.standard_normal((1, 2, k))
    learned = ReluTruth(
        neurons=np.repeat(units, 2, axis=1),
        amplitudes=heads,
        covariance=truth.covariance,
        noise=truth.noise,
    )
    data = make_relu(
        rng,
        n_samples=N,
        neurons=truth.neurons,
        amplitudes=truth.amplitudes,
        covariance=truth.covariance,
        noise=0.0,
        shared_design=shared_design,
    ).train
    error = (learned.predict(data.inputs) - data.targets) ** 2
    exact = truth.excess_risk(units, heads)
    assert exact.shape == (1, 2)
    for task in range(2):
        assert agrees(error[0, task], exact[0, task])


def test_the_teacher_itself_has_no_excess_risk():
    rng = np.random.default_rng(4)
    neurons = make_neurons_at_angles(rng, n_features=8, angles=[0.2, 0.7], n_replicates=3)
    truth = ReluTruth(neurons=neurons, amplitudes=np.ones((3, 2, 2)), covariance=np.eye(8), noise=np.zeros(2))
    assert truth.excess_risk(neurons, truth.amplitudes).max() < 1e-13
    assert np.allclose(
        truth.excess_risk(neurons, 0 * truth.amplitudes), [[1 + arc_cosine(np.pi / 2)] * 2] * 3
    )


def test_relative_risk_of_the_best_head_is_one_minus_the_kernel_squared():
    phi = 1.1
    neurons = make_equicorrelated_tasks(
        np.random.default_rng(5), n_tasks=2, n_features=4, cosine=np.cos(phi)
    )[:, :, None]
    truth = ReluTruth(
        neurons=neurons, amplitudes=np.full((1, 2, 1), np.sqrt(2)), covariance=np.eye(4), noise=np.zeros(2)
    )
    g = arc_cosine(phi)
    risk = truth.excess_risk(neurons[:, :1], np.full((1, 2, 1), np.sqrt(2) * g))
    assert risk[0, 1] == pytest.approx(1 - g**2, rel=1e-12)


def test_padding_rows_stay_zero_and_tests_are_other_samples():
    problem = make_relu(
        np.random.default_rng(6),
        n_samples=[5, 9],
        neurons=np.ones((2, 3, 4)),
        noise=1.0,
        n_replicates=2,
        n_test=7,
    )
    assert problem.train.counts.tolist() == [5, 9]
    assert not problem.train.targets[:, 0, 5:].any()
    assert problem.test.targets.shape == (2, 2, 7)
    assert np.abs(problem.test.inputs[0, 0, 0] - problem.train.inputs[0, 0, 0]).max() > 0


def test_same_generator_same_bytes():
    first, second = (
        make_relu(np.random.default_rng(7), n_samples=4, neurons=np.ones((2, 1, 3)), n_test=2)
        for _ in range(2)
    )
    assert first.train.targets.tobytes() == second.train.targets.tobytes()
    assert first.test.inputs.tobytes() == second.test.inputs.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neurons": np.ones((2, 3))}, "neurons"),
        ({"amplitudes": np.ones((2, 2))}, "amplitudes"),
        ({"covariance": np.eye(4)}, "covariance"),
        ({"noise": [1.0, 1.0, 1.0]}, "noise"),
        ({"noise": -1.0}, "noise"),
        ({"n_samples": 0}, "n_samples"),
        ({"neurons": np.ones((3, 2, 1, 3)), "n_replicates": 2}, "replicates"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    settings = {"n_samples": 5, "neurons": np.ones((2, 1, 3))} | change
    with pytest.raises(ValueError, match=message):
        make_relu(np.random.default_rng(8), **settings)


def test_a_problem_checks_its_relu_truth():
    truth = ReluTruth(
        neurons=np.ones((1, 2, 1, 3)), amplitudes=np.ones((1, 2, 1)), covariance=np.eye(3), noise=np.zeros(2)
    )
    data = Dataset(inputs=np.ones((1, 5, 3)), targets=np.ones((1, 4, 5)))
    with pytest.raises(ValueError, match=r"truth has \(B, T, d\) = \(1, 2, 3\)"):
        Problem(train=data, truth=truth)
