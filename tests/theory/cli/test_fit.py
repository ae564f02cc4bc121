"""`mtlaws fit`: tables, laws, files, what is refused and how."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mtl_theory.laws import Law

N_ROWS = 60


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a table whose law is F = 0.9 - 2/sqrt(n) + 0.1 A, to 0.002."""
    rng = np.random.default_rng(0)
    n, A = np.geomspace(10, 2000, N_ROWS), rng.uniform(0.1, 0.9, N_ROWS)
    F = 0.9 - 2 / np.sqrt(n) + 0.1 * A + 0.002 * rng.standard_normal(N_ROWS)
    frame = pd.DataFrame(
        {"size": n, "ami": A, "F": F, "copy": n, "kind": "x", "seed": np.arange(N_ROWS) % 12}
    )
    frame.to_csv(tmp_path / "runs.csv", index=False)
    frame[:8].to_csv(tmp_path / "few.csv", index=False)
    frame.assign(F=1 + rng.standard_normal(N_ROWS)).to_csv(tmp_path / "noise.csv", index=False)
    return tmp_path


def fit(run, *more, data="runs.csv", features="n=size,A=ami"):
    named = ["--features", features] if features else []
    return run("fit", data, "--target", "F", *named, *more)


def line(result, label):
    return next(text.split(maxsplit=1)[1] for text in result.stdout.splitlines() if text.startswith(label))


def test_a_search_prints_the_front_and_the_law_and_writes_what_was_asked(run, folder):
    arguments = ("--holdout", "n > 1000", "--out", "law.json", "--report", "page", "--figure", "a.png")
    result = fit(run, *arguments, features="n=size,A=ami,copy,seed")
    assert result.exit_code == 0, result.output
    assert "note     copy was dropped: it repeats n." in result.stdout
    assert "A was taken for a number from 0 to 1" in result.stdout
    rows = [text.split() for text in result.stdout.splitlines()]
    header = next(i for i, words in enumerate(rows) if words[:2] == ["nodes", "constants"])
    assert rows[header + 1][:2] == ["1", "1"], "the constant begins the front"
    assert any(words[:1] == ["*"] for words in rows[header + 2 :])
    law = Law.from_json(Path("law.json").read_text())
    assert {v.name for v in law.variables} == {"n", "A"} and law.target == "F"
    assert line(result, "law").startswith(law.text())
    assert law.scores.r2 > 0.99
    # Noise of 0.002 on rows up to twice as large as any that was fitted.
    held_out = pd.read_csv("runs.csv").query("size > 1000").rename(columns={"size": "n", "ami": "A"})
    error = float(np.sqrt(np.mean((held_out.F - law.predict(held_out)) ** 2)))
    assert law.scores.extrapolation == pytest.approx(error) and error < 0.006
    assert f"held out error {error:.3g}, {len(held_out)} rows" in result.stdout
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in Path("page").iterdir()} == {"figures", "law.json", "report.html"}


def test_noise_is_a_constant(run, folder):
    result = fit(run, "--out", "law.json", "--figure", "a.png", data="noise.csv")
    assert result.exit_code == 0, result.output
    assert not Law.from_json(Path("law.json").read_text()).variables


def test_a_formula_is_fitted_with_intervals(run, folder):
    result = fit(run, "--law", "a + b/sqrt(n) + c*A", "--out", "law.json")
    assert result.exit_code == 0, result.output
    assert "searching" not in result.stderr and "nodes" not in result.stdout
    law = Law.from_json(Path("law.json").read_text())
    for name, truth in (("a", 0.9), ("b", -2.0), ("c", 0.1)):
        estimate = law.estimates[name]
        assert abs(estimate.value - truth) < 4.5 * estimate.stderr
        assert f"{name} = {estimate.value:.4g} in [{estimate.low:.4g}, {estimate.high:.4g}]" in result.stdout
    assert "power of n is fixed at -0.5; freed: " in result.stdout


def test_columns_named_in_a_formula_need_no_features(run, folder):
    result = fit(run, "--law", "a + b*size^-p + c*ami", features=None)
    assert result.exit_code == 0, result.output
    assert line(result, "law").startswith("F = ")


def test_a_named_law_takes_its_variables_from_features(run, folder):
    refused = fit(run, "--law", "b-form", features="n=size,A=ami")
    assert refused.exit_code == 2
    assert "the B-form needs n, T, A; say which columns T are: --features T=COLUMN" in refused.stderr
    frame = pd.read_csv("runs.csv").assign(T=np.arange(N_ROWS) % 7 + 1)
    frame.to_csv("runs.csv", index=False)
    result = fit(run, "--law", "B-form", features="n=size,A=ami")
    assert result.exit_code == 0, result.output
    assert "e = " in result.stdout


def test_groups_give_a_bootstrap_that_the_seed_repeats(run, folder):
    options = ("--law", "a + b/sqrt(n) + c*A", "--group", "seed")
    plain, first, again, other = (
        fit(run, *more).stdout
        for more in (options[:2], options, (*options, "--seed", 0), (*options, "--seed", 1))
    )
    assert first == again
    assert len({plain, first, other}) == 3


def test_limits_are_kept(run, folder):
    free = fit(run, "--law", "a + b/sqrt(n) + c*A")
    bound = fit(run, "--law", "a + b/sqrt(n) + c*A", "--limits", "A = 0: 1 + b/sqrt(n); F >= 0")
    assert free.exit_code == bound.exit_code == 0, bound.output
    assert "a = " in free.stdout and "a = " not in bound.stdout and " + 1" in line(bound, "law")


def test_weights_count(run, folder):
    frame = pd.read_csv("runs.csv").assign(w=lambda rows: 1 + 9.0 * (rows["size"] < 100))
    frame.to_csv("runs.csv", index=False)
    plain, weighted = (fit(run, "--law", "a + b/sqrt(n)", *more).stdout for more in ((), ("--weights", "w")))
    assert plain != weighted


def test_kinds_are_as_said(run, folder):
    result = fit(run, "--law", "a + b/n + c*A", "--kinds", "A=real,n=positive", "--out", "law.json")
    assert result.exit_code == 0, result.output
    kinds = {v["name"]: v["kind"] for v in json.loads(Path("law.json").read_text())["form"]["variables"]}
    assert kinds == {"n": "POSITIVE", "A": "REAL"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.csv", "--target", "F", "--features", "size"), "none.csv: No such file"),
        (("runs.csv", "--features", "size"), "--target"),
        (("runs.csv", "--target", "F"), "--features is missing"),
        (("runs.csv", "--target", "G", "--features", "size"), "no column 'G'"),
        (("runs.csv", "--target", "F", "--features", "siz"), "did you mean size?"),
        (("runs.csv", "--target", "F", "--features", "size,size"), "names size twice"),
        (("runs.csv", "--target", "F", "--features", "kind"), "kind holds values such as 'x', not numbers"),
        (("runs.csv", "--target", "F", "--features", "size", "--holdout", "size"), "cannot read 'size'"),
        (("runs.csv", "--target", "F", "--features", "size", "--engine", "gplearn"), "--engine"),
        (("runs.csv", "--target", "F", "--features", "size", "--kinds", "size=big"), "--kinds 'size=big'"),
        (
            ("runs.csv", "--target", "F", "--features", "size", "--limits", "rising(n)"),
            "cannot read the limit",
        ),
        (
            ("runs.csv", "--target", "F", "--features", "size", "--limits", "increasing(n)"),
            "speaks of n, but",
        ),
        (
            ("runs.csv", "--target", "F", "--law", "a + b*size^-p", "--limits", "size -> inf: 1"),
            "write exponents as numbers",
        ),
        (("runs.csv", "--target", "F", "--law", "c-form"), "no law is called 'c-form'"),
        (("runs.csv", "--target", "F", "--law", "a + b*size**"), "cannot read the formula"),
        (("few.csv", "--target", "F", "--features", "size"), "8 rows are too few"),
    ],
)
def test_wrong_calls_exit_with_two_and_one_line(run, folder, arguments, words):
    result = run("fit", *arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr and result.stderr.count("\n") == 1 and not result.stdout


def test_a_fit_that_cannot_be_trusted_exits_with_one(run, folder):
    result = fit(run, "--law", "a + b*n^-p + c*n^-q", "--figure", "a.png", data="few.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith("mtlaws: the law") and result.stderr.count("\n") == 1
    assert not Path("a.png").exists()


def test_pysr_without_julia_is_one_line(run, folder, monkeypatch):
    monkeypatch.setenv("PYTHON_JULIAPKG_OFFLINE", "yes")
    for name in ("PYTHON_JULIAPKG_EXE", "PYTHON_JULIACALL_EXE", "PYTHON_JULIACALL_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    before = dict(os.environ)
    result = fit(run, "--engine", "pysr")
    assert result.exit_code == 1
    assert result.stderr.startswith("mtlaws: --engine pysr: Julia is not installed")
    assert result.stderr.count("\n") == 1 and not result.stdout
    assert dict(os.environ) == before


def test_help_shows_examples(run):
    result = run("fit", "--help")
    assert result.exit_code == 0
    assert "Examples" in result.stdout and "mtlaws fit runs.csv --target error" in result.stdout
