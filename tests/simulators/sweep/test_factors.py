"""Factors: what they refuse, and the values that they give."""

import math

import numpy as np
import pytest

from mtl_simulators.sweep import Levels, Range


@pytest.mark.parametrize(
    "values, message",
    [
        ((), "no values"),
        ((1, "two"), "mixes types"),
        ((1, True), "mixes types"),
        ((1.0, math.nan), "NaN"),
        ((1, 2, 1.0), "repeats"),
        ((None,), "give numbers, words"),
        (([1], [2]), "give numbers, words"),
        ((1, 2**63), "64 bits"),
    ],
)
def test_levels_that_cannot_stand_in_a_column_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Levels(values=values)


@pytest.mark.parametrize(
    "values, kinds",
    [
        ((1, 2.5), float),
        (np.arange(3), int),
        (np.array([0.5, 1.5], dtype=np.float32), float),
        ((True, False), bool),
        (("a", "b"), str),
    ],
)
def test_levels_are_plain_values_of_one_type(values, kinds):
    levels = Levels(values=tuple(values)).levels()
    assert {type(value) for value in levels} == {kinds}
    assert list(levels) == list(values)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"low": 2, "high": 2}, "low < high"),
        ({"low": 0.0, "high": math.inf}, "finite"),
        ({"low": 0, "high": 5, "log": True}, "positive low"),
        ({"low": 0, "high": 5, "points": 1}, "points"),
    ],
)
def test_ranges_without_meaning_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Range(**settings)


def test_a_range_without_points_has_no_levels():
    with pytest.raises(ValueError, match="points"):
        Range(low=0, high=1).levels()


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("low, high", [(1, 900), (0.1, 0.7), (np.int64(3), np.int64(11)), (1e-3, 10)])
def test_a_range_gives_its_ends_exactly_and_even_steps(low, high, log):
    values = Range(low=low, high=high, points=7, log=log).levels()
    assert (values[0], values[-1]) == (low, high)
    whole = isinstance(low, int | np.integer) and isinstance(high, int | np.integer)
    assert {type(value) for value in values} == {int if whole else float}
    reference = (np.geomspace if log else np.linspace)(low, high, 7)
    assert len(values) == 7
    np.testing.assert_allclose(values, reference, rtol=1e-13, atol=0.5 if whole else 0)


def test_a_whole_range_drops_what_rounds_to_the_same():
    assert Range(low=1, high=3, points=9).levels() == (1, 2, 3)


@pytest.mark.parametrize("factor", [Levels(values=(3, 4, 5, 6, 7)), Range(low=3, high=7)])
def test_quantiles_give_every_whole_value_the_same_share(factor):
    drawn = [factor.at(u) for u in (np.arange(1000) / 1000).tolist()]
    assert np.unique(drawn, return_counts=True)[1].tolist() == [200] * 5


def test_quantiles_of_a_logarithmic_range_are_even_in_the_logarithm():
    factor = Range(low=0.01, high=100.0, log=True)
    drawn = np.log10([factor.at(u) for u in np.linspace(0, 1, 100, endpoint=False).tolist()])
    np.testing.assert_allclose(np.diff(drawn), 0.04, rtol=1e-9)
    assert drawn[0] == pytest.approx(-2)
