"""Square roots of covariances."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import nonnegative_spectrum, symmetric_matrix


def square_root(covariance: npt.ArrayLike) -> FloatArray:
    r"""Return the symmetric positive semidefinite square root: $R R = \Sigma$, $R = R^\top$.

    Rows $z^\top R$ of standard normal $z$ have covariance $\Sigma$. Diagonal matrices cost no factorisation.

    Parameters
    ----------
    covariance
        $\Sigma$, shape `(d, d)` or `(T, d, d)`; the result has the same shape.

    Raises
    ------
    ValueError
        On a matrix that is not symmetric or has a negative eigenvalue.

    >>> square_root([[5.0, 4.0], [4.0, 5.0]]).round(12).tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """
    eigenvalues, vectors = _spectrum(covariance)
    return _assemble(np.sqrt(eigenvalues), vectors)


def inverse_square_root(covariance: npt.ArrayLike) -> FloatArray:
    r"""Return the symmetric inverse square root, $\Sigma^{-1/2}$: $R \Sigma R = I$, $R = R^\top$.

    Diagonal matrices cost no factorisation. Otherwise the relative error is of the order of machine precision
    times the condition number of $\Sigma$.

    Parameters
    ----------
    covariance
        $\Sigma$, shape `(d, d)` or `(T, d, d)`; the result has the same shape.

    Raises
    ------
    ValueError
        On a matrix that is not symmetric, has a negative eigenvalue, or is singular in double precision.

    >>> inverse_square_root([[4.0, 0.0], [0.0, 0.25]]).tolist()
    [[0.5, 0.0], [0.0, 2.0]]
    """
    eigenvalues, vectors = _spectrum(covariance)
    lowest, highest = eigenvalues.min(axis=-1), eigenvalues.max(axis=-1)
    # Below this ratio the computed smallest eigenvalue is rounding (the rule of numpy.linalg.matrix_rank).
    singular = lowest <= eigenvalues.shape[-1] * np.finfo(np.float64).eps * highest
    if singular.any():
        where = int(np.argmax(singular))
        low, high = float(np.ravel(lowest)[where]), float(np.ravel(highest)[where])
        condition = high / low if low > 0 else np.inf
        task = f" of task {where}" if singular.ndim else ""
        raise ValueError(
            f"covariance{task} is singular: condition number {condition:.3g}, smallest eigenvalue {low:.3g}; "
            "add a ridge, such as 1e-8 of its mean eigenvalue times the identity, or drop the directions "
            "without variance."
        )
    return _assemble(1.0 / np.sqrt(eigenvalues), vectors)


def _spectrum(covariance: npt.ArrayLike) -> tuple[FloatArray, FloatArray | None]:
    """Return eigenvalues `(..., d)` and eigenvectors in columns, None standing for the identity."""
    sigma = symmetric_matrix("covariance", covariance, ndim=(2, 3)).astype(np.float64, copy=False)
    diagonal = np.diagonal(sigma, axis1=-2, axis2=-1)
    if np.count_nonzero(sigma) == np.count_nonzero(diagonal):
        return nonnegative_spectrum("covariance", diagonal), None
    eigenvalues, vectors = np.linalg.eigh((sigma + sigma.mT) / 2)
    return nonnegative_spectrum("covariance", eigenvalues), vectors


def _assemble(eigenvalues: FloatArray, vectors: FloatArray | None) -> FloatArray:
    if vectors is None:
        diagonal: FloatArray = eigenvalues[..., None] * np.eye(eigenvalues.shape[-1])
        return diagonal
    matrix = (vectors * eigenvalues[..., None, :]) @ vectors.mT
    return (matrix + matrix.mT) / 2
