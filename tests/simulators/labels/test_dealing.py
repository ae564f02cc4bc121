"""Auxiliary labels: counts kept, tokens at random, the AMI asked for."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import adjusted_mutual_info_score

from mtl_simulators.labels._channel import Channel
from mtl_simulators.labels._contingency import contingency_table
from mtl_simulators.labels._dealing import deal_labels, iid_labels, make_auxiliary_labels
from mtl_simulators.labels._families import Merge, Resample, Symmetric

CONLL = np.array([169578, 11128, 10025, 8297, 4593]) / 203621
FAMILIES = [Resample(), Symmetric()]


def conll_labels(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(5, size=n, p=CONLL)


@pytest.mark.parametrize("family", FAMILIES)
def test_auxiliary_labels_have_the_ami_asked_for(family):
    main = conll_labels(0, 2000)
    kept = main.copy()
    auxiliary = make_auxiliary_labels(np.random.default_rng(1), labels=main, family=family, ami=0.3)
    assert adjusted_mutual_info_score(main, auxiliary) == pytest.approx(0.3, abs=1e-4)
    assert (main == kept).all()
    again = make_auxiliary_labels(np.random.default_rng(1), labels=main, family=family, ami=0.3)
    assert (auxiliary == again).all()


@pytest.mark.parametrize("ami", [0.2, 0.43, 0.6])
def test_independent_draws_scatter_about_the_ami(ami):
    # 300 samples: the mean is within 5 standard errors, about 0.009, of a bias of a few thousandths;
    # their standard deviation has a relative error of 4 %.
    amis = []
    for rng in np.random.default_rng(2).spawn(300):
        main = rng.choice(5, size=1000, p=CONLL)
        auxiliary = make_auxiliary_labels(rng, labels=main, family=Resample(), ami=ami, exact=False)
        amis.append(adjusted_mutual_info_score(main, auxiliary))
    assert abs(np.mean(amis) - ami) < 0.01
    assert np.std(amis) * np.sqrt(1000) == pytest.approx(1.0, rel=0.3)


def test_independent_draws_follow_the_channel():
    transition = np.random.default_rng(3).dirichlet(np.ones(4), size=3)
    main = np.repeat([0, 1, 2], 20_000)
    drawn = iid_labels(np.random.default_rng(4), labels=main, channel=Channel(transition=transition))
    counts = contingency_table(main, drawn)
    for i in range(3):
        assert stats.chisquare(counts[i], 20_000 * transition[i]).pvalue > 1e-4


def test_impossible_labels_are_not_drawn():
    transition = np.array([[0.1, 0.2, 0.7, 0.0], [0.0, 1.0, 0.0, 0.0]])
    drawn = iid_labels(
        np.random.default_rng(5), labels=np.repeat([0, 1], 5000), channel=Channel(transition=transition)
    )
    assert drawn[:5000].max() == 2 and (drawn[5000:] == 1).all()


def test_dealing_keeps_the_counts_and_spreads_them_evenly():
    main = np.random.default_rng(6).integers(3, size=60)
    table = np.array([[0, 3, 1], [5, 0, 2], [1, 1, 1]])
    rest = np.bincount(main) - table.sum(axis=1)
    table[:, 0] += rest
    rng = np.random.default_rng(7)
    dealt = np.array([deal_labels(rng, labels=main, table=table) for _ in range(4000)])
    assert (
        contingency_table(np.broadcast_to(main, dealt.shape), dealt, n_first=3, n_second=3) == table
    ).all()
    # Every token of a main label is equally likely to get each auxiliary label: 60 x 3 frequencies at 5 sd.
    expected = table[main] / table.sum(axis=1)[main, None]
    frequencies = (dealt[..., None] == np.arange(3)).mean(axis=0)
    sd = np.sqrt(expected * (1 - expected) / 4000)
    assert (np.abs(frequencies - expected) <= 5 * sd).all()


def test_labels_that_do_not_occur_count_when_named():
    main = np.array([0, 1] * 500)
    arguments = {"labels": main, "family": Symmetric(), "ami": 0.3}
    assert set(make_auxiliary_labels(np.random.default_rng(8), **arguments, tolerance=1e-3)) == {0, 1}
    assert set(make_auxiliary_labels(np.random.default_rng(8), **arguments, n_labels=4)) == {0, 1, 2, 3}
    with pytest.raises(ValueError, match=r"labels must hold codes 0..0, got values from 0 to 1"):
        make_auxiliary_labels(np.random.default_rng(8), **arguments, n_labels=1)


@pytest.mark.parametrize(
    "labels, message",
    [
        ([0.0, 1.0], "labels must be a non-empty array of integer codes .* float64; number"),
        ([[0, 1]], r"got shape \(1, 2\)"),
        (np.zeros(0, dtype=int), r"got shape \(0,\)"),
        ([-1, 0, 1], "labels must hold codes 0, got values from -1 to 1"),
        ([0, 0, 0], "a single label: it carries no information"),
    ],
)
def test_labels_that_are_no_codes_are_refused(labels, message):
    for exact in (True, False):
        with pytest.raises(ValueError, match=message):
            make_auxiliary_labels(
                np.random.default_rng(0), labels=labels, family=Resample(), ami=0.5, exact=exact
            )


def test_infeasible_targets_name_the_range():
    main = np.array([0, 1, 2] * 100)
    with pytest.raises(ValueError, match=r"infeasible for Merge.*reaches \[0\.73.*, 0\.73"):
        make_auxiliary_labels(
            np.random.default_rng(0), labels=main, family=Merge(groups=(0, 1, 1)), ami=0.9, exact=False
        )
    with pytest.raises(ValueError, match=r"in this sample, and \[0\.73.*, 0\.73.*\] in the population"):
        make_auxiliary_labels(np.random.default_rng(0), labels=main, family=Merge(groups=(0, 1, 1)), ami=0.9)


def test_tables_of_other_labels_are_refused():
    with pytest.raises(ValueError, match=r"sum to \[1, 1\], but the labels occur \[2, 0\] times"):
        deal_labels(np.random.default_rng(0), labels=[0, 0], table=[[1, 0], [0, 1]])
    with pytest.raises(ValueError, match=r"codes 0..1, got values from 0 to 2"):
        deal_labels(np.random.default_rng(0), labels=[0, 2], table=[[1, 0], [0, 1]])
    with pytest.raises(ValueError, match=r"codes 0..1, got values from 0 to 2"):
        iid_labels(np.random.default_rng(0), labels=[0, 2], channel=Channel(transition=np.eye(2)))
