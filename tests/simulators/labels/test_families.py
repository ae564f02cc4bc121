"""Families of channels: closed forms, compositions, what permuting and merging do to the AMI."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.labels import Merge, MergeThenResample, Permutation, Permuted, Resample, Symmetric

# Token counts of the CoNLL-2003 training set, O PER ORG LOC MISC.
CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621
PRIORS = [np.full(2, 0.5), np.full(5, 0.2), CONLL, np.array([0.7, 0.3]), np.array([0.5, 0.0, 0.5])]
FAMILIES = [
    Symmetric(),
    Resample(),
    MergeThenResample(groups=(0, 1, 0, 2, 1)),
    Permuted(family=Symmetric(), order=(4, 0, 3, 1, 2)),
]


# Rounded to four digits: Bettgenhäuser, Hedderich and Klakow measured .13 .17 .21 .27 .34 .43 .48 .55 .57 .60
# .63 .68 .71 .75 .80 .85 .91 on the tokens.
SYMMETRIC_AMI = {
    0.6: 0.1324,
    0.65: 0.1709,
    0.7: 0.2174,
    0.75: 0.2741,
    0.8: 0.3443,
    0.85: 0.4332,
    0.87: 0.4759,
    0.9: 0.5500,
    0.91: 0.5780,
    0.92: 0.6081,
    0.93: 0.6404,
    0.94: 0.6754,
    0.95: 0.7134,
    0.96: 0.7552,
    0.97: 0.8016,
    0.98: 0.8541,
    0.99: 0.9158,
}


@pytest.mark.parametrize("alpha, ami", SYMMETRIC_AMI.items())
def test_symmetric_channels_have_the_ami_of_the_papers_tasks(alpha, ami):
    assert Symmetric().channel(alpha, prior=CONLL).ami(CONLL) == pytest.approx(ami, abs=6e-5)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", [Symmetric(), Resample()])
def test_ends_are_independence_and_identity(family, prior):
    low, high = family.bounds(prior)
    independent, identity = (family.channel(end, prior=prior) for end in (low, high))
    assert np.ptp(independent.transition, axis=0).max() < 1e-15
    assert independent.ami(prior) == pytest.approx(0.0, abs=1e-15)
    assert (identity.transition == np.eye(len(prior))).all()
    assert identity.ami(prior) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("family", FAMILIES)
def test_ami_rises_with_the_parameter(family, average):
    for prior in (CONLL, np.full(5, 0.2), np.array([0.01, 0.01, 0.9, 0.04, 0.04])):
        amis = [
            family.channel(parameter, prior=prior).ami(prior, average=average)
            for parameter in np.linspace(*family.bounds(prior), 40)
        ]
        assert (np.diff(amis) > 0).all()


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("r", [1e-3, 0.3, 0.7, 0.999])
def test_resampling_has_its_closed_form_and_keeps_the_labels(prior, r, average):
    channel = Resample().channel(r, prior=prior)
    p = prior[prior > 0]
    q = r + (1 - r) * p
    information = (p * q * np.log(q / p)).sum() + (1 - r) * np.log(1 - r) * (1 - p @ p)
    assert channel.output(prior) == pytest.approx(prior, abs=1e-15)
    assert channel.ami(prior, average=average) == pytest.approx(information / stats.entropy(p), abs=1e-13)


@pytest.mark.parametrize("prior", PRIORS)
def test_little_copying_gives_half_its_square_for_every_further_label(prior):
    p, r = prior[prior > 0], 1e-4
    information = Resample().channel(r, prior=prior).ami(prior) * stats.entropy(p)
    half = (len(p) - 1) / 2
    # The cubic term is small, 8e-4 at most here, and the quartic one below 2e-6.
    cubic = (((1 - p) ** 3 / p).sum() - (1 - p @ p)) / 6
    assert information / r**2 == pytest.approx(half, rel=1e-3)
    assert information / r**2 == pytest.approx(half - cubic * r, rel=5e-6)


@pytest.mark.parametrize("prior", PRIORS)
def test_two_auxiliary_labels_of_one_main_label_compose_to_the_product(prior):
    first, second = (Resample().channel(r, prior=prior) for r in (0.63, 0.41))
    auxiliaries = first.transition.T @ np.diag(prior) @ second.transition
    product = Resample().channel(0.63 * 0.41, prior=prior)
    assert np.abs(auxiliaries - product.joint(prior)).max() < 1e-15
    assert np.abs(first.then(second).transition - product.transition).max() < 1e-15


def test_renaming_leaves_the_ami(average):
    order = (2, 0, 4, 1, 3)
    for family in (Symmetric(), Resample()):
        channel = family.channel(0.6, prior=CONLL)
        renamed = Permuted(family=family, order=order).channel(0.6, prior=CONLL)
        assert np.abs(renamed.transition[:, order] - channel.transition).max() < 1e-15
        assert renamed.ami(CONLL, average=average) == pytest.approx(
            channel.ami(CONLL, average=average), abs=1e-14
        )
    permutation = Permutation(order=order)
    assert permutation.bounds(CONLL) == (1.0, 1.0)
    assert permutation.channel(prior=CONLL).transition.argmax(axis=1).tolist() == list(order)
    assert permutation.channel(prior=CONLL).ami(CONLL, average=average) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("groups", [(0, 1, 1, 1, 1), (0, 1, 0, 2, 1), (3, 2, 1, 0, 0)])
def test_merging_sets_a_ceiling_that_resampling_reaches(groups):
    merged = np.bincount(groups, weights=CONLL)
    ceiling = 2 * stats.entropy(merged) / (stats.entropy(CONLL) + stats.entropy(merged))
    assert Merge(groups=groups).channel(prior=CONLL).ami(CONLL) == pytest.approx(ceiling, abs=1e-14)
    noisy = MergeThenResample(groups=groups)
    assert noisy.channel(1.0, prior=CONLL).ami(CONLL) == pytest.approx(ceiling, abs=1e-14)
    assert noisy.channel(0.0, prior=CONLL).ami(CONLL) == pytest.approx(0.0, abs=1e-14)
    assert noisy.channel(0.4, prior=CONLL).output(CONLL) == pytest.approx(merged, abs=1e-14)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Merge(groups=(0, 2)), r"groups must use every code from 0 on, got \[0, 2\]"),
        (lambda: Merge(groups=()), "groups must be a row of integer codes"),
        (lambda: MergeThenResample(groups=(0.0, 1.0)), "groups must be a row of integer codes"),
        (lambda: MergeThenResample(groups=(-1, 0)), "groups must use every code from 0 on"),
        (lambda: Permutation(order=(0, 0, 1)), r"order must hold every label once, got \[0, 0, 1\]"),
        (lambda: Permuted(family=Resample(), order=(1, 2)), "order must use every code from 0 on"),
    ],
)
def test_renamings_with_gaps_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "family, parameter, message",
    [
        (Symmetric(), 0.4, r"parameter must lie in \[0.5, 1\], got 0.4"),
        (Resample(), -0.1, r"parameter must lie in \[0, 1\], got -0.1"),
        (Resample(), np.nan, r"parameter must lie in \[0, 1\], got nan"),
        (Merge(groups=(0, 1)), 0.5, r"parameter must lie in \[1, 1\], got 0.5"),
        (Permutation(order=(1, 0)), 0.0, r"parameter must lie in \[1, 1\]"),
        (Merge(groups=(0, 1, 1)), 1.0, "groups renames 3 labels, but there are 2"),
        (Permuted(family=Resample(), order=(0, 2, 1)), 0.5, "order renames 3 labels, but there are 2"),
    ],
)
def test_parameters_and_priors_that_do_not_fit_are_refused(family, parameter, message):
    with pytest.raises(ValueError, match=message):
        family.channel(parameter, prior=[0.5, 0.5])
