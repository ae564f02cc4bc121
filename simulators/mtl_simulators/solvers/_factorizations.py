r"""Ways to split a product of rank r into a shared map and heads.

The task vectors $P = W^\top \Gamma$ do not determine $W$ and $\Gamma$, and robustness to failures inside $W$
depends on the choice (Daras et al. 2022 fix it by the SVD). Each function takes the product `(B, T, d)`, the
capacity r and the input covariance `(B, d, d)`, and returns the shared map `(B, r, d)` and heads `(B, T, r)`.
With $s_i$ the singular values of $P$, the noise slope $\lVert \Gamma \rVert_F^2 / T$ of each is stated.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from mtl_simulators._typing import FloatArray

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
    values, vectors = np.linalg.eigh(covariance)
    root = np.sqrt(np.clip(values, 0.0, None))
    if (root[:, 0] <= 1e-8 * root[:, -1]).any():
        raise ValueError("whitening needs an invertible covariance; use orthonormal_rows, or drop features.")
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
    if (spectrum <= 1e-12 * total).any():
        raise ValueError(f"unit rows need a product of full rank {capacity}; lower the capacity.")
    scale = np.sqrt(capacity * spectrum / total)
    rotation = _equalizing_rotation(scale**2)
    representation = rotation @ (scale[..., None] * rows)
    heads = (left * (spectrum / scale)[:, None]) @ np.swapaxes(rotation, -1, -2)
    return representation, heads


def _truncated_svd(product: FloatArray, capacity: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    left, spectrum, rows = np.linalg.svd(product, full_matrices=False)
    return left[..., :capacity], spectrum[..., :capacity], rows[..., :capacity, :]


def _equalizing_rotation(diagonal: FloatArray) -> FloatArray:
    """Return Q `(B, r, r)` such that Q diag(diagonal) Q' has a constant diagonal.

    Each of r - 1 plane rotations mixes the largest with the smallest entry left so that one of the two
    becomes the mean, which is always between them.
    """
    batch, r = diagonal.shape
    index = np.arange(batch)
    rotation = np.broadcast_to(np.eye(r), (batch, r, r)).copy()
    matrix = rotation * diagonal[:, None]
    mean = diagonal.mean(axis=-1)
    settled = np.zeros((batch, r), dtype=bool)
    for _ in range(r - 1):
        entries = np.einsum("bii->bi", matrix)
        high = np.where(settled, -np.inf, entries).argmax(axis=-1)
        taken = settled | (np.arange(r) == high[:, None])
        low = np.where(taken, np.inf, entries).argmin(axis=-1)
        # The rotated entry c^2 a + s^2 b + 2 c s x equals the mean for this t = s/c.
        a, b, x = entries[index, high], entries[index, low], matrix[index, high, low]
        discriminant = np.sqrt(np.clip(x**2 - (a - mean) * (b - mean), 0.0, None))
        denominator = mean - b
        flat = np.abs(denominator) < 1e-15 * np.abs(mean)
        tangent = np.where(flat, 0.0, (x + discriminant) / np.where(flat, 1.0, denominator))
        cosine = 1.0 / np.sqrt(1.0 + tangent**2)
        givens = np.broadcast_to(np.eye(r), (batch, r, r)).copy()
        givens[index, high, high] = givens[index, low, low] = cosine
        givens[index, high, low], givens[index, low, high] = tangent * cosine, -tangent * cosine
        rotation = givens @ rotation
        matrix = givens @ matrix @ np.swapaxes(givens, -1, -2)
        settled[index, high] = True
    return rotation
