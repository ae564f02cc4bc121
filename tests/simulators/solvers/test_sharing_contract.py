"""What every solver of one shared vector or of soft sharing promises, in one table."""

import numpy as np
import pytest

from mtl_simulators.problems import Dataset, make_linear
from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    SoftSharing,
    TwoTaskGlobal,
    WeightedPooling,
    solve,
)

SOLVERS = {
    "two tasks": TwoTaskGlobal(task_weights=[1.0, 0.5]),
    "alternating": AlternatingLeastSquares(capacity=1, n_starts=6),
    "soft sharing": SoftSharing(strength=3.0),
    "weighted pooling": WeightedPooling(task_weights=[1.0, 0.5], heads=[0.7, -1.0]),
}
B, D = 3, 4
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
every_design = pytest.mark.parametrize("shared_design", [True, False])


def make(shared_design: bool) -> Dataset:
    rng = np.random.default_rng(0)
    return make_linear(
        rng,
        alignment=0.7,
        n_tasks=2,
        n_features=D,
        n_samples=15 if shared_design else [9, 15],
        shared_design=shared_design,
        n_replicates=B,
    ).train


def weights_of(data, solver) -> np.ndarray:
    return solve(data, solver, rng=np.random.default_rng(1)).weights


@every_solver
@every_design
def test_shapes_and_determinism(solver, shared_design):
    data = make(shared_design)
    solution = solve(data, solver, rng=np.random.default_rng(1))
    r = D if isinstance(solver, SoftSharing) else 1
    assert solution.representation.shape == (B, r, D)
    assert solution.heads.shape == (B, 2, r)
    assert np.isfinite(solution.weights).all()
    assert weights_of(data, solver).tobytes() == solution.weights.tobytes()


@every_solver
@every_design
def test_samples_and_moments_lead_to_the_same_weights(solver, shared_design):
    data = make(shared_design)
    assert np.abs(weights_of(data, solver) - weights_of(data.moments(), solver)).max() < 1e-9


@every_solver
@every_design
def test_a_batch_is_its_replicates_one_by_one(solver, shared_design):
    data = make(shared_design)
    batch = weights_of(data, solver)
    for b in range(B):
        one = Dataset(
            inputs=data.inputs[b : b + 1], targets=data.targets[b : b + 1], n_samples=data.n_samples
        )
        assert np.abs(weights_of(one, solver)[0] - batch[b]).max() < 1e-6


@every_solver
def test_solvers_leave_their_data_alone(solver):
    data = make(False)
    before = data.inputs.copy(), data.targets.copy()
    weights_of(data, solver)
    assert np.array_equal(data.inputs, before[0]) and np.array_equal(data.targets, before[1])
