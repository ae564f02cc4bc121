"""Fitting a form to rows: variable projection, many starts, intervals, and refusals with reasons."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval, positive_int
from mtl_theory.laws._errors import Failure, FitError
from mtl_theory.laws._fences import fences, kept
from mtl_theory.laws._form import Form
from mtl_theory.laws._intervals import GaussNewton, Intervals
from mtl_theory.laws._law import Law
from mtl_theory.laws._limits import impose
from mtl_theory.laws._losses import Loss, Squared
from mtl_theory.laws._minimise import Minimum, minimise
from mtl_theory.laws._objective import Objective
from mtl_theory.laws._optimum import Optimum
from mtl_theory.laws._points import Points, Rows, gather
from mtl_theory.laws._report import report_law
from mtl_theory.laws._search_box import EDGE, edges, starts
from mtl_theory.laws._separable import separate

# Of the screened starts this many are polished: enough for the basins that laws of a few exponents have.
POLISHED = 8


def fit_law(
    rows: Rows,
    form: Form,
    *,
    target: str,
    loss: Loss = Squared(),  # noqa: B008 (a frozen value)
    weights: npt.ArrayLike | str | None = None,
    noise: npt.ArrayLike | str | None = None,
    intervals: Intervals = GaussNewton(),  # noqa: B008 (a frozen value)
    level: float = 0.9,
    n_starts: int = 64,
) -> Law:
    r"""Fit a form to rows.

    Amplitudes, in which the form is linear, are solved for exactly; exponents are screened at `n_starts`
    points that fill their box and polished from the best of them by Levenberg-Marquardt with analytic slopes,
    all starts in one batch. Without randomness: the same rows give the same law.

    Identities among the limits are built into the form beforehand (`impose`); inequalities are kept on a grid
    over the domain of the rows. Where one of those is active the intervals are those of a law that keeps it
    active.

    Parameters
    ----------
    rows
        A data frame or a mapping of columns.
    target
        The column that the law describes.
    loss
        `Squared()`, `Squared(log=True)` or `Huber(delta=...)`.
    weights
        Inverse variances up to a factor: a column's name, or one number a row.
    noise
        Known standard deviations of the target, or of its logarithm where the loss is one of logarithms: a
        column's name, one number, or one a row. Intervals then do not learn the noise from the residuals.
    intervals
        `GaussNewton()`, `ProfileLikelihood()` or `Bootstrap(rng=...)`.
    level
        Coverage of the intervals.

    Raises
    ------
    FitError
        When the fit cannot be trusted; `failure` says why.
    ValueError
        On rows, weights or a form that do not fit together.

    >>> from mtl_theory.laws import Kind, Variable, parse_form
    >>> form = parse_form("a + b*n**-alpha", [Variable(name="n", kind=Kind.POSITIVE)])
    >>> n = np.array([10.0, 20, 40, 80, 160, 320])
    >>> noise = 0.001 * np.array([1, -1, 0, 1, -1, 0])
    >>> law = fit_law({"n": n, "error": 0.2 + 3 / np.sqrt(n) + noise}, form, target="error")
    >>> law.text()
    'error = 3.01/n**0.501 + 0.201'
    >>> estimate = law.estimates["alpha"]
    >>> estimate.low < 0.5 < estimate.high
    True
    """
    in_interval("level", level, 1e-6, 1 - 1e-6)
    positive_int("n_starts", n_starts)
    form = impose(form)
    points = gather(rows, form.variables, target=target, weights=weights, noise=noise)
    if loss.log and (points.y <= 0).any():
        raise ValueError(f"{target} must be positive for a loss of logarithms; pass log=False.")
    _enough(points, form)
    objective = Objective(form=separate(form), points=points, loss=loss)
    optimum = _keep_inequalities(_best(objective, form, n_starts), form)
    _trust(optimum, form)
    found = intervals.around(optimum, level=level)
    return report_law(optimum, form, found, target=target, level=level, engine="fit_law")


def _best(objective: Objective, form: Form, n_starts: int) -> Optimum:
    """Return the best optimum over all starts."""
    exponents, m = form.exponents, len(form.amplitudes)
    low, high = edges(exponents)
    loss = objective.loss
    quick = replace(objective, loss=Squared(log=loss.log))
    screened = starts(exponents, n_starts)
    losses = (quick.projected(screened, np.arange(len(screened)))[0] ** 2).sum(axis=1)
    if not np.isfinite(losses).any():
        raise FitError(Failure.NON_FINITE, f"{form.name} has no finite residuals at {n_starts} starts")
    tried = screened[np.argsort(losses)[:POLISHED]]
    found = minimise(quick.projected, tried, low=low, high=high, loss=quick.loss, floor=quick.floor)
    full = np.hstack([quick.amplitudes(found.points), found.points])
    bounds = [np.concatenate([np.full(m, end), edge]) for end, edge in ((-np.inf, low), (np.inf, high))]
    if not (loss.quadratic and not loss.log):
        found = minimise(
            objective.errors, full, low=bounds[0], high=bounds[1], loss=loss, floor=objective.floor
        )
        full = found.points
    return _pick(objective, full, found, bounds, form)


def _pick(
    objective: Objective, full: FloatArray, found: Minimum, bounds: Sequence[FloatArray], form: Form
) -> Optimum:
    """Return the lowest minimum, refusing one from which the search had not come to rest."""
    best = int(np.argmin(found.losses))
    if not np.isfinite(found.losses[best]):
        raise FitError(Failure.NON_FINITE, f"{form.name} has no finite residuals near any start")
    optimum = _optimum(objective, full[best], bounds)
    # A search that creeps toward infinity has a better name than one that did not settle.
    _trust(optimum, form)
    if not found.arrived[best]:
        raise FitError(Failure.NOT_CONVERGED, f"{form.name} was still improving at {_shown(optimum, form)}")
    return optimum


def _optimum(objective: Objective, parameters: FloatArray, bounds: Sequence[FloatArray]) -> Optimum:
    errors, slopes = objective.errors(parameters[None], np.arange(1))
    return Optimum(
        objective=objective,
        parameters=parameters,
        low=bounds[0],
        high=bounds[1],
        loss=float(objective.loss.rho(errors).sum()),
        errors=errors[0],
        slopes=slopes[0],
    )


def _keep_inequalities(optimum: Optimum, form: Form) -> Optimum:
    """Return the optimum, moved by as little loss as possible to where the form's inequalities hold."""
    objective, bounds = optimum.objective, (optimum.low, optimum.high)
    # Each price forgives a hundredth of what the one before did; warm starts make the last one cheap.
    for price in (1e1, 1e2, 1e3, 1e4, 1e5):
        if kept(form, optimum):
            return optimum
        fenced = replace(objective, fences=fences(form, objective.points, price))
        found = minimise(
            fenced.errors,
            optimum.parameters[None],
            low=bounds[0],
            high=bounds[1],
            loss=objective.loss,
            floor=objective.floor,
        )
        optimum = _optimum(fenced, found.points[0], bounds)
    if not kept(form, optimum):
        raise FitError(Failure.NOT_CONVERGED, f"{form.name} cannot keep its limits on these points")
    return optimum


def _enough(points: Points, form: Form) -> None:
    needed = len(form.parameters) + (points.noise is None)
    if points.y.size < needed:
        raise FitError(Failure.TOO_FEW_ROWS, f"{form.name} needs {needed} rows or more, got {points.y.size}")


def _trust(optimum: Optimum, form: Form) -> None:
    """Refuse an optimum at a bound, in a flat valley, or at the edge of the search."""
    placed = list(zip((*form.amplitudes, *form.exponents), map(float, optimum.parameters), strict=True))
    for parameter, value in placed:
        bound = parameter.low if value - parameter.low < parameter.high - value else parameter.high
        inward = min(value - parameter.low, parameter.high - value)
        if np.isfinite(bound) and inward < 1e-6 * max(1.0, abs(bound)):
            raise FitError(
                Failure.AT_BOUND, f"{form.name}: {parameter.name} = {value:.4g}, its bound {bound:g}"
            )
    if optimum.rank < len(placed):
        blurred = [
            parameter.name
            for (parameter, _), share in zip(placed, optimum.hidden, strict=True)
            if share > 0.1
        ]
        raise FitError(
            Failure.UNIDENTIFIABLE,
            f"{form.name}: only {optimum.rank} of {len(placed)} directions among the parameters change the "
            f"fit; {', '.join(blurred)} can move together",
        )
    for parameter, value in placed[len(form.amplitudes) :]:
        if abs(value) >= EDGE * max(1.0, abs(parameter.start or 0.0)):
            raise FitError(Failure.AT_EDGE, f"{form.name}: {parameter.name} ran to {value:.4g}")


def _shown(optimum: Optimum, form: Form) -> str:
    pairs = zip((*form.amplitudes, *form.exponents), optimum.parameters, strict=True)
    return ", ".join(f"{parameter.name} = {value:.4g}" for parameter, value in pairs)
