"""Named laws fitted to points: constants and exponents with intervals, and errors on points left out."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_theory.experiments.bettgenhaeuser._forms import EXPONENTS, FORMS
from mtl_theory.experiments.bettgenhaeuser._labels import FREE, LEFT_OUT, R2, constant, exponent
from mtl_theory.experiments.bettgenhaeuser._points import Points
from mtl_theory.experiments.bettgenhaeuser._rows import Row
from mtl_theory.laws import Bootstrap, FitError, Form, Law, fit_law

LEVEL = 0.9


def fit(points: Points, form: Form, *, rng: np.random.Generator, n_draws: int) -> Law:
    """Fit by least squares, with intervals from resampled design cells."""
    intervals = Bootstrap(rng=rng, draws=n_draws, groups=points.cells)
    # Resamples on trial may overflow; such trials lose.
    with np.errstate(all="ignore"):
        return fit_law(points.frame, form, target="F", intervals=intervals, level=LEVEL)


def law_rows(law: Law, *, method: str, protocol: str, n_draws: int) -> Iterator[Row]:
    """Yield R2 and the constants of a fitted law."""
    names = {EXPONENTS[v]: exponent(v) for v in EXPONENTS} if method == FREE else {}
    common: dict[str, Any] = {"protocol": protocol, "method": method}
    yield Row(quantity=R2, value=law.scores.r2, n_draws=law.n_points, **common)
    for name, estimate in law.estimates.items():
        yield Row(
            quantity=names.get(name, constant(name)),
            value=estimate.value,
            stderr=estimate.stderr,
            low=estimate.low,
            high=estimate.high,
            n_draws=n_draws,
            **common,
        )


def fitted_rows(
    rng: np.random.Generator, points: Points, names: tuple[str, ...], *, protocol: str, n_draws: int
) -> Iterator[Row]:
    """Yield R2, constants and exponents of the named laws; a law that cannot be fitted has no R2."""
    for name, child in zip(names, rng.spawn(len(names)), strict=True):
        try:
            law = fit(points, FORMS[name], rng=child, n_draws=n_draws)
        except FitError:
            yield Row(protocol=protocol, method=name, quantity=R2, value=np.nan, n_draws=0)
            continue
        yield from law_rows(law, method=name, protocol=protocol, n_draws=n_draws)


def left_out(points: Points, form: Form, blocks: IntArray) -> FloatArray:
    """Return residuals `(N,)` of points whose block was left out of the fit; NaN where a fit was refused."""
    residuals = np.full(len(points.frame), np.nan)
    for block in np.unique(blocks):
        held = blocks == block
        try:
            with np.errstate(all="ignore"):
                law = fit_law(points.frame[~held], form, target="F", n_starts=16)
        except FitError:
            continue
        residuals[held] = law.predict(points.frame[held]) - points.performance[held]
    return residuals


def left_out_rows(
    rng: np.random.Generator,
    points: Points,
    forms: Mapping[str, Form],
    blockings: Mapping[str, IntArray],
    *,
    protocol: str,
    n_draws: int,
) -> Iterator[Row]:
    """Yield root mean squared errors on points left out, with standard errors over design cells."""
    copies = points.resamples(rng, n_draws)
    for name, form in forms.items():
        for blocking, blocks in blockings.items():
            squares = left_out(points, form, blocks) ** 2
            drawn = np.sqrt((copies @ squares) / copies.sum(axis=1))
            yield Row(
                protocol=f"{protocol}, {blocking}",
                method=name,
                quantity=LEFT_OUT,
                value=float(np.sqrt(squares.mean())),
                stderr=float(drawn.std(ddof=1)),
                n_draws=int(np.unique(blocks).size),
            )
