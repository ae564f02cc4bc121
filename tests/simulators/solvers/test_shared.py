"""The shared map of capacity r: global optimality against brute force, closed-form losses, ties, refusals."""

import numpy as np
import pytest
from scipy.optimize import minimize

from mtl_simulators import (
    Dataset,
    Moments,
    Outcome,
    SharedRepresentation,
    SingleTask,
    SolveError,
    TruncatedSVD,
    Truth,
    sin_theta,
    solve,
)
from mtl_simulators.geometry import covariance_with_spectrum, make_rotation, make_tasks_with_spectrum
from mtl_simulators.solvers import balanced, orthonormal_rows, unit_rows, whitened

RNG = np.random.default_rng(0)  # these solvers do not draw from it
FACTORIZATIONS = [orthonormal_rows, whitened, balanced, unit_rows]
ALPHA = [0.3, 1.0, 2.5, 0.7]


def draw(*, n=12, d=5, n_tasks=4, n_replicates=1, seed=0):
    """Shared design with correlated features, whose best subspace is not that of the truncated SVD."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n_replicates, n, d)) @ np.diag(np.geomspace(3, 0.3, d))
    return Dataset(inputs=inputs, targets=rng.standard_normal((n_replicates, n_tasks, n)))


def equal_gram_designs(seed=1, *, n=12, d=5, n_tasks=4):
    """Different designs with one Gram matrix: X_t = U_t D V'."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.standard_normal((1, n_tasks, n, d)))[0]
    axes = np.linalg.qr(rng.standard_normal((d, d)))[0]
    inputs = left * np.geomspace(3, 0.3, d) @ axes
    return Dataset(inputs=inputs, targets=rng.standard_normal((1, n_tasks, n)))


def designs(data):
    shape = (data.n_tasks, *data.inputs.shape[-2:])
    return np.broadcast_to(data.inputs[0], shape)


def loss(weights, data, alpha):
    residuals = np.einsum("tnd,td->tn", designs(data), weights) - data.targets[0]
    return float(np.sum(np.asarray(alpha) * (residuals**2).sum(axis=-1)))


def alternate(rng, data, capacity, alpha, *, sweeps=400):
    """Alternating least squares from a random start: the loss where it ends."""
    inputs, targets, root = designs(data), data.targets[0], np.sqrt(alpha)
    representation = rng.standard_normal((capacity, inputs.shape[-1]))
    previous = np.inf
    for _ in range(sweeps):
        heads = np.stack(
            [np.linalg.lstsq(x @ representation.T, y)[0] for x, y in zip(inputs, targets, strict=True)]
        )
        # In W the residuals are linear too: row n of task t is gamma_t kron x_tn.
        rows = root[:, None, None, None] * heads[:, None, :, None] * inputs[:, :, None, :]
        stacked = rows.reshape(-1, representation.size)
        labels = (root[:, None] * targets).ravel()
        representation = np.linalg.lstsq(stacked, labels)[0].reshape(representation.shape)
        value = loss(heads @ representation, data, alpha)
        if previous - value < 1e-14 * value:
            break
        previous = value
    return value


def descend(rng, data, capacity, alpha):
    """Quasi-Newton descent on both factors from a random start: the loss where it ends."""
    inputs, targets = designs(data), data.targets[0]
    n_tasks, _, d = inputs.shape

    def value_and_gradient(flat):
        representation, heads = flat[: capacity * d].reshape(capacity, d), flat[capacity * d :]
        heads = heads.reshape(n_tasks, capacity)
        residuals = np.einsum("tnd,td->tn", inputs, heads @ representation) - targets
        gradient = 2 * np.einsum("t,tn,tnd->td", alpha, residuals, inputs)
        both = np.concatenate([(heads.T @ gradient).ravel(), (gradient @ representation.T).ravel()])
        return float(np.sum(alpha * (residuals**2).sum(axis=-1))), both

    start = rng.standard_normal(capacity * (d + n_tasks))
    return minimize(value_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-9}).fun


@pytest.mark.parametrize("capacity", [1, 2, 3])
@pytest.mark.parametrize("alpha", [[1.0] * 4, ALPHA])
@pytest.mark.parametrize("data", [draw(), equal_gram_designs()])
def test_no_search_from_random_starts_beats_the_closed_form(data, alpha, capacity):
    rng, alpha = np.random.default_rng(2), np.array(alpha)
    solution = solve(data, SharedRepresentation(capacity=capacity, task_weights=alpha), rng=RNG)
    closed = loss(solution.weights[0], data, alpha)
    found = [alternate(rng, data, capacity, alpha) for _ in range(10)]
    found += [descend(rng, data, capacity, alpha) for _ in range(10)]
    scale = float(alpha @ (data.targets[0] ** 2).sum(axis=-1))
    assert min(found) > closed - 1e-12 * scale
    # And the search is a fair one: it gets there.
    assert min(found) < closed + 1e-8 * scale


@pytest.mark.parametrize("alpha", [None, ALPHA])
@pytest.mark.parametrize("data", [draw(), equal_gram_designs()])
def test_the_loss_above_single_task_is_the_trailing_spectrum_of_z(data, alpha):
    # Wu, Zhang and Ré (2020), Proposition 5, with Z = [sqrt(alpha_t) U_t' y_t].
    alpha_ = np.ones(4) if alpha is None else np.array(alpha)
    left = np.stack([np.linalg.svd(x, full_matrices=False)[0] for x in designs(data)])
    axes = np.stack([np.linalg.svd(x, full_matrices=False)[2] for x in designs(data)])
    # One basis of the features for all: signs of the singular vectors follow the first task's.
    signs = np.sign(np.einsum("tmd,md->tm", axes, axes[0]))
    z = np.sqrt(alpha_)[:, None] * np.einsum("tnm,tn->tm", left * signs[:, None], data.targets[0])
    alone = loss(solve(data, SingleTask(), rng=RNG).weights[0], data, alpha_)
    spectrum = np.linalg.svd(z, compute_uv=False)
    for capacity in range(1, 5):
        shared = solve(data, SharedRepresentation(capacity=capacity, task_weights=alpha), rng=RNG)
        excess = loss(shared.weights[0], data, alpha_) - alone
        assert abs(excess - (spectrum[capacity:] ** 2).sum()) < 1e-11 * (z**2).sum()
        assert np.linalg.matrix_rank(shared.weights[0]) == capacity


def test_toy_losses_of_wu_et_al():
    # X = I and targets e_1..e_6: the loss at capacity r is 6 - r, and every cut falls on a tie.
    data = Dataset(inputs=np.eye(6)[None], targets=np.eye(6)[None])
    for capacity in range(1, 7):
        solution = solve(data, SharedRepresentation(capacity=capacity), rng=RNG)
        assert abs(loss(solution.weights[0], data, np.ones(6)) - (6 - capacity)) < 1e-12
        expected = Outcome.TIED_SPECTRUM if capacity < 6 else Outcome.SUCCESS
        assert solution.outcomes == (expected,)


def test_task_weights_scale_out_and_draw_the_map_to_heavy_tasks():
    data = draw(n_replicates=3)
    even, scaled = (
        solve(data, SharedRepresentation(capacity=2, task_weights=w), rng=RNG).weights
        for w in (None, [7.0] * 4)
    )
    assert np.allclose(even, scaled, rtol=1e-10, atol=1e-12)
    heavy = solve(data, SharedRepresentation(capacity=1, task_weights=[1, 1e8, 1, 1]), rng=RNG)
    alone = solve(data, SingleTask(), rng=RNG)
    assert np.allclose(heavy.weights[:, 1], alone.weights[:, 1], atol=1e-6)


@pytest.mark.parametrize("solver", [SharedRepresentation, TruncatedSVD])
@pytest.mark.parametrize("d, n_tasks", [(5, 3), (3, 5), (1, 4), (4, 1), (1, 1)])
def test_full_capacity_is_single_task(solver, d, n_tasks):
    data = draw(d=d, n_tasks=n_tasks, n_replicates=3)
    full = solve(data, solver(capacity=min(d, n_tasks)), rng=RNG)
    assert full.representation.shape == (3, min(d, n_tasks), d)
    assert np.allclose(full.weights, solve(data, SingleTask(), rng=RNG).weights, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("solver", [SharedRepresentation(capacity=2), TruncatedSVD(capacity=2)])
def test_samples_and_moments_agree(solver):
    data = draw(n_replicates=4)
    samples, moments = (solve(form, solver, rng=RNG) for form in (data, data.moments()))
    assert np.allclose(samples.weights, moments.weights, rtol=1e-9, atol=1e-11)
    assert samples.outcomes == moments.outcomes


@pytest.mark.parametrize("capacity", [1, 2, 4])
@pytest.mark.parametrize("shared", [True, False])
def test_truncated_svd_is_the_eckart_young_truncation_of_single_task(capacity, shared):
    data = draw(n_replicates=3)
    if not shared:
        rng = np.random.default_rng(3)
        data = Dataset(inputs=rng.standard_normal((3, 4, 12, 5)), targets=data.targets)
    alone = solve(data, SingleTask(), rng=RNG).weights
    left, spectrum, rows = np.linalg.svd(alone, full_matrices=False)
    expected = left[..., :capacity] * spectrum[:, None, :capacity] @ rows[:, :capacity]
    solution = solve(data, TruncatedSVD(capacity=capacity), rng=RNG)
    assert np.allclose(solution.weights, expected, atol=1e-12)
    # No random product of rank r is nearer.
    rng = np.random.default_rng(4)
    nearest = ((alone - solution.weights) ** 2).sum(axis=(1, 2))
    near = solution.heads + 0.1 * rng.standard_normal((200, *solution.heads.shape))
    others = near @ (
        solution.representation + 0.1 * rng.standard_normal((200, *solution.representation.shape))
    )
    assert (((alone - others) ** 2).sum(axis=(2, 3)) >= nearest - 1e-12).all()


def test_truncated_svd_is_the_shared_optimum_for_isotropic_designs_only():
    isotropic = Dataset(inputs=3 * np.linalg.qr(draw().inputs)[0], targets=draw().targets)
    for data, equal in ((isotropic, True), (draw(), False)):
        best, truncated = (
            loss(solve(data, solver(capacity=2), rng=RNG).weights[0], data, np.ones(4))
            for solver in (SharedRepresentation, TruncatedSVD)
        )
        assert np.isclose(best, truncated, rtol=1e-12) if equal else best < 0.999 * truncated


def population(spectrum, *, noise=0.0, n_tasks=4, d=6):
    rng = np.random.default_rng(5)
    weights = make_tasks_with_spectrum(rng, spectrum=spectrum, n_tasks=n_tasks, n_features=d, n_replicates=2)
    return Truth(weights=weights, covariance=np.eye(d), noise=np.full(n_tasks, noise))


def test_population_moments_give_the_best_approximation_in_the_metric_of_the_covariance():
    rng = np.random.default_rng(6)
    covariance = covariance_with_spectrum(np.geomspace(9, 0.1, 6), rotation=make_rotation(rng, n_features=6))
    truth = Truth(weights=rng.standard_normal((3, 4, 6)), covariance=covariance, noise=np.ones(4))
    # Root by Cholesky: any R with R R' = Sigma will do.
    factor = np.linalg.cholesky(covariance)
    left, spectrum, rows = np.linalg.svd(truth.weights @ factor, full_matrices=False)
    expected = left[..., :2] * spectrum[:, None, :2] @ rows[:, :2] @ np.linalg.inv(factor)
    solution = solve(truth.population_moments(), SharedRepresentation(capacity=2), rng=RNG)
    assert np.allclose(solution.weights, expected, atol=1e-11)
    risk = truth.population_moments().squared_error(solution.weights).sum(axis=-1)
    assert np.allclose(risk, 4.0 + (spectrum[:, 2:] ** 2).sum(axis=-1), rtol=1e-12)


@pytest.mark.parametrize("solver", [SharedRepresentation, TruncatedSVD])
@pytest.mark.parametrize(
    "spectrum, expected",
    [
        ([3.0, 2.0, 2.0, 1.0], Outcome.TIED_SPECTRUM),
        ([3.0, 2.0 * (1 + 1e-12), 2.0, 1.0], Outcome.TIED_SPECTRUM),
        ([3.0, 2.0 * (1 + 1e-8), 2.0, 1.0], Outcome.SUCCESS),
        ([3.0, 3.0, 2.0, 2.0], Outcome.SUCCESS),
        # Small is not zero: the second direction is there, and there is only one.
        ([3.0, 3e-6, 0.0, 0.0], Outcome.SUCCESS),
        ([3.0, 3e-9, 0.0, 0.0], Outcome.SUCCESS),
        ([3.0, 3e-9, 3e-9, 0.0], Outcome.TIED_SPECTRUM),
        # Above the rank there is nothing to choose: the product of rank one is the truth.
        ([3.0, 0.0, 0.0, 0.0], Outcome.SUCCESS),
    ],
)
def test_only_a_cut_between_equal_singular_values_is_tied(solver, spectrum, expected):
    truth = population(spectrum)
    solution = solve(truth.population_moments(), solver(capacity=2), rng=RNG)
    assert solution.outcomes == (expected,) * 2
    lost = np.linalg.norm(truth.weights - solution.weights, axis=(1, 2))
    assert np.allclose(lost, np.linalg.norm(spectrum[2:]), rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("solver", [SharedRepresentation, TruncatedSVD])
@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9, 1e-12])
def test_small_directions_are_found_as_well_as_rounding_allows(solver, small):
    truth = population([1.0, small, 0.0, 0.0])
    solution = solve(truth.population_moments(), solver(capacity=2), rng=RNG)
    basis = np.linalg.svd(truth.weights, full_matrices=False)[2][:, :2]
    assert sin_theta(solution.representation, basis).max() < 20 * np.finfo(float).eps / small


def test_a_tie_is_seen_in_single_precision():
    weights = make_tasks_with_spectrum(
        np.random.default_rng(7), spectrum=[3, 1, 1, 0.5], n_tasks=6, n_features=6, n_replicates=50
    ).astype(np.float32)
    gaps = -np.diff(np.linalg.svd(weights, compute_uv=False))
    assert (gaps[:, 1] > 1e-8).any()  # equal to rounding, not to the bit
    data = Dataset(inputs=np.broadcast_to(np.eye(6, dtype=np.float32), weights.shape), targets=weights)
    for form in (data, data.moments()):
        outcomes = solve(form, SharedRepresentation(capacity=2), rng=RNG).outcomes
        assert outcomes == (Outcome.TIED_SPECTRUM,) * 50


@pytest.mark.parametrize("factorization", FACTORIZATIONS)
@pytest.mark.parametrize("solver", [SharedRepresentation, TruncatedSVD])
def test_factorizations_keep_the_product(solver, factorization):
    data = draw(n_replicates=3)
    expected = solve(data, solver(capacity=3), rng=RNG).weights
    solution = solve(data, solver(capacity=3, factorization=factorization), rng=RNG)
    assert solution.representation.shape == (3, 3, 5) and solution.heads.shape == (3, 4, 3)
    assert np.allclose(solution.weights, expected, atol=1e-11)


@pytest.mark.parametrize("counts", [[12, 12, 12, 12], [12, 15, 20, 30]])
def test_whitened_hidden_units_of_equal_gram_designs(counts):
    # Zero rows leave the Gram matrix alone and change the counts: Sigma is sum_t X_t'X_t / sum_t n_t.
    data = equal_gram_designs()
    padded = Dataset(
        inputs=np.pad(data.inputs, ((0, 0), (0, 0), (0, 18), (0, 0))),
        targets=np.pad(data.targets, ((0, 0), (0, 0), (0, 18))),
        n_samples=counts,
    )
    solution = solve(padded, SharedRepresentation(capacity=2, factorization=whitened), rng=RNG)
    covariance = sum(x.T @ x for x in data.inputs[0]) / sum(counts)
    units = solution.representation[0] @ covariance @ solution.representation[0].T
    assert np.allclose(units, np.eye(2), atol=1e-11)


@pytest.mark.parametrize("factorization", FACTORIZATIONS)
@pytest.mark.parametrize("solver", [SharedRepresentation, TruncatedSVD])
def test_only_the_deficient_replicate_fails_whatever_the_factorization(solver, factorization):
    sound = draw(n_replicates=3)
    inputs, targets = sound.inputs.copy(), sound.targets
    # One sample repeated: rank 1, below the capacity and far from an invertible covariance.
    inputs[1] = inputs[1, :1]
    data = Dataset(inputs=inputs, targets=targets)
    strategy = solver(capacity=2, factorization=factorization)
    for form, whole in ((data, sound), (data.moments(), sound.moments())):
        solution = solve(form, strategy, rng=RNG, throw=False)
        assert solution.outcomes == (Outcome.SUCCESS, Outcome.RANK_DEFICIENT, Outcome.SUCCESS)
        assert np.isnan(solution.weights[1]).all() and np.isnan(solution.representation[1]).all()
        expected = solve(whole, strategy, rng=RNG)
        assert np.array_equal(solution.weights[[0, 2]], expected.weights[[0, 2]])
        with pytest.raises(
            SolveError, match=r"1 of 3 .* RANK_DEFICIENT: .* use MinimumNorm or Ridge, or more"
        ):
            solve(form, strategy, rng=RNG)


@pytest.mark.parametrize("factorization", FACTORIZATIONS)
@pytest.mark.parametrize("solver", [SharedRepresentation, TruncatedSVD])
def test_a_batch_is_its_replicates_one_by_one(solver, factorization):
    data, strategy = draw(n_replicates=4), solver(capacity=2, factorization=factorization)
    batch = solve(data, strategy, rng=RNG)
    for b in range(4):
        one = solve(
            Dataset(inputs=data.inputs[b : b + 1], targets=data.targets[b : b + 1]), strategy, rng=RNG
        )
        assert np.array_equal(one.representation[0], batch.representation[b])
        assert np.array_equal(one.heads[0], batch.heads[b])


@pytest.mark.parametrize("factorization", FACTORIZATIONS)
def test_single_precision_stays_single_and_close(factorization):
    double = draw(n_replicates=2)
    single = Dataset(inputs=double.inputs.astype(np.float32), targets=double.targets.astype(np.float32))
    strategy = SharedRepresentation(capacity=2, factorization=factorization, task_weights=ALPHA)
    low, high = solve(single, strategy, rng=RNG), solve(double, strategy, rng=RNG)
    assert low.weights.dtype == low.representation.dtype == low.heads.dtype == np.float32
    # Condition number 10 to 20 of the design, and a gap of the spectrum above 0.1: 1e3 u.
    assert np.abs(low.weights - high.weights).max() < 1e3 * np.finfo(np.float32).eps


@pytest.mark.parametrize("solver", [SharedRepresentation, TruncatedSVD])
@pytest.mark.parametrize(
    "capacity, message",
    [
        (5, r"capacity r = 5 exceeds min\(d, T\) = 4: .* use SingleTask, or a smaller capacity"),
        (0, "capacity must be an integer of at least 1, got 0"),
        (1.5, "capacity must be an integer of at least 1, got 1.5"),
    ],
)
def test_impossible_capacities_are_refused(solver, capacity, message):
    with pytest.raises(ValueError, match=message):
        solve(draw(), solver(capacity=capacity), rng=RNG)


def test_different_gram_matrices_are_refused_with_the_remedy():
    rng = np.random.default_rng(8)
    data = Dataset(inputs=rng.standard_normal((1, 4, 12, 5)), targets=draw().targets)
    nearly = equal_gram_designs().moments()
    off = nearly.gram.copy()
    off[0, 2] *= 1 + 1e-6
    for form in (
        data,
        data.moments(),
        Moments(gram=off, cross=nearly.cross, energy=nearly.energy, n_samples=nearly.n_samples),
    ):
        with pytest.raises(
            ValueError, match=r"different Gram matrices, .* use TruncatedSVD or GradientDescent"
        ):
            solve(form, SharedRepresentation(capacity=2), rng=RNG)
        assert solve(form, TruncatedSVD(capacity=2), rng=RNG).usable


@pytest.mark.parametrize("bad", [[1.0, 2.0], [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, -1.0]])
def test_bad_task_weights_are_refused_with_the_remedy(bad):
    with pytest.raises(
        ValueError, match="are not 4 positive numbers; pass one a task, and drop tasks of weig"
    ):
        solve(draw(), SharedRepresentation(capacity=1, task_weights=bad), rng=RNG)


@pytest.mark.parametrize("solver", [SharedRepresentation(capacity=2), TruncatedSVD(capacity=2)])
def test_fewer_samples_than_features_determine_no_map(solver):
    data = draw(n=3, n_replicates=2)
    assert solve(data, solver, rng=RNG, throw=False).outcomes == (Outcome.RANK_DEFICIENT,) * 2
    with pytest.raises(SolveError, match="2 of 2 replicates ended with RANK_DEFICIENT"):
        solve(data, solver, rng=RNG)
