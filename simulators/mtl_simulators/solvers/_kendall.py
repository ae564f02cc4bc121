"""Task weights learned with the shared map: one noise level a task, by maximum likelihood."""

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._alternating import AlternatingLeastSquares, descend_from
from mtl_simulators.solvers._shared import SharedRepresentation
from mtl_simulators.solvers._solution import Outcome, SolveError
from mtl_simulators.solvers._task_weights import mean_one
from mtl_simulators.solvers._weighting import weighted_moments


def kendall_weights(
    data: Dataset | Moments,
    *,
    capacity: int,
    rng: np.random.Generator,
    n_starts: int = 16,
    max_iterations: int = 500,
    tolerance: float = 1e-8,
) -> FloatArray:
    r"""Return $\alpha_t \propto 1 / \sigma_t^2$ with mean one, `(B, T)`, the noise learned with the map.

    $\min \sum_t \frac{1}{2 \sigma_t^2} \lVert X_t W^\top \gamma_t - y_t \rVert^2 + n_t \log \sigma_t$ over
    map, heads and $\sigma$: by turns, $\sigma_t^2$ is the mean squared residual of task t and the map solves
    the weighted problem, in closed form for a shared design, else by alternating least squares that goes on
    from the last map. From equal weights it descends to a stationary point.

    Parameters
    ----------
    capacity
        r, at most min(d, T).
    n_starts
        Random starts of the first map when the designs differ.
    max_iterations, tolerance
        Stop when no $\log \sigma_t^2$ moves by more than the tolerance.

    Raises
    ------
    ValueError
        On a capacity above min(d, T), or a task that the shared map fits without residual, where the
        likelihood has no maximum.
    SolveError
        When the noise levels still move at the last iteration.

    Source: Kendall, Gal and Cipolla (2018), "Multi-task learning using uncertainty to weigh losses".
    """
    positive_int("max_iterations", max_iterations)
    moments = data.moments() if isinstance(data, Dataset) else data
    energy = moments.energy / moments.n_samples
    noise: FloatArray = energy
    weights, maps = _weighted_fit(moments, np.ones_like(energy), None, capacity, rng, n_starts)
    for _ in range(max_iterations):
        last, noise = noise, moments.squared_error(weights)
        if not (noise > 1e-14 * energy).all():
            raise ValueError(
                "a task is fitted without residual, so its weight would be infinite; lower the capacity, "
                "pass more samples, or use other weights."
            )
        if (np.abs(np.log(noise / last)) <= tolerance).all():
            return mean_one(1.0 / noise)
        alpha = mean_one(1.0 / noise)
        weights, maps = _weighted_fit(moments, alpha, maps, capacity, rng, n_starts)
    raise SolveError(f"noise levels: {Outcome.NOT_CONVERGED.value} (max_iterations={max_iterations}).")


def _weighted_fit(
    moments: Moments,
    alpha: FloatArray,
    maps: FloatArray | None,
    capacity: int,
    rng: np.random.Generator,
    n_starts: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the task vectors `(B, T, d)` and the map `(B, r, d)` for task weights `(B, T)`."""
    if moments.shared_design:
        # With one design, weights are a scale of the labels.
        root = np.sqrt(alpha)[..., None]
        scaled = Moments(
            gram=moments.gram,
            cross=root * moments.cross,
            energy=alpha * moments.energy,
            n_samples=moments.n_samples,
        )
        fit = SharedRepresentation(capacity=capacity).fit(scaled, rng=rng)
        return fit.heads @ fit.representation / root, fit.representation
    weighted = weighted_moments(moments, alpha)
    solver = AlternatingLeastSquares(capacity=capacity, n_starts=n_starts)
    if maps is None:
        ends = solver.descend(weighted, rng=rng)
    else:
        ends = descend_from(weighted, maps[:, None], max_sweeps=solver.max_sweeps, tolerance=solver.tolerance)
    best = ends.loss.argmin(axis=1)
    replicates = np.arange(len(best))
    chosen = ends.representation[replicates, best]
    return ends.heads[replicates, best] @ chosen, chosen
