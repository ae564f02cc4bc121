"""AMI and the probability that two labels are one draw."""

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import array_in_interval, distributions


def ami_of_agreement(agreement: npt.ArrayLike, *, prior: npt.ArrayLike) -> FloatArray:
    r"""Return the AMI of two labels that are one draw with probability r and two draws otherwise, any shape.

    All draws are from the prior p. With $q_i = r + (1 - r) p_i$ the information is
    $I(r) = \sum_i p_i q_i \ln(q_i / p_i) + (1 - r) \ln(1 - r) (1 - \sum_i p_i^2)$, and both labels have the
    entropy $H$ of p, so every average gives the AMI $I(r) / H$: 0 at $r = 0$, 1 at $r = 1$, rising between.
    The channel `Resample` with parameter r makes such a pair.

    Parameters
    ----------
    agreement
        Probabilities $r$ in $[0, 1]$.
    prior
        Label distribution p, `(k,)`.

    Raises
    ------
    ValueError
        On an agreement outside $[0, 1]$, NaN, or a prior with a single label.

    >>> ami_of_agreement([0.0, 0.4802, 1.0], prior=[0.2] * 5).round(4).tolist()
    [0.0, 0.22, 1.0]
    """
    return _ami(array_in_interval("agreement", agreement, 0.0, 1.0), _occurring(prior))


def agreement_of_ami(ami: npt.ArrayLike, *, prior: npt.ArrayLike) -> FloatArray:
    r"""Return the probability that two labels are one draw from their AMI: `ami_of_agreement` inverted.

    Parameters
    ----------
    ami
        AMI in $[0, 1]$ of any shape, which is the shape of the answer. Near 0 it is of order $r^2$: an AMI of
        $10^{-16}$ means $r \approx 10^{-8}$.
    prior
        Label distribution p, `(k,)`.

    Raises
    ------
    ValueError
        On an AMI outside $[0, 1]$, NaN, or a prior with a single label.

    >>> agreement_of_ami([0.0, 0.22, 1.0], prior=[0.2] * 5).round(4).tolist()
    [0.0, 0.4802, 1.0]
    """
    target = array_in_interval("ami", ami, 0.0, 1.0)
    probabilities = _occurring(prior)
    # A symmetric matrix holds every value twice.
    values, where = np.unique(target, return_inverse=True)
    roots = np.array([_root(float(value), probabilities) for value in values])
    return roots[where].reshape(target.shape)


def _ami(agreement: FloatArray, prior: FloatArray) -> FloatArray:
    r = agreement[..., None]
    # The terms are of order r and their sum of order r^2: log1p keeps the digits that cancellation leaves.
    same = (prior + r * (1 - prior)) * prior * np.log1p(r * (1 - prior) / prior)
    different = special.xlog1py(1 - agreement, -agreement) * (1 - prior @ prior)
    ami: FloatArray = (same.sum(axis=-1) + different) / special.entr(prior).sum()
    return np.clip(ami, 0.0, 1.0)


def _root(ami: float, prior: FloatArray) -> float:
    if ami in (0.0, 1.0):
        return ami

    def excess(agreement: float) -> float:
        return float(_ami(np.asarray(agreement), prior)) - ami

    root: float = optimize.brentq(excess, 0.0, 1.0, xtol=1e-15, rtol=1e-14)
    return root


def _occurring(prior: npt.ArrayLike) -> FloatArray:
    """Return the positive probabilities of a prior, refusing a single one."""
    p = distributions("prior", prior)
    if np.count_nonzero(p) < 2:
        raise ValueError(
            f"prior {p.tolist()} has a single label: it carries no information, so there is no AMI to "
            "choose; pass main labels of at least two kinds."
        )
    positive: FloatArray = p[p > 0]
    return positive
