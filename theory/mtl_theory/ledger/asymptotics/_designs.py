r"""Random designs, and the risk of estimators given the design.

A risk given the design is the exact mean over labels, $\lVert E[\hat\beta | X] - \beta \rVert^2 +
\operatorname{tr} \operatorname{Cov}(\hat\beta | X)$, computed from the Gram matrices by linear algebra: no
formula of the limits enters, and no label noise remains. Finite sizes add terms of order 1/p, so every
quantity is measured at p and 2p features, with samples in proportion, and extrapolated linearly in 1/p.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.exact import draw_moments
from mtl_simulators.problems import Truth
from mtl_theory.theorem import Assumption, Source

PAPER = "Wu, Zhang, Ré 2020"
SCALES = (1, 2)


def source(where: str) -> Source:
    """Return a place in the paper's follow-up: Yang, Zhang, Wu, Su, Ré (arXiv:2010.11750)."""
    return Source(paper=PAPER, where=f"follow-up (arXiv:2010.11750), {where}")


def extrapolate(instance: object, means: FloatArray) -> FloatArray:
    """Return the limit of means taken at p and 2p features: 2 m(2p) - m(p)."""
    first, second = means.reshape(len(SCALES), -1)
    return np.asarray(2 * second - first)


def at_both_scales(
    measure: Callable[[np.random.Generator, int, int], FloatArray], rng: np.random.Generator, n: int
) -> FloatArray:
    """Return draws `(n, 2 m)` of a measurement `(rng, scale, n) -> (n, m)` at both sizes."""
    children = rng.spawn(len(SCALES))
    return np.hstack([measure(child, scale, n) for scale, child in zip(SCALES, children, strict=True)])


def draw_grams(
    rng: np.random.Generator, covariances: FloatArray, counts: tuple[int, ...], n: int
) -> FloatArray:
    """Draw the Gram matrices `(n, T, p, p)` of Gaussian designs with covariances `(T, p, p)` or `(p, p)`."""
    p = covariances.shape[-1]
    truth = Truth(weights=np.zeros((1, len(counts), p)), covariance=covariances, noise=np.zeros(len(counts)))
    return draw_moments(rng, truth, n_samples=counts, n_replicates=n, shared_design=False).gram


def whole(samples: float) -> int:
    """Return a number of samples as an integer: a rounded one would be another limit."""
    if abs(samples - round(samples)) > 1e-9:
        raise ValueError(f"{samples} is not a whole number of samples; choose another number of features.")
    return round(samples)


def trace(matrices: FloatArray) -> FloatArray:
    """Return the traces over the last two axes."""
    return np.asarray(np.trace(matrices, axis1=-2, axis2=-1))


def exact_single_task_risk(n_samples: int, n_features: int, noise: float) -> float:
    r"""Return $\sigma^2 p / (n - p - 1)$, exact for Gaussian inputs (mean of an inverse Wishart matrix)."""
    return noise**2 * n_features / (n_samples - n_features - 1)


def mean_square(matrices: FloatArray) -> FloatArray:
    """Return |A|_F^2 / p: the mean of |A u|^2 over unit vectors u."""
    return np.asarray((matrices**2).sum(axis=(-2, -1)) / matrices.shape[-1])


@dataclass(frozen=True, kw_only=True)
class Pair:
    r"""A source and a target with isotropic inputs; samples are per feature, as the limits see them.

    Parameters
    ----------
    source, target
        $n_1 / p$ and $n_2 / p$.
    head_ratio
        a.
    n_features
        p of the smaller of the two simulated sizes.
    """

    source: float
    target: float
    head_ratio: float = 1.0
    n_features: int = 48

    @property
    def sizes(self) -> dict[str, float]:
        """The sizes as the closed forms take them, in units of p."""
        return {"n_source": self.source, "n_target": self.target, "n_features": 1.0}

    def counts(self, scale: int) -> tuple[int, int]:
        """Return the samples of both tasks at one simulated size."""
        p = scale * self.n_features
        return whole(self.source * p), whole(self.target * p)


def case_name(pair: Pair) -> str:
    """Return the sizes in words."""
    return f"n_1/p = {pair.source:.3g}, n_2/p = {pair.target:.3g}, a = {pair.head_ratio:g}"


def draw_pair(rng: np.random.Generator, counts: tuple[int, int], p: int, n: int) -> FloatArray:
    """Draw the Gram matrices `(n, 2, p, p)` of two isotropic designs."""
    return draw_grams(rng, np.eye(p), counts, n)


DETERMINED = Assumption[Pair](
    name="N > p",
    statement="the two tasks together have more samples than features",
    holds=lambda pair: pair.source + pair.target > 1,
)
OVERDETERMINED = Assumption[Pair](
    name="n_2 > p",
    statement="the target alone has more samples than features, so that its own risk is finite",
    holds=lambda pair: pair.target > 1,
)
