"""Dataset: padding, stacking, sufficient statistics and residuals, each against plain loops."""

import numpy as np
import pytest

from mtl_simulators import Dataset

COUNTS = [7, 3, 10]


def ragged():
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal((n, 4)) for n in COUNTS]
    return inputs, [rng.standard_normal(n) for n in COUNTS]


def test_stacked_tasks_are_padded_with_zeros():
    inputs, targets = ragged()
    data = Dataset.from_tasks(inputs, targets)
    assert data.counts.tolist() == COUNTS
    assert (data.n_replicates, data.n_tasks, data.n_features, data.shared_design) == (1, 3, 4, False)
    for t, n in enumerate(COUNTS):
        assert np.array_equal(data.inputs[0, t, :n], inputs[t])
        assert np.array_equal(data.targets[0, t, :n], targets[t])
        assert not data.inputs[0, t, n:].any() and not data.targets[0, t, n:].any()


def test_one_array_of_equal_tasks_stacks_too():
    inputs, targets = np.ones((2, 5, 3)), np.ones((2, 5))
    data = Dataset.from_tasks(inputs, targets)
    assert np.array_equal(data.inputs[0], inputs) and data.counts.tolist() == [5, 5]


def test_padding_drops_out_of_moments_and_residuals():
    inputs, targets = ragged()
    data = Dataset.from_tasks(inputs, targets)
    moments, weights = data.moments(), np.random.default_rng(1).standard_normal((1, 3, 4))
    assert moments.n_samples.tolist() == COUNTS
    for t, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        assert np.allclose(moments.gram[0, t], x.T @ x, rtol=1e-13)
        assert np.allclose(moments.cross[0, t], x.T @ y, rtol=1e-13)
        assert np.isclose(moments.energy[0, t], y @ y, rtol=1e-13)
        error = np.mean((x @ weights[0, t] - y) ** 2)
        assert np.isclose(data.squared_error(weights)[0, t], error, rtol=1e-13)
        assert np.isclose(moments.squared_error(weights)[0, t], error, rtol=1e-12)


def test_shared_design_is_the_same_as_its_copies():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((2, 9, 4)), rng.standard_normal((2, 3, 9))
    shared = Dataset(inputs=x, targets=y)
    copied = Dataset(inputs=np.repeat(x[:, None], 3, axis=1), targets=y)
    weights = rng.standard_normal((2, 3, 4))
    assert shared.shared_design and not copied.shared_design
    assert np.allclose(shared.moments().gram_per_task, copied.moments().gram, rtol=1e-13)
    assert np.allclose(shared.moments().cross, copied.moments().cross, rtol=1e-12)
    assert np.allclose(shared.squared_error(weights), copied.squared_error(weights), rtol=1e-13)


def test_residuals_resolve_what_moments_cancel():
    # y = X w + 1e-10: the mean squared error is 1e-20, far below the rounding of e_t / n_t, about 1e-16.
    rng = np.random.default_rng(3)
    x, weights = rng.standard_normal((1, 50, 4)), rng.standard_normal((1, 2, 4))
    data = Dataset(inputs=x, targets=weights @ np.swapaxes(x, -1, -2) + 1e-10)
    assert np.allclose(data.squared_error(weights), 1e-20, rtol=1e-4)
    floor = 1e-14 * data.moments().energy / 50
    assert (np.abs(data.moments().squared_error(weights)) < floor).all()


GOOD = {"inputs": np.ones((1, 2, 5, 3)), "targets": np.ones((1, 2, 5))}
SHARED = {"inputs": np.ones((1, 5, 3)), "targets": np.ones((1, 2, 5))}


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({**GOOD, "inputs": np.ones((5, 3))}, r"inputs has shape \(5, 3\): expected 3 or 4 dimensions"),
        ({**GOOD, "inputs": np.full((1, 2, 5, 3), np.nan)}, r"inputs holds NaN .* first at .*impute it"),
        ({**GOOD, "targets": np.full((1, 2, 5), np.inf)}, r"targets holds NaN or infinity"),
        ({**GOOD, "targets": np.ones((1, 2, 4))}, r"inputs .* do not fit targets \(1, 2, 4\): pass inputs"),
        ({"inputs": np.ones((1, 2, 0, 3)), "targets": np.ones((1, 2, 0))}, "none of them empty"),
        ({"inputs": np.ones((1, 5, 0)), "targets": np.ones((1, 2, 5))}, "none of them empty"),
        ({**GOOD, "n_samples": [5]}, r"must hold 2 integers between 1 and 5, got \[5\]; drop tasks without"),
        ({**GOOD, "n_samples": [5, 0]}, r"between 1 and 5, got \[5, 0\]"),
        ({**GOOD, "n_samples": [5, 6]}, r"between 1 and 5, got \[5, 6\]"),
        ({**GOOD, "n_samples": [5.0, 2.5]}, r"must hold 2 integers .*, got \[5.0, 2.5\]"),
        ({**GOOD, "n_samples": [True, True]}, r"must hold 2 integers .*, got \[True, True\]"),
        ({**GOOD, "n_samples": [5, 4]}, "task 1 has 4 samples, but rows beyond .* Dataset.from_tasks"),
        ({**SHARED, "n_samples": [5, 4]}, r"equal sample counts; pass inputs \(B, T, n, d\)"),
    ],
)
def test_bad_data_is_refused_with_the_remedy(arguments, message):
    with pytest.raises(ValueError, match=message):
        Dataset(**arguments)


@pytest.mark.parametrize(
    "inputs, targets, message",
    [
        ([], [], "got 0 inputs and 0 targets: pass one of each a task"),
        ([np.ones((2, 3))], [], "got 1 inputs and 0 targets"),
        ([np.ones((2, 3))], [np.ones(3)], r"task 0 has inputs \(2, 3\) and targets \(3,\); pass"),
        ([np.ones((2, 3)), np.ones((2, 4))], [np.ones(2)] * 2, r"task 1 .* with d = 3 as in the first task"),
        ([np.ones(3)], [np.ones(3)], r"inputs\[0\] has shape \(3,\): expected 2 dimensions"),
        ([np.full((2, 3), np.nan)], [np.ones(2)], r"inputs\[0\] holds NaN"),
        ([np.ones((0, 3)), np.ones((2, 3))], [np.ones(0), np.ones(2)], "drop tasks without samples"),
    ],
)
def test_bad_tasks_are_refused_with_the_remedy(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        Dataset.from_tasks(inputs, targets)
