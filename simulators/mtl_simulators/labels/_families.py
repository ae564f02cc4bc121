r"""Families of label channels, most with one parameter that takes the AMI from lowest to highest.

Given the distribution `prior` of the main labels, a family says in which interval its parameter lies and
which channel belongs to it. The AMI never falls as the parameter rises, for every monotone average of the two
entropies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import distributions, in_interval
from mtl_simulators.labels._channel import Channel


class ChannelFamily(Protocol):
    """A set of channels along which the AMI rises; frozen, so that it can be remembered by."""

    def __hash__(self) -> int:
        """Return the same for equal families."""
        ...

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        """Return the interval of the parameter; its ends are equal where there is nothing to choose."""
        ...

    def channel(self, parameter: float, *, prior: npt.ArrayLike) -> Channel:
        """Return the channel of a parameter, for main labels distributed as `prior`, `(k,)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Symmetric:
    r"""Keep the label with probability $\alpha$, else take each other label equally often.

    $W_{ii} = \alpha$ and $W_{ij} = (1 - \alpha) / (k - 1)$ with $\alpha$ from $1/k$ (independent labels) to 1
    (the main label). The channel draws the label distribution towards the uniform one. The AMI rises because
    the information is convex in $\alpha$ with its zero at $1/k$, where the output's entropy begins to fall.

    Source: Bettgenhäuser, Hedderich and Klakow 2020, the simulated auxiliary tasks.
    """

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        """Return $(1/k, 1)$."""
        return 1.0 / len(distributions("prior", prior)), 1.0

    def channel(self, parameter: float, *, prior: npt.ArrayLike) -> Channel:
        r"""Return the channel that keeps a share $\alpha$ of the labels."""
        low, high = self.bounds(prior)
        alpha = in_interval("parameter", parameter, low, high)
        k = len(distributions("prior", prior))
        other = (1.0 - alpha) / max(k - 1, 1)
        return Channel(transition=np.full((k, k), other) + (alpha - other) * np.eye(k))


@dataclass(frozen=True, kw_only=True)
class Resample:
    r"""Keep the label with probability r, else draw a fresh one from the prior.

    $W = r I + (1 - r) 1 p^\top$ with $r \in [0, 1]$ keeps the distribution of the labels, so all averages of
    the two entropies agree. Two auxiliary labels with $r_1$ and $r_2$ from one main label are related as by
    $r_1 r_2$, and $I \approx r^2 (k - 1) / 2$ for small r and k labels that occur.
    """

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        """Return (0, 1)."""
        return 0.0, 1.0

    def channel(self, parameter: float, *, prior: npt.ArrayLike) -> Channel:
        """Return the channel that copies a share r of the labels."""
        r = in_interval("parameter", parameter, 0.0, 1.0)
        p = distributions("prior", prior)
        return Channel(transition=r * np.eye(len(p)) + (1.0 - r) * p)


@dataclass(frozen=True, kw_only=True)
class Merge:
    r"""Give main label i the coarser label `groups[i]`: no parameter.

    The AMI is $2 H(g(X)) / (H(X) + H(g(X)))$ with the arithmetic average.

    Parameters
    ----------
    groups
        New label of every main label, codes 0, 1, ... without a gap, length k.

    Raises
    ------
    ValueError
        On codes that are not integers, or that leave a gap.
    """

    groups: Sequence[int]

    def __post_init__(self) -> None:
        """Check that the new labels are 0..m-1."""
        object.__setattr__(self, "groups", _codes("groups", self.groups))

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        """Return an empty interval's two equal ends: there is one channel."""
        return 1.0, 1.0

    def channel(self, parameter: float = 1.0, *, prior: npt.ArrayLike) -> Channel:
        """Return the channel; `parameter` must be 1."""
        in_interval("parameter", parameter, 1.0, 1.0)
        return _renaming("groups", self.groups, n_labels=len(distributions("prior", prior)))


@dataclass(frozen=True, kw_only=True)
class Permutation:
    """Give main label i the name `order[i]`: no parameter, AMI 1, but no head can be copied.

    Parameters
    ----------
    order
        A permutation of 0..k-1.

    Raises
    ------
    ValueError
        On what is not a permutation.
    """

    order: Sequence[int]

    def __post_init__(self) -> None:
        """Check that every label occurs once."""
        object.__setattr__(self, "order", _permutation(self.order))

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        """Return an empty interval's two equal ends: there is one channel."""
        return 1.0, 1.0

    def channel(self, parameter: float = 1.0, *, prior: npt.ArrayLike) -> Channel:
        """Return the channel; `parameter` must be 1."""
        in_interval("parameter", parameter, 1.0, 1.0)
        return _renaming("order", self.order, n_labels=len(distributions("prior", prior)))


@dataclass(frozen=True, kw_only=True)
class MergeThenResample:
    """Merge the main labels, then resample the merged ones: every AMI from 0 to the ceiling of `Merge`.

    Parameters
    ----------
    groups
        New label of every main label, codes 0, 1, ... without a gap, length k.

    Raises
    ------
    ValueError
        On codes that are not integers, or that leave a gap.
    """

    groups: Sequence[int]

    def __post_init__(self) -> None:
        """Check that the new labels are 0..m-1."""
        object.__setattr__(self, "groups", _codes("groups", self.groups))

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        """Return (0, 1)."""
        return Resample().bounds(prior)

    def channel(self, parameter: float, *, prior: npt.ArrayLike) -> Channel:
        """Return the channel that copies a share r of the merged labels."""
        merge = Merge(groups=self.groups).channel(prior=prior)
        return merge.then(Resample().channel(parameter, prior=merge.output(prior)))


@dataclass(frozen=True, kw_only=True)
class Permuted:
    """Another family with its output labels renamed: the same AMI, but no head can be copied.

    Parameters
    ----------
    family
        The family.
    order
        Output label j is named `order[j]`: a permutation of 0..m-1.

    Raises
    ------
    ValueError
        On what is not a permutation.
    """

    family: ChannelFamily
    order: Sequence[int]

    def __post_init__(self) -> None:
        """Check that every label occurs once."""
        object.__setattr__(self, "order", _permutation(self.order))

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        """Return the interval of the family."""
        return self.family.bounds(prior)

    def channel(self, parameter: float, *, prior: npt.ArrayLike) -> Channel:
        """Return the channel of the family with its outputs renamed."""
        inner = self.family.channel(parameter, prior=prior)
        return inner.then(_renaming("order", self.order, n_labels=inner.transition.shape[1]))


def _codes(name: str, codes: Sequence[int]) -> tuple[int, ...]:
    """Return new labels as a tuple of ints, refusing anything but 0..m-1 without a gap."""
    array = np.asarray(codes)
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be a row of integer codes, one a label, got {codes!r}.")
    if not np.array_equal(np.unique(array), np.arange(array.max() + 1)):
        raise ValueError(f"{name} must use every code from 0 on, got {array.tolist()}; renumber the labels.")
    return tuple(array.tolist())


def _permutation(order: Sequence[int]) -> tuple[int, ...]:
    codes = _codes("order", order)
    if len(set(codes)) < len(codes):
        raise ValueError(f"order must hold every label once, got {list(codes)}; use Merge to join labels.")
    return codes


def _renaming(name: str, codes: Sequence[int], *, n_labels: int) -> Channel:
    """Return the channel from label i to label `codes[i]`."""
    if len(codes) != n_labels:
        raise ValueError(
            f"{name} renames {len(codes)} labels, but there are {n_labels}; give one code a label."
        )
    transition: FloatArray = np.eye(max(codes) + 1)[list(codes)]
    return Channel(transition=transition)
