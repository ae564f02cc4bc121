"""Sweeps read from TOML: what a file means, and what every mistake answers."""

from dataclasses import dataclass

import pytest

from mtl_simulators.sweep import (
    FunctionRun,
    Levels,
    NamedSolver,
    Range,
    Recipe,
    RunKind,
    SpaceFilling,
    SweepSpec,
    read_slurm_settings,
    read_spec,
)

SPEC = """\
problem = "linear"
solvers = ["pooled", { name = "truncated-svd", capacity = 2 }]
factors.n_tasks = [2, 4, 8]
factors.n_samples = { low = 30, high = 3000, points = 5, log = true }
constants = { n_features = 20, cosine = 0.9 }
"""


@pytest.fixture
def read(tmp_path):
    """Read a spec from text."""
    path = tmp_path / "my.toml"

    def read(text, **more):
        path.write_text(text, encoding="utf-8")
        return read_spec(path, **more)

    return read


def by_hand(**changes):
    fields = {
        "run": Recipe(
            problem="linear",
            solvers=(NamedSolver(name="pooled"), NamedSolver(name="truncated-svd", settings={"capacity": 2})),
        ),
        "factors": {
            "n_tasks": Levels(values=(2, 4, 8)),
            "n_samples": Range(low=30, high=3000, points=5, log=True),
        },
        "constants": {"n_features": 20, "cosine": 0.9},
    }
    return SweepSpec(**{**fields, **changes})


def test_a_file_means_the_spec_written_by_hand(read):
    assert read(SPEC).digest == by_hand().digest
    assert read(SPEC + "repeats = 7\nseed = 3").digest == by_hand(repeats=7, seed=3).digest


def test_measures_and_a_space_filling_sample(read):
    spec = read(SPEC + 'measures = ["transfer_gain"]\nsample = 64\nseed = 5')
    assert spec.run.measures == ("transfer_gain",)
    assert spec.design == SpaceFilling(n_points=64, seed=5) and spec.n_points == 64


def test_a_function_by_name(read):
    spec = read('function = "math:exp"\nfactors.seed = [1, 2]')
    assert spec.run == FunctionRun(path="math:exp")


@dataclass(frozen=True, kw_only=True)
class Dice:
    sides: int
    loaded: bool = False

    def content(self):
        return {"dice": self.sides, "loaded": self.loaded}

    def check(self, names):
        pass

    def __call__(self, rng, point, *, n_replicates):
        return {"eyes": rng.integers(self.sides, size=n_replicates)}


DICE = {"dice": RunKind(read=lambda sides, **more: Dice(sides=int(sides), **more), beside={"loaded": bool})}


def test_other_packages_can_add_what_is_run(read):
    spec = read('dice = "6"\nloaded = true\nfactors.seed = [1]', runs=DICE)
    assert spec.run == Dice(sides=6, loaded=True)
    with pytest.raises(ValueError, match=r"loaded goes with dice, not with problem; remove it"):
        read(SPEC + "loaded = true", runs=DICE)
    with pytest.raises(ValueError, match=r"loaded = 1 must be true or false"):
        read('dice = "6"\nloaded = 1\nfactors.seed = [1]', runs=DICE)


def changed(old, new):
    assert old in SPEC
    return SPEC.replace(old, new)


N_SAMPLES = "{ low = 30, high = 3000, points = 5, log = true }"
MISTAKES = {
    "empty": ("", ["nothing to run is named", 'problem = "linear"']),
    "no TOML": ("problem = ", ["is not TOML", "quotes"]),
    "mistyped run": ('problm = "linear"', ["'problm'", "did you mean 'problem'?"]),
    "two runs": (SPEC + 'function = "a:b"', ["problem and function", "keep one"]),
    "run of a wrong type": (changed('"linear"', "3"), ["problem = 3", "in quotes"]),
    "unknown problem": (changed('"linear"', '"linaer"'), ["problem", "'linaer'", "rotated-teacher"]),
    "unknown solver": (changed('"pooled"', '"poled"'), ["solvers[0]", "'poled'", "choose from"]),
    "solver of a wrong type": (changed('"pooled"', "3"), ["solvers[0]", "3", "give a name"]),
    "solver without a name": (changed('name = "truncated-svd", ', ""), ["solvers[1]", 'name = "trunc']),
    "unknown setting": (changed("capacity", "rank"), ["solvers[1]", "'rank'", "it takes: capacity"]),
    "missing setting": (changed(", capacity = 2", ""), ["truncated-svd needs 'capacity'", "factor"]),
    "infeasible setting": (changed("capacity = 2", "capacity = 0"), ["solvers[1].capacity", "0", "least 1"]),
    "several settings": (changed("capacity = 2", "capacity = [1, 2]"), ["capacity", "factors.capacity"]),
    "solvers not a list": ('problem = "linear"\nsolvers = "pooled"', ["solvers = 'pooled'", "a list"]),
    "no solvers": ('problem = "linear"\nfactors.n_tasks = [2]', ["solvers is missing", "pooled"]),
    "unknown measure": (SPEC + 'measures = ["rsk"]', ["measure", "'rsk'", "transfer_gain"]),
    "unknown key": (SPEC + "repeat = 5", ["'repeat'", "did you mean 'repeats'?"]),
    "factor above": (SPEC + "noise = [1, 2]", ["'noise'", "factors.noise"]),
    "constant above": (SPEC + "noise = 1", ["'noise'", "constants.noise"]),
    "key below a header": (SPEC.split("factors")[0] + "[factors]\nn_tasks = [2]\nrepeats = 5", ["above"]),
    "no factors": (SPEC.split("factors")[0], ["factors is empty"]),
    "factors no table": (SPEC.split("factors")[0] + "factors = 3", ["factors = 3", "a table"]),
    "factor of one value": (changed("[2, 4, 8]", "4"), ["factors.n_tasks = 4", "constants.n_tasks"]),
    "no values": (changed("[2, 4, 8]", "[]"), ["factors.n_tasks has no values"]),
    "mixed values": (changed("[2, 4, 8]", '[2, "a"]'), ["factors.n_tasks mixes types"]),
    "infeasible value": (changed("[2, 4, 8]", "[2, 0]"), ["factors.n_tasks holds 0", "at least 1"]),
    "fraction": (changed("[2, 4, 8]", "[2.5]"), ["factors.n_tasks holds 2.5", "whole"]),
    "a date": (changed("[2, 4, 8]", "[2020-01-01]"), ["factors.n_tasks", "numbers"]),
    "mistyped range": (changed("high", "hihg"), ["factors.n_samples", "'hihg'", "'high'"]),
    "half a range": (changed("high = 3000, ", ""), ["factors.n_samples has no high"]),
    "range of words": (changed("3000", '"many"'), ["factors.n_samples", "high = 'many'"]),
    "range without points": (changed(", points = 5", ""), ["n_samples", "`points`"]),
    "range upside down": (changed("low = 30", "low = 9999"), ["factors.n_samples", "low < high"]),
    "log of zero": (changed("low = 30", "low = 0"), ["factors.n_samples", "positive low"]),
    "log of a wrong type": (changed("log = true", "log = 1"), ["factors.n_samples", "log = 1"]),
    "infeasible range": (changed(N_SAMPLES, "{ low = 0, high = 9, points = 3 }"), ["factors.n_samples"]),
    "a letter": (changed("n_features", "d"), ["'d'", "did you mean 'n_features'?"]),
    "missing constant": (changed("n_features = 20, ", ""), ["needs 'n_features'", "constant"]),
    "infeasible constant": (changed("0.9", "1.1"), ["constants.cosine holds 1.1", "[-1, 1]"]),
    "several constants": (changed("0.9", "[0.9]"), ["constants.cosine", "factors.cosine"]),
    "not a number": (changed("0.9", "nan"), ["constants.cosine", "NaN"]),
    "unrelated tasks": (changed(", cosine = 0.9", ""), ["exactly one of cosine and rank"]),
    "factor and constant": (changed("0.9", "0.9, n_tasks = 3"), ["n_tasks is a factor and a constant"]),
    "no repeats": (SPEC + "repeats = 0", ["repeats", "at least 1", "0"]),
    "negative seed": (SPEC + "seed = -1", ["seed", "at least 0", "-1"]),
    "empty sample": (SPEC + "sample = 0", ["sample", "at least 1"]),
    "no such module": ('function = "nowhere:f"\nfactors.a = [1]', ["'nowhere:f'", "PYTHONPATH"]),
    "no such parameter": ('function = "math:exp"\nfactors.a = [1]', ["math:exp", "'a'"]),
}


@pytest.mark.parametrize(("text", "fragments"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_names_file_key_and_remedy(read, text, fragments):
    with pytest.raises(ValueError) as caught:
        read(text)
    message = str(caught.value)
    assert "my.toml: " in message
    for fragment in fragments:
        assert fragment in message


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "my.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"my\.toml: is not a text file"):
        read_spec(path)
    with pytest.raises(FileNotFoundError):
        read_spec(tmp_path / "none.toml")


def test_slurm_settings_stand_beside_the_sweep_and_do_not_change_it(read, tmp_path):
    settings = 'slurm = { slurm_partition = "cpu", timeout_min = 60 }\n'
    assert read(SPEC + settings).digest == read(SPEC).digest
    assert read_slurm_settings(tmp_path / "my.toml") == {}
    read(SPEC + settings)
    assert read_slurm_settings(tmp_path / "my.toml") == {"slurm_partition": "cpu", "timeout_min": 60}
    (tmp_path / "my.toml").write_text("slurm = 3")
    with pytest.raises(ValueError, match=r"my\.toml: slurm"):
        read_slurm_settings(tmp_path / "my.toml")
