"""Activations, and what solutions predict."""

import pickle

import numpy as np
import pytest

from mtl_simulators.problems import Dataset
from mtl_simulators.solvers import (
    Activation,
    Fit,
    Outcome,
    ReluNetwork,
    Ridge,
    SingleTask,
    Solution,
    identity,
    relu,
    sigmoid,
    solve,
)

B, T, N, R, D = 2, 3, 7, 4, 5


def make_solution(**fields):
    rng = np.random.default_rng(0)
    return Solution(
        representation=rng.standard_normal((B, R, D)),
        heads=rng.standard_normal((B, T, R)),
        outcomes=(Outcome.SUCCESS,) * B,
        seconds=0.0,
        **fields,
    )


@pytest.mark.parametrize(
    "activation", [identity, relu, sigmoid, np.tanh], ids=["identity", "relu", "sigmoid", "tanh"]
)
@pytest.mark.parametrize("link", [identity, sigmoid], ids=["identity", "sigmoid"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "separate"])
def test_prediction_is_the_network_sample_by_sample(activation, link, shared):
    solution = make_solution(activation=activation, link=link)
    inputs = np.random.default_rng(1).standard_normal((B, N, D) if shared else (B, T, N, D))
    predictions = solution.predict(inputs)
    assert predictions.shape == (B, T, N)
    for b, t, n in np.ndindex(B, T, N):
        x = inputs[b, n] if shared else inputs[b, t, n]
        hidden = activation(solution.representation[b] @ x)
        assert predictions[b, t, n] == pytest.approx(float(link(solution.heads[b, t] @ hidden)), abs=1e-12)


def test_linear_predictions_are_those_of_the_weights():
    rng = np.random.default_rng(2)
    data = Dataset(inputs=rng.standard_normal((B, T, N, D)), targets=rng.standard_normal((B, T, N)))
    solution = solve(data, SingleTask(), rng=rng)
    expected = np.einsum("btnd,btd->btn", data.inputs, solution.weights)
    np.testing.assert_allclose(solution.predict(data.inputs), expected, atol=1e-12)


@pytest.mark.parametrize("activation", [identity, relu, sigmoid], ids=["identity", "relu", "sigmoid"])
def test_slopes_are_derivatives(activation):
    z = np.linspace(-3.05, 2.95, 61)
    step = 1e-6
    numeric = (activation(z + step) - activation(z - step)) / (2 * step)
    np.testing.assert_allclose(activation.slope(z), numeric, atol=1e-8)


def test_relu_rests_at_its_kink():
    assert relu.slope(np.zeros(2)).tolist() == [0.0, 0.0]
    assert relu(np.array([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]


def test_sigmoid_stays_finite_far_out():
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 1e4])), [0.0, 1.0])


def test_nonlinear_solutions_have_no_task_vectors():
    with pytest.raises(ValueError, match="use predict"):
        _ = make_solution(activation=relu).weights
    assert make_solution(link=sigmoid).weights.shape == (B, T, D)


@pytest.mark.parametrize("shape", [(B, N, D + 1), (B + 1, N, D), (B, T + 1, N, D), (N, D)])
def test_inputs_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="inputs"):
        make_solution().predict(np.zeros(shape))


def test_activations_survive_pickling_as_themselves():
    solution = pickle.loads(pickle.dumps(make_solution()))
    assert solution.activation == identity
    assert solution.weights.shape == (B, T, D)


def test_solve_passes_activation_and_link_on():
    square = Activation(np.square, lambda z: 2 * z)

    class Squares:
        def fit(self, data, *, rng):
            return Fit(
                representation=np.ones((1, 1, 1)),
                heads=np.ones((1, 1, 1)),
                outcomes=(Outcome.SUCCESS,),
                activation=square,
                link=np.negative,
            )

    data = Dataset(inputs=np.ones((1, 2, 1)), targets=np.ones((1, 1, 2)))
    solution = solve(data, Squares(), rng=np.random.default_rng(0))
    assert solution.predict(np.full((1, 1, 1), 3.0)).item() == -9.0


def test_failed_replicates_predict_nan():
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((2, 30, 4))
    # A target that rounding cannot improve on in one step, and zeros, where there is nothing to improve.
    targets = np.stack([rng.standard_normal((1, 30)), np.zeros((1, 30))])
    data = Dataset(inputs=inputs, targets=targets)
    solution = solve(data, ReluNetwork(capacity=2, max_iterations=1), rng=rng, throw=False)
    assert solution.outcomes == (Outcome.NOT_CONVERGED, Outcome.SUCCESS)
    assert np.isnan(solution.predict(inputs)[0]).all()
    np.testing.assert_array_equal(solution.predict(inputs)[1], 0.0)


def test_identity_maps_cost_no_detour():
    # SingleTask's shared map is the identity of size d: predictions must equal inputs times heads exactly.
    rng = np.random.default_rng(4)
    data = Dataset(inputs=rng.standard_normal((1, N, D)), targets=rng.standard_normal((1, T, N)))
    solution = solve(data, Ridge(penalty=0.1), rng=rng)
    np.testing.assert_allclose(
        solution.predict(data.inputs), solution.heads @ data.inputs.mT, rtol=1e-12, atol=1e-14
    )
