"""Tasks whose labels are shared within the blocks of a random partition."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import distributions, label_codes, positive_int
from mtl_simulators.labels._agreement import ami_of_agreement


@dataclass(frozen=True, kw_only=True)
class PartitionMixture:
    r"""A distribution over partitions of the tasks, one drawn for each token.

    Tasks in one block of a token's partition share one draw of the label, blocks are drawn independently. So
    every two tasks are related as by the channel `Resample` with $r_{ij} = P(i, j \text{ in one block})$.

    Parameters
    ----------
    partitions
        Block of each task in each partition, integers `(P, T)`. Blocks are renamed to their first task, so
        that block 0 is the main task's.
    weights
        Probabilities of the partitions, `(P,)`.

    Raises
    ------
    ValueError
        On blocks that are not integers of at least 0, or weights that are no distribution over them.

    >>> mixture = PartitionMixture(partitions=[[0, 0, 1], [0, 1, 1]], weights=[0.7, 0.3])
    >>> mixture.agreement().tolist()
    [[1.0, 0.7, 0.0], [0.7, 1.0, 0.3], [0.0, 0.3, 1.0]]
    """

    partitions: IntArray
    weights: FloatArray

    def __post_init__(self) -> None:
        """Check shapes against each other and give blocks their canonical names."""
        partitions = named_by_first(label_codes("partitions", self.partitions, ndim=2))
        weights = distributions("weights", self.weights)
        if weights.shape != partitions.shape[:1]:
            raise ValueError(
                f"weights has {len(weights)} entries for {len(partitions)} partitions; pass one a partition."
            )
        object.__setattr__(self, "partitions", partitions)
        object.__setattr__(self, "weights", weights)

    def agreement(self) -> FloatArray:
        """Return the probability that two tasks are in one block, `(T, T)`."""
        together = self.partitions[:, :, None] == self.partitions[:, None, :]
        matrix = np.minimum(np.tensordot(self.weights, together, axes=1), 1.0)
        np.fill_diagonal(matrix, 1.0)
        return matrix

    def ami(self, prior: npt.ArrayLike) -> FloatArray:
        """Return the AMI of every two tasks in the population, `(T, T)`, for labels drawn from `prior`."""
        return ami_of_agreement(self.agreement(), prior=prior)

    def deal_labels(self, rng: np.random.Generator, *, labels: npt.ArrayLike) -> IntArray:
        """Return the labels of all tasks, `(T, n)`, given those of task 0, which are its row unchanged.

        Every token draws its partition. The block of task 0 takes the given label, other blocks draw from the
        shares of the given labels; given task 0's label, a token's other labels depend on nothing else.

        Parameters
        ----------
        labels
            Labels of task 0, codes 0..k-1, `(n,)`.

        Raises
        ------
        ValueError
            On labels that are not codes.
        """
        main = label_codes("labels", labels)
        chosen = rng.choice(len(self.weights), p=self.weights, size=main.size)
        blocks = self.partitions[chosen]
        draws = rng.choice(main, size=blocks.shape)
        draws[:, 0] = main
        return np.ascontiguousarray(np.take_along_axis(draws, blocks, axis=1).T)


def named_by_first(partitions: IntArray) -> IntArray:
    """Return partitions `(..., T)` with every block named by its first task: equal partitions look equal."""
    names: IntArray = (partitions[..., :, None] == partitions[..., None, :]).argmax(axis=-1)
    return names


def random_partition_mixture(rng: np.random.Generator, *, n_tasks: int) -> PartitionMixture:
    r"""Draw a mixture of random partitions: its agreement is a feasible matrix.

    Every task of every partition takes one of T blocks at random, and the weights are uniform on the simplex.
    There are $T (T - 1) / 2 + 1$ partitions, as many as any agreement matrix needs (Caratheodory).

    Raises
    ------
    ValueError
        On a number of tasks below 1.

    >>> random_partition_mixture(np.random.default_rng(0), n_tasks=4).partitions.shape
    (7, 4)
    """
    positive_int("n_tasks", n_tasks)
    n_partitions = n_tasks * (n_tasks - 1) // 2 + 1
    partitions = rng.integers(n_tasks, size=(n_partitions, n_tasks))
    return PartitionMixture(partitions=partitions, weights=rng.dirichlet(np.ones(n_partitions)))
