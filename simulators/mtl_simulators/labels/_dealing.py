"""Auxiliary labels of given tokens."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import IntArray
from mtl_simulators._validation import label_codes
from mtl_simulators.labels._adjusted import Average, arithmetic_average
from mtl_simulators.labels._channel import Channel
from mtl_simulators.labels._contingency import count_table
from mtl_simulators.labels._families import ChannelFamily
from mtl_simulators.labels._solving import solve_channel
from mtl_simulators.labels._tables import exact_table


def make_auxiliary_labels(
    rng: np.random.Generator,
    *,
    labels: npt.ArrayLike,
    family: ChannelFamily,
    ami: float,
    exact: bool = True,
    average: Average = arithmetic_average,
    n_labels: int | None = None,
    tolerance: float = 1e-4,
) -> IntArray:
    r"""Draw auxiliary labels of the same tokens that have the AMI `ami` with the main labels.

    Only the label counts are fixed: which tokens of a main label get which auxiliary label is random, so the
    auxiliary labels depend on the text through the main labels alone.

    Parameters
    ----------
    labels
        Main labels, codes 0..k-1, `(n,)`.
    family
        Channels to choose from.
    ami
        Target in [0, 1].
    exact
        Whether the adjusted AMI of these very labels is the target, within `tolerance` (`exact_table`). If
        not, tokens are drawn independently from the channel with the target as its AMI in the population,
        and the AMI of the sample scatters by about $1 / \sqrt n$.
    average
        Average of the two entropies.
    n_labels
        Number k of main labels; default one more than the largest code.
    tolerance
        Largest distance of an exact AMI from the target.

    Raises
    ------
    ValueError
        On a target outside the family's range, on labels that are not codes below k or of a single kind, and,
        if exact, where no counts within `tolerance` were found.

    Source: Bettgenhäuser, Hedderich and Klakow 2020 draw independently; the exact counts are this library's.

    >>> rng = np.random.default_rng(0)
    >>> main = rng.integers(3, size=2000)
    >>> from mtl_simulators.labels._adjusted import ami_matrix
    >>> from mtl_simulators.labels._families import Resample
    >>> auxiliary = make_auxiliary_labels(rng, labels=main, family=Resample(), ami=0.3)
    >>> round(float(ami_matrix([main, auxiliary])[0, 1]), 3)
    0.3
    """
    main = label_codes("labels", labels, n_labels=n_labels)
    counts = np.bincount(main, minlength=n_labels or 0)
    if exact:
        table = exact_table(
            rng, label_counts=counts, family=family, ami=ami, average=average, tolerance=tolerance
        )
        return deal_labels(rng, labels=main, table=table)
    channel = solve_channel(family, prior=counts / main.size, ami=ami, average=average)
    return iid_labels(rng, labels=main, channel=channel)


def iid_labels(rng: np.random.Generator, *, labels: npt.ArrayLike, channel: Channel) -> IntArray:
    """Draw every token's auxiliary label from the channel, independently, `(n,)`.

    Raises
    ------
    ValueError
        On labels that are not codes of the channel's inputs.

    >>> identity = Channel(transition=np.eye(2))
    >>> iid_labels(np.random.default_rng(0), labels=[0, 1, 1], channel=identity).tolist()
    [0, 1, 1]
    """
    main = label_codes("labels", labels, n_labels=len(channel.transition))
    limits = channel.transition.cumsum(axis=1)
    # Exactly 1 at the end: no draw falls beyond, and none on a last label of probability zero.
    limits /= limits[:, -1:]
    drawn: IntArray = (rng.random(main.size)[:, None] >= limits[main]).sum(axis=1)
    return drawn


def deal_labels(rng: np.random.Generator, *, labels: npt.ArrayLike, table: npt.ArrayLike) -> IntArray:
    """Give the tokens of main label i the auxiliary labels that row i counts, in random order, `(n,)`.

    Parameters
    ----------
    labels
        Main labels, codes 0..k-1, `(n,)`.
    table
        Counts of main against auxiliary labels, `(k, m)`; row i sums to the number of tokens with label i.

    Raises
    ------
    ValueError
        Where the row sums are not the counts of the labels.

    >>> dealt = deal_labels(np.random.default_rng(0), labels=[1, 0, 1, 1], table=[[0, 1], [3, 0]])
    >>> dealt.tolist()
    [0, 1, 0, 0]
    """
    counts = count_table("table", table)
    k, m = counts.shape
    main = label_codes("labels", labels, n_labels=k)
    found, expected = np.bincount(main, minlength=k), counts.sum(axis=1)
    if (found != expected).any():
        raise ValueError(
            f"the rows of table sum to {expected.tolist()}, but the labels occur {found.tolist()} times; "
            "pass counts of these very labels."
        )
    shuffled = rng.permutation(main.size)
    by_label = shuffled[np.argsort(main[shuffled], kind="stable")]
    dealt = np.empty(main.size, dtype=np.int64)
    dealt[by_label] = np.repeat(np.tile(np.arange(m), k), counts.ravel())
    return dealt
