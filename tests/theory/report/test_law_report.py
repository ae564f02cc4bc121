"""Pictures and page of a law: what is drawn is what the law says."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from mtl_theory.laws import (
    Findings,
    Kind,
    Law,
    Variable,
    clean_table,
    exponent_profiles,
    fit_table,
    parse_condition,
    parse_form,
)
from mtl_theory.report import (
    plot_factor,
    plot_front,
    plot_predicted,
    plot_profile,
    plot_residuals,
    save_law,
    save_law_figure,
    save_law_report,
)

VARIABLES = [Variable(name="n", kind=Kind.POSITIVE, unit="samples"), Variable(name="A", kind=Kind.UNIT)]
WHEN = datetime(2024, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n, A = np.geomspace(10, 2000, 60), rng.uniform(0.1, 0.9, 60)
    frame = pd.DataFrame(
        {"n": n, "A": A, "F": 0.9 - 2 / np.sqrt(n) + 0.1 * A + 0.01 * rng.standard_normal(60)}
    )
    features = {"n": "n", "A": "A"}
    return clean_table(frame, target="F", features=features, holdout=parse_condition("n > 1000"))


def fitted(table, *texts):
    """Return findings whose front is made of these laws, the last one the best."""
    front = tuple(fit_table(table, parse_form(text, VARIABLES)).best for text in texts)
    return Findings(best=front[-1], front=front, ranked=front[::-1])


@pytest.fixture(scope="module")
def findings(table):
    return fitted(table, "a + b*A", "a + b/sqrt(n)", "a + b*n**-p + c*A")


@pytest.fixture
def ax():
    return Figure().subplots()


def test_the_front_has_every_law_and_a_star_for_the_best(findings, ax):
    plot_front(findings.front, findings.best, ax=ax)
    lengths, star = ax.get_lines()[:2]
    shortest = findings.best.description_length
    expected = [(one.complexity, one.description_length - shortest) for one in findings.front]
    assert np.allclose(lengths.get_xydata(), expected)
    assert np.allclose(star.get_xydata(), [(findings.best.complexity, 0.0)])
    (errors,) = ax.figure.axes[1].get_lines()
    assert np.allclose(errors.get_ydata(), [one.law.scores.extrapolation for one in findings.front])


@pytest.mark.parametrize("plot", [plot_predicted, plot_residuals])
def test_held_out_rows_are_marked(findings, table, ax, plot):
    law = findings.best.law
    plot(law, table.fitted, table.held_out, ax=ax)
    for line, rows in zip(ax.get_lines(), (table.fitted, table.held_out), strict=False):
        x, y = law.predict(rows), rows.F - law.predict(rows) * (plot is plot_residuals)
        assert np.allclose(line.get_xydata(), np.column_stack([x, y]))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0].startswith("fitted") and labels[1].startswith("held out")
    without = plot(law, table.fitted, ax=Figure().subplots())
    assert len(without.get_legend().get_texts()) == len(labels) - 1


def test_a_factor_is_the_law_with_the_others_fixed(findings, table, ax):
    law = findings.best.law
    plot_factor(law, "n", table.fitted, table.held_out, at={"A": 0.5}, ax=ax)
    points, _, inside, beyond, _ = ax.get_lines()
    curve = {"n": inside.get_xdata(), "A": np.full(len(inside.get_xdata()), 0.5)}
    assert np.allclose(inside.get_ydata(), law.predict(curve))
    moved = law.predict({"n": table.fitted.n.to_numpy(), "A": np.full(len(table.fitted), 0.5)})
    assert np.allclose(points.get_ydata() - moved, table.fitted.F - law.predict(table.fitted))
    assert beyond.get_linestyle() == "--" and beyond.get_xdata().min() >= table.fitted.n.max()
    (band,) = ax.collections[0].get_paths()
    low, high = law.predict_interval(curve)
    for i in (0, 50, -1):
        for edge in (low[i], high[i]):
            assert np.isclose(band.vertices, [curve["n"][i], edge]).all(axis=1).any()
    assert (ax.get_xscale(), ax.get_xlabel(), ax.get_title()) == ("log", "n (samples)", "at A = 0.5")


def test_held_out_rows_are_left_out_of_a_factor_that_they_do_not_extend(findings, table, ax):
    inner = table.held_out.assign(A=0.5)
    plot_factor(findings.best.law, "A", table.fitted, inner, ax=ax)
    assert len(ax.get_lines()[0].get_xdata()) == len(table.fitted)
    assert ax.get_lines()[1].get_color() == "0.15"


def test_a_profile_shows_its_interval_and_the_fixed_value(table, ax):
    law = fitted(table, "a + b/sqrt(n) + c*A").best.law
    profile = next(p for p in exponent_profiles(law, table.fitted) if p.label == "power of n")
    plot_profile(profile, ax)
    line, _, cross, best = ax.get_lines()
    assert np.allclose(line.get_xydata(), np.column_stack([profile.values, profile.rise]))
    assert cross.get_xdata()[0] == -0.5 and best.get_xdata()[0] == profile.best
    span = ax.patches[0].get_bbox()
    assert (span.x0, span.x1) == pytest.approx(profile.interval)


def test_a_constant_law_is_drawn_too(table, tmp_path):
    constant = fitted(table, "a")
    page = save_law_report(tmp_path, constant, table, command="mtlaws fit", seed=0, created=WHEN)
    assert "A law for F" in page.read_text()
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == ["predicted.png", "residuals.png"]


def test_the_report_is_whole_self_contained_and_the_same_again(findings, table, tmp_path):
    for name in ("one", "two"):
        page = save_law_report(
            tmp_path / name, findings, table, command="mtlaws fit <data>", seed=3, created=WHEN
        )
    first, second = ((tmp_path / name / "report.html").read_text() for name in ("one", "two"))
    assert first == second and page == tmp_path / "two" / "report.html"
    names = ["factor-A", "factor-n", "front", "predicted", "profile-1-p", "profile-2-power-of-A", "residuals"]
    assert sorted(p.stem for p in (tmp_path / "one" / "figures").iterdir()) == names
    for text in (
        "mtlaws fit &lt;data&gt;",
        "90% interval",
        findings.front[0].law.text(),
        "<math",
        "held out",
    ):
        assert text in first
    assert "http" not in first.replace("http-equiv", "").replace("http://www.w3.org/1998/Math/MathML", "")
    law = Law.from_json((tmp_path / "one" / "law.json").read_text())
    assert law.to_json() == findings.best.law.to_json()


def test_names_that_are_markup_are_harmless(tmp_path, table):
    hostile = "<script>alert(1)</script>"
    named = clean_table(
        table.fitted.rename(columns={"F": hostile}), target=hostile, features={"n": "n", "A": "A"}
    )
    found = fitted(named, "a + b/sqrt(n)")
    page = save_law_report(tmp_path, found, named, command=hostile, seed=0, created=WHEN)
    assert "<script" not in page.read_text()


def test_figure_and_law_are_files(findings, table, tmp_path):
    assert save_law_figure(findings, table, tmp_path / "new" / "a.png").read_bytes().startswith(b"\x89PNG")
    saved = save_law(findings.best.law, tmp_path / "law.json")
    points = table.held_out
    assert (Law.from_json(saved.read_text()).predict(points) == findings.best.law.predict(points)).all()
