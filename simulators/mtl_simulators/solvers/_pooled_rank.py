"""Whether the union of all tasks' samples determines every direction."""

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators.problems import Moments


def gram_ranks(gram: FloatArray) -> FloatArray:
    """Return the numerical ranks of positive semidefinite matrices `(..., d, d)`."""
    eigenvalues = np.linalg.eigvalsh(gram)
    # The rank rule of numpy.linalg.matrix_rank.
    tolerance = eigenvalues.shape[-1] * np.finfo(eigenvalues.dtype).eps
    return np.asarray((eigenvalues > tolerance * eigenvalues[..., -1:]).sum(axis=-1))


def pooled_full_rank(moments: Moments) -> BoolArray:
    """Return, per replicate, whether the sum of the Gram matrices is invertible, shape `(B,)`."""
    total = moments.gram if moments.shared_design else moments.gram.sum(axis=1)
    return np.asarray(gram_ranks(total) == moments.n_features)
