"""Orthonormal neurons of two tasks whose spans make requested angles."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, in_interval, positive_int
from mtl_simulators.geometry._haar import haar_rows
from mtl_simulators.geometry._subspaces import make_subspace, make_subspace_at_angles


def make_neurons_at_angles(
    rng: np.random.Generator,
    *,
    n_features: int,
    angles: npt.ArrayLike,
    paired: bool = True,
    n_replicates: int = 1,
) -> FloatArray:
    r"""Draw orthonormal neurons of two tasks, spans at the principal angles asked for, `(B, 2, h, d)`.

    Paired: neuron $j$ of the second task is at angle $\theta_j$ to neuron $j$ of the first,
    $\cos\theta_j \, q_j + \sin\theta_j \, z_j$, and orthogonal to the others. Not paired: the spans make the
    same angles, but the neurons of the second are turned inside its span by a Haar-random rotation. A network
    that shares its neurons sees the difference, one that shares its span (a linear one) does not.

    Parameters
    ----------
    angles
        Principal angles in radians, shape `(h,)`, in $[0, \pi/2]$.

    Raises
    ------
    ValueError
        On angles outside $[0, \pi/2]$, or too few features: paired neurons need `2 h`, others `h` and one
        more for each angle that is not zero.

    >>> from mtl_simulators.geometry import principal_angles
    >>> w = make_neurons_at_angles(np.random.default_rng(0), n_features=9, angles=[0.2, 1.0])
    >>> principal_angles(w[0, 0], w[0, 1]).round(12).tolist()
    [0.2, 1.0]
    >>> np.diag(w[0, 0] @ w[0, 1].T).round(3).tolist()  # cos(0.2), cos(1.0)
    [0.98, 0.54]
    """
    theta = finite_array("angles", angles, ndim=1).astype(np.float64)
    if theta.size == 0 or (theta < 0).any() or (theta > np.pi / 2).any():
        raise ValueError(f"angles must be one or more numbers in [0, pi/2], got {theta.tolist()}.")
    if paired:
        first, other = _orthogonal_pair(rng, theta.size, n_features, n_replicates)
        second: FloatArray = np.cos(theta)[:, None] * first + np.sin(theta)[:, None] * other
    else:
        rng_first, rng_second, rng_turn = rng.spawn(3)
        first = make_subspace(
            rng_first, n_features=n_features, dimension=theta.size, n_replicates=n_replicates
        )
        second = make_subspace_at_angles(rng_second, basis=first, angles=theta)
        second = haar_rows(rng_turn, n_replicates, theta.size, theta.size) @ second
    return np.stack([first, second], axis=1)


def make_mixed_neurons(
    rng: np.random.Generator, *, n_neurons: int, n_features: int, mixture: float, n_replicates: int = 1
) -> FloatArray:
    r"""Draw $\Theta_1$ and $\Theta_2 = \alpha \Theta_1 + (1 - \alpha) \Theta'$, shape `(B, 2, h, d)`.

    $\Theta_1$ and $\Theta'$ have orthonormal rows and are orthogonal to each other. All principal cosines are
    $\alpha / \sqrt{\alpha^2 + (1 - \alpha)^2}$ (not $\alpha$, as the paper says), and the neurons of the
    second task have length $\sqrt{\alpha^2 + (1 - \alpha)^2}$, not 1.

    Parameters
    ----------
    mixture
        $\alpha$ in [0, 1]; 1 makes the tasks equal.

    Raises
    ------
    ValueError
        On a mixture outside [0, 1], or fewer than `2 h` features.

    Source: Wu, Zhang and Ré (2020), figure 8.

    >>> w = make_mixed_neurons(np.random.default_rng(0), n_neurons=2, n_features=6, mixture=0.8)
    >>> cosine = w[0, 0, 1] @ w[0, 1, 1] / np.linalg.norm(w[0, 1, 1])
    >>> float(cosine.round(4))
    0.9701
    """
    alpha = in_interval("mixture", mixture, 0.0, 1.0)
    first, other = _orthogonal_pair(rng, positive_int("n_neurons", n_neurons), n_features, n_replicates)
    return np.stack([first, alpha * first + (1 - alpha) * other], axis=1)


def _orthogonal_pair(
    rng: np.random.Generator, n_neurons: int, n_features: int, n_replicates: int
) -> tuple[FloatArray, FloatArray]:
    """Return two orthonormal sets of rows `(B, h, d)`, orthogonal to each other."""
    positive_int("n_replicates", n_replicates)
    if positive_int("n_features", n_features) < 2 * n_neurons:
        raise ValueError(
            f"two orthogonal sets of {n_neurons} neurons need at least {2 * n_neurons} features, got "
            f"{n_features}; raise n_features or ask for fewer neurons."
        )
    frame = haar_rows(rng, n_replicates, 2 * n_neurons, n_features)
    return frame[:, :n_neurons], frame[:, n_neurons:]
