"""Rows with a known law, for all tests of the room."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mtl_theory.laws import Kind, Parameter, Variable, parse_form

N = Variable(name="n", kind=Kind.POSITIVE)
T = Variable(name="T", kind=Kind.POSITIVE)
A = Variable(name="A", kind=Kind.UNIT)


def power_law():
    """Return a + b n^-alpha."""
    return parse_form("a + b*n**-alpha", [N], parameters=[Parameter(name="alpha", low=0.0, high=5.0)])


def power_rows(seed, *, size=40, noise=0.02):
    n = np.geomspace(10, 1000, size)
    return {"n": n, "y": 0.2 + 3 / np.sqrt(n) + noise * np.random.default_rng(seed).standard_normal(size)}


def planted_rows(rng, size, noise, law):
    """Draw the planted design: n in thousands, T of 2..15, A on 11 levels."""
    n = rng.choice([1.0, 2.0, 3.0, 5.0, 10.0, 20.0], size)
    tasks = rng.integers(2, 16, size).astype(float)
    ami = rng.choice(np.linspace(0.05, 1, 11), size)
    return {"n": n, "T": tasks, "A": ami, "y": law(n, tasks, ami) + noise * rng.standard_normal(size)}


@pytest.fixture
def planted():
    return planted_rows


@pytest.fixture
def power():
    """Return the power law and a maker of its rows, y = 0.2 + 3 / sqrt(n) + noise."""
    return power_law(), power_rows


@pytest.fixture
def variables():
    return N, T, A


@pytest.fixture
def balanced():
    """Return the published balanced points with n in thousands, or skip."""
    for root in (os.environ.get("MTLAWS_DATA"), Path(__file__).parents[4] / "shared" / "data"):
        path = Path(root or "") / "mtl-sequence" / "balanced.csv"
        if root is not None and path.is_file():
            rows = pd.read_csv(path).rename(columns={"n_tasks": "T", "mutual_info": "A"})
            return rows.assign(n=rows["n_tokens_per_task"] / 1000)
    pytest.skip("the published points are neither under MTLAWS_DATA nor under ../shared/data")
