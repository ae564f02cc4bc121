"""Covariance alignment: gradients by differences, where it ends, when it helps, early stopping."""

import numpy as np
import pytest

from mtl_simulators import excess_risk
from mtl_simulators.exact import draw_moments
from mtl_simulators.problems import Dataset, Truth, make_linear
from mtl_simulators.solvers import (
    CovarianceAlignment,
    DiagonalAlignment,
    FreeAlignment,
    LogisticSharing,
    LowRankAlignment,
    MinimumNorm,
    OrthogonalAlignment,
    Outcome,
    ReluNetwork,
    SharedRepresentation,
    SingleTask,
    SolveError,
    TruncatedSVD,
    TwoTaskGlobal,
    WhitenRecolour,
    alignment_path,
    solve,
)

D = 4
FAMILIES = {
    "free": FreeAlignment(),
    "diagonal": DiagonalAlignment(),
    "orthogonal": OrthogonalAlignment(),
    "low rank": LowRankAlignment(rank=2),
}
families = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


def tasks_at(cosine, d):
    weights = np.zeros((2, d))
    weights[0, 0], weights[1, :2] = 1.0, (cosine, np.sqrt(1 - cosine**2))
    return weights


def small(seed=0, *, n_samples=(40, 15), n_replicates=2, cosine=0.7, noise=0.3):
    return make_linear(
        np.random.default_rng(seed),
        weights=tasks_at(cosine, D),
        n_samples=n_samples,
        noise=noise,
        n_replicates=n_replicates,
    )


def loss(moments, b, t, matrix, vector, penalty):
    """The objective of one task as a function of its matrix and of W' gamma."""
    weights = matrix @ vector
    gram, cross = moments.gram_per_task[b, t], moments.cross[b, t]
    quadratic = weights @ gram @ weights / 2 - weights @ cross
    return quadratic / np.linalg.eigvalsh(gram)[-1] + penalty / 2 * ((matrix - np.eye(D)) ** 2).sum()


@pytest.mark.parametrize("penalty", [0.0, 0.7])
@pytest.mark.parametrize("step", [1, 2])
def test_a_step_is_the_gradient_by_differences(penalty, step):
    # The first step leaves the identity, so the second also sees that R and R' are told apart.
    moments = small().train.moments()
    rate = 0.4

    def after(steps):
        solver = CovarianceAlignment(
            shared=TruncatedSVD(capacity=2), learning_rate=rate, max_steps=steps, penalty=penalty
        )
        return solver.align(moments, rng=np.random.default_rng(0))

    start = after(step - 1) if step > 1 else None
    shared = solve(moments, TruncatedSVD(capacity=2), rng=np.random.default_rng(0))
    end = after(step)
    eps = 1e-5
    for b, t in np.ndindex(2, 2):
        matrix = np.eye(D) if start is None else start.matrices[b, t]
        head = shared.heads[b, t] if start is None else start.heads[b, t]
        rows = shared.representation[b]

        def at(matrix, head, b=b, t=t, rows=rows):
            return loss(moments, b, t, matrix, rows.T @ head, penalty)

        for i, j in np.ndindex(D, D):
            move = np.zeros((D, D))
            move[i, j] = eps
            slope = (at(matrix + move, head) - at(matrix - move, head)) / (2 * eps)
            assert end.matrices[b, t, i, j] == pytest.approx(matrix[i, j] - rate * slope, abs=1e-9)
        for k in range(2):
            move = eps * np.eye(2)[k]
            slope = (at(matrix, head + move) - at(matrix, head - move)) / (2 * eps)
            assert end.heads[b, t, k] == pytest.approx(head[k] - rate * slope, abs=1e-9)


@families
def test_a_family_steps_along_the_gradient_in_its_parameters(family):
    moments = small().train.moments()
    rng = np.random.default_rng(1)
    parameters = family.start(moments, rng=rng)
    if not isinstance(family, OrthogonalAlignment):
        parameters = tuple(p + 0.3 * rng.standard_normal(p.shape) for p in parameters)
    target = rng.standard_normal((2, 2, D, D))
    gradient = family.matrices(parameters) - target  # of half the squared distance to the target
    moved = family.step(parameters, gradient, 0.1)

    def distance(parameters):
        return ((family.matrices(parameters) - target) ** 2).sum() / 2

    if isinstance(family, OrthogonalAlignment):
        wanted = parameters[0] - 0.1 * gradient
        other = np.linalg.qr(wanted + 0.2 * rng.standard_normal((500, *wanted.shape)))[0]
        assert (
            np.linalg.norm(moved[0] - wanted, axis=(-1, -2))
            <= np.linalg.norm(other - wanted, axis=(-1, -2)) + 1e-12
        ).all()
        np.testing.assert_allclose(
            moved[0] @ moved[0].mT, np.broadcast_to(np.eye(D), wanted.shape), atol=1e-12
        )
        return
    eps = 1e-6
    for k, block in enumerate(parameters):
        for index in list(np.ndindex(block.shape))[:: max(1, block.size // 12)]:
            shift = np.zeros(block.shape)
            shift[index] = eps
            up, down = ([*parameters[:k], block + s * shift, *parameters[k + 1 :]] for s in (1, -1))
            slope = (distance(tuple(up)) - distance(tuple(down))) / (2 * eps)
            assert moved[k][index] == pytest.approx(block[index] - 0.1 * slope, abs=1e-8)


@families
def test_families_start_at_plain_sharing_and_descend(family):
    problem = small()
    moments = problem.train.moments()
    solver = CovarianceAlignment(shared=TruncatedSVD(capacity=1), family=family, learning_rate=0.2)
    path = alignment_path(moments, solver, steps=[0, 1, 10, 100], rng=np.random.default_rng(2))
    shared = solve(moments, TruncatedSVD(capacity=1), rng=np.random.default_rng(2))
    np.testing.assert_allclose(path[0], shared.weights, atol=1e-14)
    losses = np.array([moments.squared_error(weights) for weights in path])
    assert (np.diff(losses, axis=0) < 0).all()


@pytest.mark.parametrize(
    ("family", "holds"),
    [
        (DiagonalAlignment(), lambda r: np.count_nonzero(r - np.diag(np.diag(r))) == 0),
        (OrthogonalAlignment(), lambda r: np.allclose(r @ r.T, np.eye(D), atol=1e-10)),
        (LowRankAlignment(rank=1), lambda r: np.linalg.matrix_rank(r - np.eye(D), tol=1e-10) == 1),
    ],
)
def test_matrices_stay_in_their_family(family, holds):
    solver = CovarianceAlignment(shared=TruncatedSVD(capacity=1), family=family)
    alignment = solver.align(small().train, rng=np.random.default_rng(3))
    assert all(holds(alignment.matrices[b, t]) for b, t in np.ndindex(2, 2))
    np.testing.assert_allclose(
        alignment.weights,
        np.einsum("btij,brj,btr->bti", alignment.matrices, alignment.representation, alignment.heads),
        atol=1e-12,
    )


@pytest.mark.parametrize("family", [FreeAlignment(), OrthogonalAlignment(), LowRankAlignment(rank=2)])
def test_trained_to_the_end_nothing_is_shared(family):
    # Each of these families takes the shared vector, with its free length, anywhere.
    problem = small(n_samples=(40, 15))
    solver = CovarianceAlignment(shared=TwoTaskGlobal(), family=family, learning_rate=0.5, max_steps=20_000)
    rng = np.random.default_rng(4)
    moments = problem.train.moments()
    end, alone = solve(moments, solver, rng=rng), solve(moments, SingleTask(), rng=rng)
    np.testing.assert_allclose(end.weights, alone.weights, atol=1e-5)


def test_with_few_samples_it_interpolates_near_the_shared_solution():
    # Descent moves within the rows of X but for what the heads do, so the end is near, not at, the projection
    # of the shared solution on the interpolating ones.
    problem = make_linear(
        np.random.default_rng(5),
        weights=tasks_at(0.8, 40),
        n_samples=(2000, 20),
        noise=0.3,
        n_replicates=10,
    )
    moments = problem.train.moments()
    rng = np.random.default_rng(6)
    path = alignment_path(moments, CovarianceAlignment(shared=TwoTaskGlobal()), steps=[0, 3000], rng=rng)
    start, end = path[:, :, 1]
    target = Dataset(inputs=problem.train.inputs[:, 1:, :20], targets=problem.train.targets[:, 1:, :20])
    assert target.squared_error(end[:, None]).max() < 1e-8
    residual = Dataset(
        inputs=target.inputs, targets=target.targets - np.einsum("btnd,bd->btn", target.inputs, start)
    )
    projection = start + solve(residual, MinimumNorm(), rng=rng).weights[:, 0]
    minimum_norm = solve(target, MinimumNorm(), rng=rng).weights[:, 0]
    to_projection, to_minimum_norm, moved = (
        np.linalg.norm(end - other, axis=-1) for other in (projection, minimum_norm, start)
    )
    assert (to_projection < to_minimum_norm).all() and (to_projection < moved).all()
    assert np.median(to_projection / moved) > 0.01


STEPS = [0, 1, 3, 10, 30, 100, 400, 4000]


@pytest.mark.parametrize("cosine", [1.0, 0.9, 0.5])
def test_target_risk_along_the_descent(cosine):
    # d = 40, 80 target and 2000 source samples, noise 0.7, 40 replicates. Paired differences of the target's
    # risk, 4.5 standard errors each: three claims a cosine, one false alarm in 30,000.
    truth = Truth(weights=tasks_at(cosine, 40)[None], covariance=np.eye(40), noise=np.full(2, 0.7))
    rng = np.random.default_rng(7)
    moments = draw_moments(rng, truth, n_samples=[2000, 80], n_replicates=40, shared_design=False)
    path = alignment_path(moments, CovarianceAlignment(shared=TwoTaskGlobal()), steps=STEPS, rng=rng)
    risk = excess_risk(path, truth)[..., 1]
    alone = solve(moments, SingleTask(), rng=rng).weights
    np.testing.assert_allclose(path[-1], alone, atol=1e-2)

    def z(lower, upper):
        difference = upper - lower
        return difference.mean() / (difference.std(ddof=1) / np.sqrt(len(difference)))

    if cosine == 1.0:
        assert (np.diff(risk.mean(axis=1)) > 0).all()
        assert all(z(risk[0], later) > 4.5 for later in risk[2:])
    else:
        interior = risk[risk.mean(axis=1).argmin()]
        assert 0 < risk.mean(axis=1).argmin() < len(STEPS) - 1
        assert z(interior, risk[0]) > 4.5 and z(interior, risk[-1]) > 4.5


def test_early_stopping_keeps_every_tasks_best_step():
    problem = small(n_samples=(60, 10), cosine=0.3, noise=0.5)
    held = make_linear(
        np.random.default_rng(8), weights=tasks_at(0.3, D), n_samples=50, noise=0.5, n_replicates=2
    ).train
    solver = CovarianceAlignment(shared=TwoTaskGlobal(), validation=held, max_steps=200)
    alignment = solver.align(problem.train, rng=np.random.default_rng(9))
    path = alignment_path(problem.train, solver, steps=range(201), rng=np.random.default_rng(9))
    errors = np.array([held.squared_error(weights) for weights in path])
    assert len(np.unique(alignment.steps)) > 1
    for b, t in np.ndindex(2, 2):
        # Late errors differ by rounding only, so the errors are compared, not the steps.
        assert errors[alignment.steps[b, t], b, t] == pytest.approx(errors[:, b, t].min(), rel=1e-12)
        np.testing.assert_allclose(alignment.weights[b, t], path[alignment.steps[b, t], b, t], atol=1e-12)
    moments = CovarianceAlignment(shared=TwoTaskGlobal(), validation=held.moments(), max_steps=200)
    again = moments.align(problem.train, rng=np.random.default_rng(9))
    np.testing.assert_allclose(again.weights, alignment.weights, atol=1e-6)


def test_without_validation_all_steps_are_taken():
    solver = CovarianceAlignment(shared=TwoTaskGlobal(), max_steps=17)
    alignment = solver.align(small().train, rng=np.random.default_rng(10))
    assert (alignment.steps == 17).all()
    path = alignment_path(small().train, solver, steps=[17, 3], rng=np.random.default_rng(10))
    np.testing.assert_allclose(alignment.weights, path[0], atol=1e-14)


def test_stopping_on_a_fraction_set_aside_is_safe_both_ways():
    # Alike tasks want to stop at once, unlike ones to train on: where both may come, neither sharing nor not
    # sharing is as good as alignment that stops by itself.
    rng = np.random.default_rng(11)
    risks = []
    for cosine in (1.0, 0.3):
        problem = make_linear(
            rng, weights=tasks_at(cosine, 20), n_samples=[1000, 60], noise=0.7, n_replicates=40
        )
        solvers = (
            TwoTaskGlobal(),
            SingleTask(),
            CovarianceAlignment(shared=TwoTaskGlobal(), validation_fraction=0.25),
        )
        risks.append(
            [excess_risk(solve(problem, s, rng=rng).weights, problem.truth)[:, 1].mean() for s in solvers]
        )
    shared, alone, stopped = np.array(risks).T
    assert (stopped < np.maximum(shared, alone)).all()
    assert stopped.mean() < shared.mean() and stopped.mean() < alone.mean()


def test_a_heavy_penalty_leaves_the_heads_alone_to_train():
    problem = small()
    moments = problem.train.moments()
    solver = CovarianceAlignment(
        shared=TruncatedSVD(capacity=1), learning_rate=1e-3, penalty=900.0, max_steps=40_000
    )
    alignment = solver.align(moments, rng=np.random.default_rng(12))
    assert np.abs(alignment.matrices - np.eye(D)).max() < 2e-3
    rows = alignment.representation
    signal = np.einsum("brd,btde,bre->bt", rows, moments.gram_per_task, rows)
    best = np.einsum("btd,brd->bt", moments.cross, rows) / signal
    np.testing.assert_allclose(alignment.heads[..., 0], best, rtol=1e-2)


def test_a_shared_design_and_moments_give_the_same():
    problem = make_linear(
        np.random.default_rng(13), alignment=0.5, n_tasks=3, n_features=D, n_samples=20, shared_design=True
    )
    solver = CovarianceAlignment(shared=SharedRepresentation(capacity=1), max_steps=50)
    first, second = (
        solve(data, solver, rng=np.random.default_rng(14)).weights
        for data in (problem.train, problem.train.moments())
    )
    np.testing.assert_allclose(first, second, atol=1e-10)


def test_too_long_steps_are_an_outcome_and_harm_no_other_replicate():
    problem = small()
    targets = problem.train.targets * np.array([1.0, 1e4])[:, None, None]
    data = Dataset(inputs=problem.train.inputs, targets=targets, n_samples=problem.train.n_samples)
    for family in FAMILIES.values():
        if isinstance(family, DiagonalAlignment):
            continue
        solver = CovarianceAlignment(shared=TwoTaskGlobal(), family=family, learning_rate=1.0)
        if isinstance(family, FreeAlignment):
            with pytest.raises(SolveError, match="smaller learning rate"):
                solve(data, solver, rng=np.random.default_rng(15))
        solution = solve(data, solver, rng=np.random.default_rng(15), throw=False)
        assert np.isfinite(solution.weights[0]).all()
        if isinstance(family, FreeAlignment):
            assert solution.outcomes == (Outcome.SUCCESS, Outcome.DIVERGED)


def test_outcomes_of_the_shared_solver_are_passed_on():
    data = small(n_samples=(3, 2)).train
    solver = CovarianceAlignment(shared=SingleTask(), max_steps=1)
    assert set(solve(data, solver, rng=np.random.default_rng(16), throw=False).outcomes) == {
        Outcome.RANK_DEFICIENT
    }


def test_same_generator_same_bytes():
    solver = CovarianceAlignment(
        shared=TwoTaskGlobal(), family=LowRankAlignment(rank=1), validation_fraction=0.3, max_steps=20
    )
    first, second = (
        solve(small().train, solver, rng=np.random.default_rng(17)).weights.tobytes() for _ in range(2)
    )
    assert first == second


def test_wrong_calls_are_refused():
    data = small().train
    rng = np.random.default_rng(18)
    shared = TwoTaskGlobal()
    for fields in (
        {"learning_rate": 0.0},
        {"learning_rate": np.inf},
        {"max_steps": 0},
        {"penalty": -1.0},
        {"validation": data, "validation_fraction": 0.5},
    ):
        with pytest.raises(ValueError, match=next(iter(fields))):
            CovarianceAlignment(shared=shared, **fields)
    for fraction in (0.0, 1.0):
        with pytest.raises(ValueError, match="fraction"):
            solve(data, CovarianceAlignment(shared=shared, validation_fraction=fraction), rng=rng)
    with pytest.raises(ValueError, match="cannot be split"):
        solve(data.moments(), CovarianceAlignment(shared=shared, validation_fraction=0.5), rng=rng)
    other = small(n_replicates=3).train
    with pytest.raises(ValueError, match="validation data have"):
        solve(data, CovarianceAlignment(shared=shared, validation=other), rng=rng)
    for nonlinear in (ReluNetwork(capacity=1), LogisticSharing(capacity=1)):
        zeros = Dataset(inputs=data.inputs, targets=np.zeros(data.targets.shape), n_samples=data.n_samples)
        with pytest.raises(ValueError, match="not linear"):
            solve(zeros, CovarianceAlignment(shared=nonlinear), rng=rng)
    for steps in ([], [3, -1]):
        with pytest.raises(ValueError, match="steps"):
            alignment_path(data, CovarianceAlignment(shared=shared), steps=steps, rng=rng)
    with pytest.raises(ValueError, match="rank"):
        LowRankAlignment(rank=0)
    with pytest.raises(ValueError, match="rank"):
        solve(data, CovarianceAlignment(shared=shared, family=LowRankAlignment(rank=D + 1)), rng=rng)
    with pytest.raises(ValueError, match="whitened"):
        solve(
            small(n_samples=(40, 3)).train,
            CovarianceAlignment(shared=shared, family=WhitenRecolour()),
            rng=rng,
        )
    for reference in (2, -1, np.eye(3), -np.eye(D)):
        with pytest.raises(ValueError, match="reference"):
            solve(
                data, CovarianceAlignment(shared=shared, family=WhitenRecolour(reference=reference)), rng=rng
            )
