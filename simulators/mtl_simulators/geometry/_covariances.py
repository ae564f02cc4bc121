"""Input covariances with a requested spectrum and orientation."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import (
    finite_array,
    in_interval,
    positive_int,
    symmetric_matrix,
)
from mtl_simulators.geometry._haar import haar_rows


def isotropic_covariance(n_features: int, variance: float = 1.0) -> FloatArray:
    r"""Return $v I_d$, shape `(d, d)`, trace $v d$.

    Raises
    ------
    ValueError
        On a variance that is not positive.

    >>> isotropic_covariance(2, variance=0.5).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    identity: FloatArray = np.eye(positive_int("n_features", n_features))
    return _positive("variance", variance) * identity


def power_law_covariance(n_features: int, *, exponent: float, trace: float | None = None) -> FloatArray:
    r"""Return the diagonal covariance with eigenvalues $\lambda_j \propto j^{-a}$, shape `(d, d)`.

    Parameters
    ----------
    exponent
        Decay $a \ge 0$; 0 is isotropic.
    trace
        Sum of the eigenvalues, positive; default $d$, the trace of the identity, so that decays compare at
        equal $\mathbb{E} \lVert x \rVert^2$.

    Raises
    ------
    ValueError
        On a negative exponent or a trace that is not positive.

    >>> np.diag(power_law_covariance(3, exponent=1.0, trace=11.0)).round(12).tolist()
    [6.0, 3.0, 2.0]
    """
    positive_int("n_features", n_features)
    in_interval("exponent", exponent, 0.0, np.inf)
    total = _positive("trace", n_features if trace is None else trace)
    decay = np.arange(1, n_features + 1, dtype=np.float64) ** -exponent
    return np.diag(total * decay / decay.sum())


def spiked_covariance(n_features: int, *, spikes: npt.ArrayLike) -> FloatArray:
    r"""Return the identity plus spikes on the first axes, eigenvalues $1 + \ell_j$ and 1, shape `(d, d)`.

    Parameters
    ----------
    spikes
        $\ell$, shape `(k,)`, `k <= d`, each at least -1.

    Raises
    ------
    ValueError
        On more spikes than features, or one below -1.

    Source: Johnstone (2001), "On the distribution of the largest eigenvalue in principal components
    analysis", section 1.

    >>> np.diag(spiked_covariance(4, spikes=[9.0, 2.0])).tolist()
    [10.0, 3.0, 1.0, 1.0]
    """
    positive_int("n_features", n_features)
    heights = finite_array("spikes", spikes, ndim=1).astype(np.float64)
    if heights.size > n_features:
        raise ValueError(
            f"got {heights.size} spikes for n_features={n_features}; pass at most one a feature."
        )
    if (heights < -1).any():
        raise ValueError(
            f"spikes holds {heights.min():g}: the eigenvalue 1 + spike would be negative; pass spikes of at "
            "least -1."
        )
    eigenvalues = np.ones(n_features)
    eigenvalues[: heights.size] += heights
    return np.diag(eigenvalues)


def covariance_with_spectrum(spectrum: npt.ArrayLike, *, rotation: npt.ArrayLike | None = None) -> FloatArray:
    r"""Return $Q^\top \operatorname{diag}(\lambda) Q$, whose eigenvectors are the rows of $Q$.

    Parameters
    ----------
    spectrum
        Eigenvalues $\lambda$, none negative: `(d,)`, or `(T, d)` for one spectrum a task.
    rotation
        Orthogonal $Q$: `(d, d)`, or `(T, d, d)` for one a task; default identity.

    Returns
    -------
    FloatArray
        Shape `(d, d)`, or `(T, d, d)` when spectrum or rotation has a task axis.

    Raises
    ------
    ValueError
        On a negative eigenvalue, a rotation that is not orthogonal, or shapes that do not fit.

    >>> swap = [[0.0, 1.0], [1.0, 0.0]]
    >>> covariance_with_spectrum([3.0, 1.0], rotation=swap).tolist()
    [[1.0, 0.0], [0.0, 3.0]]
    """
    eigenvalues = finite_array("spectrum", spectrum, ndim=(1, 2)).astype(np.float64)
    if eigenvalues.size == 0:
        raise ValueError(f"spectrum has shape {eigenvalues.shape}; pass at least one eigenvalue.")
    if (eigenvalues < 0).any():
        raise ValueError(
            f"spectrum holds {eigenvalues.min():g}: a covariance has no negative eigenvalues; clip them at 0."
        )
    diagonal: FloatArray = eigenvalues[..., None] * np.eye(eigenvalues.shape[-1])
    return diagonal if rotation is None else rotate_covariance(diagonal, rotation)


def rotate_covariance(covariance: npt.ArrayLike, rotation: npt.ArrayLike) -> FloatArray:
    r"""Return $Q^\top \Sigma Q$, the covariance of the rows of $XQ$ when those of $X$ have $\Sigma$.

    Parameters
    ----------
    covariance
        $\Sigma$: `(d, d)` or `(T, d, d)`.
    rotation
        Orthogonal $Q$: `(d, d)` or `(T, d, d)`.

    Returns
    -------
    FloatArray
        Shape `(d, d)`, or `(T, d, d)` when either has a task axis.

    Raises
    ------
    ValueError
        On a covariance that is not symmetric, a rotation that is not orthogonal, or shapes that do not fit.

    >>> quarter_turn = [[0.0, 1.0], [-1.0, 0.0]]
    >>> rotate_covariance([[3.0, 0.0], [0.0, 1.0]], quarter_turn).tolist()
    [[1.0, 0.0], [0.0, 3.0]]
    """
    sigma = symmetric_matrix("covariance", covariance, ndim=(2, 3)).astype(np.float64)
    q = _orthogonal(rotation)
    fits = sigma.shape[-1] == q.shape[-1]
    if not fits or (sigma.ndim == q.ndim == 3 and len(sigma) != len(q)):
        raise ValueError(
            f"rotation {q.shape} does not fit covariance {sigma.shape}: pass matrices of equal size, as many "
            "rotations as covariances, or one of either."
        )
    rotated = q.mT @ sigma @ q
    return (rotated + rotated.mT) / 2


def make_rotation(rng: np.random.Generator, *, n_features: int, n_tasks: int | None = None) -> FloatArray:
    """Draw a Haar-random orthogonal matrix, shape `(d, d)`; its determinant is 1 or -1, equally often.

    Parameters
    ----------
    n_tasks
        Draw one independent rotation a task, shape `(T, d, d)`; default a single one.

    Raises
    ------
    ValueError
        On sizes that are not positive integers.

    >>> q = make_rotation(np.random.default_rng(0), n_features=4)
    >>> bool(np.allclose(q.T @ q, np.eye(4), atol=1e-12))
    True
    """
    positive_int("n_features", n_features)
    tasks = () if n_tasks is None else (positive_int("n_tasks", n_tasks),)
    return haar_rows(rng, *tasks, n_features, n_features)


def _orthogonal(rotation: npt.ArrayLike) -> FloatArray:
    q = finite_array("rotation", rotation, ndim=(2, 3)).astype(np.float64)
    if q.shape[-1] != q.shape[-2] or q.size == 0:
        raise ValueError(f"rotation has shape {q.shape}: pass square matrices, (d, d) or (T, d, d).")
    deviation = float(np.abs(q @ q.mT - np.eye(q.shape[-1])).max())
    # A rotation kept in single precision deviates by some 1e-7; refuse what moves the spectrum that far.
    if deviation > 1e-10:
        raise ValueError(
            f"rotation is not orthogonal: Q Q' deviates from the identity by {deviation:.3g}; "
            "orthonormalise it, for instance by numpy.linalg.qr, or draw one with make_rotation."
        )
    return q


def _positive(name: str, value: float) -> float:
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be positive and finite, got {value!r}.")
    return float(value)
