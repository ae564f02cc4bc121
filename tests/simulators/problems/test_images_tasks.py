"""Tasks made of images: which image goes where, with which target, at which scale."""

import numpy as np
import pytest

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import (
    Dataset,
    FixedStandardization,
    GlobalStandardization,
    Images,
    PixelStandardization,
    Problem,
    Standardization,
    load_digits_images,
    make_one_vs_rest_tasks,
    make_pairwise_tasks,
)

DIGITS = load_digits_images()
AS_THEY_ARE = FixedStandardization(mean=0.0, std=1.0)


def numbered_images(*, n_train: int | None = None) -> Images:
    """Images whose only pixel is their own number, classes 3, 5, 7 in turn: rows can be told apart."""
    number = np.arange(24)
    return Images(pixels=number[:, None] * 1.0, labels=np.array([3, 5, 7])[number % 3], n_train=n_train)


def rows_of(data: Dataset, task: int) -> list[int]:
    return data.inputs[0, task, : data.counts[task], 0].astype(int).tolist()


def both_sides(problem: Problem) -> tuple[Dataset, Dataset]:
    assert problem.test is not None
    assert problem.truth is None
    return problem.train, problem.test


def test_pairs_split_by_image_and_target_the_second_class() -> None:
    problem = make_pairwise_tasks(numbered_images(), n_tasks=2, standardization=AS_THEY_ARE)
    train, test = both_sides(problem)
    # Every fourth image of each class: 9, 21 of class 3; 10, 22 of class 5; 11, 23 of class 7.
    assert rows_of(test, 0) == [9, 10, 21, 22]
    assert rows_of(test, 1) == [10, 11, 22, 23]
    assert rows_of(train, 0) == [i for i in range(24) if i % 3 != 2 and i not in (9, 10, 21, 22)]
    for data in (train, test):
        for task in range(2):
            expected = [float(i % 3 == task + 1) for i in rows_of(data, task)]
            assert data.targets[0, task, : data.counts[task]].tolist() == expected


def test_no_image_is_on_both_sides() -> None:
    train, test = both_sides(make_pairwise_tasks(numbered_images(), n_tasks=2, standardization=AS_THEY_ARE))
    seen = [{row for task in range(2) for row in rows_of(data, task)} for data in (train, test)]
    assert not seen[0] & seen[1]
    assert seen[0] | seen[1] == set(range(24))


def test_the_cap_takes_the_first_in_file_order() -> None:
    images = numbered_images()
    train, test = both_sides(
        make_pairwise_tasks(images, n_tasks=2, samples_per_task=3, standardization=AS_THEY_ARE)
    )
    assert [rows_of(train, t) for t in range(2)] == [[0, 1, 3], [1, 2, 4]]
    assert [rows_of(test, t) for t in range(2)] == [[9, 10, 21], [10, 11, 22]]


def test_the_split_of_the_source_is_respected() -> None:
    images = numbered_images(n_train=20)
    train, test = both_sides(make_pairwise_tasks(images, n_tasks=1, standardization=AS_THEY_ARE))
    assert rows_of(test, 0) == [21, 22]
    assert max(rows_of(train, 0)) == 19


def test_unequal_tasks_are_padded_with_zeros() -> None:
    train, _ = both_sides(make_pairwise_tasks(DIGITS, n_tasks=9))
    assert len(set(train.counts.tolist())) > 1
    short = int(train.counts.argmin())
    assert not train.inputs[0, short, train.counts[short] :].any()


def test_one_vs_rest_shares_the_design() -> None:
    train, test = both_sides(make_one_vs_rest_tasks(DIGITS))
    assert train.shared_design
    for data in (train, test):
        np.testing.assert_array_equal(data.targets[0].sum(axis=0), 1.0)  # every image has one class
    few, _ = both_sides(make_one_vs_rest_tasks(DIGITS, n_tasks=3, n_samples=50))
    assert few.targets.shape == (1, 3, 50)
    np.testing.assert_array_equal(few.inputs[0], train.inputs[0, :50])
    np.testing.assert_array_equal(few.targets[0], train.targets[0, :3, :50])


def training_pixels(problem: Problem) -> FloatArray:
    return problem.train.inputs[0]


def test_standardizations_deliver_on_the_training_images() -> None:
    whole = training_pixels(make_one_vs_rest_tasks(DIGITS, standardization=GlobalStandardization()))
    assert abs(whole.mean()) < 1e-12
    assert abs((whole**2).sum(axis=1).mean() - 64.0) < 1e-9  # kappa = E |x|^2 = d
    columns = training_pixels(make_one_vs_rest_tasks(DIGITS, standardization=PixelStandardization()))
    raw = training_pixels(make_one_vs_rest_tasks(DIGITS, standardization=AS_THEY_ARE))
    varying = np.ptp(raw, axis=0) > 0
    assert varying.sum() == 60  # 61 vary among all images, one of them only in the held-out ones
    assert not columns[:, ~varying].any()
    np.testing.assert_allclose(columns.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(columns[:, varying].std(axis=0), 1.0, rtol=1e-12)
    fixed = training_pixels(make_one_vs_rest_tasks(DIGITS, standardization=FixedStandardization()))
    np.testing.assert_allclose(fixed, (raw - 0.1307) / 0.3081, rtol=1e-12)


def test_constants_do_not_see_the_test_images() -> None:
    images = numbered_images(n_train=20)
    moved = Images(
        pixels=np.where(np.arange(24)[:, None] < 20, images.pixels, 1e6), labels=images.labels, n_train=20
    )
    for rule in (GlobalStandardization(), PixelStandardization()):
        first = make_pairwise_tasks(images, n_tasks=2, standardization=rule)
        second = make_pairwise_tasks(moved, n_tasks=2, standardization=rule)
        np.testing.assert_array_equal(first.train.inputs, second.train.inputs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_tasks": 3}, "pass at most 2"),
        ({"n_tasks": 0}, "n_tasks must be an integer of at least 1"),
        ({"n_tasks": 2, "samples_per_task": 0}, "samples_per_task must be"),
        ({"n_tasks": 2, "samples_per_task": 1}, "training set of classes 3 and 5 holds 1 images of one kind"),
        ({"n_tasks": 2, "test_every": 1}, "test_every must be"),
        ({"n_tasks": 2, "test_every": 9}, "test set of classes 3 and 5 holds 0 images"),
    ],
)
def test_infeasible_pairwise_requests_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_pairwise_tasks(numbered_images(), **arguments)  # type: ignore[arg-type]


def test_infeasible_one_vs_rest_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="n_tasks = 4, but there are 3 classes"):
        make_one_vs_rest_tasks(numbered_images(), n_tasks=4)
    with pytest.raises(ValueError, match="training set of class 7 against the rest"):
        make_one_vs_rest_tasks(numbered_images(), n_samples=2)
    with pytest.raises(ValueError, match="test set of class 3 against the rest holds 0 images"):
        make_one_vs_rest_tasks(numbered_images(), test_every=9)


def test_standardizations_refuse_what_they_cannot_scale() -> None:
    flat = Images(pixels=np.ones((8, 2)), labels=np.arange(8) % 2)
    with pytest.raises(ValueError, match="all training pixels are equal"):
        make_pairwise_tasks(flat, n_tasks=1)
    rules: list[Standardization] = [PixelStandardization()]
    assert not training_pixels(make_one_vs_rest_tasks(flat, standardization=rules[0])).any()
    for mean, std in ((0.0, 0.0), (np.nan, 1.0), (0.0, np.inf)):
        with pytest.raises(ValueError, match="mean must be finite and std positive"):
            FixedStandardization(mean=mean, std=std)
