"""Task vectors around a common one: lengths, distances and the common part measured."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.geometry import make_random_effects_tasks


def test_distances_follow_their_chi_squared_law():
    """d |w_s - w_t|^2 / (2 mu^2) is chi-squared with d degrees: KS at p > 1e-4."""
    spread, d = 0.3, 7
    w = make_random_effects_tasks(
        np.random.default_rng(0), n_tasks=2, n_features=d, spread=spread, n_replicates=4000
    )
    square = ((w[:, 0] - w[:, 1]) ** 2).sum(axis=-1)
    assert stats.kstest(d * square / (2 * spread**2), stats.chi2(d).cdf).pvalue > 1e-4


def test_lengths_have_the_mean_asked_for():
    w = make_random_effects_tasks(
        np.random.default_rng(1), n_tasks=3, n_features=10, spread=0.5, n_replicates=4000
    )
    square = (w**2).sum(axis=-1).mean(axis=1)
    assert abs(square.mean() - 1.25) < 5 * square.std() / np.sqrt(len(square))


def test_without_spread_all_tasks_are_one_unit_vector():
    w = make_random_effects_tasks(
        np.random.default_rng(2), n_tasks=4, n_features=5, spread=0.0, n_replicates=3
    )
    assert np.abs(w - w[:, :1]).max() == 0
    assert np.abs(np.linalg.norm(w, axis=-1) - 1).max() < 1e-14
    assert np.abs(w[0, 0] - w[1, 0]).max() > 0.1


def test_common_vector_points_anywhere():
    """A coordinate of a uniform unit vector in 3 dimensions is uniform on [-1, 1]: KS at p > 1e-4."""
    w = make_random_effects_tasks(
        np.random.default_rng(3), n_tasks=1, n_features=3, spread=0.0, n_replicates=4000
    )
    assert stats.kstest(w[:, 0, 1], stats.uniform(-1, 2).cdf).pvalue > 1e-4


def test_spread_scales_the_same_draw():
    def draw(spread):
        rng = np.random.default_rng(4)
        return make_random_effects_tasks(rng, n_tasks=3, n_features=6, spread=spread, n_replicates=2)

    common = draw(0.0)
    assert np.abs((draw(0.8) - common) - 4 * (draw(0.2) - common)).max() < 1e-14
    assert np.array_equal(draw(0.3), draw(0.3))


@pytest.mark.parametrize("spread", [-0.1, np.inf, np.nan])
def test_impossible_spread_is_refused(spread):
    with pytest.raises(ValueError, match="spread"):
        make_random_effects_tasks(np.random.default_rng(0), n_tasks=2, n_features=3, spread=spread)
