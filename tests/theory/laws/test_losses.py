"""Losses: the same optimum as SciPy's, resistance to outliers, standard errors against what is measured."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from mtl_theory.laws import CHINCHILLA, Huber, Squared, fit_law, parse_form
from mtl_theory.laws._separable import separate

PRECISE = {"max_nfev": 2000, "ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


def chinchilla_rows(seed, noise=0.01, outliers=0.0):
    rng = np.random.default_rng(seed)
    size, tokens = (
        np.exp(rng.uniform(np.log(1e7), np.log(1e10), 240)),
        np.exp(rng.uniform(np.log(1e9), np.log(1e12), 240)),
    )
    clean = 1.69 + 406 * size**-0.34 + 411 * tokens**-0.28
    error = noise * rng.standard_normal(240) + outliers * (rng.uniform(size=240) < 0.05)
    return {"N": size, "D": tokens, "y": clean * np.exp(error)}


@pytest.mark.parametrize(
    "loss, kind, scale",
    [
        (Squared(log=True), "linear", 1.0),
        (Huber(delta=0.01), "huber", 0.01),
        (Huber(delta=0.01, log=True), "huber", 0.01),
        (Huber(delta=0.001, log=True), "huber", 0.001),
    ],
    ids=str,
)
def test_optimum_is_that_of_scipy(loss, kind, scale):
    rows = chinchilla_rows(0, outliers=0.1)
    law = fit_law(rows, CHINCHILLA, target="y", loss=loss)
    compiled = separate(CHINCHILLA)
    columns = np.stack([rows["N"], rows["D"]])
    change = np.log if loss.log else (lambda values: values)
    parameters = (*CHINCHILLA.amplitudes, *CHINCHILLA.exponents)

    def residuals(p):
        return change(compiled.evaluate(columns, p[None])[0][0]) - change(rows["y"])

    def slopes(p):
        value, found = compiled.evaluate(columns, p[None])
        return (found[0] / (value[0] if loss.log else 1)).T

    start = np.array([law.estimates[p.name].value for p in parameters])
    cost = loss.rho(residuals(start)).sum()
    # SciPy starts elsewhere, and finds nothing better.
    runs = [
        least_squares(
            residuals, start * factor, jac=slopes, loss=kind, f_scale=scale, x_scale="jac", **PRECISE
        )
        for factor in (1.0, 1.1)
    ]
    assert cost <= min(run.cost for run in runs) * (1 + 1e-9)
    # From its own optimum SciPy moves nowhere.
    errors = np.array([law.estimates[p.name].stderr for p in parameters])
    assert (np.abs(runs[0].x - start) < 1e-3 * errors).all()


def test_huber_forgives_outliers_that_bend_a_squared_fit():
    truth = {"E": 1.69, "alpha": 0.34, "beta": 0.28}
    rows = chinchilla_rows(1, outliers=0.3)
    robust = fit_law(rows, CHINCHILLA, target="y", loss=Huber(delta=0.01, log=True))
    plain = fit_law(rows, CHINCHILLA, target="y", loss=Squared(log=True))
    for name, value in truth.items():
        # 4.5 standard errors: P(false alarm) < 1e-5; outliers that all lie above bias by less than that.
        assert abs(robust.estimates[name].value - value) < 4.5 * robust.estimates[name].stderr
        assert robust.estimates[name].stderr < plain.estimates[name].stderr / 2


def test_a_huber_fit_within_its_delta_is_a_squared_fit(power):
    form, rows = power
    squared, huber = (fit_law(rows(0), form, target="y", loss=loss) for loss in (Squared(), Huber(delta=1.0)))
    for name, estimate in squared.estimates.items():
        assert huber.estimates[name].value == pytest.approx(estimate.value, rel=1e-7)
        assert huber.estimates[name].stderr == pytest.approx(estimate.stderr, rel=1e-6)


@pytest.mark.parametrize("delta", [0.002, 0.02])
def test_standard_errors_of_a_huber_fit_are_the_spread_of_its_estimates(delta, variables):
    # 200 data sets: a standard deviation has a relative standard error of 0.05; 5 of them.
    rng = np.random.default_rng(2)
    n = np.tile(np.geomspace(1, 100, 50), 4)
    form = parse_form("a + b/sqrt(n)", variables)
    loss = Huber(delta=delta)
    noise = 0.02 * rng.standard_t(2.5, (200, n.size))
    fits = [fit_law({"n": n, "y": 1 + 2 / np.sqrt(n) + e}, form, target="y", loss=loss) for e in noise]
    for name in "ab":
        spread = np.std([fit.estimates[name].value for fit in fits], ddof=1)
        assert np.mean([fit.estimates[name].stderr for fit in fits]) == pytest.approx(spread, rel=0.25)


def test_a_logarithmic_fit_is_one_of_ratios(variables):
    # Pure power: the logarithm is a straight line.
    rng = np.random.default_rng(3)
    n = np.geomspace(1, 100, 30)
    y = 3 * n**-0.4 * np.exp(0.1 * rng.standard_normal(30))
    law = fit_law({"n": n, "y": y}, parse_form("b*n**-p", variables), target="y", loss=Squared(log=True))
    slope, offset = np.polyfit(np.log(n), np.log(y), 1)
    assert law.estimates["p"].value == pytest.approx(-slope, rel=1e-8)
    assert law.estimates["b"].value == pytest.approx(np.exp(offset), rel=1e-8)


def test_logarithms_and_thresholds_refuse_what_they_cannot_take(power):
    form, rows = power
    with pytest.raises(ValueError, match="y must be positive for a loss of logarithms"):
        fit_law(rows(0) | {"y": -np.ones(40)}, form, target="y", loss=Squared(log=True))
    with pytest.raises(ValueError, match="delta must lie"):
        Huber(delta=0.0)
