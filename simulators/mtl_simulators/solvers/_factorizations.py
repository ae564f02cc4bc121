r"""Ways to split a product of rank r into a shared map and heads.

The task vectors $P = W^\top \Gamma$ do not determine $W$ and $\Gamma$, and robustness to failures inside $W$
depends on the choice (Daras et al. 2022 fix it by the SVD). Each function takes the product `(B, T, d)`, the
capacity r and the input covariance `(B, d, d)`, and returns the shared map `(B, r, d)` and heads `(B, T, r)`.
With $s_i$ the singular values of $P$, the noise slope $\lVert \Gamma \rVert_F^2 / T$ of each is stated.
A product of rank above r is first replaced by its best approximation of rank r (for `whitened`, in the metric
of the covariance). NaN, infinity and a capacity above min(d, T) raise ValueError.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, positive_int

Factorization: TypeAlias = Callable[[FloatArray, int, FloatArray], tuple[FloatArray, FloatArray]]


def orthonormal_rows(
    product: FloatArray, capacity: int, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Return $W = U_r^\top$, $\Gamma = S_r V_r^\top$: $W W^\top = I$, slope $\sum_i s_i^2 / T$.

    Source: Daras et al. 2022, equation (4).
    """
    left, spectrum, rows = _truncated_svd(product, capacity)
    return rows, left * spectrum[:, None]


def whitened(product: FloatArray, capacity: int, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return the split with unit-variance, uncorrelated hidden units: $W \Sigma W^\top = I$.

    From the SVD of $\Sigma^{1/2} P$, whose singular values give the slope $\sum_i s_i^2 / T$.
    """
    finite_array("product", product, ndim=3)
    values, vectors = np.linalg.eigh(finite_array("covariance", covariance, ndim=3))
    # Below this ratio the computed smallest eigenvalue is rounding (the rule of numpy.linalg.matrix_rank).
    if (values[:, 0] <= values.shape[-1] * np.finfo(values.dtype).eps * values[:, -1]).any():
        raise ValueError("whitening needs an invertible covariance; use orthonormal_rows, or drop features.")
    root = np.sqrt(values)
    axes = np.swapaxes(vectors, -1, -2)
    scaled = (vectors * root[:, None]) @ axes
    unscaled = (vectors / root[:, None]) @ axes
    left, spectrum, rows = _truncated_svd(product @ scaled, capacity)
    return rows @ unscaled, left * spectrum[:, None]


def balanced(product: FloatArray, capacity: int, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return $W = S_r^{1/2} U_r^\top$, $\Gamma = S_r^{1/2} V_r^\top$: slope $\sum_i s_i / T$.

    The split that gradient descent from a small start, or weight decay on both factors, ends at.
    """
    left, spectrum, rows = _truncated_svd(product, capacity)
    root = np.sqrt(spectrum)
    return root[..., None] * rows, left * root[:, None]


def unit_rows(product: FloatArray, capacity: int, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return the least noise-sensitive split with unit-norm rows of $W$: slope $(\sum_i s_i)^2 / (rT)$.

    $W = Q \operatorname{diag}(a) U_r^\top$ with $a_i^2 = r s_i / \sum_j s_j$ minimises
    $\lVert \Gamma \rVert_F^2$ under $\lVert W \rVert_F^2 = r$, and a rotation $Q$ that equalises the diagonal
    of $Q \operatorname{diag}(a^2) Q^\top$ exists by the Schur-Horn theorem.
    """
    left, spectrum, rows = _truncated_svd(product, capacity)
    total = spectrum.sum(axis=-1, keepdims=True)
    # The rank rule of numpy.linalg.matrix_rank.
    if (spectrum <= max(product.shape[-2:]) * np.finfo(spectrum.dtype).eps * spectrum[:, :1]).any():
        raise ValueError(f"unit rows need a product of full rank {capacity}; lower the capacity.")
    scale = np.sqrt(capacity * spectrum / total)
    rotation = _equalizing_rotation(scale**2)
    representation = rotation @ (scale[..., None] * rows)
    heads = (left * (spectrum / scale)[:, None]) @ np.swapaxes(rotation, -1, -2)
    return representation, heads


def check_capacity(capacity: int, weights: FloatArray) -> None:
    """Refuse a capacity that a `(B, T, d)` problem cannot have."""
    _, n_tasks, n_features = weights.shape
    if positive_int("capacity", capacity) > min(n_tasks, n_features):
        raise ValueError(
            f"capacity r = {capacity} exceeds min(d, T) = {min(n_features, n_tasks)}: "
            "beyond it every task is fitted alone; use SingleTask, or a smaller capacity."
        )


def _truncated_svd(product: FloatArray, capacity: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    check_capacity(capacity, finite_array("product", product, ndim=3))
    left, spectrum, rows = np.linalg.svd(product, full_matrices=False)
    return left[..., :capacity], spectrum[..., :capacity], rows[..., :capacity, :]


def _equalizing_rotation(diagonal: FloatArray) -> FloatArray:
    """Return Q `(B, r, r)` such that Q diag(diagonal) Q' has a constant diagonal.

    Each of r - 1 plane rotations mixes the largest with the smallest entry left so that the first becomes the
    mean, which is always between them. Entries left are never coupled: an entry that was mixed is coupled
    with settled ones alone, so their part of the matrix stays diagonal and is all that has to be kept.
    """
    batch, r = diagonal.shape
    index = np.arange(batch)
    identity = np.broadcast_to(np.eye(r, dtype=diagonal.dtype), (batch, r, r))
    rotation = identity
    entries, mean = diagonal.copy(), diagonal.mean(axis=-1)
    settled = np.zeros((batch, r), dtype=bool)
    for _ in range(r - 1):
        high = np.where(settled, -np.inf, entries).argmax(axis=-1)
        settled[index, high] = True
        low = np.where(settled, np.inf, entries).argmin(axis=-1)
        a, b = entries[index, high], entries[index, low]
        # c^2 a + s^2 b is the mean; equal entries need no rotation.
        share = np.where(a > b, (mean - b) / np.where(a > b, a - b, 1.0), 1.0)
        cosine, sine = np.sqrt(np.clip(share, 0.0, 1.0)), np.sqrt(np.clip(1.0 - share, 0.0, 1.0))
        givens = identity.copy()
        givens[index, high, high] = givens[index, low, low] = cosine
        givens[index, high, low], givens[index, low, high] = sine, -sine
        rotation = givens @ rotation
        entries[index, high], entries[index, low] = mean, a + b - mean
    return rotation
