"""The released training, beside an implementation of it in loops."""

import numpy as np
import pytest

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset
from mtl_theory.experiments.daras._training import (
    ReleasedTraining,
    _batches,
    draw_starts,
    train_task_vectors,
)

N_RUNS, N_TASKS, N_FEATURES, N_SAMPLES = 3, 2, 5, 12
# A batch as large as the data: the order of samples cannot matter, so no shuffling has to be copied.
FULL_BATCH = ReleasedTraining(batch_size=N_TASKS * N_SAMPLES)


def make_data() -> Dataset:
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((1, N_TASKS, N_SAMPLES, N_FEATURES))
    return Dataset(inputs=inputs, targets=rng.integers(0, 2, (1, N_TASKS, N_SAMPLES)) * 1.0)


def adamw_in_loops(data: Dataset, start: FloatArray, n_steps: int, *, unit_norm: bool) -> FloatArray:
    """Train one run on full batches, written from the description of AdamW (Loshchilov and Hutter 2019)."""
    rate, decay, alpha, beta_1, beta_2, epsilon = 5e-3, 1e-4, 0.1, 0.9, 0.999, 1e-8
    c = start.copy()
    m, v = np.zeros_like(c), np.zeros_like(c)
    for step in range(1, n_steps + 1):
        gradient = np.zeros_like(c)
        for t in range(N_TASKS):
            for x, y in zip(data.inputs[0, t], data.targets[0, t], strict=True):
                # d/dc of the mean over all samples of (c_t x - y)^2 / 2
                gradient[t] += (c[t] @ x - y) * x / (N_TASKS * N_SAMPLES)
            gradient[t] += alpha * 2 * c[t] / (9 * N_FEATURES)  # the mean is over nine rows
        m = beta_1 * m + (1 - beta_1) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        corrected = (m / (1 - beta_1**step)) / (np.sqrt(v / (1 - beta_2**step)) + epsilon)
        c = c - rate * (corrected + decay * c)
        if unit_norm:
            for t in range(N_TASKS):
                c[t] /= np.sqrt(c[t] @ c[t])
    return c


def test_agrees_with_loops() -> None:
    data = make_data()
    rng = np.random.default_rng(6)
    starts = rng.standard_normal((N_RUNS, 2, N_TASKS, N_FEATURES)) / 3
    unit_norm = np.array([True, False])
    stops = (7, 40)
    trained = train_task_vectors(rng, data, starts, unit_norm=unit_norm, stops=stops, training=FULL_BATCH)
    assert trained.shape == (2, N_RUNS, 2, N_TASKS, N_FEATURES)
    for i, stop in enumerate(stops):
        for run in range(N_RUNS):
            for variant in range(2):
                expected = adamw_in_loops(
                    data, starts[run, variant], stop, unit_norm=bool(unit_norm[variant])
                )
                np.testing.assert_allclose(trained[i, run, variant], expected, rtol=1e-9, atol=1e-11)


def test_projection_gives_unit_norms_and_no_projection_does_not() -> None:
    starts = np.random.default_rng(0).standard_normal((1, 2, N_TASKS, N_FEATURES))
    (trained,) = train_task_vectors(
        np.random.default_rng(1),
        make_data(),
        starts,
        unit_norm=np.array([True, False]),
        stops=(5,),
        training=FULL_BATCH,
    )
    norms = np.linalg.norm(trained[0], axis=-1)
    np.testing.assert_allclose(norms[0], 1.0, rtol=1e-14)
    assert (np.abs(norms[1] - 1.0) > 0.01).all()


def test_a_pass_uses_every_sample_once_and_passes_differ() -> None:
    counts = np.array([8, 11])
    batches = _batches(np.random.default_rng(2), counts, batch=4, n_batches=2, n_runs=2)
    first, second = (np.concatenate([next(batches) for _ in range(2)], axis=-1) for _ in range(2))
    np.testing.assert_array_equal(np.sort(first[:, 0]), np.tile(np.arange(8), (2, 1)))
    for run in range(2):
        used = first[run, 1]
        assert len(set(used.tolist())) == 8
        assert used.max() < 11
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_released_numbers_of_steps() -> None:
    training = ReleasedTraining()
    steps = [training.released_steps(n_tasks) for n_tasks in range(4, 10)]
    assert steps == [390, 400, 395, 395, 390, 395]
    assert [training.samples_per_task(t) for t in (4, 9)] == [2500, 1111]
    assert [training.batch_per_task(t) for t in (4, 9)] == [32, 14]
    assert FULL_BATCH.pass_steps(make_data()) == 5


def test_starts_are_truncated_normal_of_unit_variance() -> None:
    """Mean and variance within 4.5 standard errors of 270,000 draws: 7e-6 each for a correct sampler."""
    starts = draw_starts(np.random.default_rng(3), n_runs=10, n_rows=9, n_features=3000)
    n = starts.size
    # A truncated normal of unit variance has kurtosis below three, so 2 / n bounds the variance's variance.
    assert abs(starts.mean()) < 4.5 / np.sqrt(n)
    assert abs(starts.var() - 1.0) < 4.5 * np.sqrt(2 / n)
    bound = 2 / 0.8796256610342398
    assert bound - 0.01 < np.abs(starts).max() <= bound * (1 + 1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_same_seed_same_bytes(seed: int) -> None:
    training = ReleasedTraining(batch_size=8)
    starts = draw_starts(np.random.default_rng(seed), n_runs=2, n_rows=2, n_features=N_FEATURES)[:, None]
    runs = [
        train_task_vectors(
            np.random.default_rng(seed),
            make_data(),
            starts,
            unit_norm=np.array([True]),
            stops=(20,),
            training=training,
        )
        for _ in range(2)
    ]
    assert runs[0].tobytes() == runs[1].tobytes()
