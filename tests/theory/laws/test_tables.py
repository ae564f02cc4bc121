"""Tables: what is read, what is dropped and said, what is refused."""

import numpy as np
import pandas as pd
import pytest

from mtl_simulators.sweep import Store, read_spec, sweep
from mtl_theory.laws import Condition, clean_table, enough_rows, parse_condition, read_table


def measurements(n_rows=24):
    rng = np.random.default_rng(0)
    n = np.tile([10.0, 20.0, 40.0, 80.0], n_rows // 4)
    T = np.repeat([1.0, 2.0, 4.0], n_rows // 3)
    return pd.DataFrame({"n": n, "T": T, "F": 1 - 1 / np.sqrt(n * T) + 0.01 * rng.standard_normal(n_rows)})


def cleaned(frame, features=("n", "T"), **more):
    return clean_table(frame, target="F", features={name: name for name in features}, **more)


def test_csv_and_parquet_give_the_same_rows(tmp_path):
    frame = measurements()
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "b.csv", index=False, sep=";", encoding="utf-8-sig")
    frame.to_parquet(tmp_path / "c.parquet")
    for name in ("a.csv", "b.csv", "c.parquet"):
        pd.testing.assert_frame_equal(read_table(tmp_path / name), frame)


def test_a_sweep_gives_its_rows(tmp_path):
    (tmp_path / "my.toml").write_text(
        'problem = "linear"\nsolvers = ["pooled"]\nfactors.n_samples = [20, 40]\n'
        "constants = { n_tasks = 2, n_features = 3, cosine = 0.5 }\n"
    )
    sweep(read_spec(tmp_path / "my.toml"), store=tmp_path / "rows")
    pd.testing.assert_frame_equal(read_table(tmp_path / "rows"), Store(tmp_path / "rows").frame())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "No such file"),
        ("empty.csv", b"", "not a CSV file"),
        ("head.csv", b"n,F\n", "has no rows"),
        ("twice.csv", b"n,F,n\n1,2,3\n", r"more than one column called \['n'\]"),
        ("ragged.csv", b"n,F\n1,2\n1,2,3\n", "not a CSV file"),
        ("latin.csv", "n,größe\n1,2\n".encode("latin-1"), "not a CSV file"),
        ("a.parquet", b"n,F\n1,2\n", "not a Parquet file"),
        ("folder", "folder", "sweep"),
    ],
)
def test_unreadable_files_are_named(tmp_path, name, content, words):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as raised:
        read_table(path)
    assert name in str(raised.value)


def test_rows_without_a_number_are_dropped_and_counted():
    frame = measurements().astype({"n": object})
    frame.loc[0, "n"], frame.loc[1, "F"], frame.loc[2, "F"] = "many", np.nan, np.inf
    table = cleaned(frame)
    assert table.notes == ("3 rows were dropped, for they lack a finite number: n in 1, F in 2.",)
    pd.testing.assert_frame_equal(table.fitted, frame[3:].reset_index(drop=True).astype(float))


def test_features_that_say_nothing_new_are_dropped_and_named():
    frame = measurements().assign(d=20, m=lambda rows: rows.n, total=lambda rows: 3 * rows.n)
    table = cleaned(frame, ("n", "d", "T", "m", "total"))
    assert table.features == ("n", "T", "total")
    assert table.notes == (
        "d was dropped: it is 20 in all rows.",
        "m was dropped: it repeats n.",
        "total and n determine each other in these rows: laws in either fit alike.",
    )


def test_conditions_choose_rows_and_hold_rows_out():
    frame = measurements().assign(solver=["pooled"] * 12 + ["ridge"] * 12)
    table = clean_table(
        frame,
        target="F",
        features={"x": "n"},
        where=[parse_condition("solver = pooled")],
        holdout=parse_condition("x > 30"),
    )
    pooled = frame[frame.solver == "pooled"]
    assert sorted(table.fitted.x) == sorted(pooled.n[pooled.n <= 30])
    assert sorted(table.held_out.x) == sorted(pooled.n[pooled.n > 30])
    assert list(table.fitted) == ["x", "F"]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("n>5", Condition(column="n", sign=">", value=5.0)),
        ("n tasks <= 1e3", Condition(column="n tasks", sign="<=", value=1000.0)),
        ("solver == 'ridge'", Condition(column="solver", sign="==", value="ridge")),
        ("n != 2", Condition(column="n", sign="!=", value=2.0)),
    ],
)
def test_conditions_are_read(text, condition):
    assert parse_condition(text) == condition


def test_a_missing_number_meets_no_condition():
    frame = pd.DataFrame({"n": [1.0, np.nan, 3.0]})
    for text, expected in (("n > 2", [0, 0, 1]), ("n != 1", [0, 0, 1]), ("n = 1", [1, 0, 0])):
        assert parse_condition(text).holds(frame).tolist() == [bool(value) for value in expected]


def test_rows_without_weight_are_dropped():
    table = cleaned(measurements().assign(w=[0.0, *np.ones(23)]), weights="w")
    assert len(table.fitted) == 23 and table.notes[0].endswith("w in 1.")


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        ({}, {"features": ("n", "tasks")}, "no column 'tasks'; "),
        ({}, {"features": ("n", "F")}, "F is the target"),
        ({"n": "many"}, {}, "n holds values such as 'many', not numbers"),
        ({"n": pd.Timestamp("2024-01-01")}, {}, "n holds values such as Timestamp"),
        ({"F": 0.5}, {}, "F is 0.5 in all rows"),
        ({"n": 3, "T": 1}, {}, "no feature varies"),
        ({"w": -1.0}, {"weights": "w"}, "weights in w go down to -1"),
        ({}, {"holdout": parse_condition("n>99")}, "no row has n > 99"),
        ({}, {"holdout": parse_condition("n>9")}, "no row is left to fit"),
        ({}, {"where": [parse_condition("n>99")]}, "no row meets"),
        ({}, {"where": [parse_condition("m>9")]}, "no column 'm'"),
        ({"s": "a"}, {"where": [parse_condition("s>a")]}, "words in an order"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, more, words):
    with pytest.raises(ValueError, match=words):
        cleaned(measurements().assign(**change), **more)


def test_text_that_is_no_condition_is_refused():
    with pytest.raises(ValueError, match="cannot read 'n'"):
        parse_condition("n")


def test_too_few_rows_to_search_are_refused():
    enough_rows(cleaned(measurements(12)))
    with pytest.raises(ValueError, match="8 rows are too few to search in 2 features; measure 10"):
        enough_rows(cleaned(measurements(12)[::-1][:8]))
