"""First and second moments of every random corruption against the exact formulas.

Each comparison of a mean allows 4.5 standard errors computed from the sample, a two-sided error of 6.8e-6 an
entry. About 1600 random entries are compared in this file, with fixed seeds: a correct library fails for one
choice of seeds in a hundred.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb import (
    AdditiveNoise,
    Corruption,
    ElementDeletion,
    FeatureDeletion,
    MultiplicativeNoise,
    SignFlip,
    StochasticQuantization,
    StuckAt,
    UniformNoise,
    UnitDeletion,
    corrupt,
)

N_DRAWS = 20_000
P = 0.3
R, D = 3, 5
# Rows of different length and neither orthogonal nor unit, so that every term of a formula counts.
W = np.random.default_rng(2210).standard_normal((R, D)) + 0.5
PER_ENTRY = np.linspace(0.1, 1.5, R * D).reshape(R, D)
PER_ROW = np.array([[0.0], [0.5], [2.0]])
# The fractions w / step lie in [0.14, 0.86]: rounding the other way is common enough for normal means.
STEP = 0.43
C = 0.5

GRAM = W @ W.T
DIAGONAL = np.diag(np.diag(GRAM))
OFF_DIAGONAL = GRAM - DIAGONAL
GAP = C - W
GAP_GRAM = GAP @ GAP.T
FRACTION = W / STEP - np.floor(W / STEP)

# name: corruption, E[E], Var E, E[E E'].
CASES: dict[str, tuple[Corruption, FloatArray, FloatArray, FloatArray]] = {
    "gaussian": (AdditiveNoise(std=0.4), 0 * W, 0.16 + 0 * W, 0.16 * D * np.eye(R)),
    "gaussian per row": (
        AdditiveNoise(std=PER_ROW),
        0 * W,
        PER_ROW**2 + 0 * W,
        D * np.diag(PER_ROW[:, 0] ** 2),
    ),
    "gaussian per entry": (
        AdditiveNoise(std=PER_ENTRY),
        0 * W,
        PER_ENTRY**2,
        np.diag((PER_ENTRY**2).sum(axis=1)),
    ),
    "uniform": (UniformNoise(std=0.4), 0 * W, 0.16 + 0 * W, 0.16 * D * np.eye(R)),
    "uniform per entry": (
        UniformNoise(std=PER_ENTRY),
        0 * W,
        PER_ENTRY**2,
        np.diag((PER_ENTRY**2).sum(axis=1)),
    ),
    "multiplicative": (MultiplicativeNoise(std=0.7), 0 * W, 0.49 * W**2, 0.49 * DIAGONAL),
    "element": (
        ElementDeletion(probability=P),
        -P * W,
        P * (1 - P) * W**2,
        P * DIAGONAL + P**2 * OFF_DIAGONAL,
    ),
    "unit": (UnitDeletion(probability=P), -P * W, P * (1 - P) * W**2, P * DIAGONAL + P**2 * OFF_DIAGONAL),
    "feature": (FeatureDeletion(probability=P), -P * W, P * (1 - P) * W**2, P * GRAM),
    "element rescaled": (
        ElementDeletion(probability=P, rescale=True),
        0 * W,
        P / (1 - P) * W**2,
        P / (1 - P) * DIAGONAL,
    ),
    "unit rescaled": (
        UnitDeletion(probability=P, rescale=True),
        0 * W,
        P / (1 - P) * W**2,
        P / (1 - P) * DIAGONAL,
    ),
    "feature rescaled": (
        FeatureDeletion(probability=P, rescale=True),
        0 * W,
        P / (1 - P) * W**2,
        P / (1 - P) * GRAM,
    ),
    "sign flip": (
        SignFlip(probability=P),
        -2 * P * W,
        4 * P * (1 - P) * W**2,
        4 * P * DIAGONAL + 4 * P**2 * OFF_DIAGONAL,
    ),
    "stuck": (
        StuckAt(probability=P, value=C),
        P * GAP,
        P * (1 - P) * GAP**2,
        P * np.diag(np.diag(GAP_GRAM)) + P**2 * (GAP_GRAM - np.diag(np.diag(GAP_GRAM))),
    ),
    "stochastic rounding": (
        StochasticQuantization(step=STEP),
        0 * W,
        STEP**2 * FRACTION * (1 - FRACTION),
        STEP**2 * np.diag((FRACTION * (1 - FRACTION)).sum(axis=1)),
    ),
}


def assert_mean(samples: FloatArray, expected: FloatArray) -> None:
    """The mean over the first axis lies within 4.5 standard errors of every entry."""
    samples = samples.astype(np.float64)
    error = np.abs(samples.mean(axis=0) - expected)
    allowed = 4.5 * samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert (error <= allowed).all(), f"off by {error.max():.3g}, allowed {allowed[error > allowed]}"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_moments(name: str, dtype: type[np.floating[Any]]) -> None:
    corruption, mean, variance, second = CASES[name]
    weights = W.astype(dtype)
    errors = (
        corrupt(np.random.default_rng(7), weights, corruption, n_draws=N_DRAWS).astype(np.float64) - weights
    )
    assert_mean(errors, mean)
    assert_mean((errors - mean) ** 2, variance)
    assert_mean(np.einsum("nij,nkj->nik", errors, errors), second)


@pytest.mark.parametrize("name", CASES)
def test_draws_and_replicates_are_independent(name: str) -> None:
    corruption, mean, _, _ = CASES[name]
    errors = corrupt(np.random.default_rng(8), np.stack([W, W]), corruption, n_draws=N_DRAWS) - W - mean
    assert_mean(errors[:, 0] * errors[:, 1], 0 * W)
    assert_mean(errors[:-1, 0] * errors[1:, 0], 0 * W)


NORMALISED: dict[str, tuple[Corruption, Callable[[FloatArray], FloatArray], str]] = {
    "gaussian": (AdditiveNoise(std=PER_ENTRY), lambda e: e / PER_ENTRY, "norm"),
    "uniform": (UniformNoise(std=PER_ENTRY), lambda e: e / PER_ENTRY / np.sqrt(12) + 0.5, "uniform"),
    "multiplicative": (MultiplicativeNoise(std=0.7), lambda e: e / W / 0.7, "norm"),
}


@pytest.mark.parametrize("name", NORMALISED)
def test_noise_has_the_whole_law(name: str) -> None:
    """Kolmogorov-Smirnov, p > 1e-4: the equal second moments cannot tell uniform from Gaussian, this can."""
    corruption, normalise, law = NORMALISED[name]
    errors = corrupt(np.random.default_rng(9), W, corruption, n_draws=2000) - W
    assert stats.kstest(normalise(errors).ravel(), law).pvalue > 1e-4


def test_stuck_at_zero_is_deletion_and_at_an_array_is_per_entry() -> None:
    """The same random numbers give the same draw: two routes to one corruption."""
    deleted = corrupt(np.random.default_rng(3), W, ElementDeletion(probability=P), n_draws=50)
    stuck = corrupt(np.random.default_rng(3), W, StuckAt(probability=P, value=0.0), n_draws=50)
    mirrored = corrupt(np.random.default_rng(3), W, StuckAt(probability=P, value=-W), n_draws=50)
    flipped = corrupt(np.random.default_rng(3), W, SignFlip(probability=P), n_draws=50)
    np.testing.assert_array_equal(stuck, deleted)
    np.testing.assert_array_equal(mirrored, flipped)


def test_multiplicative_noise_keeps_the_weights_at_zero() -> None:
    """W (1 + v N), not v W (1 + N): the latter erases the weights at v = 0 and biases them at v != 1."""
    np.testing.assert_array_equal(corrupt(np.random.default_rng(0), W, MultiplicativeNoise(std=0.0))[0], W)


def test_head_noise_is_additive_noise_on_the_heads() -> None:
    """With orthonormal rows, E |N W|^2 = r tau^2 a task, whatever the heads are."""
    rows = np.linalg.qr(W.T)[0].T
    heads = np.random.default_rng(1).standard_normal((4, R)) * 10
    noisy = corrupt(np.random.default_rng(2), heads, AdditiveNoise(std=0.2), n_draws=N_DRAWS)
    assert_mean(((noisy @ rows - heads @ rows) ** 2).sum(axis=-1), np.full(4, R * 0.04))


def test_deletion_removes_whole_rows_and_columns() -> None:
    weights = np.ones((2, 6, 8))
    units = corrupt(np.random.default_rng(4), weights, UnitDeletion(probability=P), n_draws=200)
    features = corrupt(np.random.default_rng(4), weights, FeatureDeletion(probability=P), n_draws=200)
    assert (units == units[..., :1]).all() and (features == features[..., :1, :]).all()
    assert len(np.unique(units[..., 0])) == 2 and len(np.unique(features[..., 0, :])) == 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_certain_events(dtype: type[np.floating[Any]]) -> None:
    """Probability 0 never strikes and 1 always does, at every precision."""
    rng, weights = np.random.default_rng(5), np.ones((100, 100), dtype=dtype)
    for corruption, expected in (
        (ElementDeletion(probability=0.0, rescale=True), 1.0),
        (ElementDeletion(probability=1.0), 0.0),
        (UnitDeletion(probability=1.0), 0.0),
        (FeatureDeletion(probability=1.0), 0.0),
        (SignFlip(probability=0.0), 1.0),
        (SignFlip(probability=1.0), -1.0),
        (StuckAt(probability=1.0, value=3.0), 3.0),
    ):
        assert (corrupt(rng, weights, corruption, n_draws=3) == expected).all()


@pytest.mark.parametrize("name", ["element", "feature", "unit"])
def test_number_deleted_is_binomial(name: str) -> None:
    """Exact binomial test, p > 1e-4, of the number of independent deletions."""
    n_draws = 4000
    n_masks = {"element": R * D, "feature": D, "unit": R}[name]
    draws = corrupt(np.random.default_rng(6), np.ones((R, D)), CASES[name][0], n_draws=n_draws)
    masks = {"element": draws, "feature": draws[:, 0], "unit": draws[:, :, 0]}[name]
    deleted = int((masks == 0).sum())
    assert stats.binomtest(deleted, n_draws * n_masks, P).pvalue > 1e-4
