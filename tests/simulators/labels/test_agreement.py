import numpy as np
import pytest

from mtl_simulators.labels._agreement import agreement_of_ami, ami_of_agreement
from mtl_simulators.labels._families import Resample

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621
PRIORS = [CONLL, np.full(5, 0.2), np.array([0.5, 0.5]), np.array([0.9, 0.0, 0.1]), np.full(40, 0.025)]


@pytest.mark.parametrize("prior", PRIORS)
def test_closed_form_is_the_ami_of_the_resample_channel(prior):
    grid = np.concatenate([[0.0, 1e-3, 1 - 1e-6, 1.0], np.linspace(0.05, 0.95, 10)])
    channels = [Resample().channel(r, prior=prior).ami(prior) for r in grid]
    assert np.abs(ami_of_agreement(grid, prior=prior) - channels).max() < 1e-13


@pytest.mark.parametrize("prior", PRIORS)
def test_inverse_returns_the_agreement_even_near_its_ends(prior):
    # At r = 1e-7 the AMI is of order 1e-14: relative digits of it are what the inverse lives on.
    agreement = np.array([0.0, 1e-7, 1e-3, 0.3, 0.7, 0.999, 1 - 1e-9, 1.0])
    back = agreement_of_ami(ami_of_agreement(agreement, prior=prior), prior=prior)
    assert np.abs(back - agreement).max() < 1e-12
    assert back[[0, -1]].tolist() == [0.0, 1.0]


def test_agreements_of_the_published_levels():
    levels = [0.05, 0.13, 0.22, 0.43, 0.61, 0.80, 0.91]
    for prior, expected in (
        (CONLL, [0.1772, 0.3167, 0.4366, 0.6516, 0.7936, 0.9125, 0.9670]),
        (np.full(5, 0.2), [0.2174, 0.3623, 0.4802, 0.6832, 0.8137, 0.9214, 0.9704]),
    ):
        assert np.abs(agreement_of_ami(levels, prior=prior) - expected).max() < 1e-4


def test_small_agreements_follow_the_second_order_law():
    # I ~ r^2 (k - 1) / 2 with a relative remainder of order r.
    prior, r = np.array([0.6, 0.3, 0.1]), 1e-4
    entropy = -(prior * np.log(prior)).sum()
    assert ami_of_agreement(r, prior=prior) * entropy == pytest.approx(r**2, rel=1e-3)


def test_shape_is_kept():
    assert ami_of_agreement(np.full((2, 3, 4), 0.5), prior=CONLL).shape == (2, 3, 4)
    assert agreement_of_ami(np.full((2, 3, 4), 0.5), prior=CONLL).shape == (2, 3, 4)
    assert agreement_of_ami(np.ones((0,)), prior=CONLL).shape == (0,)


@pytest.mark.parametrize("function", [ami_of_agreement, agreement_of_ami])
@pytest.mark.parametrize(
    "value, prior, message",
    [
        (1.1, [0.5, 0.5], r"must lie in \[0, 1\]"),
        ([0.2, -0.1], [0.5, 0.5], r"must lie in \[0, 1\]"),
        (np.nan, [0.5, 0.5], "holds NaN"),
        (0.5, [1.0, 0.0], "single label: it carries no information"),
        (0.5, [0.5, 0.4], "prior must sum to 1"),
    ],
)
def test_bad_values_are_refused(function, value, prior, message):
    with pytest.raises(ValueError, match=message):
        function(value, prior=prior)
