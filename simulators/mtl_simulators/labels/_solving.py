"""The channel of a family that has a requested AMI in the population."""

import numpy as np
import numpy.typing as npt
from scipy import optimize

from mtl_simulators._validation import distributions, in_interval
from mtl_simulators.labels._adjusted import Average, arithmetic_average
from mtl_simulators.labels._channel import Channel
from mtl_simulators.labels._families import ChannelFamily

# Targets this far outside the range count as its ends: what rounding does to an AMI.
ROUNDING = 1e-12


def feasible_ami(
    family: ChannelFamily, *, prior: npt.ArrayLike, average: Average = arithmetic_average
) -> tuple[float, float]:
    """Return the lowest and the highest AMI that a family reaches for main labels distributed as `prior`.

    Raises
    ------
    ValueError
        On a prior that is no distribution, or that has a single label: it carries no information.

    >>> from mtl_simulators.labels._families import Merge
    >>> low, high = feasible_ami(Merge(groups=(0, 0, 1, 1)), prior=[0.25] * 4)
    >>> round(low, 6), round(high, 6)
    (0.666667, 0.666667)
    """
    p = distributions("prior", prior)
    if np.count_nonzero(p) < 2:
        raise ValueError(
            f"prior {p.tolist()} has a single label: it carries no information, so there is no AMI to "
            "choose; pass main labels of at least two kinds."
        )
    low, high = (family.channel(end, prior=p).ami(p, average=average) for end in family.bounds(p))
    return low, high


def channel_parameter(
    family: ChannelFamily, *, prior: npt.ArrayLike, ami: float, average: Average = arithmetic_average
) -> float:
    r"""Return the parameter at which the channel of a family has the AMI `ami` in the population.

    Parameters
    ----------
    prior
        Distribution of the main labels, `(k,)`.
    ami
        Target $I(X; Y) / M(H(X), H(Y))$.
    average
        $M$.

    Raises
    ------
    ValueError
        On a target outside the family's range, which is named, and on a prior with a single label.

    >>> from mtl_simulators.labels._families import Resample
    >>> round(channel_parameter(Resample(), prior=[0.2] * 5, ami=0.43), 4)
    0.6832
    """
    target = in_interval("ami", ami, 0.0, 1.0)
    low, high = feasible_ami(family, prior=prior, average=average)
    if not low - ROUNDING <= target <= high + ROUNDING:
        raise ValueError(
            f"ami={target:g} is infeasible for {family}: with this prior it reaches [{low:.6f}, {high:.6f}]; "
            "ask for a value in that range or take another family."
        )
    start, end = family.bounds(prior)
    if target <= low or target >= high:
        # With the ends equal, both are the one channel there is.
        return end if target >= high else start

    def excess(parameter: float) -> float:
        return family.channel(parameter, prior=prior).ami(prior, average=average) - target

    root: float = optimize.brentq(excess, start, end, xtol=1e-14, rtol=4 * float(np.finfo(float).eps))
    return root


def solve_channel(
    family: ChannelFamily, *, prior: npt.ArrayLike, ami: float, average: Average = arithmetic_average
) -> Channel:
    """Return the channel of a family that has the AMI `ami` in the population: see `channel_parameter`.

    >>> from mtl_simulators.labels._families import Resample
    >>> channel = solve_channel(Resample(), prior=[0.7, 0.2, 0.1], ami=0.3)
    >>> round(channel.ami([0.7, 0.2, 0.1]), 12)
    0.3
    """
    parameter = channel_parameter(family, prior=prior, ami=ami, average=average)
    return family.channel(parameter, prior=prior)
