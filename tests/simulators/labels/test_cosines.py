import mpmath
import numpy as np
import pytest
from scipy import stats

from mtl_simulators.labels._adjusted import adjusted_mutual_information, normalized_information
from mtl_simulators.labels._contingency import contingency_table
from mtl_simulators.labels._cosines import ami_of_cosine, cosine_of_ami

COSINES = (0.05, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def test_balanced_labels_have_the_closed_form():
    cosine = np.linspace(-1, 1, 201)[1:-1]
    q = np.arccos(cosine) / np.pi
    closed = 1 + (q * np.log2(q) + (1 - q) * np.log2(1 - q))
    assert ami_of_cosine(cosine) == pytest.approx(closed, abs=1e-14)
    assert ami_of_cosine([-1.0, 0.0, 1.0]).tolist() == pytest.approx([1.0, 0.0, 1.0], abs=1e-15)


def test_frozen_values():
    printed = [0.00073, 0.00294, 0.0273, 0.0817, 0.1837, 0.2685, 0.4065, 0.5276, 0.7350]
    assert ami_of_cosine(COSINES) == pytest.approx(printed, abs=5e-5)
    inverse = {
        0.05: 0.3997,
        0.13: 0.6104,
        0.22: 0.7477,
        0.43: 0.9119,
        0.61: 0.9712,
        0.80: 0.9952,
        0.91: 0.9994,
    }
    assert cosine_of_ami(list(inverse)) == pytest.approx(list(inverse.values()), abs=1e-4)
    unbalanced = [float(ami_of_cosine(0.6, positive=share)) for share in (0.5, 0.2, 0.1)]
    assert unbalanced == pytest.approx([0.1247, 0.1177, 0.1082], abs=5e-5)


def test_small_cosines_have_the_quadratic_law():
    assert ami_of_cosine(1e-4) / 1e-8 == pytest.approx(2 / (np.pi**2 * np.log(2)), rel=1e-7)
    assert cosine_of_ami(1e-10) / 1e-5 == pytest.approx(np.sqrt(np.pi**2 * np.log(2) / 2), rel=1e-7)


@pytest.mark.parametrize("share", [0.5, 0.2, 0.03])
def test_sampled_labels_have_this_ami(share):
    # 20 replicates give the standard error; 5 of them fail by chance in 10 cases with probability .001.
    rng = np.random.default_rng(0)
    score, noise = rng.standard_normal((2, 20, 100_000))
    threshold = stats.norm.isf(share)
    main = (score > threshold).astype(int)
    for cosine in (-0.6, *COSINES):
        other = cosine * score + np.sqrt(1 - cosine**2) * noise > threshold
        sampled = adjusted_mutual_information(contingency_table(main, other.astype(int)))
        error = float(sampled.mean() - ami_of_cosine(cosine, positive=share))
        assert abs(error) < 5 * sampled.std(ddof=1) / np.sqrt(len(sampled))
        # The largest standard error of balanced labels is .00064, at the cosine .9.
        assert share < 0.5 or abs(error) < 0.003


def both_positive(share: float, cosine: float) -> float:
    """Integrate the conditional probability of a second positive score over the first, with 30 digits."""
    with mpmath.workdps(30):
        t = mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * mpmath.mpf(share))
        spread = mpmath.sqrt(1 - mpmath.mpf(cosine) ** 2)
        edges = [t, t + spread, t + 6 * spread, t + 6 * spread + 1, t + 6 * spread + 14]
        return mpmath.quad(lambda x: mpmath.npdf(x) * mpmath.ncdf((cosine * x - t) / spread), edges)


@pytest.mark.parametrize("share", [0.5, 0.2, 0.01, 0.999])
@pytest.mark.parametrize("cosine", [-0.9, 0.0, 0.6, 0.9999, 1 - 1e-9])
def test_orthant_probability_is_the_integral(share, cosine):
    with mpmath.workdps(30):
        both, pi = both_positive(share, cosine), mpmath.mpf(share)
        joint = [[float(both), float(pi - both)], [float(pi - both), float(1 - 2 * pi + both)]]
    expected = float(normalized_information(joint))
    assert ami_of_cosine(cosine, positive=share) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("share, cosine", [(0.3, 0.5), (0.3, -0.5), (0.7, 0.95), (0.05, 0.8)])
def test_orthant_probability_is_that_of_scipy(share, cosine):
    threshold = stats.norm.ppf(share)
    both = stats.multivariate_normal.cdf([threshold, threshold], cov=[[1, cosine], [cosine, 1]], abseps=1e-12)
    joint = [[both, share - both], [share - both, 1 - 2 * share + both]]
    expected = normalized_information(joint)
    assert ami_of_cosine(cosine, positive=share) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("share", [0.5, 0.2, 0.99, 1e-6])
def test_the_inverse_undoes_the_ami(share):
    cosine = np.linspace(0, 1, 101)
    ami = ami_of_cosine(cosine, positive=share)
    assert (np.diff(ami) > 0).all()
    # d ami / d cosine vanishes at 0, where the AMI of a rare label has fewer digits.
    assert cosine_of_ami(ami, positive=share) == pytest.approx(cosine, abs=1e-9)
    targets = np.linspace(0, 1, 101).reshape(1, 101, 1)
    again = ami_of_cosine(cosine_of_ami(targets, positive=share), positive=share)
    assert again.shape == targets.shape
    assert again == pytest.approx(targets, abs=1e-8)


def test_names_of_the_labels_and_signs_of_balanced_tasks_do_not_matter():
    cosine = np.linspace(-1, 1, 41)
    assert ami_of_cosine(cosine, positive=0.2) == pytest.approx(
        ami_of_cosine(cosine, positive=0.8), abs=1e-14
    )
    assert ami_of_cosine(cosine) == pytest.approx(ami_of_cosine(-cosine), abs=1e-14)
    assert (ami_of_cosine(-cosine[30:], positive=0.2) < ami_of_cosine(cosine[30:], positive=0.2)).all()


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: ami_of_cosine([0.0, 1.0000001]),
            r"cosine must lie in \[-1, 1\], got values from 0 to 1.0000001",
        ),
        (lambda: ami_of_cosine(np.nan), "cosine holds NaN"),
        (lambda: ami_of_cosine(0.5, positive=1.0), "positive must lie strictly between 0 and 1, got 1.0"),
        (lambda: cosine_of_ami(-0.1), r"ami must lie in \[0, 1\], got values from -0.1"),
        (lambda: cosine_of_ami(0.5, positive=0.0), "positive must lie strictly between 0 and 1, got 0.0"),
    ],
)
def test_what_is_infeasible_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
