"""ReLU tasks: the arc-cosine kernel, where sharing breaks symmetry, capacity, and Theorem 9."""

import numpy as np
import sympy as sp
from scipy import optimize

from mtl_simulators._typing import FloatArray
from mtl_theory.ledger.transfer._source import source
from mtl_theory.theorem import Case, Kind, Theorem

phi, psi = sp.symbols("phi psi", positive=True)
kernel = sp.cos(phi) + (sp.sin(phi) - phi * sp.cos(phi)) / sp.pi


def arc_cosine(angle: FloatArray) -> FloatArray:
    """Return g(phi) = cos phi + (sin phi - phi cos phi) / pi."""
    return np.asarray(np.cos(angle) + (np.sin(angle) - angle * np.cos(angle)) / np.pi)


def _relu_products(rng: np.random.Generator, angles: FloatArray, n: int) -> FloatArray:
    """Draw ReLU(x'u) ReLU(x'v) for unit vectors at each angle, x standard normal in the plane."""
    x = rng.standard_normal((n, 2))
    first = np.maximum(x[:, :1], 0.0)
    second = np.maximum(x[:, :1] * np.cos(angles) + x[:, 1:] * np.sin(angles), 0.0)
    return np.asarray(first * second)


ARC_COSINE = Theorem[FloatArray](
    id="transfer/arc-cosine-kernel",
    title="Two ReLU units on Gaussian inputs correlate as g(φ)/2",
    source=source("Theorem 9, its tool"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(sp.Symbol(r"E[\mathrm{ReLU}(x^\top u)\,\mathrm{ReLU}(x^\top v)]"), kernel / 2),
    predict=lambda angles: arc_cosine(angles) / 2,
    measure=_relu_products,
    cases=(
        Case(
            name="φ = 0, 0.5, 1, π/2, 2.5, π",
            build=lambda rng: np.array([0.0, 0.5, 1.0, np.pi / 2, 2.5, np.pi]),
            trials=400_000,
            quick_trials=300_000,
        ),
    ),
)


def _sandwich(rng: np.random.Generator, angles: FloatArray, n: int) -> FloatArray:
    """Return (1 - cos)/2 over 1 - g, and 1 - g over 1 - cos, at random angles."""
    drawn = rng.uniform(0.01, np.pi, (n, 1))
    gap, linear = 1 - arc_cosine(drawn), 1 - np.cos(drawn)
    return np.hstack([linear / 2 / gap, gap / linear])


ARC_COSINE_BOUNDS = Theorem[FloatArray](
    id="transfer/arc-cosine-bounds",
    title="(1 - cos φ)/2 <= 1 - g(φ) <= 1 - cos φ",
    source=source("Theorem 9, last step corrected here"),
    kind=Kind.BOUND,
    statement=sp.And(sp.Le((1 - sp.cos(phi)) / 2, 1 - kernel), sp.Le(1 - kernel, 1 - sp.cos(phi))),
    predict=lambda angles: [1.0, 1.0],
    measure=_sandwich,
    cases=(Case(name="20,000 angles in (0, π)", build=lambda rng: np.zeros(1), trials=20_000),),
    slack=1e-9,
    remark="The paper's last step drops a factor 1/π and bounds 1 - g from the wrong side; these are the "
    "inequalities that it needs. The first is tight at φ = π.",
)


def bisector_offset(angle: float) -> float:
    """Predict how far from the bisector the best shared unit lies, for two equal tasks at an angle.

    With offset x the explained energy is g(angle/2 - x)² + g(angle/2 + x)²; it leaves x = 0 where g²
    changes from concave to convex.
    """

    def lost(x: float) -> float:
        sides = arc_cosine(np.array([abs(angle / 2 - x), angle / 2 + x]))
        return -float((sides**2).sum())

    grid = np.linspace(0.0, angle / 2, 400)
    start = float(grid[np.argmin([lost(float(x)) for x in grid])])
    low, high = max(0.0, start - grid[1]), min(angle / 2, start + grid[1])
    best = optimize.minimize_scalar(lost, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return float(best.x) if float(best.x) > 1e-6 else 0.0


def _measure_offset(rng: np.random.Generator, angles: FloatArray, n: int) -> FloatArray:
    """Find the best unit by quadrature over input directions: no kernel formula involved.

    Inputs in the plane are a radius times a direction; the radius drops out of the normalised objective.
    """
    directions = (np.arange(20_000) + 0.5) * 2 * np.pi / 20_000

    def best(candidates: FloatArray, angle: float) -> float:
        labels = [np.maximum(np.cos(directions - side * angle / 2), 0.0) for side in (-1, 1)]
        hidden = np.maximum(np.cos(directions - candidates[:, None]), 0.0)
        hidden /= np.linalg.norm(hidden, axis=1, keepdims=True)
        explained = sum((hidden @ label) ** 2 for label in labels)
        return float(candidates[np.argmax(explained)])

    offsets = []
    for angle in angles:
        coarse = best(np.linspace(0.0, 1.0, 81), float(angle))
        fine = np.linspace(max(0.0, coarse - 0.0125), coarse + 0.0125, 41)
        offsets.append(best(fine, float(angle)))
    return np.array([offsets])


SYMMETRY_BREAKING = Theorem[FloatArray](
    id="transfer/relu-symmetry-breaking",
    title="Beyond about 85 degrees a shared ReLU unit stops compromising and follows one task",
    source=source("derived from Theorem 9's setting"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        sp.Symbol(r"\psi^\star"),
        sp.Function(r"\operatorname{argmax}_\psi")(
            kernel.subs(phi, phi / 2 - psi) ** 2 + kernel.subs(phi, phi / 2 + psi) ** 2
        ),
    ),
    predict=lambda angles: [bisector_offset(float(angle)) for angle in angles],
    measure=_measure_offset,
    cases=(
        Case(
            name="angles 1.30, 1.50, 1.60: on, just past and well past the pitchfork at 1.4906",
            build=lambda rng: np.array([1.30, 1.50, 1.60]),
        ),
    ),
    slack=2e-3,
    remark="The pitchfork is at twice the inflection of g², 0.7453 rad. Linear tasks share the bisector "
    "up to 90 degrees and then flip a sign. The slack covers the grid on which the unit is searched.",
)

THEOREMS = (ARC_COSINE, ARC_COSINE_BOUNDS, SYMMETRY_BREAKING)
