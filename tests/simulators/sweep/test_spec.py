"""Specs: what names a sweep, and where a point's generator comes from."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mtl_simulators.sweep import FunctionRun, Levels, Range, SpaceFilling, SweepSpec, run_block

FACTORS = {"x": Levels(values=(1, 2, 3)), "c": Range(low=0.0, high=1.0, points=5)}


class Anything:
    """A run that takes every name and returns its first random number."""

    def content(self):
        return {"run": "anything"}

    def check(self, names):
        pass

    def __call__(self, rng, point, *, n_replicates):
        return {"u": rng.random(n_replicates), **{f"given_{name}": value for name, value in point.items()}}


@pytest.fixture
def spec():
    return SweepSpec(run=Anything(), factors=FACTORS, constants={"k": 2})


def seeds(spec):
    return {
        tuple(sorted(point.items())): spec.point_seed(point)
        for point in spec.points(np.arange(spec.n_points))
    }


def test_a_seed_belongs_to_the_content_of_a_point_alone(spec):
    reference = seeds(spec)
    assert len(set(reference.values())) == spec.n_points == 15
    assert all(0 <= seed < 2**63 for seed in reference.values())
    turned = replace(spec, factors=dict(reversed(FACTORS.items())))
    assert seeds(turned) == reference
    part = replace(spec, factors={**FACTORS, "x": Levels(values=(3, 1))})
    assert seeds(part).items() <= reference.items()


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"repeats": 2}, {"constants": {"k": 3}}, {"constants": {}}], ids=str
)
def test_whatever_else_a_sweep_holds_changes_every_seed(spec, change):
    assert set(seeds(spec).values()).isdisjoint(seeds(replace(spec, **change)).values())


def test_a_seed_is_the_same_in_every_process(make_spec):
    spec = make_spec(n_points=2)
    code = (
        "from mtl_simulators.sweep import *; "
        "spec = SweepSpec(run=FunctionRun(path='sample_runs:draw'), factors={'x': Levels(values=(0, 1))}); "
        "print(spec.digest, spec.point_seed({'x': 1}))"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert printed == [[spec.digest, str(spec.point_seed({"x": 1}))]] * 2


def test_seeds_stay_what_they_were(make_spec):
    # Rows of earlier versions can be told apart from new ones only if these never change.
    assert make_spec().point_seed({"x": 1}) == 3038404452006790137
    assert make_spec().digest == "c25cb039009dc4dd1c76a3f9ac1c2864"


def test_the_documented_generator_reproduces_a_point(spec):
    (table,) = run_block(spec, np.array([4])).tables
    assert table["u"] == np.random.default_rng(table["point_seed"][0]).random()


def test_a_run_is_given_factors_and_constants_but_no_seed(spec):
    for given in (
        replace(spec, factors={**FACTORS, "seed": Levels(values=(1, 2))}),
        replace(spec, constants={"k": 2, "seed": 3}),
    ):
        (table,) = run_block(given, np.array([0])).tables
        assert {name for name in table if name.startswith("given_")} == {"given_x", "given_c", "given_k"}


@pytest.mark.parametrize(
    "change",
    [
        {"factors": dict(reversed(FACTORS.items()))},  # numbers the points in another order
        {"factors": {**FACTORS, "x": Levels(values=(1, 3, 2))}},
        {"factors": {**FACTORS, "c": Range(low=0.0, high=1.0, points=6)}},
        {"design": SpaceFilling(n_points=15)},
        {"seed": 1},
        {"repeats": 2},
        {"constants": {"k": 3}},
    ],
    ids=str,
)
def test_the_digest_tells_sweeps_with_other_tables_apart(spec, change):
    assert replace(spec, **change).digest != spec.digest


def test_a_spec_survives_pickling_in_use(spec):
    before = seeds(spec), spec.digest
    again = pickle.loads(pickle.dumps(spec))
    assert (seeds(again), again.digest) == before


@pytest.mark.parametrize(
    "change, message",
    [
        ({"factors": {}}, "factors is empty"),
        ({"constants": {"x": 1}}, "x is a factor and a constant"),
        ({"constants": {"point_seed": 1}}, "point_seed is a column"),
        ({"repeats": 0}, "repeats"),
        ({"seed": -1}, "seed"),
        ({"factors": {"x": Range(low=0, high=1)}}, "factor x"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(spec, change, message):
    with pytest.raises(ValueError, match=message):
        replace(spec, **change)


@pytest.mark.parametrize(
    "path, message",
    [
        ("sample_runs:nothing", "cannot be imported"),
        ("no_such_module:draw", "cannot be imported"),
        ("draw", "module:function"),
        ("sample_runs:picky", "forbidden"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused(path, message):
    with pytest.raises(ValueError, match=message):
        SweepSpec(run=FunctionRun(path=path), factors={"x": Levels(values=(1,))})


def test_replicates_of_a_function_have_generators_of_their_own(make_spec):
    (table,) = run_block(make_spec(repeats=4), np.arange(2)).tables
    assert table["row"].tolist() == [0, 1, 2, 3] * 2
    assert len(set(table["value"])) == 8
