"""Matrices of the AMI between every two tasks."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import array_in_interval, finite_array, symmetric_matrix
from mtl_simulators.labels._agreement import agreement_of_ami, ami_of_agreement

# A diagonal this far from 1 is rounding.
ROUNDING = 1e-9


def target_matrix(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return `values` as AMI `(T, T)`: symmetric, in [0, 1], with ones on the diagonal."""
    matrix = array_in_interval(name, symmetric_matrix(name, values), 0.0, 1.0)
    diagonal = np.diagonal(matrix)
    if (diagonal < 1 - ROUNDING).any():
        raise ValueError(
            f"{name} has {diagonal.min():.6g} on its diagonal: the AMI of a task with itself is 1; "
            "set the diagonal to 1."
        )
    symmetric: FloatArray = (matrix + matrix.T) / 2
    np.fill_diagonal(symmetric, 1.0)
    return symmetric


def triangle_violation(ami: npt.ArrayLike, *, entropies: npt.ArrayLike | None = None) -> float:
    r"""Return by how much the matrix breaks the triangle inequality of information, 0 where it does not.

    Labels of any kind have the metric $V_{ij} = H(Y_i | Y_j) + H(Y_j | Y_i) = (H_i + H_j)(1 - A_{ij})$, so a
    matrix of population AMI with the arithmetic average needs $V_{ik} \le V_{ij} + V_{jk}$. The answer is the
    largest $V_{ik} - V_{ij} - V_{jk}$ in units of twice the mean entropy; for equal entropies that is
    $A_{ij} + A_{jk} - A_{ik} - 1$. The condition is necessary and not sufficient.

    Parameters
    ----------
    ami
        $A$, `(T, T)`.
    entropies
        $H$, `(T,)`, at least 0 and not all 0; default equal.

    Raises
    ------
    ValueError
        On a matrix that is not symmetric, within [0, 1] and 1 on its diagonal, and on entropies that do not
        fit.

    Source: Meila 2007, who shows that the variation of information is a metric.

    >>> round(triangle_violation([[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]]), 12)
    0.7
    """
    matrix = target_matrix("ami", ami)
    size = np.ones(len(matrix)) if entropies is None else finite_array("entropies", entropies, ndim=1)
    if size.shape != matrix.shape[:1] or (size < 0).any() or not size.any():
        raise ValueError(
            f"entropies {size.tolist()} do not fit {len(matrix)} tasks; pass one a task, none negative and "
            "one at least positive."
        )
    distance = (size[:, None] + size) * (1 - matrix) / (2 * size.mean())
    detour = distance[:, :, None] + distance[None, :, :]
    return float((distance[:, None, :] - detour).max())


def star_ami(ami: npt.ArrayLike, *, prior: npt.ArrayLike) -> FloatArray:
    r"""Return the AMI of every two tasks when each auxiliary task resamples the main labels, `(T, T)`.

    Two labels that are the main label's draw with probabilities $r_i$ and $r_j$, independently, are one draw
    with probability $r_i r_j$. The main task is row 0.

    Parameters
    ----------
    ami
        AMI of the main task with every auxiliary task, `(T - 1,)`, in $[0, 1]$.
    prior
        Distribution of the main labels, `(k,)`.

    Raises
    ------
    ValueError
        On AMI outside $[0, 1]$, or a prior with a single label.

    >>> star_ami([0.61, 0.43], prior=[0.2] * 5).round(3).tolist()
    [[1.0, 0.61, 0.43], [0.61, 1.0, 0.29], [0.43, 0.29, 1.0]]
    """
    with_main = agreement_of_ami(finite_array("ami", ami, ndim=1), prior=prior)
    agreement = np.concatenate([[1.0], with_main])
    matrix = np.outer(agreement, agreement)
    np.fill_diagonal(matrix, 1.0)
    return ami_of_agreement(matrix, prior=prior)
