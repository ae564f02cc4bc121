"""Compiled forms and variable projection, against finite differences and against SciPy from many starts."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from mtl_theory.laws import CHINCHILLA, POOLED, Kind, Parameter, Squared, Variable, fit_law, parse_form
from mtl_theory.laws._objective import Objective
from mtl_theory.laws._points import Points
from mtl_theory.laws._separable import separate

X = Variable(name="x", kind=Kind.POSITIVE)
DECAYS = parse_form(
    "a + b*exp(-x/s) + c*exp(-x/t)",
    [X],
    name="two decays",
    parameters=[Parameter(name="s", low=0.01, high=1.5), Parameter(name="t", low=1.5, high=50)],
)
PURE = parse_form("1/(1 + (x/h)**p)", [X], name="no amplitude")
TRUTHS = {
    CHINCHILLA.name: (CHINCHILLA, {"E": 1.7, "A": 400.0, "B": 410.0, "alpha": 0.34, "beta": 0.28}),
    POOLED.name: (POOLED, {"f0": 1.8, "b": 1.6, "k": 0.7, "p": 0.2}),
    DECAYS.name: (DECAYS, {"a": 0.3, "b": 1.0, "c": 2.0, "s": 0.5, "t": 5.0}),
    PURE.name: (PURE, {"h": 3.0, "p": 1.5}),
}
RANGES = {"N": (1e7, 1e10), "D": (1e9, 1e12), "n": (1, 20), "T": (1, 15), "A": (0, 1), "x": (0.1, 20)}


def problem(name, seed=0, size=240, noise=0.01):
    """Return a form, its true parameters in compiled order, columns and noisy values."""
    form, truth = TRUTHS[name]
    rng = np.random.default_rng(seed)
    columns = np.stack(
        [
            rng.uniform(*RANGES[v.name], size)
            if v.kind is Kind.UNIT
            else np.exp(rng.uniform(*np.log(RANGES[v.name]), size))
            for v in form.variables
        ]
    )
    true = np.array([truth[p.name] for p in (*form.amplitudes, *form.exponents)])
    clean = separate(form).evaluate(columns, true[None])[0][0]
    return form, true, columns, clean + noise * clean.std() * rng.standard_normal(size)


@pytest.mark.parametrize("name", TRUTHS)
def test_compiled_form_equals_the_expression_and_its_slopes_finite_differences(name):
    form, true, columns, _ = problem(name)
    compiled = separate(form)
    value, slopes = compiled.evaluate(columns, true[None])
    numbers = dict(zip((p.symbol for p in (*form.amplitudes, *form.exponents)), true, strict=True))
    for point in range(3):
        at = {v.symbol: columns[k, point] for k, v in enumerate(form.variables)}
        assert value[0, point] == pytest.approx(float(form.expression.subs(at | numbers)), rel=1e-12)
    for k, number in enumerate(true):
        step = np.zeros_like(true)
        step[k] = 1e-6 * number
        ends = compiled.evaluate(columns, np.stack([true + step, true - step]))[0]
        measured = (ends[0] - ends[1]) / (2 * step[k])
        assert np.abs(slopes[0, k] - measured).max() < 1e-7 * np.abs(measured).max()


def test_starts_are_independent_of_each_other():
    form, true, columns, _ = problem("two decays")
    several = true * (1 + 0.1 * np.arange(3)[:, None])
    together = separate(form).evaluate(columns, several)
    for k in range(3):
        alone = separate(form).evaluate(columns, several[k : k + 1])
        assert (together[0][k] == alone[0][0]).all() and (together[1][k] == alone[1][0]).all()


def test_slope_of_a_power_at_zero_is_its_limit():
    form = parse_form("a*z**r", [Variable(name="z", kind=Kind.UNIT)])
    value, slopes = separate(form).evaluate(np.array([[0.0, 1.0]]), np.array([[2.0, 0.5]]))
    assert value.tolist() == [[0.0, 2.0]] and slopes[0, 1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", TRUTHS)
def test_projected_residuals_are_those_of_least_squares_and_their_slopes_give_the_gradient(name):
    form, true, columns, y = problem(name, noise=0.3)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, y.size)
    objective = Objective(
        form=separate(form), points=Points(columns=columns, y=y, weights=weights), loss=Squared()
    )
    theta = true[len(form.amplitudes) :] * 1.2

    def projected(exponents):
        terms = separate(form).terms(columns, exponents[None])
        root = np.sqrt(weights)
        target = root * (y - terms.offset[0])
        if len(form.amplitudes) == 0:
            return -target
        design = (root * terms.basis[0]).T
        return design @ np.linalg.lstsq(design, target, rcond=None)[0] - target

    errors, slopes = objective.projected(theta[None], np.arange(1))
    assert errors[0] == pytest.approx(projected(theta), abs=1e-9)
    # Kaufman's slopes are not those of the residuals, but give the exact gradient of half their square.
    for k in range(theta.size):
        step = np.zeros_like(theta)
        step[k] = 1e-5 * theta[k]
        high, low = ((projected(theta + s) ** 2).sum() / 2 for s in (step, -step))
        assert slopes[0, k] @ errors[0] == pytest.approx((high - low) / (2 * step[k]), rel=1e-5)


@pytest.mark.parametrize("name", TRUTHS)
def test_fit_is_the_best_optimum_that_scipy_finds_from_many_starts(name):
    form, true, columns, y = problem(name, seed=2, noise=0.02)
    rows = {v.name: column for v, column in zip(form.variables, columns, strict=True)} | {"y": y}
    law = fit_law(rows, form, target="y")
    compiled = separate(form)
    found = np.array([law.estimates[p.name].value for p in (*form.amplitudes, *form.exponents)])
    rng = np.random.default_rng(3)
    runs = [
        least_squares(
            lambda p: compiled.evaluate(columns, p[None])[0][0] - y,
            true * np.exp(0.3 * rng.standard_normal(true.size)),
            jac=lambda p: compiled.evaluate(columns, p[None])[1][0].T,
            x_scale="jac",
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=300,
        )
        for _ in range(8)
    ]
    best = min(runs, key=lambda run: run.cost)
    cost = ((law.predict(rows) - y) ** 2).sum() / 2
    assert cost <= best.cost * (1 + 1e-9)
    assert found == pytest.approx(best.x, rel=1e-5)


def test_collinear_terms_share_one_direction_in_projection():
    form = parse_form("a*x + b*x**p", [X])
    columns = np.array([[1.0, 2.0, 3.0, 5.0]])
    points = Points(columns=columns, y=np.array([1.0, 2.0, 4.0, 4.0]), weights=np.ones(4))
    objective = Objective(form=separate(form), points=points, loss=Squared())
    errors, _ = objective.projected(np.array([[1.0]]), np.arange(1))
    slope = columns[0] @ points.y / (columns[0] @ columns[0])
    assert errors[0] == pytest.approx(slope * columns[0] - points.y, abs=1e-12)
