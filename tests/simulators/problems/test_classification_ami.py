"""Classification tasks at a requested AMI: measured on labels and directions, not read off the truth."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.labels import (
    Merge,
    Permuted,
    Symmetric,
    ami_matrix,
    ami_of_cosine,
    contingency_table,
    cosine_of_ami,
    normalized_information,
    star_ami,
)
from mtl_simulators.problems import (
    ClassificationTruth,
    LabelChannel,
    RotatedTeacher,
    make_classification,
)

MATRIX = np.array([[1.0, 0.3, 0.2], [0.3, 1.0, 0.5], [0.2, 0.5, 1.0]])


def make(seed=0, **settings):
    sizes = {"n_features": 6, "n_samples": 20_000, "shared_design": True}
    return make_classification(np.random.default_rng(seed), **{**sizes, **settings})


def codes(problem):
    return problem.train.targets[0].astype(int)


def clean_labels(problem):
    data = problem.train
    inputs = data.inputs[:, None] if data.shared_design else data.inputs
    return (inputs @ problem.truth.weights[..., None])[..., 0] > problem.truth.threshold


def ami_error(labels, first, second):
    """Standard error of the AMI of two labels in a sample, from 20 disjoint parts."""
    parts = np.array_split(np.arange(labels.shape[1]), 20)
    values = [ami_matrix(labels[[first, second]][:, part])[0, 1] for part in parts]
    return np.std(values, ddof=1) / np.sqrt(len(parts))


@pytest.mark.parametrize("positive", [0.5, 0.2])
@pytest.mark.parametrize(
    "mode",
    [
        LabelChannel(),
        LabelChannel(family=Symmetric()),
        LabelChannel(family=Permuted(family=Symmetric(), order=(1, 0))),
        LabelChannel(cosine=0.95),
        LabelChannel(family=Symmetric(), cosine=0.95),
        RotatedTeacher(),
    ],
    ids=str,
)
def test_star_has_the_ami_asked_for(mode, positive):
    # 36 comparisons at 5 standard errors.
    target = [0.05, 0.2, 0.45]
    problem = make(ami=target, mode=mode, positive=positive)
    assert problem.truth.ami[0] == pytest.approx([1.0, *target], abs=1e-11)
    labels = codes(problem)
    for task, ami in enumerate(target, start=1):
        assert abs(ami_matrix(labels[[0, task]])[0, 1] - ami) < 5 * ami_error(labels, 0, task)
    share = labels[0].mean() - positive
    assert abs(share) < 5 * np.sqrt(positive * (1 - positive) / labels.shape[1])


@pytest.mark.parametrize("positive", [0.5, 0.2])
@pytest.mark.parametrize("mode", [LabelChannel(), RotatedTeacher()], ids=str)
def test_matrix_has_every_ami_asked_for(mode, positive):
    # 12 comparisons at 5 standard errors, and one of the shares.
    problem = make(ami=MATRIX, mode=mode, positive=positive)
    labels = codes(problem)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        reached = ami_matrix(labels[[first, second]])[0, 1]
        assert abs(reached - MATRIX[first, second]) < 5 * ami_error(labels, first, second)
    assert problem.truth.ami[0] == pytest.approx(MATRIX[0], abs=1e-8)
    assert np.array_equal(labels[0], clean_labels(problem)[0, 0])
    shares = labels.mean(axis=1) - positive
    assert (np.abs(shares) < 5 * np.sqrt(positive * (1 - positive) / labels.shape[1])).all()


def test_auxiliary_labels_of_a_star_share_what_the_main_label_gives_them():
    target = [0.6, 0.4]
    labels = codes(make(ami=target, positive=0.2))
    reached, expected = ami_matrix(labels[1:])[0, 1], star_ami(target, prior=[0.8, 0.2])[1, 2]
    assert abs(reached - expected) < 5 * ami_error(labels, 1, 2)


@pytest.mark.parametrize("positive", [0.5, 0.2])
def test_exact_labels_have_the_ami_in_every_sample(positive):
    star = LabelChannel(exact=True)
    problem = make(ami=[0.1, 0.6], mode=star, positive=positive, n_samples=1500, n_test=1200, n_replicates=3)
    for data in (problem.train, problem.test):
        for labels in data.targets.astype(int):
            assert ami_matrix(labels)[0] == pytest.approx([1.0, 0.1, 0.6], abs=1e-3)
    assert np.array_equal(problem.train.targets[:, 0], clean_labels(problem)[:, 0])
    matrix = LabelChannel(exact=True, tolerance=2e-3)
    problem = make(ami=MATRIX, mode=matrix, positive=positive, n_samples=4000)
    assert ami_matrix(codes(problem)) == pytest.approx(MATRIX, abs=2e-3)


def test_exact_labels_come_from_the_family():
    mode = LabelChannel(exact=True, family=Symmetric())
    problem = make(ami=[0.3], mode=mode, positive=0.2, n_samples=2000)
    labels = codes(problem)
    assert ami_matrix(labels)[0, 1] == pytest.approx(0.3, abs=1e-3)
    # Symmetric noise draws the share of positive labels towards one half; the other families keep it.
    flips = problem.truth.label_noise[1]
    assert labels[1].mean() == pytest.approx(labels[0].mean() * (1 - 2 * flips) + flips, abs=0.01)
    assert flips > 0.05


def test_samples_miss_the_ami_that_exact_labels_have():
    problem = make(ami=[0.1], n_samples=1500, n_replicates=20)
    missed = [abs(ami_matrix(labels)[0, 1] - 0.1) for labels in problem.train.targets.astype(int)]
    assert max(missed) > 5e-3


@pytest.mark.parametrize("cosine", [0.9, 0.0, -0.9, 1.0, -1.0])
def test_teachers_of_a_channel_have_its_cosine(cosine):
    ami = 0.7 * ami_of_cosine(cosine).item()
    problem = make(ami=ami, n_tasks=3, mode=LabelChannel(cosine=cosine), n_samples=5, n_replicates=4)
    weights = problem.truth.weights
    assert (weights[:, 1:] * weights[:, :1]).sum(axis=-1) == pytest.approx(cosine, abs=1e-14)
    if abs(cosine) == 1:
        assert np.array_equal(weights[:, 1:], cosine * weights[:, [0, 0]])


@pytest.mark.parametrize("positive", [0.5, 0.2])
def test_rotated_teachers_have_the_cosines_of_the_ami(positive):
    target = [0.0, 0.3, 0.9, 1.0]
    settings = {"mode": RotatedTeacher(), "positive": positive, "n_samples": 5, "n_replicates": 3}
    weights = make(ami=target, **settings).truth.weights
    cosines = cosine_of_ami(target, positive=positive)
    assert np.allclose((weights[:, 1:] * weights[:, :1]).sum(axis=-1), cosines, rtol=0, atol=1e-12)
    weights = make(ami=MATRIX, **settings).truth.weights
    assert np.allclose(weights @ weights.mT, cosine_of_ami(MATRIX, positive=positive), rtol=0, atol=1e-8)


def test_auxiliary_teachers_are_independent_beside_their_cosine():
    ami, d = 0.3, 7
    weights = make(
        ami=[ami, ami], mode=RotatedTeacher(), n_features=d, n_samples=1, n_replicates=4000
    ).truth.weights
    rho = cosine_of_ami(ami)
    beside = ((weights[:, 1] * weights[:, 2]).sum(axis=-1) - rho**2) / (1 - rho**2)
    # The cosine of two uniform directions in m dimensions: (1 + u) / 2 is beta((m - 1) / 2, (m - 1) / 2).
    law = stats.beta((d - 2) / 2, (d - 2) / 2, loc=-1, scale=2)
    assert stats.kstest(beside, law.cdf).pvalue > 1e-4
    # The main teacher is uniform on the sphere.
    law = stats.beta((d - 1) / 2, (d - 1) / 2, loc=-1, scale=2)
    assert stats.kstest(weights[:, 0, 0], law.cdf).pvalue > 1e-4


def test_ami_measured_in_a_plane_needs_no_third_dimension():
    # Ten digits of the AMI leave eigenvalues of 1e-10 beside the two of the plane. One cosine is negative.
    angles = np.deg2rad([0.0, 20.0, 50.0, 95.0])
    ami = ami_of_cosine(np.cos(angles[:, None] - angles)).round(10)
    problem = make(ami=ami, mode=RotatedTeacher(), n_features=2, n_samples=1)
    assert problem.truth.ami[0] == pytest.approx(ami[0], abs=1e-9)


@pytest.mark.parametrize("shared_design", [True, False])
@pytest.mark.parametrize("positive", [0.5, 0.2])
def test_label_noise_is_the_rate_of_wrong_labels(positive, shared_design):
    # 5 standard errors.
    problem = make(ami=[0.2, 0.6], positive=positive, shared_design=shared_design, n_test=10)
    wrong = (clean_labels(problem) != problem.train.targets).mean(axis=(0, -1))
    noise = problem.truth.label_noise
    assert wrong[0] == noise[0] == 0
    assert (np.abs(wrong - noise)[1:] < 5 * np.sqrt(noise * (1 - noise) / 20_000)[1:]).all()


@pytest.mark.parametrize("positive", [0.5, 0.2])
def test_both_modes_have_one_law_of_labels_and_differ_in_what_can_be_learned(positive):
    """Same pairwise table; the best classifier of noisy copies errs, that of another function does not."""
    settings = {"ami": [0.35], "positive": positive}
    channel, rotated = make(**settings), make(seed=1, **settings, mode=RotatedTeacher())
    tables = np.array([contingency_table(*codes(problem)) for problem in (channel, rotated)])
    # Homogeneity of the two samples of pairs of labels.
    assert stats.chi2_contingency(tables.reshape(2, 4)).pvalue > 1e-4
    # An information of 0.35 measured on one of the tables, so that the comparison is not of two mistakes.
    assert normalized_information(tables[0]) == pytest.approx(0.35, abs=0.03)
    for problem, floor in ((channel, channel.truth.label_noise[1]), (rotated, 0.0)):
        wrong = (clean_labels(problem) != problem.train.targets)[0, 1].mean()
        assert abs(wrong - floor) <= 5 * np.sqrt(floor * (1 - floor) / 20_000)
    assert channel.truth.label_noise[1] > 0.1


def test_correlations_of_rotation_and_resampling_multiply():
    rho, ami = 0.9, 0.2
    truth = make(ami=[ami], mode=LabelChannel(cosine=rho), n_samples=1).truth
    kept = truth.transition[1, 1, 1] - truth.transition[1, 0, 1]
    flips = (1 - kept * 2 / np.pi * np.arcsin(rho)) / 2
    assert 1 - stats.entropy([flips, 1 - flips], base=2) == pytest.approx(ami, abs=1e-12)


def test_no_noise_is_left_at_the_largest_ami_of_a_rotation():
    highest = ami_of_cosine(0.8, positive=0.3).item()
    truth = make(ami=[highest], mode=LabelChannel(cosine=0.8), positive=0.3, n_samples=1).truth
    assert truth.label_noise[1] == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match=r"teachers at cosine 0.8 and Resample.* reaches \[.*, 0\.2"):
        make(ami=[highest + 1e-6], mode=LabelChannel(cosine=0.8), positive=0.3)


@pytest.mark.parametrize("mode", [LabelChannel(), RotatedTeacher()], ids=str)
@pytest.mark.parametrize("ami", [[], 0.4, [[1.0]]], ids=str)
def test_single_task_is_the_main_one(mode, ami):
    problem = make(ami=ami, mode=mode, n_tasks=1, n_features=1, n_samples=50, shared_design=False)
    assert problem.truth.weights.shape == (1, 1, 1)
    assert np.array_equal(problem.train.targets > 0, problem.train.inputs[..., 0] * problem.truth.weights > 0)


@pytest.mark.parametrize("mode", [LabelChannel(), LabelChannel(cosine=0.99), RotatedTeacher()], ids=str)
def test_one_number_is_that_number_for_every_auxiliary_task(mode):
    one, four = make(ami=0.4, n_tasks=5, mode=mode, n_samples=9), make(ami=[0.4] * 4, mode=mode, n_samples=9)
    assert np.array_equal(one.train.targets, four.train.targets)


def test_own_inputs_take_their_own_counts():
    problem = make(ami=MATRIX, shared_design=False, n_samples=[5, 9, 7], n_test=4, n_replicates=2)
    assert problem.train.inputs.shape == (2, 3, 9, 6) and problem.test.targets.shape == (2, 3, 4)
    assert not problem.train.targets[:, 0, 5:].any() and problem.train.counts.tolist() == [5, 9, 7]
    assert set(np.unique(problem.train.targets)) == {0.0, 1.0}
    assert isinstance(problem.truth, ClassificationTruth) and problem.truth.n_replicates == 2


@pytest.mark.parametrize(
    ("mode", "ami"),
    [
        (LabelChannel(), [0.2, 0.5]),
        (LabelChannel(), MATRIX),
        (LabelChannel(exact=True, tolerance=0.01), [0.2, 0.5]),
        (LabelChannel(cosine=0.95), [0.2, 0.5]),
        (RotatedTeacher(), [0.2, 0.5]),
        (RotatedTeacher(), MATRIX),
    ],
    ids=str,
)
def test_same_generator_same_bytes(mode, ami):
    first, second, other = (
        make(seed, ami=ami, mode=mode, n_samples=300, n_test=200, n_replicates=2) for seed in (3, 3, 4)
    )
    for part in ("train", "test"):
        a, b, c = (getattr(problem, part) for problem in (first, second, other))
        assert a.inputs.tobytes() == b.inputs.tobytes() and a.targets.tobytes() == b.targets.tobytes()
        assert a.targets.tobytes() != c.targets.tobytes()
    assert first.train.targets[0].tobytes() != first.train.targets[1].tobytes()


def test_same_generator_same_exact_matrix():
    mode = LabelChannel(exact=True, tolerance=0.01)
    first, second = (make(ami=MATRIX, mode=mode, n_samples=1000).train.targets for _ in range(2))
    assert first.tobytes() == second.tobytes()


IMPOSSIBLE = [[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ami": 0.4}, "one ami for all auxiliary tasks needs n_tasks"),
        ({"ami": 0.4, "n_tasks": 0}, "n_tasks must be an integer of at least 1, got 0"),
        ({"ami": [0.4], "n_tasks": 3}, r"n_tasks=3 contradicts ami of shape \(1,\), which is for 2 tasks"),
        ({"ami": MATRIX, "n_tasks": 4}, r"n_tasks=4 contradicts ami of shape \(3, 3\)"),
        ({"ami": [1.2]}, r"ami must lie in \[0, 1\]"),
        ({"ami": [-0.1], "mode": RotatedTeacher()}, r"ami must lie in \[0, 1\]"),
        ({"ami": [np.nan]}, "ami holds NaN"),
        ({"ami": np.ones((2, 3))}, "last two dimensions must be equal"),
        ({"ami": 0.5 * np.eye(2)}, "on its diagonal"),
        (
            {"ami": [[1.0, 0.3], [0.2, 1.0]], "mode": RotatedTeacher(), "positive": 0.2},
            "ami is not symmetric",
        ),
        ({"ami": [0.4], "positive": 0.0}, "positive must lie strictly between 0 and 1, got 0.0"),
        ({"ami": [0.4], "positive": 1.5}, "positive must lie strictly between 0 and 1, got 1.5"),
        ({"ami": [0.4], "n_samples": 0}, "n_samples must be an integer of at least 1, got 0"),
        ({"ami": [0.4], "n_test": -1}, "n_test must be an integer of at least 0, got -1"),
        ({"ami": [0.4], "n_replicates": 0}, "n_replicates must be an integer of at least 1, got 0"),
        ({"ami": [0.4], "n_features": 0}, "n_features must be an integer of at least 1, got 0"),
        ({"ami": [0.4, 0.4], "n_samples": [5, 6, 7]}, "share a design need equal sample counts"),
        ({"ami": [0.4], "mode": RotatedTeacher(), "n_features": 1}, "need at least 2 features, got 1"),
        ({"ami": MATRIX, "mode": RotatedTeacher(), "n_features": 2}, "rank 3, but n_features=2"),
        ({"ami": [0.4], "mode": LabelChannel(cosine=0.8)}, r"cosine 0.8 .* reaches \[.*0\.268511\]"),
        ({"ami": [0.4], "mode": LabelChannel(family=Merge(groups=(0, 0)))}, "cosine 1 and Merge"),
        ({"ami": MATRIX, "mode": LabelChannel(cosine=0.9)}, "needs the family Resample.. and cosine 1"),
        ({"ami": MATRIX, "mode": LabelChannel(family=Symmetric())}, "needs the family Resample.. and cosine"),
        ({"ami": IMPOSSIBLE}, "breaks the triangle inequality by 0.7"),
        ({"ami": IMPOSSIBLE, "shared_design": False}, "breaks the triangle inequality by 0.7"),
        ({"ami": IMPOSSIBLE, "mode": RotatedTeacher()}, "smallest eigenvalue is -0.166"),
        (
            {"ami": IMPOSSIBLE, "mode": RotatedTeacher(), "positive": 0.2},
            "at positive=0.2: .* eigenvalue -0.16",
        ),
        (
            {"ami": [0.4], "mode": LabelChannel(exact=True), "shared_design": False},
            "own inputs show one label of each x",
        ),
    ],
)
def test_what_cannot_be_made_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**{"n_samples": 20, **settings})


def test_modes_refuse_what_does_not_go_together():
    with pytest.raises(ValueError, match=r"cosine must lie in \[-1, 1\], got 1.5"):
        LabelChannel(cosine=1.5)
    with pytest.raises(ValueError, match=r"exact labels copy the main task's, but cosine=0\.5"):
        LabelChannel(exact=True, cosine=0.5)
