"""Near-singular designs: what samples resolve, what moments lose, and that the loss is reported."""

import numpy as np
import pytest

from mtl_simulators import Dataset, Outcome, Ridge, SingleTask, solve

UNIT = np.finfo(np.float64).eps
RNG = np.random.default_rng(0)


def graded(condition, *, d=8, n=40, n_replicates=10):
    """Designs of singular values from 1 to 1/condition, exact targets of known weights, and the SVD."""
    rng = np.random.default_rng(1)
    left = np.linalg.qr(rng.standard_normal((n_replicates, n, d)))[0]
    axes = np.linalg.qr(rng.standard_normal((n_replicates, d, d)))[0]
    spectrum = np.geomspace(1.0, 1.0 / condition, d)
    inputs = (left * spectrum) @ axes
    weights = rng.standard_normal((n_replicates, 1, d))
    data = Dataset(inputs=inputs[:, None], targets=(weights @ inputs.mT))
    return data, weights, (left, spectrum, axes)


def relative_error(weights, expected):
    """Largest relative error over the replicates."""
    return (np.linalg.norm(weights - expected, axis=-1) / np.linalg.norm(expected, axis=-1)).max()


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6, 1e8, 1e10, 1e12])
def test_samples_lose_one_power_of_the_condition_number(condition):
    data, weights, _ = graded(condition)
    assert relative_error(solve(data, SingleTask(), rng=RNG).weights, weights) < 10 * UNIT * condition


@pytest.mark.parametrize("condition", [1e2, 1e3, 1e4, 1e5, 1e6])
def test_moments_lose_two_powers_and_no_more(condition):
    data, weights, _ = graded(condition)
    error = relative_error(solve(data.moments(), SingleTask(), rng=RNG).weights, weights)
    assert error < 10 * UNIT * condition**2
    # The advice to pass samples is worth following: the loss is real.
    assert error > 10 * relative_error(solve(data, SingleTask(), rng=RNG).weights, weights)


@pytest.mark.parametrize("condition, resolved", [(1e7, True), (1e8, False)])
def test_moments_report_directions_that_they_cannot_see(condition, resolved):
    data, _, _ = graded(condition)
    outcomes = solve(data.moments(), SingleTask(), rng=RNG, throw=False).outcomes
    assert set(outcomes) == {Outcome.SUCCESS if resolved else Outcome.RANK_DEFICIENT}
    assert solve(data, SingleTask(), rng=RNG).usable


@pytest.mark.parametrize("condition, resolved", [(1e13, True), (1e16, False)])
def test_samples_report_directions_that_they_cannot_see(condition, resolved):
    data, _, _ = graded(condition)
    outcomes = solve(data, SingleTask(), rng=RNG, throw=False).outcomes
    assert set(outcomes) == {Outcome.SUCCESS if resolved else Outcome.RANK_DEFICIENT}


@pytest.mark.parametrize("condition", [1e3, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("penalty", [1e-4, 1e-8, 1e-11])
def test_ridge_is_as_accurate_as_its_penalty_allows(condition, penalty):
    # Ridge on the Gram matrix has condition number 1 / penalty, however singular the design: no direction
    # may be cut off, since below 1e-7 of the largest some still outweigh the rest at penalty 1e-11.
    data, _, (left, spectrum, axes) = graded(condition)
    targets = np.random.default_rng(2).standard_normal(data.targets.shape)
    noisy = Dataset(inputs=data.inputs, targets=targets)
    gain = spectrum / (spectrum**2 + penalty)
    expected = (targets @ left * gain) @ axes
    from_samples, from_moments = (
        solve(form, Ridge(penalty=penalty), rng=RNG).weights for form in (noisy, noisy.moments())
    )
    assert relative_error(from_moments, expected) < 20 * UNIT / penalty
    # From samples, the gain has a relative error of UNIT / sqrt(penalty) at the worst singular value.
    assert relative_error(from_samples, expected) < 20 * UNIT / np.sqrt(penalty)
