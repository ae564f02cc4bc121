"""Labels of several tasks on the same tokens, with a requested AMI between them."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import finite_array, label_codes
from mtl_simulators.labels._adjusted import Average, ami_matrix, arithmetic_average
from mtl_simulators.labels._dealing import make_auxiliary_labels
from mtl_simulators.labels._families import ChannelFamily, Resample
from mtl_simulators.labels._mixtures import fit_partition_mixture
from mtl_simulators.labels._swaps import tune_by_swaps
from mtl_simulators.labels._task_matrices import target_matrix

# Swaps keep the label counts, so two binary tasks reach one AMI for each number of tokens on which they
# agree: a thousand tokens come this near, unless the AMI is next to 1. The search aims below, as for a star.
MATRIX_TOLERANCE = 5e-3
STAR_TOLERANCE = 1e-4


def make_label_tasks(
    rng: np.random.Generator,
    *,
    labels: npt.ArrayLike,
    ami: npt.ArrayLike,
    family: ChannelFamily | None = None,
    exact: bool = True,
    average: Average = arithmetic_average,
    tolerance: float | None = None,
) -> IntArray:
    r"""Draw auxiliary labels of the same tokens with a requested AMI, `(T, n)`; row 0 is `labels`, unchanged.

    A star prescribes the AMI of each auxiliary task with the main one; given the main labels, auxiliary tasks
    are independent (`make_auxiliary_labels`; `star_ami` gives the AMI between them). A full matrix also
    prescribes the AMI between auxiliary tasks: tokens draw from a mixture of partitions
    (`fit_partition_mixture`), and `tune_by_swaps` takes out what chance leaves. Given the main labels, the
    auxiliary labels do not depend on the text.

    Parameters
    ----------
    labels
        Main labels, codes 0..k-1, `(n,)`.
    ami
        A star, `(T - 1,)`, or a full matrix, `(T, T)`, whose row 0 is the main task; of two tasks, the same.
    family
        Channels of a star; default `Resample`, the only one that a matrix of three tasks or more allows.
    exact
        Whether the adjusted AMI of these very labels is the target, within `tolerance`. If not, it is the AMI
        in the population from which tokens are drawn independently.
    average
        Average of the two entropies.
    tolerance
        Largest distance of an exact AMI from its target; default 1e-4 for a star, 5e-3 for a full matrix.

    Raises
    ------
    ValueError
        On infeasible targets, on labels that are not codes of at least two kinds, on another family for a
        full matrix, and, if exact, where no labels within `tolerance` were found.

    >>> rng = np.random.default_rng(0)
    >>> main = rng.integers(3, size=1000)
    >>> tasks = make_label_tasks(rng, labels=main, ami=[[1.0, 0.4, 0.1], [0.4, 1.0, 0.3], [0.1, 0.3, 1.0]])
    >>> ami_matrix(tasks).round(2).tolist(), bool((tasks[0] == main).all())
    ([[1.0, 0.4, 0.1], [0.4, 1.0, 0.3], [0.1, 0.3, 1.0]], True)
    """
    main = label_codes("labels", labels)
    target = finite_array("ami", ami, ndim=(1, 2))
    if target.ndim == 2:
        target = target_matrix("ami", target)
    if target.ndim == 1 or len(target) == 2:
        star = target if target.ndim == 1 else target[0, 1:]
        limit = STAR_TOLERANCE if tolerance is None else tolerance
        return _star(rng, main, star, family or Resample(), exact, average, limit)
    if family not in (None, Resample()):
        raise ValueError(
            f"a full matrix of AMI needs the family Resample(), got {family}; pass a star instead."
        )
    mixture = fit_partition_mixture(target, prior=np.bincount(main) / main.size)
    tasks = mixture.deal_labels(rng, labels=main)
    limit = MATRIX_TOLERANCE if tolerance is None else tolerance
    return _tuned(rng, tasks, target, average, limit) if exact else tasks


def _star(
    rng: np.random.Generator,
    main: IntArray,
    ami: FloatArray,
    family: ChannelFamily,
    exact: bool,
    average: Average,
    tolerance: float,
) -> IntArray:
    """Return the main labels and, independently given them, one auxiliary task for each AMI."""
    tasks = [
        make_auxiliary_labels(
            child,
            labels=main,
            family=family,
            ami=float(entry),
            exact=exact,
            average=average,
            tolerance=tolerance,
        )
        for child, entry in zip(rng.spawn(len(ami)), ami, strict=True)
    ]
    return np.stack([main, *tasks])


def _tuned(
    rng: np.random.Generator, tasks: IntArray, target: FloatArray, average: Average, tolerance: float
) -> IntArray:
    """Return the tasks after swaps, refusing an entry further than `tolerance` from its target."""
    tuned = tune_by_swaps(
        rng, labels=tasks, ami=target, average=average, tolerance=min(tolerance, STAR_TOLERANCE)
    )
    reached = ami_matrix(tuned, average=average)
    i, j = np.unravel_index(np.abs(reached - target).argmax(), target.shape)
    if np.abs(reached - target).max() > tolerance:
        raise ValueError(
            f"no labels of these {tasks.shape[1]} tokens within {tolerance:g} of the matrix were found: "
            f"tasks {i} and {j} reached {reached[i, j]:.6g} instead of {target[i, j]:.6g}. Take more tokens, "
            "allow a larger tolerance, or pass exact=False."
        )
    return tuned
