"""Task weights as a change of the sufficient statistics, so that every solver of moments can be weighted."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array
from mtl_simulators.problems import Dataset, Moments


def weighted_moments(
    data: Dataset | Moments, task_weights: npt.ArrayLike | None = None, *, allow_zero: bool = False
) -> Moments:
    r"""Return the moments whose squared loss is $\sum_t \alpha_t \lVert X_t w_t - y_t \rVert^2$.

    $G_t \to \alpha_t G_t$, $c_t \to \alpha_t c_t$, $e_t \to \alpha_t e_t$; sample counts stay, and a design
    that tasks share is copied for each.

    Parameters
    ----------
    task_weights
        $\alpha_t > 0$: `(T,)`, or `(B, T)` for others in each replicate; None for ones.
    allow_zero
        Whether tasks may have weight 0.

    Raises
    ------
    ValueError
        On weights that are negative, or zero where that is not allowed, or of another shape.

    >>> one = Moments(gram=[[[2.0]]], cross=[[[4.0], [6.0]]], energy=[[9.0, 20.0]], n_samples=[2, 2])
    >>> weighted_moments(one, [1.0, 0.5]).gram.tolist(), weighted_moments(one, [1.0, 0.5]).cross.tolist()
    ([[[[2.0]], [[1.0]]]], [[[4.0], [3.0]]])
    """
    moments = data.moments() if isinstance(data, Dataset) else data
    alpha = checked_task_weights(
        task_weights, n_replicates=moments.n_replicates, n_tasks=moments.n_tasks, allow_zero=allow_zero
    )
    return Moments(
        gram=alpha[..., None, None] * moments.gram_per_task,
        cross=alpha[..., None] * moments.cross,
        energy=alpha * moments.energy,
        n_samples=moments.n_samples,
    )


def checked_task_weights(
    task_weights: npt.ArrayLike | None, *, n_replicates: int, n_tasks: int, allow_zero: bool = False
) -> FloatArray:
    """Return weights as `(B, T)`, refusing negative ones, and zeros unless allowed."""
    if task_weights is None:
        return np.ones((n_replicates, n_tasks))
    alpha = finite_array("task_weights", task_weights, ndim=(1, 2)).astype(np.float64)
    if alpha.shape not in ((n_tasks,), (1, n_tasks), (n_replicates, n_tasks)):
        raise ValueError(
            f"task_weights has shape {alpha.shape} for {n_tasks} tasks in {n_replicates} replicates; pass "
            "(T,) or (B, T)."
        )
    if (alpha < 0).any() or (not allow_zero and not alpha.all()):
        raise ValueError(
            f"task_weights must be {'non-negative' if allow_zero else 'positive'}, got a smallest value of "
            f"{alpha.min():g}; leave out tasks that shall not count."
        )
    return np.broadcast_to(alpha, (n_replicates, n_tasks))
