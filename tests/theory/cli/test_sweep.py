"""`mtlaws sweep`: rows, status, figures, failures, and a run that is interrupted and resumed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import mtl_simulators
import mtl_theory
from mtl_simulators.sweep import Store, StoreError, read_spec, sweep
from mtl_theory import experiments
from mtl_theory.experiments import EXPERIMENT_RUNS, Settings

SPEC = """\
problem = "linear"
solvers = ["pooled"]
factors.n_samples = [10, 20, 40]
constants = { n_tasks = 3, n_features = 4, cosine = 0.9 }
repeats = 3
"""
RUNS = """\
import time
from pathlib import Path


def draw(rng, x):
    return {"value": rng.standard_normal()}


def slow(rng, x):
    time.sleep(0.02 * Path("slowly").exists())
    return draw(rng, x)


def picky(rng, x):
    if x > 2 and not Path("mended").exists():
        raise RuntimeError(f"too large [{x}]")
    return draw(rng, x)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with a spec, and functions of one's own beside it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "runs_of_mine", raising=False)
    (tmp_path / "my.toml").write_text(SPEC)
    (tmp_path / "runs_of_mine.py").write_text(RUNS)
    for name in ("draw", "slow", "picky"):
        (tmp_path / f"{name}.toml").write_text(
            f'function = "runs_of_mine:{name}"\n'
            f"factors.x = {{ low = 0, high = {199 if name == 'slow' else 5}, points = "
            f"{200 if name == 'slow' else 6} }}\n"
        )
    return tmp_path


def shown(result):
    """Return the labelled lines on stdout."""
    return [tuple(line.split(maxsplit=1)) for line in result.stdout.splitlines()]


def test_the_rows_are_those_of_python(run, folder):
    result = run("sweep", "my.toml", "--store", "rows")
    assert result.exit_code == 0, result.output
    in_python = sweep(read_spec("my.toml"), store="other")
    pd.testing.assert_frame_equal(Store("rows").frame(), in_python)
    assert len(in_python) == 3 * 3 * 2
    assert shown(result) == [("points", "3 of 3 done, 0 failed"), ("rows", "rows/rows")]
    assert result.stderr.splitlines()[0] == "sweep of 3 points into rows ..."
    assert "points/s, finished in" in result.stderr


def test_finished_points_are_not_run_again_unless_asked_for(run, folder):
    run("sweep", "draw.toml", "--store", "rows")
    before = Store("rows").frame()
    shards = sorted(Path("rows/rows").iterdir())
    again = run("sweep", "draw.toml", "--store", "rows", "--resume")
    assert again.exit_code == 0 and "nothing was left to run" in again.stderr
    assert sorted(Path("rows/rows").iterdir()) == shards
    assert run("sweep", "draw.toml", "--store", "rows", "--fresh").exit_code == 0
    assert len(list(Path("rows/aside").iterdir())) == len(shards)
    pd.testing.assert_frame_equal(Store("rows").frame(), before)


def test_failed_points_exit_with_one_and_are_tried_again(run, folder):
    result = run("sweep", "picky.toml", "--store", "rows")
    assert result.exit_code == 1
    assert "mtlaws: 3 points failed; mtlaws sweep --status --store rows says why; " in result.stderr
    assert "to try them again: mtlaws sweep picky.toml --store rows\n" in result.stderr
    status = run("sweep", "--status", "--store", "rows")
    assert status.exit_code == 0
    lines = dict(shown(status))
    assert (lines["done"], lines["failed"], lines["left"]) == ("3 of 6 points", "3", "0")
    assert "1 x RuntimeError: too large [3] (first at x = 3)" in status.stdout
    (folder / "mended").touch()
    assert run("sweep", "picky.toml", "--store", "rows").exit_code == 0
    assert dict(shown(run("sweep", "--status", "--store", "rows")))["failed"] == "0"


def test_max_failures_stops_the_run(run, folder):
    result = run("sweep", "picky.toml", "--store", "rows", "--max-failures", "1")
    assert result.exit_code == 1
    assert "stopped after" in result.stderr and "resume with: mtlaws sweep picky.toml" in result.stderr


def test_status_says_what_is_there(run, folder):
    run("sweep", "my.toml", "--store", "rows")
    result = run("sweep", "my.toml", "--status", "--store", "rows")
    lines = dict(shown(result))
    assert lines["sweep"] == "problem linear; solvers single-task, pooled; 3 repeats"
    assert lines["factors"] == "grid of n_samples (10, 20, 40)"
    assert (lines["done"], lines["failed"], lines["left"]) == ("3 of 3 points", "0", "0")
    assert 'Store("rows").frame()' in lines["read"]
    for shard in Path("rows/rows").iterdir():
        shard.write_bytes(shard.read_bytes()[:-1])
    damaged = run("sweep", "--status", "--store", "rows")
    assert damaged.exit_code == 0
    assert dict(shown(damaged))["damaged"].endswith("resuming runs its points again")
    resumed = run("sweep", "my.toml", "--store", "rows")
    assert resumed.exit_code == 0 and "set aside" in dict(shown(resumed))["damaged"]


def test_another_sweep_in_the_same_folder_is_refused(run, folder):
    run("sweep", "my.toml", "--store", "rows")
    for more in ([], ["--status"]):
        result = run("sweep", "draw.toml", "--store", "rows", *more)
        assert result.exit_code == 1
        assert "another sweep" in result.stderr and "--fresh" in result.stderr


def test_figure(run, folder):
    result = run("sweep", "my.toml", "--store", "rows", "--figure", "a.png")
    assert result.exit_code == 0 and dict(shown(result))["figure"] == "a.png"
    assert run("sweep", "--status", "--store", "rows", "--figure", "b.png").exit_code == 0
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--store", "rows"], "SPEC is missing"),
        (["my.toml"], "--store"),
        (["none.toml", "--store", "rows"], "none.toml: No such file"),
        (["bad.toml", "--store", "rows"], "bad.toml: solvers[0]: no solver is called 'poold'"),
        (["my.toml", "--store", "rows", "--address", "tcp://a:1"], "--engine dask"),
        (["my.toml", "--store", "rows", "--engine", "ray"], "--engine"),
        (["my.toml", "--store", "rows", "--workers", "0"], "--workers"),
        (
            ["my.toml", "--store", "rows", "--engine", "dask", "--address", "tcp://a:1", "--workers", "2"],
            "leave --workers out",
        ),
        (["seeds.toml", "--store", "rows", "--figure", "a.png"], "mtlaws reproduce"),
    ],
)
def test_wrong_calls_exit_with_two_one_line_and_no_folder(run, folder, ledger_of, arguments, words):
    ledger_of("holds")
    (folder / "bad.toml").write_text(SPEC.replace("pooled", "poold"))
    (folder / "seeds.toml").write_text('experiment = "daras/fake"\nfactors.seed = [0]\n')
    result = run("sweep", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr and result.stderr.count("\n") == 1
    assert not (folder / "rows").exists()


def test_store_errors_exit_with_one(run, folder):
    (folder / "taken").touch()
    for store, more in (("nowhere", ["--status"]), ("taken", ["my.toml"])):
        result = run("sweep", "--store", store, *more)
        assert result.exit_code == 1
        assert result.stderr.strip().splitlines()[-1].startswith("mtlaws: ")
        assert "--store" in result.stderr


def test_a_missing_extra_is_named(run, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = run("sweep", "my.toml", "--store", "rows", "--engine", "dask")
    assert result.exit_code == 1
    assert "pip install 'mtlaws[dask]'" in result.stderr


def test_an_experiment_over_seeds(run, folder, ledger_of, catalogue):
    ledger_of("holds")
    (folder / "seeds.toml").write_text('experiment = "daras/fake"\nquick = true\nfactors.seed = [0, 1]\n')
    result = run("sweep", "seeds.toml", "--store", "rows")
    assert result.exit_code == 0, result.output
    rows = Store("rows").frame()
    seeds = rows.groupby("seed")["experiment_seed"].unique()
    assert [len(found) for found in seeds] == [1, 1] and seeds[0][0] != seeds[1][0]
    for _, group in rows.groupby("seed"):
        same = catalogue["fake"].run(Settings(seed=int(group["experiment_seed"].iloc[0]), quick=True)).rows
        pd.testing.assert_frame_equal(group[same.columns].reset_index(drop=True), same)


@pytest.mark.slow
def test_a_real_experiment_gives_the_rows_of_reproduce(folder):
    (folder / "seeds.toml").write_text('experiment = "daras/crossover"\nquick = true\nfactors.seed = [0]\n')
    rows = sweep(read_spec(folder / "seeds.toml", runs=EXPERIMENT_RUNS), store=folder / "rows")
    seed = int(rows["experiment_seed"].iloc[0])
    same = experiments.experiments()["daras/crossover"].run(Settings(seed=seed, quick=True)).rows
    assert rows["value"].tolist() == same["value"].tolist()
    assert rows["quantity"].tolist() == same["quantity"].tolist()


def test_an_unknown_experiment_and_a_factor_it_does_not_take(run, folder, ledger_of):
    ledger_of("holds")
    for text, words in (
        ('experiment = "daras/fak"\nfactors.seed = [0]', "did you mean 'daras/fake'?"),
        ('experiment = "daras/fake"\nfactors.T = [0]', "factors.seed = [0, 1, 2]"),
    ):
        (folder / "seeds.toml").write_text(text)
        result = run("sweep", "seeds.toml", "--store", "rows")
        assert result.exit_code == 2 and words in result.stderr


def done(store):
    """Return how many points a store holds, whoever is writing to it."""
    try:
        description = Store(store).description()
        return int(Store(store).index(description["digest"], description["n_points"]).done.sum())
    except (StoreError, OSError):
        return 0


@pytest.mark.parametrize(("sent", "workers"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_an_interrupted_sweep_is_resumed_bit_for_bit(run, folder, sent, workers):
    (folder / "slowly").touch()
    roots = [str(Path(package.__file__).parents[1]) for package in (mtl_simulators, mtl_theory)]
    command = ["sweep", "slow.toml", "--store", "rows", "--workers", str(workers)]
    child = subprocess.Popen(
        [sys.executable, "-m", "mtl_theory.cli", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ":".join(roots)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while done(folder / "rows") == 0 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(sent)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 130, stderr
    kept = done(folder / "rows")
    assert 0 < kept < 200
    assert stderr.splitlines()[-1] == (
        f"mtlaws: interrupted; {kept} of 200 points kept in rows; "
        "resume with: mtlaws sweep slow.toml --store rows"
    )
    (folder / "slowly").unlink()
    assert run("sweep", "slow.toml", "--store", "rows").exit_code == 0
    pd.testing.assert_frame_equal(Store("rows").frame(), sweep(read_spec("slow.toml"), store="serial"))


def test_help_shows_examples(run):
    result = run("sweep", "--help")
    assert result.exit_code == 0
    assert "Examples" in result.stdout and "mtlaws sweep --status --store rows" in result.stdout
