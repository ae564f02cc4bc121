"""What the points say about every exponent of a law, also about those that the law fixes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._form import Form
from mtl_theory.laws._law import Law
from mtl_theory.laws._losses import Loss, Squared
from mtl_theory.laws._minimise import minimise
from mtl_theory.laws._objective import Objective
from mtl_theory.laws._optimum import Optimum
from mtl_theory.laws._points import Points, Rows, gather
from mtl_theory.laws._quantiles import two_sided
from mtl_theory.laws._search_box import edges
from mtl_theory.laws._separable import separate
from mtl_theory.laws._variables import Parameter

# A profile is drawn this many interval widths to both sides.
REACH = 2.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    r"""How much worse a law fits where one exponent is held and all else is refitted.

    Parameters
    ----------
    label
        The exponent in words.
    fixed
        Its value in the law, where the law does not estimate it.
    best
        Its best value.
    values, rise
        Values at which it was held, `(G,)`, and the loss there above the smallest, in units of the noise
        variance: $\frac12 t^2$, near the difference of log-likelihoods in nats.
    allowed
        The rise at the ends of the interval of the law's level.
    """

    label: str
    fixed: float | None
    best: float
    values: FloatArray
    rise: FloatArray
    allowed: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rise reaches `allowed`; infinite where it does not on the profile."""
        inside = np.flatnonzero(self.rise <= self.allowed)
        if inside.size == 0:
            return self.best, self.best
        return self._crossing(inside[0], inside[0] - 1), self._crossing(inside[-1], inside[-1] + 1)

    def _crossing(self, inside: int, outside: int) -> float:
        if not 0 <= outside < len(self.values):
            return float(np.copysign(np.inf, outside - inside))
        # The root of the rise is nearly linear in the exponent.
        low, high = np.sqrt(self.rise[[inside, outside]])
        share = (np.sqrt(self.allowed) - low) / (high - low) if high > low else 0.0
        return float(self.values[inside] + share * (self.values[outside] - self.values[inside]))


def exponent_profiles(
    law: Law, rows: Rows, *, weights: npt.ArrayLike | str | None = None, count: int = 41
) -> tuple[Profile, ...]:
    """Return the profile of every exponent, those that the law fixes freed one at a time.

    Exponents that the points do not determine have none.

    Parameters
    ----------
    rows, weights
        The points, as in `fit_law`.
    count
        Values on each profile.

    >>> from mtl_theory.laws import Kind, Variable, fit_law, parse_form
    >>> n = np.geomspace(10, 1000, 40)
    >>> rows = {"n": n, "y": 0.1 + 2 * n**-0.5 + 0.01 * np.cos(7 * n)}
    >>> law = fit_law(rows, parse_form("a + b/sqrt(n)", [Variable(name="n", kind=Kind.POSITIVE)]), target="y")
    >>> (profile,) = exponent_profiles(law, rows)
    >>> profile.label, profile.fixed, profile.interval[0] < -0.5 < profile.interval[1]
    ('power of n', -0.5, True)
    """
    points = gather(rows, law.variables, target=law.target, weights=weights, noise=None)
    found = (_profile(law, points, *exponent, count=count) for exponent in _exponents(law))
    return tuple(profile for profile in found if profile is not None)


def _exponents(law: Law) -> Iterator[tuple[str, str, Form, float | None]]:
    """Yield label, parameter, form and fixed value of every exponent."""
    for parameter in law.form.exponents:
        yield _label(law, parameter), parameter.name, law.form, None
    terms = sp.Add.make_args(sp.expand_mul(law.form.expression))
    powers = [term.as_powers_dict() for term in terms]
    measured = {variable.symbol for variable in law.variables}
    bases = dict.fromkeys((base, power) for term in powers for base, power in term.items())
    for base, power in bases:
        if not (power.is_Rational and base.free_symbols & measured) or not _is_factor(base, power, measured):
            continue
        free = Parameter(name="freed_exponent", start=float(power))
        swapped = [
            term * base ** (free.symbol - power) if own.get(base) == power else term
            for term, own in zip(terms, powers, strict=True)
        ]
        parameters = (*law.form.parameters, free)
        form = replace(law.form, expression=sp.Add(*swapped), parameters=parameters, limits=())
        yield f"power of {_shown(law, base)}", free.name, form, float(power)


def _label(law: Law, parameter: Parameter) -> str:
    """Return what the parameter is the power of, or its name."""
    powers = sorted(law.form.expression.atoms(sp.Pow), key=str)
    base = next((power.base for power in powers if power.exp == parameter.symbol), None)
    return parameter.name if base is None else f"power of {_shown(law, base)}"


def _shown(law: Law, base: Any) -> Any:
    """Return a base with rounded estimates put in."""
    return base.xreplace({p.symbol: sp.Float(law.estimates[p.name].value, 3) for p in law.form.parameters})


def _is_factor(base: Any, power: Any, measured: set[Any]) -> bool:
    """Whether a base is a variable, or a sum that is more than an unexpanded part of the law."""
    return bool(base.is_Symbol or (base.is_Add and (power != 1 or base.free_symbols <= measured)))


def _profile(
    law: Law, points: Points, label: str, name: str, form: Form, fixed: float | None, *, count: int
) -> Profile | None:
    loss = Squared(log=law.noise_is_relative)
    optimum = _optimum(law, Objective(form=separate(form), points=points, loss=loss), form)
    place = [p.name for p in (*form.amplitudes, *form.exponents)].index(name)
    if optimum.rank < len(optimum.parameters):
        return None
    best, stderr = float(optimum.parameters[place]), float(np.sqrt(optimum.covariance[place, place]))
    width = two_sided(law.level, optimum.degrees_of_freedom)
    ends = best + REACH * width * stderr * np.array([-1.0, 1.0])
    if fixed is not None:
        ends = np.array([min(ends[0], fixed - stderr), max(ends[1], fixed + stderr)])
    low, high = optimum.low[place], optimum.high[place]
    values = np.unique(np.append(np.linspace(max(ends[0], low), min(ends[1], high), count), best))
    rise = _losses(optimum, place, values, loss) - optimum.loss
    return Profile(
        label=label,
        fixed=fixed,
        best=best,
        values=values,
        rise=np.maximum(rise, 0.0) / max(optimum.variance, 1e-300),
        allowed=width**2 / 2,
    )


def _optimum(law: Law, objective: Objective, form: Form) -> Optimum:
    """Return the best fit of a form, from where the law stands."""
    known = {name: estimate.value for name, estimate in law.estimates.items()}
    ordered = (*form.amplitudes, *form.exponents)
    start = np.array([[known.get(p.name, p.start or 0.0) for p in ordered]])
    ends = edges(form.exponents)
    free = np.full(len(form.amplitudes), np.inf)
    low, high = np.concatenate([-free, ends[0]]), np.concatenate([free, ends[1]])
    found = minimise(objective.errors, start, low=low, high=high, loss=objective.loss, floor=objective.floor)
    errors, slopes = objective.errors(found.points, np.arange(1))
    return Optimum(
        objective=objective,
        parameters=found.points[0],
        low=low,
        high=high,
        loss=float(found.losses[0]),
        errors=errors[0],
        slopes=slopes[0],
    )


def _losses(optimum: Optimum, place: int, values: FloatArray, loss: Loss) -> FloatArray:
    """Return the smallest loss with one parameter held at each of `values`, `(G,)`."""
    start = np.tile(optimum.parameters, (len(values), 1))
    low, high = np.tile(optimum.low, (len(values), 1)), np.tile(optimum.high, (len(values), 1))
    for bound in (start, low, high):
        bound[:, place] = values
    objective = optimum.objective
    return minimise(objective.errors, start, low=low, high=high, loss=loss, floor=objective.floor).losses
