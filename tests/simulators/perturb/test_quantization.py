"""Rounding to multiples of a step, beyond the moments."""

from typing import Any

import numpy as np
import pytest

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb import NearestQuantization, StochasticQuantization, corrupt

W = np.random.default_rng(0).standard_normal((6, 50)) * 3.0
STEPS: list[float | FloatArray] = [0.25, 0.3, np.linspace(0.1, 2.0, 6)[:, None]]


@pytest.mark.parametrize("step", STEPS)
def test_nearest_is_the_closest_multiple(step: float | FloatArray) -> None:
    rounded = corrupt(np.random.default_rng(1), W, NearestQuantization(step=step), n_draws=2)
    counts = rounded / step
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
    assert (np.abs(rounded - W) <= np.asarray(step) / 2 + 1e-12).all()
    assert (rounded[0] == rounded[1]).all()


@pytest.mark.parametrize("step", STEPS)
def test_stochastic_goes_to_one_of_the_two_neighbours(step: float | FloatArray) -> None:
    draws = corrupt(np.random.default_rng(2), W, StochasticQuantization(step=step), n_draws=300)
    below = np.floor(W / step)
    counts = np.round(draws / step)
    np.testing.assert_allclose(draws / step, counts, atol=1e-9)
    assert set(np.unique(counts - below)) == {0.0, 1.0}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_multiples_of_the_step_stay(dtype: type[np.floating[Any]]) -> None:
    """A binary step divides its multiples without rounding, so they never move."""
    weights = np.arange(-8, 9, dtype=dtype) * dtype(0.25)
    for corruption in (NearestQuantization(step=0.25), StochasticQuantization(step=0.25)):
        draws = corrupt(np.random.default_rng(3), weights, corruption, n_draws=100)
        assert (draws == weights).all() and draws.dtype == dtype


def test_mean_square_of_nearest_is_a_twelfth_of_the_step_squared() -> None:
    """Weights spread over six steps per standard deviation: D^2 / 12 within 4.5 standard errors."""
    weights = np.random.default_rng(4).standard_normal(100_000) * 6.0
    squares = (corrupt(np.random.default_rng(5), weights, NearestQuantization(step=1.0))[0] - weights) ** 2
    assert abs(squares.mean() - 1 / 12) <= 4.5 * squares.std(ddof=1) / np.sqrt(squares.size)


def test_halves_round_to_even() -> None:
    draws = corrupt(np.random.default_rng(6), [0.5, 1.5, 2.5, -0.5, -1.5], NearestQuantization(step=1.0))
    np.testing.assert_array_equal(draws[0], [0.0, 2.0, 2.0, 0.0, -2.0])


@pytest.mark.parametrize("kind", [NearestQuantization, StochasticQuantization])
def test_refusals(kind: type[NearestQuantization] | type[StochasticQuantization]) -> None:
    rng = np.random.default_rng(7)
    for step in (0.0, -0.1, np.array([0.5, 0.0])):
        with pytest.raises(ValueError, match=r"step must be positive.*absolute value"):
            kind(step=step)
    for step in (np.nan, np.inf):
        with pytest.raises(ValueError, match="step holds NaN or infinity"):
            kind(step=step)
    with pytest.raises(ValueError, match="does not broadcast"):
        corrupt(rng, W, kind(step=np.ones(7)))
    with pytest.raises(ValueError, match=r"too small for weights.*float64"):
        corrupt(rng, W.astype(np.float32), kind(step=1e-60))
