"""Algorithm 2 on two tasks with sign labels on one design, a fifth of one task's labels redrawn."""

import numpy as np

from mtl_simulators.problems import Moments
from mtl_simulators.solvers import AlternatingLeastSquares, solve, svd_task_weights

REPLICATES, SAMPLES, FEATURES = 400, 150, 30


def redrawn_labels() -> tuple[Moments, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((REPLICATES, 1, FEATURES))
    inputs = rng.standard_normal((REPLICATES, SAMPLES, FEATURES))
    scores = (truth @ inputs.mT / np.linalg.norm(truth, axis=-1, keepdims=True)).repeat(2, axis=1)
    labels = np.sign(scores + 0.3 * rng.standard_normal(scores.shape))
    redrawn = rng.random((REPLICATES, SAMPLES)) < 0.2
    labels[:, 1] = np.where(redrawn, rng.choice([-1.0, 1.0], redrawn.shape), labels[:, 1])
    moments = Moments(
        gram=inputs.mT @ inputs,
        cross=labels @ inputs,
        energy=(labels**2).sum(axis=-1),
        n_samples=np.full(2, float(SAMPLES)),
    )
    return moments, truth[:, 0]


def cosines(moments: Moments, truth: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    solver = AlternatingLeastSquares(capacity=1, n_starts=2, task_weights=weights)
    direction = solve(moments, solver, rng=np.random.default_rng(1)).representation[:, 0]
    product = np.abs((direction * truth).sum(axis=-1))
    return product / np.linalg.norm(direction, axis=-1) / np.linalg.norm(truth, axis=-1)


def test_the_task_with_redrawn_labels_is_weighted_down():
    moments, _ = redrawn_labels()
    weights = svd_task_weights(moments, capacity=1)
    ratio = weights[:, 1] / weights[:, 0]
    # Reference values .81 and .99, for labels whose own noise is not known; score noise 0 to 0.5 gives
    # .84 and .98 to 1.00.
    assert abs(ratio.mean() - 0.81) < 0.05
    assert (ratio < 1).mean() > 0.97


def test_what_the_weights_change_is_negligible():
    moments, truth = redrawn_labels()
    plain = cosines(moments, truth, None)
    weighted = cosines(moments, truth, svd_task_weights(moments, capacity=1))
    change = weighted - plain
    error = change.std(ddof=1) / np.sqrt(REPLICATES)
    assert 0 < change.mean() + 4.5 * error  # never worse beyond error
    assert change.mean() < 0.005
