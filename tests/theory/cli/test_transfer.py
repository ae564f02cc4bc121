"""`mtlaws transfer`: table, JSON, picture, errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mtl_theory.cli import app


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    direction = rng.standard_normal(10) / np.sqrt(10)
    arrays = {}
    for name, n, sign in (("first", 200, 1.0), ("second", 60, 1.0), ("other", 60, 0.0)):
        x = rng.standard_normal((n, 10))
        own = rng.standard_normal(10) / np.sqrt(10)
        w = direction if sign else own
        arrays |= {f"x_{name}": x, f"y_{name}": x @ w + 0.5 * rng.standard_normal(n)}
    np.savez(tmp_path / "tasks.npz", **arrays)
    return tmp_path / "tasks.npz"


def run(*arguments: str):
    return CliRunner().invoke(app, ["transfer", *arguments])


def test_table_and_picture(tasks: Path) -> None:
    figure = tasks.parent / "matrix.png"
    result = run(str(tasks), "--figure", str(figure))
    assert result.exit_code == 0, result.output
    assert "first" in result.stdout and "signs" in result.stdout
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_json_is_strict_and_complete(tasks: Path) -> None:
    result = run(str(tasks), "--json")
    assert result.exit_code == 0
    pairs = json.loads(result.stdout)
    assert len(pairs) == 6
    helped = next(p for p in pairs if (p["source"], p["target"]) == ("first", "second"))
    assert helped["gain"] > 0
    assert helped["predicted"] > 0
    assert helped["low"] <= helped["gain"] <= helped["high"]


def test_missing_file_is_a_wrong_call(tmp_path: Path) -> None:
    result = run(str(tmp_path / "none.npz"))
    assert result.exit_code == 2
    assert "NPZ file" in result.stderr
