"""The contract with the installed PySR: read from its source, and run over a stand-in for Julia.

Nothing here says how the search in Julia behaves; the last test does, where Julia is there.
"""

import ast
import inspect
import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from math import inf
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from mtl_theory.laws._engines import Budget, _pysr
from mtl_theory.laws._engines._pysr import PySR, keywords

JULIACALL = """from unittest.mock import MagicMock
Main, convert = MagicMock(), MagicMock()
class AnyValue: pass
class VectorValue: pass
class JuliaError(Exception): pass
"""


def run_over(folder: Path, juliacall: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in `folder` with `juliacall` as the module of that name."""
    (folder / "modules").mkdir()
    (folder / "modules" / "juliacall.py").write_text(juliacall)
    environment = {name: value for name, value in os.environ.items() if "JULIA" not in name}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(folder / "modules"), os.environ.get("PYTHONPATH", "")]),
        "PYTHON_JULIACALL_EXE": sys.executable,
        "PYTHON_JULIACALL_PROJECT": str(folder),
    }
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    script = Path(__file__).with_name("over_stand_in.py")
    run = run_over(tmp_path_factory.mktemp("pysr"), JULIACALL, str(script))
    assert run.returncode == 0, run.stderr
    assert "Julia says something" in run.stderr
    # The whole standard output is the JSON: nothing of PySR's got there.
    return json.loads(run.stdout)


def signature(method: str) -> set[str]:
    """Return the parameters of a method of the installed PySRRegressor, read without importing it."""
    source = Path(str(distribution("pysr").locate_file("pysr/sr.py"))).read_text(encoding="utf-8")
    (regressor,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == "PySRRegressor"
    )
    (found,) = (node for node in regressor.body if isinstance(node, ast.FunctionDef) and node.name == method)
    return {argument.arg for argument in (*found.args.args, *found.args.kwonlyargs)}


def test_every_keyword_of_the_constructor_exists():
    assert set(keywords(Budget(), 0, "folder")) <= signature("__init__")


def test_every_keyword_of_fit_exists_and_weights_are_still_called_weights():
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(_pysr)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fit"
    ]
    passed = {keyword.arg for call in calls for keyword in call.keywords}
    assert passed == {"weights", "variable_names"} <= signature("fit")
    # When this fails the adapter has a choice that it did not have.
    assert "sample_weight" not in signature("fit")


def test_a_search_that_repeats_needs_all_three():
    given = keywords(Budget(), 7, "folder")
    assert (given["random_state"], given["deterministic"], given["parallelism"]) == (7, True, "serial")
    assert given["timeout_in_seconds"] is None


@pytest.mark.parametrize(
    "budget, iterations, seconds",
    [(Budget(), 100, None), (Budget(effort=2.5, seconds=9.0), 250, 9.0), (Budget(effort=1e-9), 1, None)],
)
def test_the_budget_sets_iterations_and_time(budget, iterations, seconds):
    given = keywords(budget, 0, "folder")
    assert (given["niterations"], given["timeout_in_seconds"]) == (iterations, seconds)
    assert budget.seconds in (inf, seconds)


def test_real_validation_lets_the_data_through(seen):
    assert seen["same data"] == [True, True, True]
    assert seen["dtype"] == "float64"
    assert seen["names"] == ["v0", "v1", "v2"]
    assert seen["operators"] == ["+", "-", "*", "/", "^", "sqrt", "log", "exp"]
    assert (seen["parallelism"], seen["niterations"]) == ("serial", 50)


def test_the_hall_of_fame_comes_back_in_our_symbols(seen):
    size, beta, cosine = (
        sp.Symbol("N", positive=True),
        sp.Symbol("beta", positive=True),
        sp.Symbol("cos", real=True),
    )
    # The fourth row repeats the third, the last is imaginary for positive N.
    assert [sp.sympify(text) for text in seen["found"]] == [
        sp.Float(0.25),
        1.5e-7 * beta,
        0.1 + 3.0 * beta / sp.sqrt(size),
        size**-0.35 * (2.0 - cosine),
        sp.log(size + 2.0) - sp.exp(-cosine / 3.5),
    ]


def test_same_seed_same_search(seen):
    first, again, other = seen["seeds"]
    assert first == again != other
    assert seen["repeats"]


def test_nothing_is_left_behind(seen):
    assert "PYTHON_JULIACALL_HANDLE_SIGNALS" in seen["set while in"]
    assert seen["signals"] == "yes"
    assert seen["environment kept"]
    assert not seen["folder kept"]
    assert seen["warnings"] == []


def test_the_library_behind_the_adapter_works(seen):
    library = seen["library"]
    assert {"complexity", "loss", "equation", "sympy_format"} <= set(library["columns"])
    assert library["sympy"] == "0.1 + 3.0*v1/sqrt(v0)"
    assert library["latex"] == r"0.100 + \frac{3.00 v_{1}}{\sqrt{v_{0}}}"
    assert library["latex"] in library["table"]
    # 0.1 + 3 * 2 / sqrt(4)
    assert library["predicted"] == pytest.approx([3.1])
    assert library["maxdepth"] == 8 and library["constraints"] == {"^": [-1, 1]}
    assert "no_such_keyword" in library["unknown"]


@pytest.mark.parametrize(
    "breakage, cause",
    [
        ("raise OSError('no libjulia here\\nand a second line')", "no libjulia here"),
        ("raise SystemExit", "SystemExit"),
    ],
)
def test_a_julia_that_does_not_start_is_told_in_one_line(tmp_path, breakage, cause):
    code = """
import os
from mtl_theory.laws._engines import Budget, EngineUnavailable
from mtl_theory.laws._engines._pysr import PySR
before = dict(os.environ)
try:
    PySR().candidates([], [], [], (), budget=Budget(), seed=0)
except EngineUnavailable as error:
    print(error)
assert dict(os.environ) == before
"""
    run = run_over(tmp_path, breakage, "-c", code)
    assert (run.returncode, run.stderr) == (0, "")
    expected = f"PySR cannot start Julia: {cause}; repair the installation, or choose another engine\n"
    assert run.stdout == expected


LIVE = """
import numpy as np, sympy as sp
from mtl_theory.laws import Kind, Variable
from mtl_theory.laws._engines import Budget
from mtl_theory.laws._engines._pysr import PySR
rng = np.random.default_rng(0)
X = np.exp(rng.uniform(2, 7, (200, 2)))
y = 0.1 + 3 * X[:, 1] / np.sqrt(X[:, 0])
variables = [Variable(name=name, kind=Kind.POSITIVE) for name in ("N", "beta")]
runs = [
    PySR().candidates(X, y, np.ones(200), variables, budget=Budget(effort=0.2), seed=0) for _ in range(2)
]
assert runs[0] == runs[1], runs
predicted = [sp.lambdify([v.symbol for v in variables], e)(*X.T) for e in runs[0]]
assert min(np.abs(p / y - 1).max() for p in predicted) < 1e-3, runs
"""


def test_live_search_finds_a_law_twice():
    reason = PySR().available()
    if reason is not None:
        pytest.skip(reason)
    run = subprocess.run([sys.executable, "-c", LIVE], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
