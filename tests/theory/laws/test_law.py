"""A fitted law: predictions, bands, slopes, prints."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from scipy import stats

from mtl_theory.laws import B_FORM, POOLED, Band, Squared, fit_law, parse_form


@pytest.fixture
def b_law(planted):
    rng = np.random.default_rng(0)
    rows = planted(
        rng, 300, 0.03, lambda n, T, A: 0.5 - 0.3 / np.sqrt(n) - 0.6 / np.sqrt(n * T) + 0.4 * np.sqrt(A)
    )
    return fit_law(rows, B_FORM, target="y"), rows


def test_frames_mappings_and_arrays_predict_the_same(b_law):
    law, rows = b_law
    frame = pd.DataFrame(rows)
    by_column = law.predict({name: rows[name] for name in "nTA"})
    assert (law.predict(frame[["A", "y", "n", "T"]]) == by_column).all()
    assert (law.predict(frame[[v.name for v in law.variables]].to_numpy()) == by_column).all()
    assert law.predict({"n": 4.0, "T": [1.0, 4.0], "A": 0.25}).shape == (2,)
    assert law.function()(*(rows[v.name] for v in law.variables)) == pytest.approx(by_column, rel=1e-12)
    assert 1 - ((by_column - rows["y"]) ** 2).mean() / rows["y"].var() == pytest.approx(
        law.scores.r2, abs=1e-12
    )


@pytest.mark.parametrize(
    "points, message",
    [
        ({"n": [1.0], "T": [2.0]}, "no column 'A'"),
        (np.ones((4, 2)), r"2 columns, expected 3: \['n', 'T', 'A'\]"),
        ({"n": [1.0], "T": [2.0], "A": [1.5]}, "A must be from 0 to 1"),
        ("rows.csv", "must be a data frame or a mapping"),
    ],
)
def test_points_that_do_not_fit_are_refused(b_law, points, message):
    with pytest.raises(ValueError, match=message):
        b_law[0].predict(points)


def test_bands_of_a_linear_form_are_those_of_the_textbook(b_law):
    law, rows = b_law
    n, tasks, ami, y = (rows[name] for name in "nTAy")
    design = np.stack([np.ones(300), n**-0.5, (n * tasks) ** -0.5, ami**0.5], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    fitted = design @ inverse @ design.T @ y
    variance = ((y - fitted) ** 2).sum() / 296
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    width = stats.t(296).ppf(0.975)
    for band, extra in ((Band.CONFIDENCE, 0), (Band.PREDICTION, 1)):
        low, high = law.predict_interval(rows, level=0.95, band=band)
        reach = width * np.sqrt(variance * (leverage + extra))
        assert low == pytest.approx(fitted - reach, abs=1e-10)
        assert high == pytest.approx(fitted + reach, abs=1e-10)


def test_prediction_bands_hold_new_measurements_at_their_level(planted):
    # 4000 new points: 4.5 standard errors of a coverage of 0.8, with that of the noise of 300 points.
    def truth(n, T, A):
        return 1.8 - 1.6 * (n * (1 + (T - 1) * 0.7 * A)) ** -0.2

    rng = np.random.default_rng(1)
    law = fit_law(planted(rng, 300, 0.03, truth), POOLED, target="y")
    fresh = planted(rng, 4000, 0.03, truth)
    low, high = law.predict_interval(fresh, level=0.8, band=Band.PREDICTION)
    inside = ((fresh["y"] >= low) & (fresh["y"] <= high)).mean()
    slope = 2 * stats.norm.pdf(stats.norm.ppf(0.9)) * stats.norm.ppf(0.9)
    error = np.hypot(np.sqrt(0.8 * 0.2 / 4000), slope / np.sqrt(2 * 296))
    assert abs(inside - 0.8) < 4.5 * error


def test_bands_of_a_logarithmic_fit_are_relative(power):
    form, rows = power
    law = fit_law(rows(0), form, target="y", loss=Squared(log=True))
    low, high = law.predict_interval(rows(0), band=Band.PREDICTION)
    value = law.predict(rows(0))
    assert high / value == pytest.approx(value / low, rel=1e-12)
    assert (low > 0).all()


def test_slopes_and_elasticities_equal_finite_differences(b_law):
    law, _ = b_law
    at = {"n": 4.0, "T": 3.0, "A": 0.3}
    symbols = {v.symbol: at[v.name] for v in law.variables}
    for name, value in at.items():
        step = 1e-6 * value
        high, low = (law.predict(at | {name: value + s})[0] for s in (step, -step))
        assert float(law.derivative(name).subs(symbols)) == pytest.approx((high - low) / (2 * step), rel=1e-7)
        relative = np.log(high / low) / np.log((value + step) / (value - step))
        assert float(law.elasticity(name).subs(symbols)) == pytest.approx(relative, rel=1e-6)


def test_elasticity_of_a_pure_power_is_its_exponent(variables):
    n = np.geomspace(1, 100, 20)
    law = fit_law({"n": n, "y": 3 * n**-0.4}, parse_form("b*n**-p", variables), target="y")
    assert float(law.elasticity("n")) == pytest.approx(-0.4, abs=1e-9)
    with pytest.raises(ValueError, match=r"no variable 'T'; choose one of \['n'\]"):
        law.elasticity("T")


def test_prints_round_and_expression_does_not(b_law):
    law, _ = b_law
    values = {name: float(f"{e.value:.2g}") for name, e in law.estimates.items()}
    assert law.text(digits=2).startswith("y = ") and str(abs(values["e"])) in law.text(digits=2)
    assert str(abs(values["e"])) in law.latex(digits=2) and r"\sqrt{A}" in law.latex(digits=2)
    numbers = {float(x) for x in law.expression.atoms(sp.Float)}
    assert numbers == {e.value for e in law.estimates.values()}


def test_hash_and_domain_know_the_points(b_law):
    law, rows = b_law
    again = fit_law(rows, B_FORM, target="y")
    moved = fit_law(rows | {"y": rows["y"] + 1e-9}, B_FORM, target="y")
    assert law.points_hash == again.points_hash != moved.points_hash
    assert law.domain == {name: (rows[name].min(), rows[name].max()) for name in "nTA"}
    assert law.n_points == 300
