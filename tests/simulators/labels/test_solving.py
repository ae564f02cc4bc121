"""Channels with a requested AMI in the population."""

import numpy as np
import pytest

from mtl_simulators.labels import Merge, MergeThenResample, Permutation, Permuted, Resample, Symmetric
from mtl_simulators.labels._solving import channel_parameter, feasible_ami, solve_channel

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621
UNIFORM = np.full(5, 0.2)
TARGETS = [0.05, 0.13, 0.22, 0.43, 0.61, 0.80, 0.91]


@pytest.mark.parametrize(
    "family, prior, parameters",
    [
        (Resample(), CONLL, [0.1772, 0.3167, 0.4366, 0.6516, 0.7936, 0.9125, 0.9670]),
        (Resample(), UNIFORM, [0.2174, 0.3623, 0.4802, 0.6832, 0.8137, 0.9214, 0.9704]),
        (Symmetric(), CONLL, [0.4462, 0.5966, 0.7025, 0.8484, 0.9206, 0.9697, 0.9891]),
        (Symmetric(), UNIFORM, [0.3739, 0.4898, 0.5842, 0.7466, 0.8510, 0.9371, 0.9763]),
    ],
)
def test_parameters_are_the_reference_values(family, prior, parameters):
    solved = [channel_parameter(family, prior=prior, ami=ami) for ami in TARGETS]
    assert solved == pytest.approx(parameters, abs=6e-5)


@pytest.mark.parametrize("prior", [CONLL, UNIFORM, [0.9, 0.1, 0.0, 0.0, 0.0]])
@pytest.mark.parametrize(
    "family",
    [Symmetric(), Resample(), Permuted(family=Symmetric(), order=(1, 2, 3, 4, 0))],
)
def test_solved_channels_have_the_ami_asked_for(family, prior, average):
    for ami in (0.0, 1e-12, 1e-6, *TARGETS, 1 - 1e-6, 1.0):
        channel = solve_channel(family, prior=prior, ami=ami, average=average)
        assert channel.ami(prior, average=average) == pytest.approx(ami, abs=1e-12)


def test_two_uniform_labels_have_the_same_symmetric_and_resampled_channel():
    symmetric, resampled = (
        solve_channel(family, prior=[0.5, 0.5], ami=0.3).transition for family in (Symmetric(), Resample())
    )
    assert np.abs(symmetric - resampled).max() < 1e-12


def test_merged_labels_reach_everything_up_to_their_ceiling():
    groups = (0, 0, 1, 1, 2)
    ceiling = Merge(groups=groups).channel(prior=CONLL).ami(CONLL)
    family = MergeThenResample(groups=groups)
    assert feasible_ami(family, prior=CONLL) == pytest.approx((0.0, ceiling), abs=1e-14)
    for share in (0.0, 0.3, 0.999, 1.0):
        channel = solve_channel(family, prior=CONLL, ami=share * ceiling)
        assert channel.ami(CONLL) == pytest.approx(share * ceiling, abs=1e-13)
    with pytest.raises(
        ValueError, match=rf"reaches \[0.000000, {ceiling:.6f}\]; ask for a value in that range"
    ):
        solve_channel(family, prior=CONLL, ami=ceiling + 1e-6)


def test_families_without_a_parameter_have_one_ami():
    assert solve_channel(Permutation(order=(1, 0)), prior=[0.7, 0.3], ami=1.0).transition[0, 1] == 1.0
    merge = Merge(groups=(0, 1, 1))
    low, high = feasible_ami(merge, prior=[0.5, 0.25, 0.25])
    assert low == high == pytest.approx(2 / 2.5, abs=1e-14)
    assert solve_channel(merge, prior=[0.5, 0.25, 0.25], ami=0.8).transition.shape == (3, 2)
    with pytest.raises(ValueError, match=r"infeasible for Merge.* \[0.800000, 0.800000\]"):
        solve_channel(merge, prior=[0.5, 0.25, 0.25], ami=0.7)


@pytest.mark.parametrize("ami", [-0.1, 1.1, np.nan, np.inf])
def test_impossible_targets_are_refused(ami):
    with pytest.raises(ValueError, match=r"ami must lie in \[0, 1\], got"):
        channel_parameter(Resample(), prior=UNIFORM, ami=ami)


@pytest.mark.parametrize("prior", [[1.0], [0.0, 1.0, 0.0]])
def test_main_labels_of_one_kind_are_refused(prior):
    with pytest.raises(ValueError, match="a single label: it carries no information"):
        solve_channel(Resample(), prior=prior, ami=0.5)
