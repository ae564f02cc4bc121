"""Moments: the squared error against residuals, and messages at the edge."""

import numpy as np
import pytest

from mtl_simulators import Dataset, Moments


def draw(shared, dtype=np.float64):
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((3, 20, 5) if shared else (3, 4, 20, 5)).astype(dtype)
    return Dataset(inputs=inputs, targets=rng.standard_normal((3, 4, 20)).astype(dtype))


@pytest.mark.parametrize("shared", [True, False])
def test_squared_error_is_the_mean_squared_residual(shared):
    data = draw(shared)
    moments = data.moments()
    weights = np.random.default_rng(1).standard_normal((3, 4, 5))
    assert (moments.n_replicates, moments.n_tasks, moments.n_features) == (3, 4, 5)
    assert moments.shared_design is shared
    assert moments.gram_per_task.shape == (3, 4, 5, 5)
    for b in range(3):
        for t in range(4):
            x = data.inputs[b] if shared else data.inputs[b, t]
            residual = x @ weights[b, t] - data.targets[b, t]
            assert np.isclose(moments.squared_error(weights)[b, t], residual @ residual / 20, rtol=1e-12)
            assert np.allclose(moments.gram_per_task[b, t], x.T @ x, rtol=1e-12)


@pytest.mark.parametrize("shared", [True, False])
def test_single_precision_stays_single(shared):
    moments = draw(shared, np.float32).moments()
    assert moments.gram.dtype == moments.cross.dtype == moments.energy.dtype == np.float32


def test_products_of_single_precision_count_as_symmetric():
    # R R' by a general matrix product is symmetric to rounding only: 1e-7 here, far above 1e-8 of the scale.
    rng = np.random.default_rng(2)
    rotation = np.linalg.qr(rng.standard_normal((40, 40)))[0].astype(np.float32)
    gram = (rotation * np.geomspace(1, 1e-3, 40, dtype=np.float32)) @ rotation.T
    asymmetry = np.abs(gram - gram.T).max()
    assert 1e-8 < asymmetry < 1e-6
    zeros = np.zeros((1, 2, 40), dtype=np.float32)
    Moments(gram=gram[None], cross=zeros, energy=np.zeros((1, 2)), n_samples=np.ones(2))


GOOD = {"gram": np.eye(3)[None], "cross": np.ones((1, 2, 3)), "energy": np.ones((1, 2)), "n_samples": [5, 5]}


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"gram": np.eye(3)}, r"gram has shape \(3, 3\): expected 3 or 4 dimensions"),
        ({"gram": np.full((1, 3, 3), np.nan)}, "gram holds NaN or infinity"),
        ({"gram": np.triu(np.ones((1, 3, 3)))}, "gram is not symmetric; pass"),
        (
            {"gram": np.eye(4)[None]},
            r"gram \(1, 4, 4\) does not fit cross \(1, 2, 3\): pass gram \(B, d, d\)",
        ),
        ({"gram": np.ones((1, 3, 3, 3))}, r"gram \(1, 3, 3, 3\) does not fit cross"),
        ({"cross": np.full((1, 2, 3), np.inf)}, "cross holds NaN or infinity"),
        ({"energy": np.ones((1, 3))}, r"energy \(1, 3\) .* do not fit .* pass energy \(B, T\)"),
        ({"n_samples": [5]}, r"n_samples \(1,\) do not fit cross"),
        ({"n_samples": [5, 0]}, r"n_samples must be positive, got \[5.0, 0.0\]; drop tasks without samples"),
    ],
)
def test_bad_moments_are_refused_with_the_remedy(bad, message):
    with pytest.raises(ValueError, match=message):
        Moments(**{**GOOD, **bad})
