"""What a fit makes small, as functions of all parameters or of the exponents alone."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_theory.laws._losses import Loss
from mtl_theory.laws._points import Points
from mtl_theory.laws._separable import Separable

# Singular values of unit columns below this count as zero: such columns are combinations of the others.
RANK_TOLERANCE = 1e-10
# Values whose squares overflow are as good as infinite.
HUGE = 1e100


@dataclass(frozen=True, kw_only=True, eq=False)
class Fence:
    """Inequalities kept while fitting: `margin >= 0` at `columns (d, G)`, at a price a unit of violation."""

    margin: Separable
    columns: FloatArray
    price: float

    def errors(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the priced violations, `(S, G)`, and their slopes, `(S, p, G)`."""
        value, slopes = self.margin.evaluate(self.columns, parameters)
        # An infinite slope at the domain's end says nothing that its neighbours do not say.
        broken = (value < 0) & np.isfinite(value) & np.isfinite(slopes).all(axis=1)
        return self.price * np.where(broken, value, 0.0), self.price * np.where(broken[:, None], slopes, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Objective:
    """Weighted residuals of a compiled form on points.

    Parameters
    ----------
    form
        The compiled form; parameters are in its order, amplitudes before exponents.
    loss
        Decides whether residuals are those of the logarithm.
    copies
        How often each row counts in each problem, `(S, N)`; for resampling.
    fences
        Inequalities that the fit keeps.
    """

    form: Separable
    points: Points
    loss: Loss
    copies: FloatArray | None = None
    fences: tuple[Fence, ...] = ()

    @property
    def floor(self) -> float:
        """A loss that is zero up to rounding of the target."""
        scale = np.ones_like(self.points.y) if self.loss.log else self.points.y
        rounding = np.sqrt(self.points.weights) * np.abs(scale) * np.finfo(np.float64).eps
        return float(self.loss.rho(rounding).sum())

    @np.errstate(all="ignore")
    def errors(self, parameters: FloatArray, problems: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the weighted residuals, `(S, N)`, and their slopes, `(S, p, N)`."""
        value, slopes = self.form.evaluate(self.points.columns, parameters)
        if self.loss.log:
            error, slopes = np.log(value) - np.log(self.points.y), slopes / value[:, None]
        else:
            error = value - self.points.y
        roots = np.sqrt(self._weights(problems))
        error, slopes = roots * error, roots[..., None, :] * slopes
        for fence in self.fences:
            broken, bends = fence.errors(parameters)
            error, slopes = np.hstack([error, broken]), np.concatenate([slopes, bends], axis=2)
        return error, slopes

    def projected(self, exponents: FloatArray, problems: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return residuals at the best amplitudes, and Kaufman's slopes in the exponents alone.

        The amplitudes minimise squares, of relative errors where the loss is one of logarithms.
        Source: Golub and Pereyra 1973; Kaufman 1975.
        """
        _, error, slopes = self._project(exponents, problems)
        return error, slopes

    def amplitudes(self, exponents: FloatArray) -> FloatArray:
        """Return the best amplitudes, `(S, m)`, for exponents `(S, q)`."""
        return self._project(exponents, np.arange(len(exponents)))[0]

    @np.errstate(all="ignore")
    def _project(
        self, exponents: FloatArray, problems: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        terms = self.form.terms(self.points.columns, exponents)
        roots = np.sqrt(self._weights(problems))
        roots = roots / np.abs(self.points.y) if self.loss.log else roots
        target = roots * (self.points.y - terms.offset)
        columns = roots[..., None, :] * terms.basis
        usable = (np.abs(columns) < HUGE).all(axis=(1, 2)) & (np.abs(target) < HUGE).all(axis=1)
        columns, sound = columns * 1.0, target * 1.0
        columns[~usable], sound[~usable] = 0.0, 0.0
        frame, solve = _orthonormal(columns)
        along = (frame @ sound[:, :, None])[:, :, 0]
        amplitudes = (solve @ along[:, :, None])[:, :, 0]
        error = (along[:, None, :] @ frame)[:, 0] - sound
        error[~usable] = np.inf
        slopes = roots[..., None, :] * terms.slopes(amplitudes)
        return amplitudes, error, slopes - (slopes @ frame.swapaxes(1, 2)) @ frame

    def _weights(self, problems: IntArray) -> FloatArray:
        weights = self.points.weights
        return weights if self.copies is None else weights * self.copies[problems]


def _orthonormal(columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return F, `(S, m, N)`, orthonormal rows spanning `columns (S, m, N)`, and A with coefficients A F y.

    Directions that are rounding are left out: their rows of F are zero.
    """
    size = np.linalg.norm(columns, axis=2, keepdims=True)
    size = np.where(size > 0, size, 1.0)
    q, r = np.linalg.qr((columns / size).swapaxes(1, 2))
    u, s, v = np.linalg.svd(r)
    kept = s > RANK_TOLERANCE * np.maximum(s.max(axis=1, keepdims=True, initial=0.0), 1e-300)
    frame = (q @ u).swapaxes(1, 2) * kept[:, :, None]
    inverse = np.where(kept, 1 / np.where(kept, s, 1.0), 0.0)
    return frame, v.swapaxes(1, 2) * inverse[:, None, :] / size
