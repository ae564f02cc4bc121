"""One vector for all tasks, with known heads and weights that can shrink a large source."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._validation import finite_array
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._least_squares import pool, rank_outcomes
from mtl_simulators.solvers._principal import principal_form
from mtl_simulators.solvers._solve import Fit
from mtl_simulators.solvers._weighting import weighted_moments


@dataclass(frozen=True, kw_only=True)
class WeightedPooling:
    r"""Minimum of $\sum_t \alpha_t \lVert a_t X_t w - y_t \rVert^2$ over one vector, heads $a_t$ given.

    $w = (\sum_t \alpha_t a_t^2 C_t)^{-1} \sum_t \alpha_t a_t X_t^\top y_t$; the estimate of task t is
    $a_t w$. A weight below one for a large source removes the negative transfer of plain pooling.

    Ends with `RANK_DEFICIENT` where the tasks of positive weight and head do not determine every direction.

    Parameters
    ----------
    task_weights
        $\alpha_t \ge 0$: `(T,)` or `(B, T)`; None for ones, which is `Pooled` when the heads are ones too.
    heads
        $a_t$: `(T,)` or `(B, T)`; None for ones.

    Source: Yang, Zhang, Wu, Ré and Su (2020), arXiv:2010.11750, hard parameter sharing with a fixed head
    ratio.
    """

    task_weights: npt.ArrayLike | None = None
    heads: npt.ArrayLike | None = None

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve one least-squares problem a replicate; `rng` is not used."""
        moments = data.moments() if isinstance(data, Dataset) else data
        shape = (moments.n_replicates, moments.n_tasks)
        heads = finite_array("heads", 1.0 if self.heads is None else self.heads, ndim=(0, 1, 2))
        if heads.shape not in ((), shape[1:], (1, shape[1]), shape):
            raise ValueError(f"heads has shape {heads.shape} for (B, T) = {shape}; pass (T,) or (B, T).")
        heads = np.broadcast_to(heads.astype(np.float64), shape)
        weighted = weighted_moments(moments, self.task_weights, allow_zero=True)
        form = principal_form(
            pool(
                Moments(
                    gram=heads[..., None, None] ** 2 * weighted.gram,
                    cross=heads[..., None] * weighted.cross,
                    energy=weighted.energy,
                    n_samples=weighted.n_samples,
                )
            )
        )
        return Fit(
            representation=form.minimum_norm(),
            heads=heads[..., None],
            outcomes=rank_outcomes(form.full_rank()),
        )
