"""The partition mixture that has a requested AMI between every two tasks, or comes nearest to it."""

import numpy as np
import numpy.typing as npt
from scipy import optimize

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import in_interval
from mtl_simulators.labels._agreement import agreement_of_ami, ami_of_agreement
from mtl_simulators.labels._clustering import best_partition, climb_partitions
from mtl_simulators.labels._partitions import PartitionMixture, named_by_first
from mtl_simulators.labels._task_matrices import target_matrix, triangle_violation

# Up to here the best new partition is found for certain (about a second for the largest), beyond by climbing.
PROVEN_TASKS = 14
# A partition has to bring the matrix nearer by more than this: ten times the tolerance of the programme.
GAIN = 1e-9


def fit_partition_mixture(
    ami: npt.ArrayLike, *, prior: npt.ArrayLike, tolerance: float = 1e-9
) -> PartitionMixture:
    r"""Return a mixture of partitions in which every two tasks have the AMI asked for.

    Each entry $A_{ij}$ belongs to one agreement $r_{ij}$ (`agreement_of_ami`), and the feasible agreements
    are the convex hull of the $\operatorname{Bell}(T)$ partition matrices. A linear programme minimises
    $\sum_{i<j} |r_{ij} - P(i, j \text{ in one block})|$. It takes partitions in when its dual prices say
    that they help, and ends when none does: proven up to 14 tasks, by local search beyond, so that a refusal
    of more tasks means that no mixture was found, not that there is none.

    Parameters
    ----------
    ami
        $A$, `(T, T)`, symmetric with ones on the diagonal.
    prior
        Distribution of the labels, `(k,)`.
    tolerance
        Largest distance of an agreement from the one asked for.

    Raises
    ------
    ValueError
        On an infeasible matrix, and on one that is not symmetric, within [0, 1] and 1 on its diagonal.

    >>> ami = [[1.0, 0.4, 0.1], [0.4, 1.0, 0.3], [0.1, 0.3, 1.0]]
    >>> fit_partition_mixture(ami, prior=[0.5, 0.3, 0.2]).ami([0.5, 0.3, 0.2]).round(9).tolist()
    [[1.0, 0.4, 0.1], [0.4, 1.0, 0.3], [0.1, 0.3, 1.0]]
    """
    in_interval("tolerance", tolerance, 0.0, 1.0)
    target = target_matrix("ami", ami)
    agreement = agreement_of_ami(target, prior=prior)
    mixture = _nearest_mixture(agreement)
    if np.abs(mixture.agreement() - agreement).max() > tolerance:
        raise ValueError(_infeasible(target, mixture, agreement, prior))
    return mixture


def nearest_feasible_ami(ami: npt.ArrayLike, *, prior: npt.ArrayLike) -> FloatArray:
    r"""Return the matrix of a partition mixture that is nearest to `ami`, `(T, T)`; a feasible one as it is.

    Nearest in $\sum_{i<j} |r_{ij} - r'_{ij}|$ on the scale of agreements; of several equally near ones, one.
    Beyond 14 tasks local search finds the mixture, and the result is feasible but there may be nearer ones.

    Parameters
    ----------
    ami
        `(T, T)`, symmetric with ones on the diagonal.
    prior
        Distribution of the labels, `(k,)`.

    Raises
    ------
    ValueError
        On a matrix that is not symmetric, within [0, 1] and 1 on its diagonal, and on a prior with a single
        label.

    >>> ami = [[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]]
    >>> nearest = nearest_feasible_ami(ami, prior=[0.5, 0.5])
    >>> triangle_violation(nearest) < 1e-9 < triangle_violation(ami)
    True
    """
    target = target_matrix("ami", ami)
    agreement = agreement_of_ami(target, prior=prior)
    nearest = _nearest_mixture(agreement).agreement()
    if np.abs(nearest - agreement).max() <= GAIN:
        return target
    return ami_of_agreement(nearest, prior=prior)


def _nearest_mixture(agreement: FloatArray) -> PartitionMixture:
    """Return the mixture nearest to an agreement matrix, by column generation."""
    n_tasks = len(agreement)
    partitions = np.unique([np.zeros(n_tasks, dtype=np.int64), np.arange(n_tasks)], axis=0)
    while True:
        weights, prices, level = _solve(agreement, partitions)
        grown = np.unique(np.concatenate([partitions, _improving(prices, level, partitions)]), axis=0)
        if len(grown) == len(partitions):
            break
        partitions = grown
    used = weights > 0
    return PartitionMixture(partitions=partitions[used], weights=weights[used] / weights[used].sum())


def _solve(agreement: FloatArray, partitions: IntArray) -> tuple[FloatArray, FloatArray, float]:
    """Return the best weights of partitions, the dual prices of pairs of tasks, `(T, T)`, and of the sum."""
    first, second = pairs = np.triu_indices(len(agreement), k=1)
    n_pairs, n_partitions = first.size, len(partitions)
    together = (partitions[:, first] == partitions[:, second]).T.astype(np.float64)
    # The columns are the weights, then what the mixture lacks and what it has too much, pair by pair.
    matrix = np.zeros((n_pairs + 1, n_partitions + 2 * n_pairs))
    matrix[:n_pairs] = np.hstack([together, np.eye(n_pairs), -np.eye(n_pairs)])
    matrix[n_pairs, :n_partitions] = 1.0
    solution = optimize.linprog(
        np.repeat([0.0, 1.0], [n_partitions, 2 * n_pairs]),
        A_eq=matrix,
        b_eq=np.append(agreement[pairs], 1.0),
        method="highs",
        options={"primal_feasibility_tolerance": GAIN / 10, "dual_feasibility_tolerance": GAIN / 10},
    )
    if not solution.success:
        raise RuntimeError(f"the linear programme for the partitions was not solved: {solution.message}")
    dual = solution.eqlin.marginals
    prices = np.zeros_like(agreement)
    prices[pairs] = dual[:-1]
    return np.asarray(solution.x)[:n_partitions], prices + prices.T, float(dual[-1])


def _improving(prices: FloatArray, level: float, partitions: IntArray) -> IntArray:
    """Return partitions whose pairs are worth more than the dual price of the sum says, if any."""
    found = named_by_first(climb_partitions(prices, partitions))
    improving = found[_worth(prices, found) + level > GAIN]
    if len(improving) or len(prices) > PROVEN_TASKS:
        return improving
    best = named_by_first(best_partition(prices))[None]
    return best[_worth(prices, best) + level > GAIN]


def _worth(prices: FloatArray, partitions: IntArray) -> FloatArray:
    together = partitions[:, :, None] == partitions[:, None, :]
    worth: FloatArray = (prices * together).sum(axis=(-2, -1)) / 2
    return worth


def _infeasible(
    target: FloatArray, mixture: PartitionMixture, agreement: FloatArray, prior: npt.ArrayLike
) -> str:
    distance = np.abs(mixture.agreement() - agreement)
    i, j = np.unravel_index(distance.argmax(), distance.shape)
    nearest = mixture.ami(prior)[i, j]
    violation = triangle_violation(target)
    kind = (
        f"no labels at all have this AMI: it breaks the triangle inequality by {violation:.3g}"
        if violation > GAIN
        else "no mixture of partitions has this AMI"
        if len(target) <= PROVEN_TASKS
        else "no mixture of partitions with this AMI was found"
    )
    return (
        f"{kind}. The nearest mixture is off by {distance.sum() / 2:.3g} in the sum over pairs of "
        f"agreements, most for tasks {i} and {j}: AMI {nearest:.6g} instead of {target[i, j]:.6g}. Pass "
        "nearest_feasible_ami(ami, prior=prior), or take the matrix from a random_partition_mixture."
    )
