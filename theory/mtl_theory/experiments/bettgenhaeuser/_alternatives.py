r"""Which exponents the points can tell apart: fixed ones, one variable at a time.

All candidates have the shape $a + b n^{-p} + c n^{-p} T^{-q} + e A^r$ of the B-form, so each is a linear
least-squares fit, and all resamples are one batch of normal equations.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.experiments.bettgenhaeuser._labels import BEATEN, R2, exponent
from mtl_theory.experiments.bettgenhaeuser._points import Points
from mtl_theory.experiments.bettgenhaeuser._rows import Row

ROOTS = {"n": 0.5, "T": 0.5, "A": 0.5}
# 0 stands for the logarithm.
CANDIDATES: Mapping[str, tuple[float, ...]] = {
    "n": (0.25, 1 / 3, 0.5, 0.75, 1.0),
    "T": (0.0, 0.25, 0.5, 0.75, 1.0),
    "A": (0.25, 1 / 3, 0.5, 0.75, 1.0),
}
CLEAR = 0.95  # a root is told from another exponent when it wins or loses in this share of resamples


def alternative_rows(
    rng: np.random.Generator, points: Points, *, protocol: str, n_draws: int
) -> Iterator[Row]:
    """Yield the R2 of every exponent with roots for the other two, and how often the root fits better."""
    copies = points.resamples(rng, n_draws)
    total = points.performance - points.performance.mean()
    root_drawn = residual_sums(points, ROOTS, copies)[1]
    for name, candidates in CANDIDATES.items():
        for candidate in candidates:
            rest, drawn = residual_sums(points, {**ROOTS, name: candidate}, copies)
            common: dict[str, Any] = {
                "protocol": protocol,
                "method": exponent(name),
                "level": candidate,
                "n_draws": n_draws,
            }
            yield Row(quantity=R2, value=1 - rest / float(total @ total), **common)
            if candidate != ROOTS[name]:
                yield Row(quantity=BEATEN, value=float((root_drawn < drawn).mean()), **common)


def residual_sums(
    points: Points, exponents: Mapping[str, float], copies: FloatArray
) -> tuple[float, FloatArray]:
    """Return the residual sum of squares on the points, and on each resample `(n_draws,)`."""
    n, n_tasks, ami = (points.frame[name].to_numpy(dtype=np.float64) for name in ("n", "T", "A"))
    falling = n ** -exponents["n"]
    shrinking = n_tasks ** -exponents["T"] if exponents["T"] else np.log(n_tasks)
    design = np.column_stack([np.ones_like(n), falling, falling * shrinking, ami ** exponents["A"]])
    products = (design[:, :, None] * design[:, None, :]).reshape(len(n), -1)
    y = points.performance
    weights = np.vstack([np.ones_like(n), copies])
    gram = (weights @ products).reshape(-1, 4, 4)
    cross = weights @ (design * y[:, None])
    constants = np.linalg.solve(gram, cross[..., None])[..., 0]
    sums = weights @ y**2 - (constants * cross).sum(axis=-1)
    return float(sums[0]), sums[1:]
