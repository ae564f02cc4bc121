import errno
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.image
import pandas as pd
import pytest

import mtl_simulators
import mtl_theory
from mtl_theory.experiments import Outcome
from mtl_theory.report import PALETTE, panel_png, report_style, results_parquet, save_panel
from mtl_theory.report._staged import staged_files


def outcome(**columns):
    return Outcome(rows=pd.DataFrame(columns), panels=())


def test_staged_files_appear_together(tmp_path):
    with staged_files(tmp_path) as add:
        add("a.txt", b"a")
        add("deep/b.txt", b"b")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_bytes() == b"a" and (tmp_path / "deep/b.txt").read_bytes() == b"b"
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {"a.txt", "b.txt"}


def test_staged_files_vanish_when_the_block_fails(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")
    with pytest.raises(RuntimeError), staged_files(tmp_path) as add:
        add("a.txt", b"new")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_a_full_disk_leaves_nothing_half_written(write, tmp_path, monkeypatch):
    real, calls = os.fsync, []

    def third_fails(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", third_fails)
    with pytest.raises(OSError, match="No space left"):
        write("holds")
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_panels_of_one_name_are_refused(write, catalogue, tmp_path):
    panel = catalogue["make_panel"]("same")
    with pytest.raises(ValueError, match=r"daras-fake-same\.png"):
        write("holds", outcomes=[(catalogue["fake"], Outcome(rows=pd.DataFrame(), panels=(panel, panel)))])
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_rows_of_several_experiments_share_one_table(catalogue, tmp_path):
    fake = catalogue["fake"]
    both = [(fake, outcome(n_tasks=[4, 5], slope=[1.0, 0.8])), (fake, outcome(n_tasks=[6], noise=["high"]))]
    path = tmp_path / "rows.parquet"
    path.write_bytes(results_parquet(both, seed=1))
    rows = pd.read_parquet(path)
    assert rows["n_tasks"].tolist() == [4, 5, 6]
    assert rows["slope"].isna().tolist() == [False, False, True]
    assert results_parquet(both, seed=1) == results_parquet(both, seed=1)


def test_rows_that_clash_are_refused_with_the_remedy(catalogue):
    fake = catalogue["fake"]
    with pytest.raises(ValueError, match="rename a column"):
        results_parquet([(fake, outcome(level=[0.1])), (fake, outcome(level=["low"]))], seed=0)


def test_no_experiment_gives_an_empty_table(tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_bytes(results_parquet([], seed=0))
    assert pd.read_parquet(path).empty


def test_save_panel_draws_a_png_of_the_promised_size(tmp_path, catalogue):
    path = save_panel(catalogue["make_panel"]("line"), tmp_path / "figures/line.png")
    assert matplotlib.image.imread(path).shape[:2] == (660, 1080)


def test_same_panel_same_bytes(catalogue):
    panel = catalogue["make_panel"]("line")
    assert panel_png(panel) == panel_png(panel)


def test_drawing_keeps_the_callers_settings_and_ignores_them(catalogue):
    panel = catalogue["make_panel"]("line")
    plain = panel_png(panel)
    with matplotlib.rc_context({"font.size": 30.0, "axes.facecolor": "black"}):
        before = dict(matplotlib.rcParams)
        assert panel_png(panel) == plain
        assert dict(matplotlib.rcParams) == before


def test_style_uses_the_palette():
    with report_style():
        assert tuple(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]) == PALETTE


def test_drawing_does_not_touch_pyplot(tmp_path):
    code = (
        "import sys\nfrom mtl_theory.experiments import Panel\nfrom mtl_theory.report import panel_png\n"
        "panel_png(Panel(name='a', title='', claim='', finding='', alt='', draw=lambda ax: ax))\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)\n"
    )
    roots = ":".join(str(Path(package.__file__).parents[1]) for package in (mtl_simulators, mtl_theory))
    environment = {"PYTHONPATH": roots, "MPLCONFIGDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
