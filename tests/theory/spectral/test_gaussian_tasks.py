import numpy as np
import pytest
from scipy import stats
from scipy.special import beta

from mtl_simulators.geometry import make_gaussian_tasks, rescale_tasks
from mtl_theory.spectral import (
    Frequency,
    draw_gaussian_slopes,
    gaussian_slope,
    noise_slopes,
    probability_slope_decreases,
)

# (k, T, d, P): all steps t = k..T-1 lower the slope, 1000 draws each.
MONOTONE = [
    *(
        (1, 10, d, p)
        for d, p in ((11, 0.11), (20, 0.27), (50, 0.56), (100, 0.84), (250, 0.966), (500, 0.997))
    ),
    *((1, 10, d, 1.0) for d in (1000, 2000)),
    *((4, 10, d, p) for d, p in ((11, 0.16), (20, 0.41), (50, 0.90), (100, 0.998), (250, 1.0), (500, 1.0))),
    *((1, 6, d, p) for d, p in ((36, 0.72), (108, 0.96), (216, 0.992))),
]
# (k, d, P) at T = 10, 20000 draws each: the sizes of MNIST (784), of text features (768) and CIFAR (3072).
PAPER_SIZES = [
    *((1, d, 0.9994) for d in (728, 768, 784)),
    *((k, d, 1.0) for k in (2, 4) for d in (728, 768, 784)),
    *((k, 3072, 1.0) for k in (1, 2, 4)),
]
# (T, failure rate of the last step) at k = 1, d = T^3 / 4, 400000 draws each, 200000 the last.
TAIL = [(5, 0.0834), (7, 0.0351), (9, 0.0157), (11, 0.0072), (13, 0.0033), (16, 0.0010)]


def assert_same_rate(seen: Frequency, rate: float, n_draws: int) -> None:
    """Fisher's exact test of two counts, at the two-sided level of 4.5 standard errors."""
    reference = round(rate * n_draws)
    table = [[seen.n_seen, seen.n_draws - seen.n_seen], [reference, n_draws - reference]]
    assert stats.fisher_exact(table).pvalue > 2 * stats.norm.sf(4.5), (seen.probability, rate)


@pytest.mark.parametrize(("capacity", "n_tasks", "n_features", "probability"), MONOTONE)
def test_probability_that_every_task_helps(capacity, n_tasks, n_features, probability):
    seen = probability_slope_decreases(
        np.random.default_rng(30), n_tasks=n_tasks, n_features=n_features, capacity=capacity, n_draws=4000
    )
    assert_same_rate(seen, probability, 1000)


@pytest.mark.parametrize(("capacity", "n_features", "probability"), PAPER_SIZES)
def test_probability_that_every_task_helps_at_paper_sizes(capacity, n_features, probability):
    seen = probability_slope_decreases(
        np.random.default_rng(31), n_tasks=10, n_features=n_features, capacity=capacity, n_draws=4000
    )
    assert_same_rate(seen, probability, 20_000)


@pytest.mark.parametrize(
    ("n_draws", "reference"),
    [(10_000, 400_000), pytest.param(400_000, 400_000, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize(("n_tasks", "rate"), TAIL)
def test_tail_of_the_last_step(n_tasks, rate, n_draws, reference):
    seen = probability_slope_decreases(
        np.random.default_rng(32),
        n_tasks=n_tasks,
        n_features=round(n_tasks**3 / 4),
        capacity=1,
        n_draws=n_draws,
        first=n_tasks - 1,
    )
    assert_same_rate(seen, 1 - rate, reference if n_tasks < 16 else 200_000)


def test_mean_slopes_at_paper_size():
    slopes = draw_gaussian_slopes(
        np.random.default_rng(33), n_tasks=10, n_features=784, capacity=4, n_draws=4000
    )
    reference = [1.000, 0.823, 0.701, 0.612, 0.544, 0.491, 0.448]
    # Half a unit of the last decimal, and the sampling errors of 4000 draws here and 20000 there.
    tolerance = 0.0005 + 4.5 * slopes.std(axis=0) * np.sqrt(1 / 4000 + 1 / 20_000)
    assert (np.abs(slopes.mean(axis=0) - reference) < tolerance).all()


@pytest.mark.parametrize(
    ("n_features", "reference"),
    [(784, [0.820, 0.696, 0.607, 0.540, 0.487]), (3072, [0.810, 0.682, 0.589, 0.520, 0.466])],
)
def test_mean_slopes_of_unit_vectors(n_features, reference):
    slopes = draw_gaussian_slopes(
        np.random.default_rng(34), n_tasks=9, n_features=n_features, capacity=4, n_draws=4000, unit_norm=True
    )
    np.testing.assert_array_equal(slopes[:, 0], 1.0)
    # The reference's own number of draws is unknown: at least 100 makes its sampling error sd / 10.
    tolerance = 0.0005 + 4.5 * slopes[:, 1:].std(axis=0) * np.sqrt(1 / 4000 + 1 / 100)
    assert (np.abs(slopes[:, 1:].mean(axis=0) - reference) < tolerance).all()


@pytest.mark.parametrize(("n_tasks", "n_features", "capacity"), [(5, 8, 2), (6, 3, 1), (5, 5, 4), (4, 1, 1)])
@pytest.mark.parametrize("unit_norm", [False, True])
def test_factor_draws_have_the_law_of_task_vectors(n_tasks, n_features, capacity, unit_norm):
    drawn = draw_gaussian_slopes(
        np.random.default_rng(35),
        n_tasks=n_tasks,
        n_features=n_features,
        capacity=capacity,
        n_draws=4000,
        first=1,
        unit_norm=unit_norm,
    )
    tasks = make_gaussian_tasks(
        np.random.default_rng(36), n_tasks=n_tasks, n_features=n_features, n_replicates=4000
    )
    direct = noise_slopes(rescale_tasks(tasks, 1.0) if unit_norm else tasks, capacity)
    # Columns and steps, so that the joint law of nested sets is compared, not only each margin. Rounding
    # takes out the ties (R = 1 for unit vectors) that rounding errors would split.
    for view in (lambda x: x, lambda x: np.diff(x, axis=-1)):
        for mine, other in zip(view(drawn).T.round(9), view(direct).T.round(9), strict=True):
            assert stats.ks_2samp(mine, other).pvalue > 1e-4


@pytest.mark.parametrize("n_features", [2, 5, 40])
def test_two_tasks_have_a_closed_form(n_features):
    # Density of the eigenvalues (s (1 +- w) / 2) of a 2 x 2 Wishart matrix: w (1 - w^2)^((d - 3) / 2), free
    # of the trace s. So E R(2) at k = 1 is (1 + E w) / 2.
    b = (n_features - 1) / 2
    expected = (1 + beta(1.5, b) / beta(1, b)) / 2
    slopes = draw_gaussian_slopes(
        np.random.default_rng(37), n_tasks=2, n_features=n_features, capacity=1, n_draws=40_000, first=2
    )[:, 0]
    assert abs(slopes.mean() - expected) < 4.5 * slopes.std() / 200


def test_a_step_below_the_capacity_is_a_coin_flip():
    seen = probability_slope_decreases(
        np.random.default_rng(38), n_tasks=4, n_features=1000, capacity=4, n_draws=40_000, first=3
    )
    # |c_4|^2 below the mean of the other three: a ratio of chi squares.
    exact = stats.f.cdf(1, 1000, 3000)
    assert abs(seen.probability - exact) < 4.5 * seen.standard_error
    assert exact == pytest.approx(0.5034, abs=1e-4)
    unit = probability_slope_decreases(
        np.random.default_rng(39),
        n_tasks=4,
        n_features=20,
        capacity=4,
        n_draws=100,
        first=1,
        unit_norm=True,
    )
    assert unit.n_seen == 0


@pytest.mark.parametrize("aspect", [0.05, 0.5, 2.0])
def test_asymptotic_slope_approaches_the_simulated_one(aspect):
    errors = []
    for n_tasks, n_draws in ((10, 20_000), (40, 2000), (120, 150)):
        size = {"n_tasks": n_tasks, "n_features": round(n_tasks / aspect), "capacity": n_tasks // 5}
        slopes = draw_gaussian_slopes(np.random.default_rng(40), **size, n_draws=n_draws, first=n_tasks)[:, 0]
        noise = 4.5 * slopes.std() / np.sqrt(n_draws)
        errors.append(gaussian_slope(**size) - slopes.mean())
        # An error of order 1 / T, below the truth; 0.2 / T is 4% of the slope at T = 10 and 0.4% at 120.
        assert -0.2 / n_tasks - noise < errors[-1] < noise
    assert abs(errors[-1]) < abs(errors[0]) / 2


def test_asymptotic_slope_of_one_row_at_ten_tasks():
    slopes = draw_gaussian_slopes(
        np.random.default_rng(41), n_tasks=10, n_features=20, capacity=1, n_draws=20_000, first=10
    )
    assert gaussian_slope(10, 20, 1) / slopes.mean() == pytest.approx(0.98, abs=0.01)


def test_asymptotic_slope_limits():
    assert gaussian_slope(10, 10**10, 4) == pytest.approx(0.4, abs=1e-4)  # orthonormal: k / T
    assert gaussian_slope(6, 50, 6) == gaussian_slope(6, 50, 9) == pytest.approx(1.0, abs=1e-12)
    assert gaussian_slope(60, 7, 7) == pytest.approx(1.0, abs=1e-12)
    assert gaussian_slope(40, 1, 1) == pytest.approx(1.0, abs=1e-12)
    in_capacity = [gaussian_slope(30, 45, k) for k in range(1, 31)]
    assert (np.diff(in_capacity) > 0).all()
    assert (np.diff(in_capacity, n=2) < 0).all()  # each further row carries less


def test_count_equals_the_drawn_slopes_across_blocks():
    size = {"n_tasks": 64, "n_features": 400, "capacity": 2, "n_draws": 300, "first": 60}
    slopes = draw_gaussian_slopes(np.random.default_rng(42), **size)
    assert slopes.shape == (300, 5)
    assert len(np.unique(slopes[:, 0])) == 300  # a block does not repeat another
    seen = probability_slope_decreases(np.random.default_rng(42), **size)
    falls = (np.diff(slopes, axis=-1) < 0).all(axis=-1).sum()
    assert seen == Frequency(n_seen=int(falls), n_draws=300)
    np.testing.assert_array_equal(slopes, draw_gaussian_slopes(np.random.default_rng(42), **size))


def test_standard_error_of_a_frequency():
    assert Frequency(n_seen=500, n_draws=1000).standard_error == pytest.approx(np.sqrt(0.25 / 1000), rel=0.01)
    assert Frequency(n_seen=0, n_draws=1000).standard_error > 1 / 1000
    rng = np.random.default_rng(43)
    counts = rng.binomial(1000, 0.03, size=2000)
    covered = [
        abs(f.probability - 0.03) < 2 * f.standard_error
        for f in (Frequency(n_seen=int(c), n_draws=1000) for c in counts)
    ]
    assert 0.93 < np.mean(covered) < 0.98


SIZE = {"n_tasks": 5, "n_features": 9, "capacity": 2, "n_draws": 3}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"capacity": 6}, "capacity 6 exceeds n_tasks 5"),
        ({"capacity": 0}, "capacity"),
        ({"n_features": 0}, "n_features"),
        ({"n_draws": 0}, "n_draws"),
        ({"first": 6}, "first must be at most"),
        ({"first": 0}, "first"),
    ],
)
@pytest.mark.parametrize("function", [draw_gaussian_slopes, probability_slope_decreases])
def test_bad_input_is_refused(function, changed, message):
    with pytest.raises(ValueError, match=message):
        function(np.random.default_rng(0), **(SIZE | changed))


def test_a_probability_needs_a_step():
    with pytest.raises(ValueError, match="no step is left between t = 5 and T = 5"):
        probability_slope_decreases(np.random.default_rng(0), **(SIZE | {"first": 5}))


@pytest.mark.parametrize("counts", [(-1, 3), (4, 3), (0, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match=r"n_seen|n_draws"):
        Frequency(n_seen=counts[0], n_draws=counts[1])
