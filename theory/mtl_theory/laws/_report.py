"""From an optimum to a law."""

import numpy as np

from mtl_theory.laws._form import Form
from mtl_theory.laws._intervals import Uncertainty
from mtl_theory.laws._law import Estimate, Law
from mtl_theory.laws._optimum import Optimum
from mtl_theory.laws._scores import Scores, description_length, weighted_r2


def report_law(
    optimum: Optimum, form: Form, found: Uncertainty, *, target: str, level: float, engine: str
) -> Law:
    """Return the law at an optimum, its parameters in the order of the form."""
    points, order = optimum.objective.points, list(optimum.objective.form.order)
    covariance = found.covariance[np.ix_(order, order)]
    estimates = {
        parameter.name: Estimate(
            value=float(optimum.parameters[place]),
            stderr=float(np.sqrt(found.covariance[place, place])),
            low=float(found.low[place]),
            high=float(found.high[place]),
        )
        for parameter, place in zip(form.parameters, order, strict=True)
    }
    return Law(
        form=form,
        target=target,
        estimates=estimates,
        covariance=covariance,
        noise=optimum.noise,
        noise_is_relative=optimum.objective.loss.log,
        degrees_of_freedom=float(optimum.degrees_of_freedom),
        scores=score(optimum),
        points_hash=points.digest,
        n_points=points.y.size,
        domain=points.domain(form.variables),
        level=level,
        engine=engine,
    )


def score(optimum: Optimum) -> Scores:
    """Return the quality of the fit on its own points."""
    points = optimum.objective.points
    value = optimum.objective.form.evaluate(points.columns, optimum.parameters[None])[0][0]
    residuals, share = value - points.y, points.weights / points.weights.sum()
    fitted = np.log(points.y) if optimum.objective.loss.log else points.y
    return Scores(
        r2=weighted_r2(points.y, residuals, points.weights),
        rmse=float(np.sqrt(share @ residuals**2)),
        n_constants=optimum.rank,
        description_length=description_length(
            float((optimum.measured**2).sum()),
            n_points=points.y.size,
            n_constants=optimum.rank,
            spread=float(np.sqrt(share @ (fitted - share @ fitted) ** 2)),
        ),
    )
