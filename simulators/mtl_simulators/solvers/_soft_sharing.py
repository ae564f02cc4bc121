"""Least squares that pulls the task vectors towards each other."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._least_squares import separate_fit
from mtl_simulators.solvers._pooled_rank import pooled_full_rank
from mtl_simulators.solvers._solve import Fit


@dataclass(frozen=True, kw_only=True)
class SoftSharing:
    r"""Minimum of $\sum_t \lVert X_t w_t - y_t \rVert^2 + \lambda \sum_{s < t} \lVert w_s - w_t \rVert^2$.

    With $K_t = (C_t + \lambda T I)^{-1}$ the mean of the task vectors solves
    $(\sum_t K_t C_t) \bar w = \sum_t K_t X_t^\top y_t$, and $w_t = K_t (X_t^\top y_t + \lambda T \bar w)$:
    ridge regression towards the mean. $\lambda \to 0$ is `SingleTask`, $\lambda \to \infty$ is `Pooled`. For
    two tasks it is $w_2 = [C_1 C_2 + \lambda (C_1 + C_2)]^{-1} [C_1 X_2^\top y_2 + \lambda (X_1^\top y_1 +
    X_2^\top y_2)]$.

    Ends with `RANK_DEFICIENT` where the union of the tasks does not determine every direction.

    Parameters
    ----------
    strength
        $\lambda > 0$, on the scale of the unnormalised Gram matrices.

    Raises
    ------
    ValueError
        On a strength that is not positive and finite.
    """

    strength: float

    def __post_init__(self) -> None:
        """Refuse strengths at which another solver is meant."""
        if not np.isfinite(self.strength) or self.strength <= 0:
            raise ValueError(
                f"strength must be positive and finite, got {self.strength!r}; for 0 use SingleTask, for "
                "infinity Pooled."
            )

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve for the mean, then for every task; `rng` is not used."""
        moments = data.moments() if isinstance(data, Dataset) else data
        well_posed = pooled_full_rank(moments)
        pull = self.strength * moments.n_tasks
        identity = np.eye(moments.n_features)
        gram = np.where(well_posed[:, None, None, None], moments.gram_per_task, identity)
        right = np.concatenate([gram, moments.cross[..., None]], axis=-1)
        # One factorisation for both K_t C_t and K_t X_t'y_t.
        shrunk = np.linalg.solve(gram + pull * identity, right).sum(axis=1)
        mean = np.linalg.solve(shrunk[..., :-1], shrunk[..., -1:])
        targets = moments.cross[..., None] + pull * mean[:, None]
        weights = np.linalg.solve(gram + pull * identity, targets)[..., 0]
        return separate_fit(weights, well_posed)
