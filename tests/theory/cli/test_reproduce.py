import errno
import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

FILES = {
    "report.html",
    "results.parquet",
    "figures/daras-fake-error.png",
    "figures/daras-fake-slope.png",
}


def files_in(folder):
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def test_reproduce_writes_the_report_and_says_where(run, ledger_of, tmp_path):
    ledger_of("holds", "refuted", "bound")
    result = run("reproduce", "daras", "--quick")
    assert result.exit_code == 0
    assert files_in(tmp_path / "reports") == FILES
    assert "reports/report.html" in result.stdout
    assert (tmp_path / "reports/report.html").resolve().as_uri() in result.stdout
    assert "verifying 3 theorems" in result.stderr and "running 1 experiments" in result.stderr


def test_rows_carry_experiment_and_paper_and_quick_reaches_the_experiment(run, ledger_of, tmp_path):
    ledger_of("holds")
    run("reproduce", "--quick", "--out", "deep/er")
    rows = pd.read_parquet(tmp_path / "deep/er/results.parquet")
    assert list(rows.columns) == ["experiment", "paper", "n_tasks", "value", "quick"]
    assert set(rows["experiment"]) == {"daras/fake"} and set(rows["paper"]) == {"daras"}
    assert rows["quick"].all()
    assert pq.read_schema(tmp_path / "deep/er/results.parquet").metadata[b"mtlaws.seed"] == b"0"


def test_same_seed_same_bytes_another_seed_other_bytes(run, ledger_of, tmp_path):
    ledger_of("holds")
    bytes_of = {}
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert run("reproduce", "--out", name, "--seed", seed).exit_code == 0
        bytes_of[name] = [
            (tmp_path / name / file).read_bytes()
            for file in ("results.parquet", "figures/daras-fake-error.png")
        ]
    assert bytes_of["a"] == bytes_of["b"]
    assert bytes_of["a"][0] != bytes_of["c"][0]


def test_only_the_papers_topics_are_verified(run, ledger_of, tmp_path):
    ledger_of("holds", "broken")  # dice/broken belongs to no paper
    assert run("reproduce", "daras").exit_code == 0
    page = (tmp_path / "reports/report.html").read_text()
    assert "coins/holds" in page and "dice/broken" not in page


def test_an_unexpected_verdict_exits_with_one_and_the_report_is_written(
    run, ledger_of, tmp_path, monkeypatch, catalogue
):
    broken = catalogue["make_theorem"]("coins/broken", claim=2.0)
    monkeypatch.setitem(catalogue, "broken", broken)
    ledger_of("holds", "broken")
    result = run("reproduce")
    assert result.exit_code == 1
    assert "coins/broken" in result.stderr
    assert "not as expected" in (tmp_path / "reports/report.html").read_text()


def test_an_unknown_paper_is_a_wrong_call_with_a_suggestion(run, ledger_of, tmp_path):
    ledger_of("holds")
    result = run("reproduce", "darras")
    assert result.exit_code == 2
    assert "Did you mean daras?" in result.stderr
    assert "Known papers: daras" in run("reproduce", "xyz").stderr
    assert files_in(tmp_path) == set()


def test_data_that_is_not_there_is_a_wrong_call(run, ledger_of, tmp_path):
    ledger_of("holds")
    (tmp_path / "file").touch()
    for name, problem in (("nowhere", "does not exist"), ("file", "is a file")):
        result = run("reproduce", "--data", name)
        assert result.exit_code == 2
        assert problem in result.stderr and "--data" in result.stderr
    (tmp_path / "mnist").mkdir()
    assert run("reproduce", "--data", "mnist").exit_code == 0
    assert (
        "skipped"
        not in (tmp_path / "reports/report.html").read_text().split("<script>")[0].split("<aside")[-1]
    )


def test_out_that_is_a_file_is_found_out_before_the_work(run, ledger_of, tmp_path, monkeypatch):
    ledger_of("holds")
    monkeypatch.setattr(
        "mtl_theory.cli._reproduce.verify_theorems", lambda *a, **k: pytest.fail("worked first")
    )
    (tmp_path / "taken").touch()
    result = run("reproduce", "--out", "taken")
    assert result.exit_code == 2
    assert "--out taken" in result.stderr and result.stderr.count("\n") == 1


def fails(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_report_whole_and_no_debris(run, ledger_of, tmp_path, monkeypatch, call):
    ledger_of("holds")
    assert run("reproduce", "--seed", "1").exit_code == 0
    before = {name: (tmp_path / "reports" / name).read_bytes() for name in FILES}
    monkeypatch.setattr(os, call, fails)
    result = run("reproduce", "--seed", "2")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr and "--out" in result.stderr
    assert "report.html" not in result.stdout
    assert result.stderr.strip().splitlines()[-1].startswith("mtlaws: ")
    assert files_in(tmp_path / "reports") == FILES
    assert {name: (tmp_path / "reports" / name).read_bytes() for name in FILES} == before


def test_a_folder_without_permission_is_a_wrong_call(run, ledger_of, monkeypatch):
    ledger_of("holds")

    def refuse(self, data):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    result = run("reproduce")
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr and "another folder" in result.stderr


def test_bad_data_in_an_experiment_is_one_line(run, ledger_of, monkeypatch, catalogue, tmp_path):
    import dataclasses

    def complain(settings):
        raise ValueError("train-images is no IDX file; download it again.")

    monkeypatch.setitem(catalogue, "fake", dataclasses.replace(catalogue["fake"], run=complain))
    ledger_of("holds")
    result = run("reproduce")
    assert result.exit_code == 2
    assert "mtlaws: daras/fake: train-images is no IDX file; download it again.\n" in result.stderr
    assert files_in(tmp_path) == set()


def test_the_page_tells_the_command_but_no_absolute_path(run, ledger_of, tmp_path):
    ledger_of("holds")
    (tmp_path / "mnist").mkdir()
    run("reproduce", "daras", "--quick", "--data", tmp_path / "mnist", "--out", tmp_path / "out", "--seed", 7)
    page = (tmp_path / "out/report.html").read_text()
    assert "mtlaws reproduce daras --quick --seed 7 --data .../mnist --out .../out" in page
    assert str(tmp_path) not in page
