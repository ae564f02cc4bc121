"""Channels of labels: products, margins, information."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.labels._adjusted import geometric_average, maximum_average, minimum_average
from mtl_simulators.labels._channel import Channel

PRIOR = np.array([0.5, 0.3, 0.2])


def random_channel(seed: int, k: int = 3, m: int = 4) -> Channel:
    return Channel(transition=np.random.default_rng(seed).dirichlet(np.ones(m), size=k))


def test_joint_has_the_prior_and_the_output_as_margins():
    channel = random_channel(0)
    joint = channel.joint(PRIOR)
    assert joint.sum(axis=1) == pytest.approx(PRIOR, abs=1e-15)
    assert joint.sum(axis=0) == pytest.approx(channel.output(PRIOR), abs=1e-15)
    assert channel.output(PRIOR) == pytest.approx(PRIOR @ channel.transition, abs=1e-15)


def test_ami_is_the_information_from_scipys_entropies():
    channel = random_channel(1)
    h_x, h_y = stats.entropy(PRIOR), stats.entropy(channel.output(PRIOR))
    information = h_x + h_y - stats.entropy(channel.joint(PRIOR).ravel())
    assert channel.ami(PRIOR) == pytest.approx(2 * information / (h_x + h_y), abs=1e-13)
    averages = {geometric_average: np.sqrt(h_x * h_y), maximum_average: max(h_x, h_y)}
    for average, bound in {**averages, minimum_average: min(h_x, h_y)}.items():
        assert channel.ami(PRIOR, average=average) == pytest.approx(information / bound, abs=1e-13)


def test_composition_is_associative_and_loses_information():
    first, second, third = random_channel(2, 3, 4), random_channel(3, 4, 5), random_channel(4, 5, 2)
    left, right = first.then(second).then(third), first.then(second.then(third))
    assert np.abs(left.transition - right.transition).max() < 1e-15
    assert np.abs(first.then(second).output(PRIOR) - second.output(first.output(PRIOR))).max() < 1e-15
    information = [c.ami(PRIOR, average=lambda h_x, h_y: h_x) for c in (first, first.then(second), left)]
    assert information[0] > information[1] > information[2] > 0


def test_rounded_rows_are_made_to_sum_to_one():
    channel = Channel(transition=np.full((2, 3), 1 / 3, dtype=np.float32))
    assert np.abs(channel.transition.sum(axis=1) - 1).max() < 1e-15


@pytest.mark.parametrize(
    "transition, message",
    [
        ([[0.5, 0.6], [0.5, 0.5]], "transition must sum to 1 on the last axis, got 1.1; divide"),
        ([[-0.1, 1.1]], "transition must hold probabilities, got a smallest value of -0.1"),
        ([[np.nan, 1.0]], "transition holds NaN"),
        ([0.5, 0.5], r"transition has shape \(2,\): expected 2 dimensions"),
        (np.zeros((0, 2)), r"transition must hold probabilities, got shape \(0, 2\)"),
    ],
)
def test_rows_that_are_no_distributions_are_refused(transition, message):
    with pytest.raises(ValueError, match=message):
        Channel(transition=transition)


def test_sizes_that_do_not_fit_are_refused():
    channel = random_channel(5)
    with pytest.raises(ValueError, match="prior has 2 labels, but the channel takes 3"):
        channel.joint([0.5, 0.5])
    with pytest.raises(ValueError, match="prior must sum to 1"):
        channel.output([5, 3, 2])
    with pytest.raises(ValueError, match="the first channel has 4 outputs, but the second takes 3"):
        channel.then(channel)
