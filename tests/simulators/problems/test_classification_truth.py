"""The truth of classification problems against integrals, counts and its own edges."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.labels import ami_of_cosine, normalized_information
from mtl_simulators.problems import ClassificationTruth, Dataset, Problem

FLIPS = np.array([np.eye(2), [[0.9, 0.1], [0.3, 0.7]], [[0.2, 0.8], [0.8, 0.2]]])
COSINES = [0.8, -0.3]


def make_truth(threshold=0.0, *, transition=FLIPS, n_replicates=1):
    teachers = [[1.0, 0.0], *([c, np.sqrt(1 - c**2)] for c in COSINES)]
    weights = np.broadcast_to(np.array(teachers), (n_replicates, 3, 2))
    return ClassificationTruth(weights=weights, threshold=threshold, transition=transition)


def orthant_table(threshold, cosine):
    """Law of two clean labels by integrating the conditional distribution of one score given the other."""
    from scipy.integrate import quad

    def both(x):
        return stats.norm.pdf(x) * stats.norm.sf((threshold - cosine * x) / np.sqrt(1 - cosine**2))

    p11 = quad(both, threshold, 12.0, epsabs=1e-13, epsrel=1e-12)[0]
    p = stats.norm.sf(threshold)
    return np.array([[1 - 2 * p + p11, p - p11], [p - p11, p11]])


@pytest.mark.parametrize("threshold", [0.0, 0.84, -1.3])
def test_disagreement_and_ami_are_those_of_the_integrated_table(threshold):
    truth = make_truth(threshold)
    for task, cosine in enumerate(COSINES, start=1):
        table = orthant_table(threshold, cosine)
        wrong = truth.disagreement(truth.weights[:, :1])[0, task]
        assert wrong == pytest.approx(2 * table[0, 1], abs=1e-11)
        observed = normalized_information(table @ FLIPS[task])
        assert truth.ami[0, task] == pytest.approx(observed.item(), abs=1e-10)
    assert 1 - 1e-15 < truth.ami[0, 0] <= 1
    assert truth.positive == pytest.approx(stats.norm.sf(threshold), rel=1e-14)


def test_disagreement_of_balanced_labels_is_the_angle():
    truth = make_truth()
    wrong = truth.disagreement(7.0 * truth.weights[:, :1])[0]
    assert wrong == pytest.approx(np.arccos([1.0, *COSINES]) / np.pi, abs=1e-15)
    tiny = np.array([[1.0, 1e-12]])
    assert truth.disagreement(tiny)[0, 0] == pytest.approx(1e-12 / np.pi, rel=1e-9)


@pytest.mark.parametrize("threshold", [0.0, 0.84, -1.3])
def test_disagreement_at_its_ends(threshold):
    truth = make_truth(threshold)
    assert not truth.disagreement(truth.weights).any()
    rarer = min(truth.positive, 1 - truth.positive)
    assert truth.disagreement(-truth.weights) == pytest.approx(2 * rarer, rel=1e-12)
    # 1[0 > 0] calls everything negative, which is wrong for every positive label.
    assert truth.disagreement(np.zeros((3, 2))) == pytest.approx(truth.positive, rel=1e-14)
    clean = make_truth(threshold, transition=np.tile(np.eye(2), (3, 1, 1)))
    assert clean.ami[0, 1:] == pytest.approx(ami_of_cosine(COSINES, positive=clean.positive), abs=1e-12)


@pytest.mark.parametrize("threshold", [0.0, 0.84])
def test_labels_are_drawn_from_the_channel_of_their_task(threshold):
    # 6 rates at 5 standard errors.
    truth = make_truth(threshold, n_replicates=2)
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((2, 3, 20_000))
    labels = truth.draw_labels(rng, scores)
    clean = scores > threshold
    for task in range(3):
        for side in (0, 1):
            drawn = labels[:, task][clean[:, task] == side]
            chance = FLIPS[task, side, 1]
            assert abs(drawn.mean() - chance) <= 5 * np.sqrt(chance * (1 - chance) / drawn.size)
    wrong = (labels != clean).mean(axis=(0, 2))
    assert (np.abs(wrong - truth.label_noise) <= 5 * np.sqrt(0.25 / 40_000)).all()


def test_label_noise_weighs_both_kinds_of_error():
    truth = make_truth(stats.norm.isf(0.2))
    assert truth.label_noise == pytest.approx([0.0, 0.8 * 0.1 + 0.2 * 0.3, 0.8], abs=1e-14)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"weights": np.ones((1, 3, 2))}, "unit vectors"),
        ({"weights": np.ones((1, 0, 2))}, "unit vectors .* got shape"),
        ({"weights": np.ones((3, 2))}, "weights has shape"),
        ({"threshold": np.nan}, "threshold holds NaN"),
        ({"threshold": np.zeros(3)}, "threshold has shape"),
        ({"transition": FLIPS[:2]}, r"transition has shape \(2, 2, 2\), expected \(3, 2, 2\)"),
        ({"transition": np.full((3, 2, 2), 0.4)}, "transition must sum to 1"),
        ({"transition": np.tile(np.eye(3), (3, 1, 1))}, r"transition has shape \(3, 3, 3\)"),
    ],
)
def test_what_is_no_truth_is_refused(fields, message):
    truth = make_truth()
    valid = {"weights": truth.weights, "threshold": 0.0, "transition": FLIPS}
    with pytest.raises(ValueError, match=message):
        ClassificationTruth(**{**valid, **fields})


def test_problems_take_it_where_shapes_fit():
    data = Dataset(inputs=np.ones((2, 3, 4, 2)), targets=np.ones((2, 3, 4)))
    assert Problem(train=data, truth=make_truth()).truth.n_tasks == 3
    with pytest.raises(ValueError, match=r"truth has \(B, T, d\) = \(3, 3, 2\)"):
        Problem(train=data, truth=make_truth(n_replicates=3))
