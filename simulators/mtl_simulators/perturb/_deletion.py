"""Random deletion of single weights, of hidden units and of input features."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb._parameters import check_matrices, checked_deletion
from mtl_simulators.perturb._random import bernoulli


@dataclass(frozen=True, kw_only=True)
class ElementDeletion:
    r"""Each weight is zero with probability $p$, independently: $W \circ K$, $P(K_{ij} = 0) = p$.

    The error $E$ has $E[E] = -pW$ and entry variances $p(1-p) w_{ij}^2$; $E[E E^\top]$ is $p\|w_i\|^2$ on the
    diagonal and $p^2 w_i^\top w_k$ off it. Rescaled, $W \circ K / (1 - p)$: no bias, entry variances
    $\frac{p}{1-p} w_{ij}^2$, no off-diagonal.

    Parameters
    ----------
    probability
        $p$ in [0, 1]; met to $2^{-24}$ for float32 weights, $2^{-53}$ for float64.
    rescale
        Whether survivors are multiplied by $1 / (1 - p)$; then $p < 1$.

    Raises
    ------
    ValueError
        On a probability outside [0, 1], or of 1 with `rescale`.

    Notes
    -----
    Source: Daras, Raoof, Gkalitsiou and Dimakis, 2022, random deletions.

    >>> from mtl_simulators.perturb import corrupt
    >>> half = ElementDeletion(probability=0.5, rescale=True)
    >>> sorted(set(corrupt(np.random.default_rng(0), np.ones((3, 4)), half).ravel().tolist()))
    [0.0, 2.0]
    """

    probability: float
    rescale: bool = False

    def __post_init__(self) -> None:
        checked = checked_deletion(self.probability, rescale=self.rescale)
        object.__setattr__(self, "probability", checked)

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        mask_shape = (n_draws, *weights.shape)
        return _delete(rng, weights, mask_shape, self.probability, self.rescale)


@dataclass(frozen=True, kw_only=True)
class UnitDeletion:
    r"""Each hidden unit (whole row of each `(r, d)` matrix) is zero with probability $p$, independently.

    $E[E E^\top]$ is $p\|w_i\|^2$ on the diagonal and $p^2 w_i^\top w_k$ off it, as for single weights, but
    the columns of $E$ are dependent, so one draw spreads more. Rescaled: $\frac{p}{1-p}\|w_i\|^2$ and zero.

    Parameters
    ----------
    probability
        $p$ in [0, 1].
    rescale
        As in `ElementDeletion`.

    Raises
    ------
    ValueError
        As in `ElementDeletion`; on drawing, on weights with fewer than two axes.
    """

    probability: float
    rescale: bool = False

    def __post_init__(self) -> None:
        checked = checked_deletion(self.probability, rescale=self.rescale)
        object.__setattr__(self, "probability", checked)

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        check_matrices(weights, "UnitDeletion")
        mask_shape = (n_draws, *weights.shape[:-1], 1)
        return _delete(rng, weights, mask_shape, self.probability, self.rescale)


@dataclass(frozen=True, kw_only=True)
class FeatureDeletion:
    r"""Each input feature (whole column of each `(r, d)` matrix) is zero with probability $p$, independently.

    $E[E E^\top] = p\, W W^\top$; rescaled, $\frac{p}{1-p} W W^\top$.

    Parameters
    ----------
    probability
        $p$ in [0, 1].
    rescale
        As in `ElementDeletion`.

    Raises
    ------
    ValueError
        As in `ElementDeletion`; on drawing, on weights with fewer than two axes.
    """

    probability: float
    rescale: bool = False

    def __post_init__(self) -> None:
        checked = checked_deletion(self.probability, rescale=self.rescale)
        object.__setattr__(self, "probability", checked)

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        check_matrices(weights, "FeatureDeletion")
        mask_shape = (n_draws, *weights.shape[:-2], 1, weights.shape[-1])
        return _delete(rng, weights, mask_shape, self.probability, self.rescale)


def _delete(
    rng: np.random.Generator,
    weights: FloatArray,
    mask_shape: tuple[int, ...],
    probability: float,
    rescale: bool,
) -> FloatArray:
    deleted = bernoulli(rng, probability, mask_shape, weights.dtype)
    survivors = weights / (1.0 - probability) if rescale else weights
    return np.where(deleted, 0.0, survivors)
