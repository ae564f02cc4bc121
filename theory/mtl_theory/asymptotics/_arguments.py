"""What the closed forms ask of their arguments, and what they return."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array


@dataclass(frozen=True, kw_only=True)
class RiskParts:
    """Excess risk of an estimator, split; arrays of the broadcast shape of the arguments.

    Parameters
    ----------
    bias
        What the other tasks' vectors and the ridge cost.
    variance
        What the label noise costs.
    """

    bias: FloatArray
    variance: FloatArray

    @property
    def risk(self) -> FloatArray:
        """Their sum."""
        return np.asarray(self.bias + self.variance)


def number_array(
    name: str, values: npt.ArrayLike, *, low: float = -np.inf, open_end: bool = False
) -> FloatArray:
    """Return finite numbers of any shape in double precision, refusing those below (or at) `low`."""
    array = finite_array(name, values, ndim=np.ndim(values)).astype(np.float64, copy=False)
    if ((array <= low) if open_end else (array < low)).any():
        relation = "above" if open_end else "at least"
        raise ValueError(f"{name} must be {relation} {low:g}, got {array.min():g}.")
    return array


@dataclass(frozen=True, kw_only=True)
class PairSizes:
    """Checked sizes of a source and a target task, as arrays that broadcast."""

    source: FloatArray
    target: FloatArray
    features: FloatArray

    @property
    def total(self) -> FloatArray:
        """Samples of both tasks."""
        return np.asarray(self.source + self.target)


def pair_sizes(
    n_source: npt.ArrayLike, n_target: npt.ArrayLike, n_features: npt.ArrayLike, *, overdetermined: bool
) -> PairSizes:
    """Check two sample counts against the features; `overdetermined` asks n_target > n_features as well.

    Counts need not be integers: in the limit only their ratios to the features matter.
    """
    source = number_array("n_source", n_source, low=0.0)
    target = number_array("n_target", n_target, low=0.0)
    features = number_array("n_features", n_features, low=0.0, open_end=True)
    few = source + target <= features
    if few.any():
        raise ValueError(
            f"pooled least squares needs n_source + n_target > n_features, got a smallest excess of "
            f"{(source + target - features).min():g}: take more samples, fewer features, or a ridge "
            "(asymptotic_risk)."
        )
    if overdetermined:
        require_overdetermined("n_target", target, features)
    return PairSizes(source=source, target=target, features=features)


def require_overdetermined(name: str, samples: FloatArray, features: FloatArray) -> None:
    """Refuse tasks whose own least squares is not unique: its risk is infinite in the limit."""
    if (samples <= features).any():
        raise ValueError(
            f"{name} must exceed n_features: the risk of a task on its own is infinite otherwise, got a "
            f"smallest excess of {(samples - features).min():g}. Take more samples or fewer features."
        )
