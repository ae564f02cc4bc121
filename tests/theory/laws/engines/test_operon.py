"""Operon's fronts: in our symbols, the same for the same seed, and weighted."""

from dataclasses import dataclass

import numpy as np
import pytest
import sympy as sp
from pyoperon.sklearn import SymbolicRegressor

from mtl_theory.laws import Kind, Variable
from mtl_theory.laws._engines import Budget, EngineUnavailable, _operon
from mtl_theory.laws._engines._operon import Operon, _front, _repeated, _split

N = Variable(name="N", kind=Kind.POSITIVE)
S = Variable(name="S", kind=Kind.POSITIVE)
BETA = Variable(name="beta", kind=Kind.SIGNED)
SMALL = Budget(effort=0.005)  # 12,000 evaluations, in one run


@dataclass(frozen=True)
class Points:
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray


def points(seed: int, n_rows: int = 100) -> Points:
    """`y = 0.1 + 3 S / sqrt(N)` in the columns N, S, beta, named to collide with SymPy's own."""
    rng = np.random.default_rng(seed)
    size, noise = np.exp(rng.uniform(2, 7, n_rows)), rng.uniform(0.05, 1, n_rows)
    X = np.column_stack([size, noise, rng.uniform(-1, 1, n_rows)])
    return Points(X, 0.1 + 3 * noise / np.sqrt(size), np.ones(n_rows))


def candidates(
    data: Points, *, budget: Budget = SMALL, seed: int = 0, engine: Operon | None = None
) -> list[sp.Expr]:
    found = (engine or Operon()).candidates(
        data.X, data.y, data.weights, (N, S, BETA), budget=budget, seed=seed
    )
    assert found
    return found


def values(expression: sp.Expr, X: np.ndarray) -> np.ndarray:
    function = sp.lambdify([variable.symbol for variable in (N, S, BETA)], expression, "numpy")
    return np.broadcast_to(function(*X.T), len(X))


def test_a_planted_law_is_among_the_candidates_in_our_symbols():
    train, beyond = points(0), points(1)
    beyond.X[:, 0] *= 100
    truth = 0.1 + 3 * beyond.X[:, 1] / np.sqrt(beyond.X[:, 0])
    found = candidates(train, budget=Budget(effort=0.03))
    assert set().union(*(expression.free_symbols for expression in found)) <= {
        N.symbol,
        S.symbol,
        BETA.symbol,
    }
    errors = [np.abs(values(expression, beyond.X) / truth - 1).max() for expression in found]
    # Single precision, before any refit; the law is exact in the primitives.
    assert min(errors) < 1e-4


@pytest.mark.parametrize("symbols", [_operon._POWER, _operon._RICH])
def test_trees_are_translated_exactly(symbols):
    data = points(2)
    # Constants of 1e-9 and below must survive: pyoperon's own strings would cut them to zero.
    X = data.X * [1e9, 1.0, 1.0]
    regressor = SymbolicRegressor(
        allowed_symbols=symbols, objectives=["r2", "length"], max_evaluations=20_000, random_state=1
    ).fit(np.asfortranarray(X), data.y.copy())
    front = list(_front(regressor, (N, S, BETA)))
    assert len(front) == len(regressor.pareto_front_) > 3
    for expression, entry in zip(front, regressor.pareto_front_, strict=True):
        theirs = regressor.evaluate_model(entry["tree"], X)
        # Theirs is computed in single precision: a unit in the last place is 6e-8, over some ten operations.
        np.testing.assert_allclose(values(expression, X), theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())


def test_same_seed_same_front_whatever_the_threads():
    first, again = candidates(points(3)), candidates(points(3))
    threaded = candidates(points(3), engine=Operon(n_threads=2))
    assert first == again == threaded
    assert first != candidates(points(3), seed=1)


def test_rows_of_weight_zero_do_not_matter():
    data, spoilt = points(4), points(4)
    data.weights[::2] = spoilt.weights[::2] = 0.0
    spoilt.y[::2] = 1e3
    assert candidates(data) == candidates(spoilt)


def test_repeats_follow_the_weights():
    rng = np.random.default_rng(5)
    weights = rng.gamma(0.3, size=40)
    expected = weights * 40 / weights.sum()
    shifts = (np.arange(1000) + 0.5) / 1000
    counts = np.array([np.bincount(_repeated(weights, shift=shift), minlength=40) for shift in shifts])
    assert (counts.sum(axis=1) == 40).all()
    assert (np.abs(counts - expected) < 1).all()
    # Each count steps between two whole numbers over 1,000 shifts: two roundings of 1/1000 each.
    np.testing.assert_allclose(counts.mean(axis=0), expected, atol=2e-3)
    np.testing.assert_array_equal(_repeated(np.full(40, 0.1), shift=0.5), np.arange(40))


def test_repeating_rows_beats_ignoring_their_weights():
    rng = np.random.default_rng(6)
    data = points(6, n_rows=300)
    noise = np.where(rng.random(300) < 0.5, 0.002, 0.6)
    noisy = Points(data.X, data.y + noise * rng.standard_normal(300), 1 / noise**2)
    unweighted = Points(noisy.X, noisy.y, data.weights)
    budget = Budget(effort=0.02)
    errors = {
        label: min(
            np.sqrt(np.mean((values(e, data.X) - data.y) ** 2)) for e in candidates(given, budget=budget)
        )
        for label, given in {"weighted": noisy, "unweighted": unweighted}.items()
    }
    # Half the rows carry all the information; the others hide it (here 30 times worse).
    assert errors["weighted"] < 0.2 * errors["unweighted"]


def test_inputs_are_copied_and_may_be_read_only_in_any_order():
    data, plain = points(7), candidates(points(7))
    frozen = Points(*(np.ascontiguousarray(array) for array in (data.X, data.y, data.weights)))
    for array in (frozen.X, frozen.y, frozen.weights):
        array.flags.writeable = False
    assert candidates(frozen) == plain


def test_columns_beyond_the_ninth_keep_their_names():
    rng = np.random.default_rng(8)
    variables = [Variable(name=f"x{i}") for i in range(12)]
    X = rng.standard_normal((60, 12))
    found = Operon().candidates(X, 2 * X[:, 10], np.ones(60), variables, budget=SMALL, seed=0)
    assert any(expression.free_symbols == {variables[10].symbol} for expression in found)


def test_a_constant_target_gives_constants():
    data = points(9)
    found = candidates(Points(data.X, np.full(100, 0.25), data.weights))
    assert all(np.allclose(values(expression, data.X), 0.25, atol=1e-5) for expression in found)


def test_effort_makes_runs_then_shortens_the_only_one():
    assert _split(2_400_000) == [600_000] * 4
    assert _split(1_300_000) == [650_000] * 2
    assert _split(12_000) == [12_000]
    assert _split(0) == [1]


def test_no_run_starts_when_the_time_is_over(monkeypatch):
    runs = []
    short = Operon._regressor

    def counted(self, run, n_evaluations, seconds, seed):
        runs.append(seconds)
        return short(self, run, 2_000, seconds, seed)

    monkeypatch.setattr(Operon, "_regressor", counted)
    candidates(points(10), budget=Budget(seconds=1e-3))
    assert len(runs) == 1
    candidates(points(10))
    assert runs[1:] == [np.inf]


def test_the_run_is_configured_as_measured():
    regressor = Operon()._regressor(0, 600_000, 7.9, 0)
    assert (regressor.max_time, regressor.max_evaluations) == (7, 600_000)
    assert [("log" in Operon()._regressor(run, 1, np.inf, 0).allowed_symbols) for run in range(4)] == [
        False,
        False,
        False,
        True,
    ]
    seeds = {Operon()._regressor(run, 1, np.inf, seed).random_state for run in range(4) for seed in range(5)}
    assert len(seeds) == 20


def test_where_pyoperon_is_missing_one_line_says_what_to_do(monkeypatch):
    assert Operon().available() is None
    monkeypatch.setattr(_operon, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="pip install pyoperon") as error:
        candidates(points(0))
    assert "\n" not in str(error.value)
