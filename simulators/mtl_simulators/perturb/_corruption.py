"""What a corruption is, and the checked call that draws from it."""

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, positive_int


@runtime_checkable
class Corruption(Protocol):
    """A random or deterministic map from weights to damaged weights."""

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        """Return `n_draws` independent damaged copies of `weights`, `(n_draws, *weights.shape)`.

        The copies keep the dtype of `weights`, which is never modified. The weights are taken as finite:
        `corrupt` and `corruption_levels` check that.
        """
        ...


def corrupt(
    rng: np.random.Generator, weights: npt.ArrayLike, corruption: Corruption, *, n_draws: int = 1
) -> FloatArray:
    r"""Draw `n_draws` independent damaged copies $W + E$ of `weights`.

    Parameters
    ----------
    weights
        Any array; a representation is `(..., r, d)`, heads are `(..., T, r)`. Entries of leading batch axes
        are damaged independently. float32 stays float32; integers become float64.
    n_draws
        Number of copies; the result has shape `(n_draws, *weights.shape)`.

    Raises
    ------
    ValueError
        On NaN or infinite weights, fewer than one draw, something that is not a corruption, or weights whose
        shape does not suit the corruption.

    >>> from mtl_simulators.perturb import StuckAt
    >>> corrupt(np.random.default_rng(0), [[1.0, 2.0]], StuckAt(probability=1.0, value=0.5), n_draws=2)
    array([[[0.5, 0.5]],
           [[0.5, 0.5]]])
    """
    check_generator(rng)
    check_corruption(corruption)
    return corruption.draw(rng, any_shape("weights", weights), n_draws=positive_int("n_draws", n_draws))


def any_shape(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return `values` as a finite float array of whatever rank it has."""
    return finite_array(name, values, ndim=np.ndim(values))


def check_generator(rng: object) -> None:
    """Refuse anything but a numpy generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng must be a numpy.random.Generator, got {rng!r}; pass numpy.random.default_rng(seed)."
        )


def check_corruption(corruption: object) -> None:
    """Refuse anything without `draw`, and a class where its instance is meant."""
    if isinstance(corruption, type):
        raise ValueError(
            f"got the class {corruption.__name__}; pass an instance, {corruption.__name__}(...)."
        )
    if not isinstance(corruption, Corruption):
        raise ValueError(f"a corruption has a method draw(rng, weights, *, n_draws), got {corruption!r}.")
