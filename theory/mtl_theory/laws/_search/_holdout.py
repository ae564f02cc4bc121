"""Errors of a law on rows left out: by folds, and beyond the largest values of each size."""

from collections.abc import Sequence

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_theory.laws._law import Law
from mtl_theory.laws._scores import FLOOR
from mtl_theory.laws._separable import separate
from mtl_theory.laws._variables import Kind, Variable

N_FOLDS = 10
# The share of rows, those of the largest values, on which extrapolation is tried.
LARGEST_SHARE = 0.3
N_STEPS = 25


def folds(n_rows: int, groups: IntArray | None, *, seed: int) -> BoolArray:
    """Return masks (S, N) of rows left out: whole groups where there are groups, else ten random parts."""
    labels = np.arange(n_rows) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(labels.max()) + 1
    part = np.random.default_rng(seed).permutation(count) % min(N_FOLDS, count)
    masks: BoolArray = part[labels] == np.arange(min(N_FOLDS, count))[:, None]
    return masks


def largest(X: FloatArray, variables: Sequence[Variable]) -> BoolArray:
    """Return masks (S, N) of rows above the 70 % quantile of each positive variable that varies enough."""
    masks = []
    for i, variable in enumerate(variables):
        cut = np.quantile(X[:, i], 1.0 - LARGEST_SHARE)
        mask = X[:, i] > cut
        if variable.kind is Kind.POSITIVE and mask.any():
            masks.append(mask)
    return np.array(masks, dtype=bool).reshape(len(masks), len(X))


@np.errstate(all="ignore")  # constants on trial may overflow; such trials lose
def left_out_error(
    law: Law, columns: FloatArray, y: FloatArray, weights: FloatArray, masks: BoolArray
) -> float | None:
    """Return the weighted root mean square error on the rows of every mask, the law refitted to the others.

    `columns` (d, N) are those of the law's variables. All refits run at once, by Levenberg-Marquardt from the
    law's own constants. None where a mask leaves too few rows for the constants.
    """
    if not len(masks) or (~masks).sum(axis=1).min() <= len(law.estimates):
        return None
    compiled = separate(law.form)
    start = np.empty(len(law.estimates))
    start[list(compiled.order)] = law.values
    parameters = np.tile(start, (len(masks), 1))
    kept = np.sqrt(weights) * ~masks
    value, slopes = compiled.evaluate(columns, parameters)
    error = (kept * (y - value)) ** 2
    damping = np.full(len(masks), 1e-3)
    for _ in range(N_STEPS if len(start) else 0):
        trial = parameters + _step(slopes * kept[:, None], kept * (y - value), damping)
        new_value, new_slopes = compiled.evaluate(columns, trial)
        new_error = (kept * (y - new_value)) ** 2
        better = new_error.sum(axis=1) < error.sum(axis=1)
        gain = float((error.sum(axis=1) - new_error.sum(axis=1))[better].sum())
        total = float(error.sum())
        parameters[better], value[better] = trial[better], new_value[better]
        slopes[better], error[better] = new_slopes[better], new_error[better]
        damping = np.where(better, damping / 5.0, damping * 8.0)
        exact = total <= (FLOOR * float(y.std())) ** 2 * len(y)
        if exact or (gain <= 1e-8 * total and (better.any() or damping.min() > 1e6)):
            break
    misses = np.where(masks, weights * (y - value) ** 2, 0.0).sum()
    missed = float(np.sqrt(misses / (masks * weights).sum()))
    return max(missed, FLOOR * float(y.std())) if np.isfinite(missed) else None


def _step(slopes: FloatArray, residual: FloatArray, damping: FloatArray) -> FloatArray:
    """Return damped Gauss-Newton steps (S, p) for slopes (S, p, N) and residuals (S, N)."""
    lengths = np.sqrt(np.einsum("spn,spn->sp", slopes, slopes))
    lengths = np.where(np.isfinite(lengths) & (lengths > 0), lengths, 1.0)
    scaled = np.nan_to_num(slopes / lengths[:, :, None])
    hessian = scaled @ scaled.transpose(0, 2, 1)
    diagonal = np.arange(hessian.shape[1])
    hessian[:, diagonal, diagonal] += damping[:, None] + 1e-12
    gradient = np.einsum("spn,sn->sp", scaled, np.nan_to_num(residual))
    step: FloatArray = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0] / lengths
    return step
