"""Ridge regression towards a shared solution."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._activations import identity
from mtl_simulators.solvers._solve import Fit, Solver


@dataclass(frozen=True, kw_only=True)
class CentredRidge:
    r"""Per task $\arg\min_w \lVert X_t w - y_t \rVert^2 + \tau \lVert w - w_t^0 \rVert^2$, $w_t^0$ shared.

    $\hat w_t = w_t^0 + (X_t^\top X_t + \tau I)^{-1} X_t^\top (y_t - X_t w_t^0)$: the shared solution as
    $\tau \to \infty$, single-task least squares as $\tau \to 0$. A closed form for what covariance alignment
    is after when it stops early: descent from $w_t^0$, too, removes an error along an eigenvector of
    $X_t^\top X_t$ the sooner the larger the eigenvalue.

    Parameters
    ----------
    shared
        Solver of the $w_t^0$, linear.
    penalty
        $\tau > 0$ on the scale of the unnormalised Gram matrix.

    Raises
    ------
    ValueError
        On a penalty that is not positive, or a shared solver that is not linear.

    >>> from mtl_simulators.problems import make_linear
    >>> from mtl_simulators.solvers import SharedRepresentation, solve
    >>> rng = np.random.default_rng(0)
    >>> problem = make_linear(
    ...     rng, alignment=0.9, n_tasks=3, n_features=4, n_samples=10, shared_design=True
    ... )
    >>> shared = SharedRepresentation(capacity=1)
    >>> near = solve(problem, CentredRidge(shared=shared, penalty=1e9), rng=rng)
    >>> bool(np.allclose(near.weights, solve(problem, shared, rng=rng).weights, atol=1e-6))
    True
    """

    shared: Solver
    penalty: float

    def __post_init__(self) -> None:
        """Refuse penalties that do not make the problem well posed."""
        if not 0 < self.penalty < np.inf:
            raise ValueError(
                f"penalty must be positive and finite, got {self.penalty!r}; for 0 use SingleTask."
            )

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve the shared problem, which `rng` is for, and one linear system a task."""
        fit = self.shared.fit(data, rng=rng)
        if fit.activation != identity or fit.link != identity:
            raise ValueError(f"{type(self.shared).__name__} is not linear; pass a linear solver.")
        moments = data.moments() if isinstance(data, Dataset) else data
        centre = (fit.heads @ fit.representation)[..., None]
        gram = moments.gram_per_task
        system = gram + self.penalty * np.eye(moments.n_features)
        weights = centre + np.linalg.solve(system, moments.cross[..., None] - gram @ centre)
        d = moments.n_features
        return Fit(
            representation=np.broadcast_to(np.eye(d), (moments.n_replicates, d, d)),
            heads=weights[..., 0],
            outcomes=fit.outcomes,
        )
