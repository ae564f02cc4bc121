"""The AMI of two linear classifiers with Gaussian inputs, and the cosine that reaches it."""

import numpy as np
import numpy.typing as npt
from scipy import special

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import array_in_interval
from mtl_simulators.labels._adjusted import normalized_information


def ami_of_cosine(cosine: npt.ArrayLike, *, positive: float = 0.5) -> FloatArray:
    r"""Return the population AMI of the labels $1[w_s^\top x > \tau]$ of two linear tasks, any shape.

    The scores are standard normal with correlation $\rho$, and both thresholds are such that
    $P(y = 1) = \pi$. With $t = \Phi^{-1}(\pi)$ and Owen's function $T$ the labels differ with probability
    $4 T(t, \tan(\theta / 2))$, $\theta = \arccos \rho$, half of it in each direction. Balanced labels differ
    with probability $q = \theta / \pi$ and have AMI $1 - h_2(q)$, $h_2$ the binary entropy in bits.
    Both labels have the same entropy, so every average gives the same AMI.

    Parameters
    ----------
    cosine
        $\rho$ in $[-1, 1]$. Balanced labels of $\rho$ and $-\rho$ have the same AMI; of others the negative
        cosine has the smaller one.
    positive
        $\pi$ in $(0, 1)$; $\pi$ and $1 - \pi$ give the same AMI.

    Raises
    ------
    ValueError
        On a cosine outside $[-1, 1]$ or a share outside $(0, 1)$.

    Source: Owen 1956 for the bivariate normal distribution.

    >>> ami_of_cosine([0.3, 0.9, 0.99]).round(4).tolist()
    [0.0273, 0.4065, 0.735]
    """
    rho = array_in_interval("cosine", cosine, -1.0, 1.0).astype(np.float64)
    return _ami_of_angle(np.arccos(rho), _share(positive))


def cosine_of_ami(ami: npt.ArrayLike, *, positive: float = 0.5) -> FloatArray:
    r"""Return the cosine in $[0, 1]$ at which two linear tasks have this AMI: `ami_of_cosine` inverted.

    Every AMI in $[0, 1]$ is feasible there. Minus the cosine gives the same AMI to balanced labels only:
    unbalanced labels reach less with negative cosines, at most `ami_of_cosine(-1.0, positive=positive)`.

    Parameters
    ----------
    ami
        AMI in $[0, 1]$ of any shape, which is the shape of the answer.
    positive
        Share $\pi$ of positive labels, in $(0, 1)$.

    Raises
    ------
    ValueError
        On an AMI outside $[0, 1]$ or a share outside $(0, 1)$.

    >>> cosine_of_ami([0.05, 0.43, 0.8]).round(4).tolist()
    [0.3997, 0.9119, 0.9952]
    """
    target = array_in_interval("ami", ami, 0.0, 1.0).astype(np.float64)
    share = _share(positive)
    near, far = np.zeros_like(target), np.full_like(target, np.pi / 2)
    # Bisection of all angles at once, on which the AMI falls; 54 halvings leave the last digit of pi / 2.
    for _ in range(54):
        middle = (near + far) / 2
        above = _ami_of_angle(middle, share) > target
        near, far = np.where(above, middle, near), np.where(above, far, middle)
    return np.cos((near + far) / 2)


def threshold_joint(tangent: npt.ArrayLike, *, threshold: float) -> FloatArray:
    r"""Return the law of the labels $1[x^\top u > \tau]$ and $1[x^\top v > \tau]$ of one x, `(..., 2, 2)`.

    They differ with probability $4 T(\tau, \tan(\theta / 2))$, $T$ Owen's function, half of it each way.

    Parameters
    ----------
    tangent
        $\tan(\theta / 2)$ of the angle between the unit vectors $u$ and $v$; infinite for opposite ones.
    threshold
        $\tau$.

    Source: Owen 1956.
    """
    positive = special.ndtr(-threshold)
    one_way = 2 * special.owens_t(threshold, np.asarray(tangent))
    joint = np.stack([1 - positive - one_way, one_way, one_way, positive - one_way], axis=-1)
    # Opposite vectors share no positive label; the difference of two halves may round below zero.
    return np.maximum(joint, 0.0).reshape(*np.shape(tangent), 2, 2)


def _ami_of_angle(angle: FloatArray, share: float) -> FloatArray:
    """Return the AMI of labels of which `share` are positive, from the angle between the tasks."""
    joint = threshold_joint(np.tan(angle / 2), threshold=-special.ndtri(share))
    # Rounding of one label's information with itself may pass its entropy.
    return np.clip(normalized_information(joint), 0.0, 1.0)


def _share(positive: float) -> float:
    if not 0 < positive < 1:
        raise ValueError(
            f"positive must lie strictly between 0 and 1, got {positive!r}; labels need both classes."
        )
    return float(positive)
