"""Cosines of linear tasks that have a requested AMI between every two of them."""

import itertools

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators.labels._cosines import cosine_of_ami
from mtl_simulators.labels._task_matrices import target_matrix

# Cosines below this, and eigenvalues above its negative, are rounding of 0.
ROUNDING = 1e-9
# Partial sign choices looked at before giving up: a second or so.
MAX_CHOICES = 10_000
# Beyond, one task more has too many sign choices to list.
MAX_SIGNED_TASKS = 12


def gaussian_correlations(ami: npt.ArrayLike) -> FloatArray:
    r"""Return a correlation matrix of linear tasks with balanced labels and the given AMI, `(T, T)`.

    The labels $\operatorname{sign}(w_i^\top x)$, $x$ standard normal, have an AMI that fixes
    $|\cos(w_i, w_j)|$ alone (`cosine_of_ami`), so the matrix is feasible if some choice of signs is positive
    semidefinite. All signs positive is tried first, then the others task by task with as few minus signs as
    the tasks so far allow. Up to three tasks no other choice is better. `make_tasks_with_gram` makes such
    tasks.

    Parameters
    ----------
    ami
        `(T, T)`, symmetric with ones on the diagonal.

    Raises
    ------
    ValueError
        Where no choice of signs is positive semidefinite, or none was found in the first 10,000; and on a
        matrix that is not symmetric, within [0, 1] and 1 on its diagonal.

    >>> gaussian_correlations([[1.0, 0.2685], [0.2685, 1.0]]).round(3).tolist()
    [[1.0, 0.8], [0.8, 1.0]]
    """
    size = cosine_of_ami(target_matrix("ami", ami))
    lowest = float(np.linalg.eigvalsh(size)[0])
    if lowest >= -ROUNDING:
        return size
    n_tasks = len(size)
    if n_tasks > MAX_SIGNED_TASKS:
        raise ValueError(_refusal("no choice was found: with all signs positive", lowest))
    partial: list[FloatArray] = [np.ones((1, 1))]
    for _ in range(MAX_CHOICES):
        if not partial:
            raise ValueError(_refusal("there is none: with all signs positive", lowest))
        cosines = partial.pop()
        if len(cosines) == n_tasks:
            return cosines
        # The last one in is the next one out: the one with the fewest minus signs.
        partial.extend(_with_next_task(cosines, size[len(cosines), : len(cosines)])[::-1])
    raise ValueError(_refusal(f"none was found among {MAX_CHOICES}: with all signs positive", lowest))


def _with_next_task(cosines: FloatArray, size: FloatArray) -> list[FloatArray]:
    """Return the feasible matrices with one task more, fewest minus signs first."""
    n_tasks = len(size)
    # Turning the new task round changes nothing, so its first sign is plus; and zeros have no sign.
    choices = [(1.0, -1.0) if entry > ROUNDING and task > 0 else (1.0,) for task, entry in enumerate(size)]
    signs = np.array(sorted(itertools.product(*choices), key=lambda choice: -sum(choice)))
    larger = np.ones((len(signs), n_tasks + 1, n_tasks + 1))
    larger[:, :-1, :-1] = cosines
    larger[:, -1, :-1] = larger[:, :-1, -1] = signs * size
    return list(larger[np.linalg.eigvalsh(larger)[:, 0] >= -ROUNDING])


def _refusal(finding: str, lowest: float) -> str:
    return (
        "the tasks need cosines whose signs make them positive semidefinite, and "
        f"{finding} the smallest eigenvalue is {lowest:.3g}. Ask for smaller AMI, for a matrix measured on "
        "linear tasks, or for label channels (make_label_tasks), which allow other matrices."
    )
