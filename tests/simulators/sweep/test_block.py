"""Blocks: rows as columns, and failures that stay with their point."""

import numpy as np
import pytest

from mtl_simulators.sweep import Levels, SweepSpec, run_block


class Returns:
    """A run that returns, or raises, what it was made with."""

    def __init__(self, results):
        self.results = results

    def content(self):
        return {}

    def check(self, names):
        pass

    def __call__(self, rng, point, *, n_replicates):
        result = self.results[point["x"]]
        if isinstance(result, BaseException):
            raise result
        return result


def run(*results):
    spec = SweepSpec(run=Returns(results), factors={"x": Levels(values=tuple(range(len(results))))})
    return run_block(spec, np.arange(len(results)))


def test_one_row_a_point():
    block = run({"a": 1.5, "b": "u"}, {"a": 2.5, "b": "vw"})
    (table,) = block.tables
    assert list(table) == ["point", "row", "x", "a", "b", "point_seed"]
    assert table["point"].tolist() == table["x"].tolist() == [0, 1]
    assert table["row"].tolist() == [0, 0]
    assert table["a"].tolist() == [1.5, 2.5]
    assert table["b"].tolist() == ["u", "vw"]
    assert block.failures == ()
    assert block.seconds > 0


def test_several_rows_a_point():
    (table,) = run({"a": [1.0, 2.0], "b": 7}, {"a": np.array([3.0]), "b": [8]}).tables
    assert table["point"].tolist() == table["x"].tolist() == [0, 0, 1]
    assert table["row"].tolist() == [0, 1, 0]
    assert table["a"].tolist() == [1.0, 2.0, 3.0]
    assert table["b"].tolist() == [7, 7, 8]


def test_points_with_other_columns_or_types_have_tables_of_their_own():
    tables = run({"a": 1.0}, {"a": True}, {"a": 2.0}, {"b": 1.0}, {"a": [1, 2]}).tables
    assert [table["point"].tolist() for table in tables] == [[0, 2], [1], [3], [4, 4]]


@pytest.mark.parametrize(
    "values, dtype",
    [
        (np.float32([1.5]), np.float64),
        (np.int8([1]), np.int64),
        (np.uint64([1]), np.int64),
        ([True], np.bool_),
        (3, np.int64),
        (np.float16(0.5), np.float64),
    ],
)
def test_columns_have_one_width(values, dtype):
    (table,) = run({"a": values}).tables
    assert table["a"].dtype == dtype
    assert table["a"][0] == np.asarray(values).ravel()[0]


@pytest.mark.parametrize(
    "returned, message",
    [
        (None, "no columns"),
        ({}, "no columns"),
        (0.5, "no columns"),
        ({"point_seed": 1.0}, "rename"),
        ({"x": 1.0}, "rename"),
        ({"a": [1.0, 2.0], "b": [1.0]}, "shapes"),
        ({"a": np.zeros((2, 2))}, "shapes"),
        ({"a": []}, "shapes"),
        ({"a": None}, "numbers"),
        ({"a": 2**70}, "numbers"),
        ({"a": np.uint64(2**63)}, "numbers"),
        ({"a": 1j}, "numbers"),
        ({"a": np.datetime64("2020")}, "numbers"),
        ({"a": object()}, "numbers"),
    ],
    ids=str,
)
def test_what_cannot_stand_in_a_table_is_that_points_failure(returned, message):
    block = run({"a": 1.0}, returned, {"a": 2.0})
    (failure,) = block.failures
    assert failure.index == 1
    assert failure.point == {"x": 1}
    assert message in failure.error
    assert [table["point"].tolist() for table in block.tables] == [[0, 2]]


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words either")


@pytest.mark.parametrize(
    "error", [ValueError("odd \udc80 name"), SystemExit(3), MemoryError(), Wordless(), RecursionError("deep")]
)
def test_an_exception_is_recorded_and_the_block_goes_on(error):
    block = run({"a": 1.0}, error, {"a": 2.0})
    (failure,) = block.failures
    assert type(error).__name__ in failure.error
    assert "Traceback" in failure.trace
    assert (failure.error + failure.trace).encode()
    assert block.tables[0]["point"].tolist() == [0, 2]


def test_ctrl_c_is_nobodys_failure():
    with pytest.raises(KeyboardInterrupt):
        run({"a": 1.0}, KeyboardInterrupt())


def test_all_points_may_fail():
    block = run(ValueError("a"), ValueError("b"))
    assert block.tables == ()
    assert [failure.error for failure in block.failures] == ["ValueError: a", "ValueError: b"]
