"""Haar-distributed orthonormal rows, batched."""

import numpy as np

from mtl_simulators._typing import FloatArray


def haar_rows(rng: np.random.Generator, *shape: int) -> FloatArray:
    r"""Draw orthonormal rows of shape `(..., k, d)`, `k <= d`, uniform on the Stiefel manifold.

    The law is invariant under $Q \mapsto U Q V$ for orthogonal $U$ and $V$; for `k = d` it is Haar measure
    on the orthogonal group.

    Source: Mezzadri (2007), "How to generate random matrices from the classical compact groups", section 5.
    """
    return orthonormalise(rng.standard_normal(shape))


def orthonormalise(rows: FloatArray) -> FloatArray:
    """Return what Gram-Schmidt makes of the rows `(..., k, d)`, computed by Householder reflections.

    Row `i` of the result lies in the span of the first `i + 1` rows and has a positive inner product with
    row `i`.
    """
    q, r = np.linalg.qr(np.swapaxes(rows, -1, -2))
    # LAPACK leaves the signs of R's diagonal to chance; unless they are made positive, Gaussian rows do not
    # give the Haar law.
    signs = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    return np.ascontiguousarray(np.swapaxes(q * signs[..., None, :], -1, -2))
