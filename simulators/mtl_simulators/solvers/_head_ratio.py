"""The one number that two tasks with a shared vector have beside it."""

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.solvers._solution import Solution


def head_ratio(solution: Solution) -> FloatArray:
    r"""Return $a = \gamma_1 / \gamma_2$ of a two-task solution of capacity 1, shape `(B,)`.

    Task 1 is the source and task 2 the target: the target's estimate is then $(a^2 C_1 + C_2)^{-1}
    (a X_1^\top y_1 + X_2^\top y_2)$. A target that is not learned at all has head 0 and ratio infinity.

    Raises
    ------
    ValueError
        On another capacity or number of tasks.

    Source: Yang, Zhang, Wu, Ré and Su (2020), arXiv:2010.11750.
    """
    _, n_tasks, capacity = solution.heads.shape
    if n_tasks != 2 or capacity != 1:
        raise ValueError(
            f"heads have shape {solution.heads.shape}: a ratio needs two tasks and capacity 1, (B, 2, 1)."
        )
    source, target = solution.heads[:, 0, 0], solution.heads[:, 1, 0]
    with np.errstate(divide="ignore"):
        return np.asarray(source / target)
