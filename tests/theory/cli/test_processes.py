"""The command line as scripts meet it: real processes, real exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mtl_simulators
import mtl_theory


def mtlaws(*arguments, cwd, **environment):
    roots = [str(Path(package.__file__).parents[1]) for package in (mtl_simulators, mtl_theory)]
    return subprocess.run(
        [sys.executable, "-m", "mtl_theory.cli", *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env={"PYTHONPATH": ":".join(roots), "PATH": "/usr/bin:/bin", "HOME": str(cwd), **environment},
    )


def test_alone_it_shows_help_and_every_help_shows_examples(tmp_path):
    alone = mtlaws(cwd=tmp_path)
    assert alone.returncode == 0
    assert "Usage: mtlaws" in alone.stdout
    for command in ([], ["list"], ["verify"], ["reproduce"], ["transfer"]):
        result = mtlaws(*command, "--help", cwd=tmp_path)
        assert result.returncode == 0
        assert "Examples" in result.stdout and "  mtlaws " in result.stdout
        assert "\\b" not in result.stdout and "\b" not in result.stdout


def test_version(tmp_path):
    result = mtlaws("--version", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.startswith("mtlaws ")


def test_help_loads_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom mtl_theory.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'sympy', 'pandas', 'matplotlib', 'sklearn', 'pyarrow', 'torch', 'juliacall'}\n"
        "heavy = slow & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    roots = ":".join(str(Path(package.__file__).parents[1]) for package in (mtl_simulators, mtl_theory))
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": roots}
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "wrong", [["verfy"], ["verify", "--fast"], ["verify", "no-such-theorem"], ["reproduce", "dara"]]
)
def test_wrong_calls_exit_with_two_and_one_line(tmp_path, wrong):
    result = mtlaws(*wrong, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("mtlaws: ") and result.stderr.count("\n") == 1


def test_verify_json_on_the_real_ledger(tmp_path):
    result = mtlaws("verify", "robustness/toy", "--json", "--quick", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (record,) = json.loads(result.stdout)
    assert (record["id"], record["verdict"]) == ("robustness/toy", "holds")
    assert result.stderr == ""


def test_a_terminal_without_unicode_gets_question_marks_not_an_error(tmp_path):
    result = mtlaws("verify", "robustness/toy", "--quick", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert "?" in result.stdout
