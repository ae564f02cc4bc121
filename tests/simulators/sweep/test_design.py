"""Designs: every point once, in an order that does not depend on how it is asked for."""

import itertools

import numpy as np
import pytest

from mtl_simulators.sweep import Grid, Levels, Range, SpaceFilling

FACTORS = {
    "n": Range(low=1, high=9, points=3),
    "kind": Levels(values=("a", "b")),
    "c": Range(low=0.0, high=1.0, points=4),
}


def test_a_grid_is_the_product_of_its_levels():
    expected = [
        dict(zip(FACTORS, values, strict=True))
        for values in itertools.product(*(factor.levels() for factor in FACTORS.values()))
    ]
    assert Grid().size(FACTORS) == 24
    assert Grid().points(FACTORS, np.arange(24)) == expected
    assert Grid().points(FACTORS, np.array([5, 23, 0])) == [expected[i] for i in (5, 23, 0)]


def test_a_grid_names_the_factor_that_has_no_number_of_points():
    with pytest.raises(ValueError, match="factor n "):
        Grid().check({"n": Range(low=1, high=9)})


def test_a_sample_does_not_depend_on_how_it_is_cut():
    design = SpaceFilling(n_points=50, seed=3)
    whole = design.points(FACTORS, np.arange(50))
    places = np.array([7, 8, 31, 49])
    assert design.points(FACTORS, places) == [whole[i] for i in places]
    assert design.points(FACTORS, np.arange(0)) == []
    assert SpaceFilling(n_points=20, seed=3).points(FACTORS, np.arange(20)) == whole[:20]
    assert SpaceFilling(n_points=50, seed=4).points(FACTORS, np.arange(50)) != whole


def test_a_sample_covers_every_factor_evenly():
    points = SpaceFilling(n_points=64).points(FACTORS, np.arange(64))
    # A Sobol sequence has one point in each of 64 equal slices of every axis, so 16 in each quarter.
    quarters = np.floor(4 * np.array([point["c"] for point in points])).astype(int)
    assert np.bincount(quarters).tolist() == [16] * 4
    assert sum(point["kind"] == "a" for point in points) == 32


@pytest.mark.parametrize("n_points", [0, -1])
def test_an_empty_sample_is_refused(n_points):
    with pytest.raises(ValueError, match="sample"):
        SpaceFilling(n_points=n_points).check(FACTORS)
