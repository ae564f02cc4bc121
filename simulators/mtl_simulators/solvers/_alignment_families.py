r"""What covariance alignment may do to the inputs of a task: $Z_t = X_t R_t$ with $R_t$ from a family.

A family keeps the parameters of its matrices `(B, T, d, d)` in a tuple of arrays, says where they start, and
takes one step along a gradient in $R$.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int, spd_matrix
from mtl_simulators.geometry import inverse_square_root, square_root
from mtl_simulators.problems import Moments

Parameters: TypeAlias = tuple[FloatArray, ...]


class AlignmentFamily(Protocol):
    """A set of matrices, and how to move in it."""

    def start(self, moments: Moments, *, rng: np.random.Generator) -> Parameters:
        """Return the parameters that training starts from."""
        ...

    def matrices(self, parameters: Parameters) -> FloatArray:
        """Return $R$, shape `(B, T, d, d)`."""
        ...

    def step(self, parameters: Parameters, gradient: FloatArray, length: float) -> Parameters:
        """Return the parameters after a step against a gradient in $R$, `(B, T, d, d)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class FreeAlignment:
    r"""Every matrix, from the identity: as printed in Algorithm 1 of Wu, Zhang and Ré (2020).

    At the end of training nothing is shared any more: whatever $B \gamma_t \ne 0$ is, $R B \gamma_t$ is any
    vector. What helps is where training starts and that it stops early.
    """

    def start(self, moments: Moments, *, rng: np.random.Generator) -> Parameters:
        """Return the identity."""
        return (_identities(moments),)

    def matrices(self, parameters: Parameters) -> FloatArray:
        """Return the matrix itself."""
        return parameters[0]

    def step(self, parameters: Parameters, gradient: FloatArray, length: float) -> Parameters:
        r"""Return $R - \eta G$."""
        return (parameters[0] - length * gradient,)


@dataclass(frozen=True, kw_only=True)
class DiagonalAlignment:
    """Diagonal matrices, from the identity: a new scale for every feature."""

    def start(self, moments: Moments, *, rng: np.random.Generator) -> Parameters:
        """Return ones, `(B, T, d)`."""
        return (np.ones(moments.cross.shape),)

    def matrices(self, parameters: Parameters) -> FloatArray:
        """Return the diagonal matrices."""
        scaled: FloatArray = parameters[0][..., None] * np.eye(parameters[0].shape[-1])
        return scaled

    def step(self, parameters: Parameters, gradient: FloatArray, length: float) -> Parameters:
        """Return the diagonal after a step along the gradient's."""
        return (parameters[0] - length * np.diagonal(gradient, axis1=-2, axis2=-1),)


@dataclass(frozen=True, kw_only=True)
class OrthogonalAlignment:
    r"""Rotations and reflections, from the identity: lengths of task vectors stay with the heads.

    A step goes along the gradient and back to the nearest orthogonal matrix (Procrustes), the polar factor
    $U V^\top$ of $U S V^\top$: one SVD of a `d x d` matrix a task.
    """

    def start(self, moments: Moments, *, rng: np.random.Generator) -> Parameters:
        """Return the identity."""
        return (_identities(moments),)

    def matrices(self, parameters: Parameters) -> FloatArray:
        """Return the matrix itself."""
        return parameters[0]

    def step(self, parameters: Parameters, gradient: FloatArray, length: float) -> Parameters:
        r"""Return the orthogonal matrix nearest to $R - \eta G$."""
        left, _, right = np.linalg.svd(parameters[0] - length * gradient)
        return (left @ right,)


@dataclass(frozen=True, kw_only=True)
class LowRankAlignment:
    r"""$R = I + U V^\top$ with `d x k` factors, from $V = 0$ and a random $U$ of unit columns on average.

    Parameters
    ----------
    rank
        Columns k of the factors, at most d.
    """

    rank: int

    def __post_init__(self) -> None:
        """Refuse ranks below one."""
        positive_int("rank", self.rank)

    def start(self, moments: Moments, *, rng: np.random.Generator) -> Parameters:
        """Return a Gaussian $U$ and $V = 0$, both `(B, T, d, k)`."""
        d = moments.n_features
        if self.rank > d:
            raise ValueError(
                f"rank={self.rank} exceeds the {d} features; use FreeAlignment, or a lower rank."
            )
        shape = (*moments.cross.shape, self.rank)
        return rng.standard_normal(shape) / np.sqrt(d), np.zeros(shape)

    def matrices(self, parameters: Parameters) -> FloatArray:
        """Return the identity plus the product of the factors."""
        left, right = parameters
        return np.asarray(np.eye(left.shape[-2]) + left @ right.mT)

    def step(self, parameters: Parameters, gradient: FloatArray, length: float) -> Parameters:
        """Return both factors after a step of gradient descent."""
        left, right = parameters
        return left - length * gradient @ right, right - length * gradient.mT @ left


@dataclass(frozen=True, kw_only=True)
class WhitenRecolour:
    r"""$R_t = \hat\Sigma_t^{-1/2} \Sigma_{ref}^{1/2}$, not trained: inputs get the covariance $\Sigma_{ref}$.

    The shared map is then learned on the aligned inputs, which turns task vectors $w_t$ into $R_t^{-1} w_t$:
    it helps where those are shared. Symmetric roots leave a rotation open: inputs $Z Q$ with orthogonal $Q$
    do not become $Z$.

    Parameters
    ----------
    reference
        $\Sigma_{ref}$: a matrix `(d, d)`, the number of a task whose covariance it is, or None for the mean
        over the tasks.

    Raises
    ------
    ValueError
        On a task whose inputs do not see every direction, and on a reference that does not fit.

    Source: Wu, Zhang and Ré (2020), section 2.3, with the roots of Sun, Feng and Saenko (2016), CORAL.
    """

    reference: int | npt.ArrayLike | None = None

    def start(self, moments: Moments, *, rng: np.random.Generator) -> Parameters:
        """Return the matrices; `rng` is not used."""
        n_replicates, n_tasks, d = moments.cross.shape
        covariance = moments.gram_per_task / moments.n_samples[:, None, None]
        values = np.linalg.eigvalsh(covariance)
        # The rank rule of numpy.linalg.matrix_rank.
        blind = values[..., 0] <= d * np.finfo(np.float64).eps * values[..., -1]
        if blind.any():
            b, t = (int(i) for i in np.argwhere(blind)[0])
            raise ValueError(
                f"task {t} of replicate {b} does not see all {d} features, so it cannot be whitened; pass at "
                "least d samples a task, drop features, or use another family."
            )
        target = self._reference(covariance)
        flat = covariance.reshape(-1, d, d)
        whitening = inverse_square_root(flat).reshape(n_replicates, n_tasks, d, d)
        colouring = square_root(target.reshape(-1, d, d)).reshape(-1, 1, d, d)
        return (whitening @ colouring,)

    def matrices(self, parameters: Parameters) -> FloatArray:
        """Return the matrix itself."""
        return parameters[0]

    def step(self, parameters: Parameters, gradient: FloatArray, length: float) -> Parameters:
        """Return the parameters unchanged."""
        return parameters

    def _reference(self, covariance: FloatArray) -> FloatArray:
        """Return the target covariance, `(B or 1, d, d)`, from those of the tasks, `(B, T, d, d)`."""
        if self.reference is None:
            return np.asarray(covariance.mean(axis=1))
        n_tasks, d = covariance.shape[1:3]
        if isinstance(self.reference, (int, np.integer)):
            if not 0 <= self.reference < n_tasks:
                raise ValueError(
                    f"reference={self.reference} is no task; pass a number from 0 to {n_tasks - 1}."
                )
            return np.asarray(covariance[:, self.reference])
        matrix = spd_matrix("reference", self.reference)
        if matrix.shape != (d, d):
            raise ValueError(f"reference has shape {matrix.shape}, expected ({d}, {d}).")
        return matrix[None]


def _identities(moments: Moments) -> FloatArray:
    d = moments.n_features
    return np.broadcast_to(np.eye(d), (*moments.cross.shape, d))
