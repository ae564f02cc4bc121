import numpy as np
import pytest
from scipy.integrate import quad

from mtl_simulators.geometry import make_gaussian_tasks
from mtl_theory.spectral import (
    marchenko_pastur_atom,
    marchenko_pastur_cdf,
    marchenko_pastur_density,
    marchenko_pastur_edges,
    marchenko_pastur_quantile,
    marchenko_pastur_top_mass,
)

LAWS = [(1e-4, 1.0), (0.1, 1.0), (0.5, 3.0), (1.0, 1.0), (1.5, 0.2), (4.0, 1.0), (100.0, 2.0)]


def integral(function, low, high, aspect, variance):
    """Integrate against the density by quadrature in the square root, which tames x^(-1/2) at aspect one."""

    def integrand(u):
        x = u**2
        return 2 * u * function(x) * float(marchenko_pastur_density(x, aspect, variance))

    return quad(integrand, np.sqrt(low), np.sqrt(high), limit=400, epsabs=1e-12)[0]


@pytest.mark.parametrize(("aspect", "variance"), LAWS)
def test_density_has_the_known_moments(aspect, variance):
    low, high = marchenko_pastur_edges(aspect, variance)
    mass = integral(lambda x: 1.0, low, high, aspect, variance)
    assert mass == pytest.approx(1 - marchenko_pastur_atom(aspect), rel=1e-8)
    assert mass == pytest.approx(min(1, 1 / aspect), rel=1e-8)
    assert integral(lambda x: x, low, high, aspect, variance) == pytest.approx(variance, rel=1e-8)
    second = integral(lambda x: x**2, low, high, aspect, variance)
    assert second == pytest.approx(variance**2 * (1 + aspect), rel=1e-8)
    third = integral(lambda x: x**3, low, high, aspect, variance)
    assert third == pytest.approx(variance**3 * (1 + 3 * aspect + aspect**2), rel=1e-8)


@pytest.mark.parametrize(("aspect", "variance"), LAWS)
def test_closed_form_law_and_quantile_agree_with_quadrature(aspect, variance):
    low, high = marchenko_pastur_edges(aspect, variance)
    atom = marchenko_pastur_atom(aspect)
    for part in (0.01, 0.3, 0.8, 0.99):
        x = low + part * (high - low)
        law = float(marchenko_pastur_cdf(x, aspect, variance))
        assert law == pytest.approx(atom + integral(lambda _: 1.0, low, x, aspect, variance), abs=1e-9)
        assert float(marchenko_pastur_quantile(law, aspect, variance)) == pytest.approx(x, rel=1e-8)
        above = integral(lambda y: y, x, high, aspect, variance)
        assert float(marchenko_pastur_top_mass(1 - law, aspect, variance)) == pytest.approx(above, abs=1e-8)


@pytest.mark.parametrize(("aspect", "variance"), LAWS)
def test_law_at_and_beyond_its_ends(aspect, variance):
    low, high = marchenko_pastur_edges(aspect, variance)
    atom = marchenko_pastur_atom(aspect)
    points = [-1.0, low / 2 - 1e-300, high, 2 * high]
    expected = [0.0, atom if low > 0 else 0.0, 1.0, 1.0]
    np.testing.assert_allclose(marchenko_pastur_cdf(points, aspect, variance), expected, atol=1e-12)
    np.testing.assert_array_equal(marchenko_pastur_density([-1.0, low, high], aspect, variance), 0.0)
    ends = marchenko_pastur_quantile([0.0, 1.0], aspect, variance)
    np.testing.assert_allclose(ends, [0.0 if atom else low, high], rtol=1e-12)
    whole = marchenko_pastur_top_mass([0.0, min(1, 1 / aspect), 1.0], aspect, variance)
    np.testing.assert_allclose(whole, [0.0, variance, variance], atol=1e-12)
    grid = np.linspace(0, 1.1 * high, 500)
    assert (np.diff(marchenko_pastur_cdf(grid, aspect, variance)) >= -1e-13).all()


def test_tall_and_wide_task_matrices_share_their_bulk():
    x = np.linspace(0.05, 2.2, 50)
    wide = 4 * (marchenko_pastur_cdf(4 * x, 4.0) - 0.75)
    np.testing.assert_allclose(wide, marchenko_pastur_cdf(x, 0.25), atol=1e-12)


@pytest.mark.parametrize(("n_tasks", "n_features"), [(300, 900), (600, 300)])
def test_simulated_spectra_follow_the_law(n_tasks, n_features):
    tasks = make_gaussian_tasks(np.random.default_rng(20), n_tasks=n_tasks, n_features=n_features)
    eigenvalues = np.linalg.eigvalsh(tasks @ tasks.mT)[0]
    eigenvalues = eigenvalues[-min(n_tasks, n_features) :]
    ranks = (np.arange(n_tasks - len(eigenvalues), n_tasks) + 0.5) / n_tasks
    # Eigenvalues are rigid: they leave their places by O(log T / T), not by the 1 / sqrt(T) of independent
    # draws. Five places of T is far below the 0.1 at which a KS test of T independent points would reject.
    distance = np.abs(marchenko_pastur_cdf(eigenvalues, n_tasks / n_features) - ranks).max()
    assert distance < 5 / n_tasks


def test_simulated_extremes_lie_a_tracy_widom_step_inside_the_edges():
    T, d, n_replicates = 200, 600, 40
    tasks = make_gaussian_tasks(np.random.default_rng(21), n_tasks=T, n_features=d, n_replicates=n_replicates)
    eigenvalues = np.linalg.eigvalsh(tasks @ tasks.mT)
    low, high = marchenko_pastur_edges(T / d)
    sign = np.array([-1, 1])
    # Johnstone 2001: the distance to the edge in these units is Tracy-Widom, mean -1.2065 and sd 1.268.
    unit = (np.sqrt(d) + sign * np.sqrt(T)) * (1 / np.sqrt(T) + sign / np.sqrt(d)) ** (1 / 3) / d
    steps = sign * (eigenvalues[:, [0, -1]] - [low, high]) / unit
    # 4.5 standard errors, and 0.3 for the O(T^{-1/3}) shift of this uncorrected centring.
    assert (np.abs(steps.mean(axis=0) + 1.2065) < 4.5 * 1.268 / np.sqrt(n_replicates) + 0.3).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: marchenko_pastur_edges(0.0), "aspect must be a positive number, got 0.0"),
        (lambda: marchenko_pastur_atom(np.inf), "aspect"),
        (lambda: marchenko_pastur_density(1.0, 0.5, -1.0), "variance"),
        (lambda: marchenko_pastur_cdf(np.nan, 0.5), "x holds NaN"),
        (lambda: marchenko_pastur_quantile([0.5, 1.2], 0.5), "probability must lie in"),
        (lambda: marchenko_pastur_top_mass(-0.1, 0.5), "fraction must lie in"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
