"""What a simulated classification problem knows about itself."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import distributions, finite_array
from mtl_simulators.labels import normalized_information, threshold_joint


@dataclass(frozen=True, kw_only=True)
class ClassificationTruth:
    r"""The population behind binary tasks: clean labels $c_t = 1[x^\top w_t > \tau]$, observed ones $y_t$.

    Inputs are standard normal, and $P(y_t = j \mid c_t = i, x) = W_{tij}$. The share of positive clean labels
    is $\Phi(-\tau)$ in every task. Task 0 is the main one.

    Parameters
    ----------
    weights
        Teachers $w_t$, unit vectors, shape `(B, T, d)`.
    threshold
        $\tau$; 0 for balanced labels.
    transition
        Channels $W_t$ from clean to observed labels, shape `(T, 2, 2)`; identities for tasks without noise.

    Raises
    ------
    ValueError
        On NaN, infinity, mismatched shapes, teachers that are not unit vectors, or rows of a channel that are
        not distributions.

    >>> flip = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.1, 0.9]]])
    >>> truth = ClassificationTruth(weights=np.eye(2)[None, [0, 0]], threshold=0.0, transition=flip)
    >>> truth.ami.round(4).tolist(), truth.label_noise.round(4).tolist()
    ([[1.0, 0.531]], [0.0, 0.1])
    """

    weights: FloatArray
    threshold: float
    transition: FloatArray

    def __post_init__(self) -> None:
        """Check shapes against each other, and take the rounding out of the channels."""
        weights = finite_array("weights", self.weights, ndim=3)
        if weights.size == 0 or not np.allclose(np.linalg.norm(weights, axis=-1), 1.0, rtol=0, atol=1e-9):
            raise ValueError(
                f"weights must be unit vectors (B, T, d), not empty, got shape {weights.shape}; divide them "
                "by their lengths (rescale_tasks)."
            )
        transition = distributions("transition", self.transition, ndim=3)
        n_tasks = weights.shape[1]
        if transition.shape != (n_tasks, 2, 2):
            raise ValueError(
                f"transition has shape {transition.shape}, expected ({n_tasks}, 2, 2): one channel "
                "a task, between two labels."
            )
        threshold = float(finite_array("threshold", self.threshold, ndim=0))
        for name, value in (("weights", weights), ("threshold", threshold), ("transition", transition)):
            object.__setattr__(self, name, value)

    @property
    def n_replicates(self) -> int:
        """Number of replicates, `B`."""
        return int(self.weights.shape[0])

    @property
    def n_tasks(self) -> int:
        """Number of tasks, `T`."""
        return int(self.weights.shape[1])

    @property
    def n_features(self) -> int:
        """Number of features, `d`."""
        return int(self.weights.shape[2])

    @property
    def positive(self) -> float:
        r"""Share of positive clean labels, $\Phi(-\tau)$."""
        return float(special.ndtr(-self.threshold))

    @property
    def label_noise(self) -> FloatArray:
        """Probability that the observed label is not the clean one, shape `(T,)`.

        Where no label is likelier wrong than right it is the smallest error that any classifier can have.
        """
        prior = np.array([1 - self.positive, self.positive])
        return np.asarray(self.transition[:, [0, 1], [1, 0]] @ prior)

    @property
    def ami(self) -> FloatArray:
        """Population AMI of the main task's clean label and each task's observed label of one x, `(B, T)`."""
        tangent = _half_angle_tangent(self.weights[:, :1], self.weights)
        joint = threshold_joint(tangent, threshold=self.threshold) @ self.transition
        # Rounding of one label's information with itself may pass its entropy.
        return np.clip(normalized_information(joint), 0.0, 1.0)

    def disagreement(self, weights: FloatArray) -> FloatArray:
        r"""Return $P(1[x^\top \hat w_t > \tau \lVert \hat w_t \rVert] \ne c_t)$, shape `(..., T)`.

        It is $4 T(\tau, \tan(\theta / 2))$ with Owen's function $T$ and the angle $\theta$ to the teacher;
        $\theta / \pi$ for $\tau = 0$. Each of the two kinds of error has half of it. Zero weights call
        everything negative.

        Source: Owen (1956).

        Parameters
        ----------
        weights
            $\hat w$, of any length, that broadcasts against `(B, T, d)`.
        """
        length = np.linalg.norm(weights, axis=-1, keepdims=True)
        tangent = _half_angle_tangent(weights / np.where(length > 0, length, 1.0), self.weights)
        wrong = 2 * threshold_joint(tangent, threshold=self.threshold)[..., 0, 1]
        return np.asarray(np.where(length[..., 0] > 0, wrong, self.positive))

    def draw_labels(self, rng: np.random.Generator, scores: FloatArray) -> FloatArray:
        r"""Draw observed labels of scores $x^\top w_t$, `(B, T, n)`, independently given the clean ones."""
        negative, positive = self.transition[:, 0, 1:], self.transition[:, 1, 1:]
        chance = np.where(scores > self.threshold, positive, negative)
        return np.asarray((rng.random(scores.shape) < chance).astype(np.float64))


def _half_angle_tangent(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return tan(theta / 2) of unit vectors: unlike the arccosine of their product it is exact at angle 0."""
    apart, along = np.linalg.norm(first - second, axis=-1), np.linalg.norm(first + second, axis=-1)
    return np.asarray(np.divide(apart, along, out=np.full(apart.shape, np.inf), where=along > 0))
