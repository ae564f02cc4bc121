"""Laws to be found again: ten within the search's family, two outside, and the two of sequence labelling."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A law of named columns; `n_constants` identifiable ones, `exponents` not simple, by their base."""

    name: str
    columns: tuple[str, ...]
    law: Callable[..., FloatArray]
    n_constants: int = 0
    exponents: dict[str, float] = field(default_factory=dict)


def draw(
    columns: tuple[str, ...], rng: np.random.Generator, n_rows: int, *, beyond: bool = False
) -> FloatArray:
    """Return rows (N, d) in the range of training, or beyond it in sizes and noise."""
    sizes: dict[str, Any] = {
        "n": np.round(10 ** rng.uniform(*((3.0, 4.0) if beyond else (1.0, 3.0)), n_rows)),
        "T": np.round(rng.uniform(*((32, 128) if beyond else (2, 32)), n_rows)),
        "r": np.round(rng.uniform(*((64, 256) if beyond else (4, 64)), n_rows)),
        "sigma": rng.uniform(*((1.0, 2.0) if beyond else (0.05, 1.0)), n_rows),
        "ami": rng.uniform(0.0, 1.0, n_rows),
        "cos": rng.uniform(-1.0, 1.0, n_rows),
    }
    return np.column_stack([sizes[name] for name in columns])


def noisy(y: FloatArray, noise: float, rng: np.random.Generator) -> FloatArray:
    """Return y with Gaussian noise of so many of its standard deviations."""
    return y + noise * y.std() * rng.standard_normal(len(y))


INSIDE = (
    Planted(
        name="A",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.9 - 1.2 / np.sqrt(n) - 0.5 * np.sqrt(ami / T),
        n_constants=3,
    ),
    Planted(
        name="B",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.05 + 2 * n**-0.35 * T**-0.2 * (1 - ami) ** 0.8,
        n_constants=5,
        exponents={"n": -0.35, "T": -0.2, "1 - ami": 0.8},
    ),
    Planted(
        name="C",
        columns=("n", "r", "T"),
        law=lambda n, r, T: 0.1 + 1.8 * n**-0.34 + 2.5 * r**-0.28,
        n_constants=5,
        exponents={"n": -0.34, "r": -0.28},
    ),
    Planted(
        name="D",
        columns=("n", "T", "r", "sigma"),
        law=lambda n, T, r, sigma: 3 * sigma * np.sqrt(r / (n * T)),
        n_constants=1,
    ),
    Planted(
        name="E",
        columns=("n", "T", "r", "sigma"),
        law=lambda n, T, r, sigma: 0.4 * sigma**2 * r / (n * T) + 6 * sigma**2 / n + 0.02,
        n_constants=3,
    ),
    Planted(
        name="F",
        columns=("n", "T", "cos", "ami"),
        law=lambda n, T, cos, ami: 0.7 + 1.5 * cos * np.sqrt(T / n) - 0.8 / np.sqrt(n),
        n_constants=3,
    ),
    Planted(
        name="G",
        columns=("n", "T", "r", "sigma", "ami", "cos"),
        law=lambda n, T, r, sigma, ami, cos: 0.1 + 1.4 * sigma / np.sqrt(n) + 0.6 * (1 - cos) / np.sqrt(T),
        n_constants=3,
    ),
    Planted(
        name="H",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.1 + 1.2 * np.log(T) / np.sqrt(n),
        n_constants=2,
    ),
    Planted(
        name="I",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.05 + 3 / np.sqrt(n * (1 + 0.5 * ami * T)),
        n_constants=3,
    ),
    Planted(
        name="J",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.95 - 0.6 * np.exp(-n / 100) - 0.3 * (1 - ami) / T,
        n_constants=4,
    ),
)
OUTSIDE = (
    Planted(
        name="K",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.1 + 1 / (1 + 0.1 * np.sqrt(n) + 0.5 * T * ami),
    ),
    Planted(
        name="L",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: np.sqrt(0.01 + 4 / n + (1 - ami) ** 2 / T),
    ),
)
# By the names that the acceptance checks of sequence labelling give them; n in thousands of tokens.
SEQUENCE = {
    "P": Planted(
        name="P",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.2 - 0.3 / np.sqrt(n) + 0.6 * np.sqrt(ami / T),
        n_constants=3,
    ),
    "B": Planted(
        name="B",
        columns=("n", "T", "ami"),
        law=lambda n, T, ami: 0.53 - 0.26 / np.sqrt(n) - 0.7 / np.sqrt(n * T) + 0.45 * np.sqrt(ami),
        n_constants=4,
    ),
}


def sequence_rows(rng: np.random.Generator, n_rows: int) -> FloatArray:
    """Return rows (N, 3) of thousands of tokens, tasks and AMI as in sequence labelling."""
    levels = np.linspace(0.05, 1.0, 11)
    return np.column_stack(
        [
            rng.choice([1.0, 2.0, 3.0, 5.0, 10.0, 20.0], n_rows),
            rng.integers(2, 16, n_rows).astype(float),
            rng.choice(levels, n_rows),
        ]
    )
