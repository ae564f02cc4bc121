"""A channel from the labels of one task to the labels of another."""

from dataclasses import dataclass

import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import distributions
from mtl_simulators.labels._adjusted import Average, arithmetic_average, normalized_information


@dataclass(frozen=True, kw_only=True)
class Channel:
    r"""Conditional probabilities $W_{ij} = P(Y = j \mid X = i)$ of an auxiliary label given the main label.

    Given its main label, a token's auxiliary label does not depend on the text.

    Parameters
    ----------
    transition
        $W$, shape `(k, m)`; the rows are distributions.

    Raises
    ------
    ValueError
        On NaN, negative entries and rows that do not sum to 1.

    >>> import numpy as np
    >>> flip = Channel(transition=np.array([[0.9, 0.1], [0.1, 0.9]]))
    >>> round(flip.ami([0.5, 0.5]), 6), flip.then(flip).transition.round(12).tolist()
    (0.531004, [[0.82, 0.18], [0.18, 0.82]])
    """

    transition: FloatArray

    def __post_init__(self) -> None:
        """Check the rows, and take the rounding out of their sums."""
        object.__setattr__(self, "transition", distributions("transition", self.transition, ndim=2))

    def joint(self, prior: npt.ArrayLike) -> FloatArray:
        r"""Return $P(X = i, Y = j) = p_i W_{ij}$, shape `(k, m)`, for main labels distributed as `prior`."""
        probabilities = distributions("prior", prior)
        if len(probabilities) != len(self.transition):
            raise ValueError(
                f"prior has {len(probabilities)} labels, but the channel takes {len(self.transition)}; "
                "give every main label one probability."
            )
        joint: FloatArray = probabilities[:, None] * self.transition
        return joint

    def output(self, prior: npt.ArrayLike) -> FloatArray:
        """Return the distribution of the auxiliary label, shape `(m,)`."""
        total: FloatArray = self.joint(prior).sum(axis=0)
        return total

    def ami(self, prior: npt.ArrayLike, *, average: Average = arithmetic_average) -> float:
        """Return the AMI of main and auxiliary label in the population: no correction for chance."""
        return float(normalized_information(self.joint(prior), average=average))

    def then(self, other: "Channel") -> "Channel":
        """Return the channel that sends the output of this one through `other`: the matrix product."""
        m, k = self.transition.shape[1], other.transition.shape[0]
        if m != k:
            raise ValueError(f"the first channel has {m} outputs, but the second takes {k} labels.")
        return Channel(transition=self.transition @ other.transition)
