"""Three ways to put an interval around a parameter."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_simulators._validation import positive_int
from mtl_theory.laws._errors import Failure, FitError
from mtl_theory.laws._minimise import minimise
from mtl_theory.laws._optimum import Optimum
from mtl_theory.laws._quantiles import two_sided

# Resamples refitted at a time: bounds the memory at this many times the Jacobian.
BATCH = 64
# A profile that has not closed this many standard errors away is open.
OPEN = 64.0


class Uncertainty(NamedTuple):
    """Covariance `(p, p)` and interval ends `(p,)`."""

    covariance: FloatArray
    low: FloatArray
    high: FloatArray


class Intervals(Protocol):
    """A way to put intervals around the parameters of an optimum."""

    def around(self, optimum: Optimum, *, level: float) -> Uncertainty:
        """Return the covariance and the interval of every parameter at the coverage `level`."""


@dataclass(frozen=True, kw_only=True)
class GaussNewton:
    r"""Estimate plus and minus $t_{N-p}$ standard errors, from $s^2 (J^\top J)^{-1}$ at the optimum.

    Free, and right where the law is nearly linear in its parameters within the interval.
    """

    def around(self, optimum: Optimum, *, level: float) -> Uncertainty:
        """Return the covariance and the interval of every parameter at the coverage `level`."""
        covariance = optimum.covariance
        reach = two_sided(level, optimum.degrees_of_freedom) * np.sqrt(np.diagonal(covariance))
        return Uncertainty(covariance, optimum.parameters - reach, optimum.parameters + reach)


@dataclass(frozen=True, kw_only=True)
class ProfileLikelihood:
    r"""All values at which the best fit of the others loses at most $\frac12 t^2 s^2$: follows bent valleys.

    Invariant to how the law is written down, so not symmetric; an end is infinite where the loss never gets
    there. The covariance stays that of `GaussNewton`.
    """

    def around(self, optimum: Optimum, *, level: float) -> Uncertainty:
        """Return the covariance and the interval of every parameter at the coverage `level`."""
        width = two_sided(level, optimum.degrees_of_freedom)
        bend = optimum.objective.loss.bend(optimum.measured)
        allowed = width * np.sqrt(optimum.variance * bend / 2)
        ends = _profile_ends(optimum, width, allowed)
        return Uncertainty(optimum.covariance, ends[0], ends[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Bootstrap:
    """Percentiles of refits to rows, or whole groups of rows, drawn with replacement.

    Right also where the noise differs from row to row, or is shared inside groups such as seeds. A tenth of
    the refits may fail to settle; they are left out.

    Parameters
    ----------
    rng
        Draws the resamples.
    draws
        Number of resamples; percentiles of fewer than 500 come out short.
    groups
        One label a row; rows with the same label stay together.
    """

    rng: np.random.Generator
    draws: int = 500
    groups: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        positive_int("draws", self.draws, at_least=50)

    def around(self, optimum: Optimum, *, level: float) -> Uncertainty:
        """Return the covariance and the interval of every parameter at the coverage `level`."""
        copies = self._copies(optimum.measured.size)
        batches = np.array_split(copies, max(1, round(len(copies) / BATCH)))
        refits = np.vstack([_refit(optimum, batch) for batch in batches])
        if len(refits) < 0.9 * self.draws:
            raise FitError(
                Failure.NOT_CONVERGED, f"only {len(refits)} of {self.draws} refits to resampled rows settled"
            )
        low, high = np.quantile(refits, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return Uncertainty(np.atleast_2d(np.cov(refits, rowvar=False)), low, high)

    def _copies(self, n_points: int) -> FloatArray:
        """Return how often each row is drawn, `(draws, N)`."""
        labels = np.arange(n_points) if self.groups is None else np.asarray(self.groups)
        if labels.shape != (n_points,):
            raise ValueError(f"groups has shape {labels.shape} for {n_points} rows; pass one label a row.")
        members = np.unique(labels, return_inverse=True)[1]
        n_groups = int(members.max()) + 1
        if n_groups < 2:
            raise ValueError("groups holds one label only; leave it out, or pass at least two.")
        counts = self.rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=self.draws)
        return np.asarray(counts[:, members], dtype=np.float64)


def _refit(optimum: Optimum, copies: FloatArray) -> FloatArray:
    """Return the refits to resampled rows that settled, `(<= S, p)`, started at the optimum."""
    objective = replace(optimum.objective, copies=copies)
    found = minimise(
        objective.errors,
        np.tile(optimum.parameters, (len(copies), 1)),
        low=optimum.low,
        high=optimum.high,
        loss=objective.loss,
        floor=objective.floor,
    )
    return found.points[found.arrived]


def _profile_ends(optimum: Optimum, width: float, allowed: float) -> FloatArray:
    r"""Return where $\sqrt{L(v) - L_0}$ reaches `allowed` below and above each parameter, `(2, p)`.

    That root is nearly linear in v, so regula falsi between the optimum and a point beyond the end is quick.
    """
    n_ends = 2 * len(optimum.parameters)
    centre, wall = np.tile(optimum.parameters, 2), np.concatenate([optimum.low, optimum.high])
    reach = width * np.tile(np.sqrt(np.diagonal(optimum.covariance)), 2)
    side = np.repeat([-1.0, 1.0], n_ends // 2)
    which = np.tile(np.arange(n_ends // 2), 2)
    inside, inside_rise = centre, np.zeros(n_ends)
    outside, outside_rise = side * np.inf, np.full(n_ends, np.inf)
    probe, warm = _toward(centre + side * reach, wall, side), np.tile(optimum.parameters, (n_ends, 1))
    for _ in range(40):
        rise, points = _rises(optimum, which, probe, warm)
        over = rise > allowed
        lost = ~over & (np.abs(probe - centre) > OPEN * reach)
        if ((np.abs(rise - allowed) <= 1e-4 * allowed) | (~over & (probe == wall)) | lost).all():
            break
        outside, outside_rise = np.where(over, probe, outside), np.where(over, rise, outside_rise)
        inside, inside_rise = np.where(over, inside, probe), np.where(over, inside_rise, rise)
        warm = np.where(over[:, None], warm, points)
        following = _next(inside, inside_rise, outside, outside_rise, allowed, centre)
        probe = np.where(lost, probe, _toward(following, wall, side))
    return np.where(lost, side * np.inf, probe).reshape(2, n_ends // 2)


def _next(
    inside: FloatArray,
    inside_rise: FloatArray,
    outside: FloatArray,
    outside_rise: FloatArray,
    allowed: float,
    centre: FloatArray,
) -> FloatArray:
    """Return the next values to try: between the brackets, or twice as far out where none is known."""
    closed = np.isfinite(outside)
    with np.errstate(all="ignore"):
        share = np.clip((allowed - inside_rise) / (outside_rise - inside_rise), 0.05, 0.95)
        between = inside + share * (np.where(closed, outside, 0.0) - inside)
    return np.where(closed, between, centre + 2 * (inside - centre))


def _toward(values: FloatArray, wall: FloatArray, side: FloatArray) -> FloatArray:
    """Return `values` no farther out than the bounds."""
    return np.where(side * values > side * wall, wall, values)


def _rises(
    optimum: Optimum, which: IntArray, values: FloatArray, warm: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the root of the loss above its minimum with one parameter held, `(S,)`, and where that is."""
    held: BoolArray = np.arange(len(optimum.parameters)) == which[:, None]
    low, high = (np.where(held, values[:, None], bound) for bound in (optimum.low, optimum.high))
    objective = optimum.objective
    found = minimise(objective.errors, warm, low=low, high=high, loss=objective.loss, floor=objective.floor)
    return np.sqrt(np.maximum(found.losses - optimum.loss, 0.0)), found.points
