"""The adapter over the real PySR in a process of its own, where only Julia is stood in for.

`juliacall` is a module of mocks, and instead of searching in Julia `PySRRegressor._run` writes the hall of
fame that Julia would. What was seen is printed as JSON, the only thing on the standard output.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from mtl_theory.laws import Kind, Variable
from mtl_theory.laws._engines import Budget
from mtl_theory.laws._engines._pysr import PySR, _regressor_class, _undisturbed, keywords

HALL_OF_FAME = """Complexity,Loss,Equation
1,0.5,"0.25"
3,0.2,"v1 * 1.5e-7"
6,0.1,"0.1 + ((3.0 * v1) / sqrt(v0))"
9,0.01,"0.1 + ((3.0 * v1) / sqrt(v0))"
11,0.005,"(v0 ^ -0.35) * (2.0 - v2)"
13,0.001,"log(v0 + 2.0) - exp(v2 / -3.5)"
14,0.0001,"sqrt(-1.0 * v0)"
"""
VARIABLES = [
    Variable(name="N", kind=Kind.POSITIVE),
    Variable(name="beta", kind=Kind.POSITIVE),
    Variable(name="cos", kind=Kind.SIGNED),
]


def pretended_search(seen: dict[str, Any]) -> Any:
    """Return what stands in for the search in Julia; it notes in `seen` what it was given."""

    def run(self: Any, X: Any, y: Any, runtime: Any, *, weights: Any, seed: int, **rest: Any) -> Any:
        print("Julia says something")
        folder = Path(self.output_directory_) / self.run_id_
        (folder / "hall_of_fame.csv").write_text(HALL_OF_FAME)
        seen.update(
            X=X.tolist(),
            y=y.tolist(),
            weights=weights.tolist(),
            dtype=str(X.dtype),
            names=list(self.feature_names_in_),
            operators=[*runtime.operators[2], *runtime.operators[1]],
            parallelism=rest["parallelism"],
            signals=os.environ["PYTHON_JULIACALL_HANDLE_SIGNALS"],
            folder=str(folder),
            niterations=self.niterations,
            seed=seed,
        )
        self.equations_ = self.get_hof()
        return self

    return run


def adapter() -> dict[str, Any]:
    """Return what the adapter gave to PySR, got from it, and left behind."""
    before = dict(os.environ)
    with _undisturbed():
        regressor = _regressor_class()
        while_in = sorted(set(os.environ) - set(before))
    rng = np.random.default_rng(0)
    X, y, weights = rng.uniform(0.1, 1, (8, 3)), rng.standard_normal(8), np.tile([0.5, 1.5], 4)
    seeds, found = [], []
    seen: dict[str, Any] = {}
    regressor._run = pretended_search(seen)
    for seed in (3, 3, 4):
        budget = Budget(effort=0.5)
        found.append(PySR().candidates(X, y, weights, VARIABLES, budget=budget, seed=seed))
        seeds.append(seen.pop("seed"))
    return seen | {
        "same data": [seen["X"] == X.tolist(), seen["y"] == y.tolist(), seen["weights"] == weights.tolist()],
        "found": [sp.srepr(expression) for expression in found[0]],
        "repeats": found[0] == found[1],
        "seeds": seeds,
        "set while in": while_in,
        "environment kept": dict(os.environ) == before,
        "folder kept": Path(seen["folder"]).exists(),
    }


def library(folder: Path) -> dict[str, Any]:
    """Return what the real validation, hall-of-fame reading, SymPy, LaTeX and prediction code does."""
    regressor = _regressor_class()
    (folder / "law").mkdir()
    (folder / "law" / "hall_of_fame.csv").write_text(HALL_OF_FAME)
    model = regressor.from_file(
        run_directory=folder / "law",
        binary_operators=["+", "-", "*", "/", "^"],
        unary_operators=["sqrt", "log", "exp"],
        n_features_in=3,
        feature_names_in=["v0", "v1", "v2"],
    )
    checked = regressor(**keywords(Budget(), 0, str(folder)))._validate_and_modify_params()
    try:
        regressor(no_such_keyword=1)
        unknown = ""
    except TypeError as error:
        unknown = str(error)
    return {
        "columns": list(model.equations_.columns),
        "sympy": str(model.sympy(3)),
        "latex": model.latex(3, precision=3),
        "table": model.latex_table(indices=[3], precision=3, columns=["equation", "complexity", "loss"]),
        "predicted": model.predict(np.array([[4.0, 2.0, 0.0]]), index=3).tolist(),
        "maxdepth": checked.maxdepth,
        "constraints": checked.constraints,
        "unknown": unknown,
    }


if __name__ == "__main__":
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seen = adapter()
        seen["warnings"] = [str(warning.message) for warning in caught]
        out = sys.stdout
        sys.stdout = sys.stderr
        seen["library"] = library(Path.cwd())
    print(json.dumps(seen, default=str), file=out, flush=True)
