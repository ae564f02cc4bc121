"""Fitting a five-parameter scaling law against the usual many starts of L-BFGS-B."""

from functools import partial
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from benchmarks.row import Row, cpu_seconds_each
from mtl_theory.laws import CHINCHILLA, Huber, Law, Loss, Squared, fit_law
from mtl_theory.laws._separable import compile_expression

FloatArray = npt.NDArray[np.float64]

# The grid of Hoffmann et al. 2022: 4,500 starts in log A, log B, log E, alpha, beta.
EXPONENTS = np.arange(0, 2.5, 0.5)
GRID = np.array(
    list(product(np.arange(0.0, 30, 5), np.arange(0.0, 30, 5), np.arange(-1, 1.5, 0.5), EXPONENTS, EXPONENTS))
)


def rows(*, quick: bool) -> list[Row]:
    """Return the rows of this file."""
    # Evenly spaced starts are timed, and stand for all 4,500.
    starts = GRID[:: 100 if quick else 20]
    losses: dict[str, Loss] = {
        "squared logarithms": Squared(log=True),
        "Huber loss of logarithms": Huber(delta=1e-3, log=True),
    }
    return [_row(name, loss, starts, rounds=3 if quick else 5) for name, loss in losses.items()]


def make_points() -> dict[str, FloatArray]:
    """Return 240 losses of a known law with 1 percent noise."""
    rng = np.random.default_rng(0)
    sizes, tokens = np.meshgrid(np.geomspace(1e7, 1e10, 16), np.geomspace(1e9, 1e12, 15))
    clean = 1.69 + 406 * sizes**-0.34 + 411 * tokens**-0.28
    loss = clean * np.exp(0.01 * rng.standard_normal(sizes.shape))
    return {"N": sizes.ravel(), "D": tokens.ravel(), "loss": loss.ravel()}


def fit(points: dict[str, FloatArray], loss: Loss, count: int) -> Law:
    """Fit with nothing prepared: the compiled form is thrown away first."""
    for _ in range(count):
        compile_expression.cache_clear()
        law = fit_law(points, CHINCHILLA, target="loss", loss=loss)
    return law


def many_starts(
    points: dict[str, FloatArray], loss: Loss, starts: FloatArray, count: int
) -> tuple[float, FloatArray]:
    """Return the lowest loss that L-BFGS-B finds, and where, from the first `count` starts."""
    x, y = np.log(points["N"]), np.log(points["D"])
    target = np.log(points["loss"])

    def value_and_gradient(p: FloatArray) -> tuple[float, FloatArray]:
        terms = np.stack([p[0] - p[3] * x, p[1] - p[4] * y, np.full_like(x, p[2])])
        error = logsumexp(terms, axis=0) - target
        share = softmax(terms, axis=0) * loss.pull(error) * error
        sums = share.sum(axis=1)
        return float(loss.rho(error).sum()), np.array([*sums, -share[0] @ x, -share[1] @ y])

    # The default tolerance stops 1.6e-5 short of the optimum of the Huber loss; this one reaches six digits.
    options = {"maxiter": 5000, "maxfun": 10_000, "ftol": 1e-12, "gtol": 1e-7}
    runs = [
        minimize(value_and_gradient, s, jac=True, method="L-BFGS-B", options=options) for s in starts[:count]
    ]
    best = min(runs, key=lambda run: float(run.fun))
    return float(best.fun), np.asarray(best.x)


def _row(name: str, loss: Loss, starts: FloatArray, *, rounds: int) -> Row:
    points = make_points()
    _check_agreement(fit(points, loss, 1), loss, points, *many_starts(points, loss, starts, len(starts)))
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(cpu_seconds_each(partial(fit, points, loss), 3))
        theirs.append(len(GRID) * cpu_seconds_each(partial(many_starts, points, loss, starts), len(starts)))
    return Row.of(
        np.array(theirs) / np.array(ours),
        name=f"five-parameter law, {name}",
        peer="4,500 starts of L-BFGS-B",
        at_least=300,
    )


def _check_agreement(
    law: Law, loss: Loss, points: dict[str, FloatArray], lowest: float, place: FloatArray
) -> None:
    """Refuse to compare the speed of fits whose parameters differ by more than a millionth."""
    ours = np.array([law.estimates[key].value for key in ("A", "B", "E", "alpha", "beta")])
    theirs = np.append(np.exp(place[:3]), place[3:])
    cost = float(loss.rho(np.log(law.predict(points)) - np.log(points["loss"])).sum())
    if np.abs(theirs / ours - 1).max() > 1e-6 or cost > lowest * (1 + 1e-6):
        raise RuntimeError(f"the fit ends at {ours}, loss {cost}; L-BFGS-B at {theirs}, loss {lowest}.")
