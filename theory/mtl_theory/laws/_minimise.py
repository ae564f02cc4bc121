"""Levenberg-Marquardt for many starts in lockstep, inside a box, for any loss of the residuals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_theory.laws._losses import Loss

# The residuals, (S, N), and their slopes, (S, k, N), at S points, (S, k), of the problems with these numbers.
Residuals = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]

# A step whose promised share of the loss is below rounding has arrived.
ARRIVED = 1e-15
# Above this damping steps are too short to change the loss in double precision.
STUCK = 1e12


@dataclass(frozen=True, kw_only=True, eq=False)
class Minimum:
    """Where each problem ended: `points (S, k)`, `losses (S,)`, and whether it `arrived (S,)`."""

    points: FloatArray
    losses: FloatArray
    arrived: BoolArray


@np.errstate(all="ignore")
def minimise(
    residuals: Residuals,
    starts: FloatArray,
    *,
    low: FloatArray,
    high: FloatArray,
    loss: Loss,
    floor: float,
    max_iterations: int = 300,
) -> Minimum:
    r"""Minimise $\sum_i \rho(e_i(x))$ from every start.

    The model of a step is $J^\top W J + \lambda D$ with the loss's curvature weights $W$ (`Loss.curve`) and
    Marquardt's diagonal $D$; $\lambda$ follows Nielsen's rule. Coordinates at a bound that the gradient
    pushes outward stay there; equal bounds fix a coordinate.

    Parameters
    ----------
    starts
        `(S, k)`.
    low, high
        Bounds, broadcast to `(S, k)`.
    floor
        A loss that is zero up to rounding.
    """
    low, high = np.broadcast_to(low, starts.shape), np.broadcast_to(high, starts.shape)
    x = np.clip(starts, low, high)
    errors, slopes = residuals(x, np.arange(len(x)))
    losses = _total(loss, errors)
    arrived = losses <= floor
    damping, growth = np.full(len(x), 1e-3), np.full(len(x), 2.0)
    for _ in range(max_iterations):
        live = np.flatnonzero(~arrived & np.isfinite(losses) & (damping < STUCK))
        if live.size == 0:
            break
        step, promise = _step(loss, errors[live], slopes[live], x[live], low[live], high[live], damping[live])
        trial = x[live] + step
        trial_errors, trial_slopes = residuals(trial, live)
        trial_losses = _total(loss, trial_errors)
        gain = (losses[live] - trial_losses) / np.maximum(promise, np.finfo(float).tiny)
        better = trial_losses < losses[live]
        arrived[live] = (np.abs(promise) <= ARRIVED * losses[live]) | (
            np.where(better, trial_losses, np.inf) <= floor
        )
        kept = live[better]
        x[kept], errors[kept], slopes[kept] = trial[better], trial_errors[better], trial_slopes[better]
        losses[kept] = trial_losses[better]
        shrink = np.maximum(1 / 3, 1 - (2 * np.clip(gain, 0, 1) - 1) ** 3)
        damping[live] = np.where(better, damping[live] * shrink, damping[live] * growth[live])
        growth[live] = np.where(better, 2.0, 2 * growth[live])
    return Minimum(points=x, losses=losses, arrived=arrived | _rests(loss, errors, slopes, x, low, high))


def _total(loss: Loss, errors: FloatArray) -> FloatArray:
    total = loss.rho(errors).sum(axis=-1)
    return np.where(np.isfinite(total), total, np.inf)


def _step(
    loss: Loss,
    errors: FloatArray,
    slopes: FloatArray,
    x: FloatArray,
    low: FloatArray,
    high: FloatArray,
    damping: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the step inside the box, `(S, k)`, and the decrease that the quadratic model promises."""
    pull = loss.pull(errors)
    gradient = (slopes @ (pull * errors)[:, :, None])[:, :, 0]
    free = ~(((x <= low) & (gradient >= 0)) | ((x >= high) & (gradient <= 0)))
    curvature = (slopes * loss.curve(errors)[:, None, :]) @ slopes.swapaxes(1, 2)
    size = np.sqrt(np.maximum(np.einsum("skk->sk", curvature), 1e-300))
    scaled = curvature / (size[:, :, None] * size[:, None, :]) * (free[:, :, None] & free[:, None, :])
    lifted = scaled + (damping[:, None] + ~free)[:, :, None] * np.eye(x.shape[1])
    direction = free * gradient / size
    step = np.clip(x - np.linalg.solve(lifted, direction[:, :, None])[:, :, 0] / size, low, high) - x
    bent = (curvature @ step[:, :, None])[:, :, 0]
    return step, -(step * (gradient + bent / 2)).sum(axis=1)


def _rests(
    loss: Loss, errors: FloatArray, slopes: FloatArray, x: FloatArray, low: FloatArray, high: FloatArray
) -> BoolArray:
    """Whether the weighted residuals are orthogonal to every free slope, up to a ten-millionth."""
    pulled = loss.pull(errors) * errors
    gradient = (slopes @ pulled[:, :, None])[:, :, 0]
    free = ~(((x <= low) & (gradient >= 0)) | ((x >= high) & (gradient <= 0)))
    lengths = np.linalg.norm(slopes, axis=2) * np.linalg.norm(pulled, axis=1)[:, None]
    cosine = np.abs(gradient) / np.maximum(lengths, 1e-300)
    rests: BoolArray = np.isfinite(cosine).all(axis=1) & (cosine * free <= 1e-7).all(axis=1)
    return rests
