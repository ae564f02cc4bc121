"""Reference values: the toy example, the decomposition of the error, equivalent optima, gradient descent.

Reference values that belong to one random task matrix are compared on a matrix of our own that agrees with it
in every number that the value depends on (mean errors, slopes, sums of powers of singular values).
"""

import dataclasses

import numpy as np
import pytest

from mtl_simulators.geometry import make_rotation, make_tasks_with_spectrum
from mtl_simulators.perturb import AdditiveNoise
from mtl_theory.ledger.robustness import _conventions, _identities, _network
from mtl_theory.ledger.robustness._network import damaged_errors, make_network
from mtl_theory.spectral import crossover_variance


@pytest.mark.parametrize(
    ("n_tasks", "head", "estimate", "task_error", "slope"),
    [(2, 2**-0.5, [0.5, 0.5, 0.0], 1 / 2, 1 / 2), (3, 3**-0.5, [1 / 3] * 3, 2 / 3, 1 / 3)],
)
def test_toy_example(n_tasks, head, estimate, task_error, slope):
    network = _identities.toy_network(n_tasks, np.eye(3)[:n_tasks].sum(axis=0))
    np.testing.assert_allclose(network.heads, head, atol=1e-12)
    np.testing.assert_allclose(network.product, np.tile(estimate, (n_tasks, 1)), atol=1e-12)
    np.testing.assert_allclose(network.errors(network.product), task_error, atol=1e-12)
    assert network.slope == pytest.approx(slope, abs=1e-12)
    assert (network.heads**2).sum() / n_tasks == pytest.approx(slope, abs=1e-12)  # mean |gamma|^2 falls


def test_toy_crossover():
    two, three = (_identities.toy_network(n, np.eye(3)[:n].sum(axis=0)) for n in (2, 3))
    assert crossover_variance(1.0, two.slope, 1.0, three.slope) == pytest.approx(1.0, abs=1e-12)
    # d = 3: kappa sigma^2 = 1 at sigma^2 = 1/3, here in the exact mean over sign patterns of that variance.
    errors = [_identities._sign_average(network, 3**-0.5) for network in (two, three)]
    np.testing.assert_allclose(errors, 1.0, atol=1e-12)


def test_toy_example_has_other_optima_with_unequal_tasks():
    network = _identities.toy_network(3, np.eye(3)[0])
    np.testing.assert_allclose([network.clean, network.slope], [2 / 3, 1 / 3], atol=1e-12)
    np.testing.assert_allclose(network.heads[:, 0] ** 2, [1, 0, 0], atol=1e-12)


# d = 40, T = 8, k = 3: noise std, mean of 20000 draws with its 95 % half-width, closed form.
DECOMPOSITION = [
    (0.1, 0.67440, 0.00045, 0.67457),
    (0.5, 6.6008, 0.0112, 6.6001),
    (1.0, 25.084, 0.045, 25.117),
    (2.0, 98.93, 0.18, 99.19),
]
SPREAD_SEEN, SPREAD_PREDICTED = 0.8101, 0.8082  # standard deviation of one draw at std 0.5


@pytest.fixture(scope="module")
def decomposed():
    """Return a network with the clean error, slope and spread of the reference, and its draws."""
    slope = (25.117 - 0.67457) / (40 * (1.0 - 0.01))
    clean = 0.67457 - 40 * 0.01 * slope
    kept, fourth = 8 * slope, (SPREAD_PREDICTED * 8 / 0.5**2) ** 2 / (2 * 40)
    apart = np.sqrt((fourth - kept**2 / 3) / 2)
    squares = np.concatenate([kept / 3 + apart * np.array([1, 0, -1]), np.full(5, 8 * clean / 5)])
    rng = np.random.default_rng(50)
    tasks = make_tasks_with_spectrum(rng, spectrum=np.sqrt(squares), n_tasks=8, n_features=40)[0]
    network = make_network(tasks, 3, corruptions=[AdditiveNoise(std=row[0]) for row in DECOMPOSITION])
    return network, damaged_errors(rng, network, 20_000)


def test_decomposition_into_clean_error_and_slope(decomposed):
    network, draws = decomposed
    _, seen, half_width, closed = np.array(DECOMPOSITION).T
    predicted = _identities.NOISE_SLOPE.predict(network)
    np.testing.assert_allclose(predicted, closed, atol=0.005, rtol=2e-5)  # the reference's own rounding
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - predicted) < 4.5 * error).all()
    assert (np.abs(draws.mean(axis=0) - seen) < 4.5 * np.hypot(error, half_width / 1.96)).all()
    # The reference's errors are those of this law too.
    np.testing.assert_allclose(1.96 * error, half_width, rtol=0.06)


def test_spread_of_single_draws(decomposed):
    network, draws = decomposed
    predicted = np.sqrt(_identities.NOISE_SPREAD.predict(network))
    assert predicted[1] == pytest.approx(SPREAD_PREDICTED, abs=1e-4)
    error = 1 / np.sqrt(2 * len(draws))  # relative, of a standard deviation
    np.testing.assert_allclose(draws.std(axis=0), predicted, rtol=4.5 * error)
    assert abs(draws[:, 1].std() / SPREAD_SEEN - 1) < 4.5 * np.sqrt(2) * error


def test_the_reference_is_an_ordinary_gaussian_task_matrix():
    rng = np.random.default_rng(51)
    networks = [_identities.noisy_gaussian_network(rng) for _ in range(200)]
    spreads = np.sqrt([_identities.NOISE_SPREAD.predict(network)[1] for network in networks])
    slopes = np.array([network.slope for network in networks])
    assert abs(SPREAD_PREDICTED - spreads.mean()) < 4.5 * spreads.std()
    assert abs(0.6172 - slopes.mean()) < 4.5 * slopes.std()


def test_master_identity_and_the_sum_of_clean_error_and_slope():
    rng = np.random.default_rng(52)
    for _ in range(50):
        network = make_network(rng.standard_normal((9, 40)), 4)
        assert abs(network.clean + network.slope - network.mean_energy) < 1e-12 * network.mean_energy
        for matrix in (np.eye(4), make_rotation(rng, n_features=4), rng.standard_normal((4, 4))):
            struck = _identities._struck(_identities.transformed(network, matrix), rng)
            predicted = _identities.MASTER_IDENTITY.predict(struck)
            measured = _identities.MASTER_IDENTITY.measure(rng, struck, 1)[0, 0]
            assert abs(measured / predicted - 1) < 1e-10


def test_a_rescaled_optimum_has_another_slope():
    network = make_network(np.random.default_rng(53).standard_normal((9, 40)), 4)
    bigger = _identities.transformed(network, 3.0 * np.eye(4))
    np.testing.assert_allclose(bigger.product, network.product, atol=1e-12)
    assert bigger.slope == pytest.approx(network.slope / 9, rel=1e-12)


def optima_like_the_reference():
    """Return tasks, d = 40, T = 9, whose four kept singular values have the reference's two sums."""
    total, squares = np.sqrt(4 * 9 * 21.9658), 9 * 22.5037
    apart = np.sqrt((squares - total**2 / 4) / 2 / 1.25)
    kept = total / 4 + apart * np.array([1.0, 0.5, -0.5, -1.0])
    spectrum = np.concatenate([kept, np.full(5, np.sqrt(9 * 10.974 / 5))])
    return make_tasks_with_spectrum(np.random.default_rng(54), spectrum=spectrum, n_tasks=9, n_features=40)[0]


def test_slopes_of_equivalent_optima():
    tasks = optima_like_the_reference()
    reference = [22.5037, 22.5037, 21.9658, 3.1245]  # SVD, rotated, unit-norm rows, balanced
    measured = _conventions.NORMALISATIONS.measure(np.random.default_rng(55), tasks, 1)[0]
    np.testing.assert_allclose(measured, [*reference, 1, 1, 1, 1], atol=6e-5)
    np.testing.assert_allclose(_conventions.NORMALISATIONS.predict(tasks)[:4], reference, atol=6e-5)


def test_unit_rows_never_have_the_larger_slope():
    rng = np.random.default_rng(56)
    for _ in range(20):
        svd, _, unit, _ = _conventions.NORMALISATIONS.measure(rng, rng.standard_normal((9, 40)), 1)[0, :4]
        assert unit < svd


def test_gradient_descent_ends_balanced():
    # d = 20, T = 6, k = 2: |Gamma|^2 / T = 2.1930 after training, 14.505 in the SVD solution.
    total, squares = 6 * 2.1930, 6 * 14.505
    apart = np.sqrt(squares / 2 - total**2 / 4)
    spectrum = [total / 2 + apart, total / 2 - apart, 4.5, 4.0, 3.5, 3.0]
    rng = np.random.default_rng(57)
    tasks = make_tasks_with_spectrum(rng, spectrum=spectrum, n_tasks=6, n_features=20)[0]
    slope, imbalance = _conventions.GRADIENT_DESCENT.measure(rng, tasks, 1)[0]
    assert slope == pytest.approx(2.1930, abs=1e-5) and imbalance < 1e-6
    assert make_network(tasks, 2).slope == pytest.approx(14.505, abs=1e-9)


def test_per_task_slopes_are_projections():
    rng = np.random.default_rng(58)
    network = make_network(rng.standard_normal((8, 40)), 3)
    projected = ((network.weights @ network.representation.T) ** 2).sum(axis=1)
    np.testing.assert_allclose((network.heads**2).sum(axis=1), projected, rtol=1e-10)
    np.testing.assert_allclose((network.product**2).sum(axis=1), projected, rtol=1e-10)


def test_ridge_heads():
    # d = 40, T = 8, k = 3, sigma = .2: 0.78523 +- .0005 measured, 0.78524 = nu - R / (1 + kappa sigma^2).
    noise = 40 * 0.2**2
    slope = (1 - 0.78524) * (1 + noise)
    spectrum = np.sqrt([*np.full(3, 8 * slope / 3), *np.full(5, 8 * (1 - slope) / 5)])
    rng = np.random.default_rng(59)
    tasks = make_tasks_with_spectrum(rng, spectrum=spectrum, n_tasks=8, n_features=40)[0]
    plain = make_network(tasks, 3, corruptions=[AdditiveNoise(std=0.2)])

    def shrunk(factor):
        draws = damaged_errors(
            np.random.default_rng(60), dataclasses.replace(plain, heads=factor * plain.heads), 20_000
        )[:, 0]
        return draws.mean(), draws.std() / np.sqrt(20_000)

    best, error = shrunk(1 / (1 + noise))
    assert abs(best - 0.78524) < 4.5 * error
    assert abs(best - 0.78523) < 4.5 * np.hypot(error, 0.0005 / 1.96)
    # The same noise draws throughout, so these orderings are not a matter of luck.
    assert best < min(shrunk(0.9 / (1 + noise))[0], shrunk(1.1 / (1 + noise))[0], shrunk(1.0)[0])


def test_ridge_heads_are_the_ridge_solution_for_that_noise():
    rng = np.random.default_rng(61)
    network = make_network(rng.standard_normal((8, 40)), 3)
    noise = 40 * 0.2**2
    gram = network.representation @ network.representation.T
    ridge = network.weights @ network.representation.T @ np.linalg.inv(gram + noise * np.eye(3))
    np.testing.assert_allclose(ridge, network.heads / (1 + noise), atol=1e-12)
    assert _network.ORTHONORMAL_ROWS.holds(network)
