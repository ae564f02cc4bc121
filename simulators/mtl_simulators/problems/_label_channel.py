"""Binary tasks that share information because their labels are noisy copies of one function's."""

from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
from scipy import special

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval
from mtl_simulators.labels import (
    Channel,
    ChannelFamily,
    PartitionMixture,
    Resample,
    channel_parameter,
    fit_partition_mixture,
    make_label_tasks,
    threshold_joint,
)
from mtl_simulators.problems._classification import LabelRule
from mtl_simulators.problems._classification_truth import ClassificationTruth
from mtl_simulators.problems._rotated_teacher import teachers_around


@dataclass(frozen=True, kw_only=True)
class LabelChannel:
    r"""Auxiliary labels are noisy copies: the label $1[x^\top w_t > \tau]$, sent through a channel.

    At cosine 1 all tasks are one function of x, and auxiliary labels have noise that no classifier predicts.
    With a smaller cosine the auxiliary teachers are rotated as well, each at that cosine to the main one and
    else random, as those of `RotatedTeacher`, and the channel is solved so that rotation and noise together
    leave the AMI asked for. Of balanced labels the correlations multiply: that of main and auxiliary label is
    $r \cdot \tfrac{2}{\pi} \arcsin\rho$ with `Resample`. The AMI reaches from 0 to `ami_of_cosine(cosine)`.

    Tasks with own inputs show one label of each x; the AMI is the population's, of the main and the auxiliary
    label of one x. With a shared design the labels of all tasks are there: given the clean labels they are
    independent (star), or shared within the blocks of a `PartitionMixture` (matrix).

    Parameters
    ----------
    family
        Channels from the clean to the observed label; `Resample` for a matrix.
    exact
        Whether the adjusted AMI of the drawn labels is the target (`make_label_tasks`), in every replicate of
        the training and of the test sample, instead of the population's. Needs a shared design and cosine 1.
    tolerance
        Largest distance of an exact AMI from its target. Binary labels cannot have every AMI: to
        come within 0.001 a star takes about 1,000 samples, a matrix 8,000.
    cosine
        Cosine of the auxiliary teachers to the main one; 1 for a matrix.

    Raises
    ------
    ValueError
        On a cosine outside $[-1, 1]$, and on exact labels of rotated teachers.
    """

    family: ChannelFamily = field(default_factory=Resample)
    exact: bool = False
    tolerance: float = 1e-3
    cosine: float = 1.0

    def __post_init__(self) -> None:
        """Check that the parts go together."""
        in_interval("cosine", self.cosine, -1.0, 1.0)
        if self.exact and self.cosine != 1:
            raise ValueError(
                f"exact labels copy the main task's, but cosine={self.cosine:g} rotates the teachers; pass "
                "exact=False for the AMI of the population, or cosine=1."
            )

    def tasks(
        self,
        rng: np.random.Generator,
        *,
        ami: FloatArray,
        n_features: int,
        positive: float,
        n_replicates: int,
        shared_design: bool,
    ) -> tuple[ClassificationTruth, LabelRule]:
        """Draw the teachers and return them with the rule that labels their scores."""
        if self.exact and not shared_design:
            raise ValueError(
                "tasks with own inputs show one label of each x, so no sample has an AMI to be exact about; "
                "pass shared_design=True, or exact=False for the AMI of the population."
            )
        star = ami
        if ami.ndim == 2:
            star = ami[0, 1:]
            if self.cosine != 1 or self.family != Resample():
                raise ValueError(
                    f"a full matrix of AMI needs the family Resample() and cosine 1, got {self}; pass a star."
                )
        cosines = np.full(star.shape, self.cosine)
        truth = ClassificationTruth(
            weights=teachers_around(rng, cosines=cosines, n_features=n_features, n_replicates=n_replicates),
            threshold=-special.ndtri(positive),
            transition=self._transitions(star, positive),
        )
        return truth, self._rule(truth, ami, shared_design)

    def _rule(self, truth: ClassificationTruth, ami: FloatArray, shared_design: bool) -> LabelRule:
        """Return the rule that labels scores, `(B, T, n)`."""
        if self.exact:
            return partial(_exact_labels, ami=ami, mode=self, threshold=truth.threshold)
        if ami.ndim == 1:
            return truth.draw_labels
        mixture = fit_partition_mixture(ami, prior=[1 - truth.positive, truth.positive])
        # With own inputs no x shows two labels, so nothing but each task's channel can be seen.
        return partial(_mixed_labels, mixture=mixture, truth=truth) if shared_design else truth.draw_labels

    def _transitions(self, ami: FloatArray, positive: float) -> FloatArray:
        """Return the channels from clean to observed labels, `(T, 2, 2)`."""
        auxiliary = [_transition(self.family, self.cosine, value, positive) for value in ami.tolist()]
        return np.array([np.eye(2), *auxiliary])


@lru_cache(maxsize=4096)  # a sweep asks for the same few channels at most of its points
def _transition(family: ChannelFamily, cosine: float, ami: float, positive: float) -> FloatArray:
    """Return the channel of a family that, after the rotation of the teachers, leaves this AMI."""
    prior = np.array([1 - positive, positive])
    joint = threshold_joint(np.tan(np.arccos(cosine) / 2), threshold=-special.ndtri(positive))
    rotation = Channel(transition=joint / prior[:, None])
    total = _AfterRotation(family=family, cosine=cosine, rotation=rotation)
    parameter = channel_parameter(total, prior=prior, ami=ami)
    return family.channel(parameter, prior=prior).transition


@dataclass(frozen=True, kw_only=True)
class _AfterRotation:
    """The channels of a family from the main task's label to that of a rotated teacher, and on."""

    family: ChannelFamily
    cosine: float
    rotation: Channel

    def __str__(self) -> str:
        return f"teachers at cosine {self.cosine:g} and {self.family}"

    def bounds(self, prior: npt.ArrayLike) -> tuple[float, float]:
        return self.family.bounds(self.rotation.output(prior))

    def channel(self, parameter: float, *, prior: npt.ArrayLike) -> Channel:
        return self.rotation.then(self.family.channel(parameter, prior=self.rotation.output(prior)))


def _exact_labels(
    rng: np.random.Generator,
    scores: FloatArray,
    *,
    ami: FloatArray,
    mode: LabelChannel,
    threshold: float,
) -> FloatArray:
    """Label every replicate of a shared design so that its labels' AMI is the target."""
    main = (scores[:, 0] > threshold).astype(np.int64)
    replicates = [
        make_label_tasks(child, labels=labels, ami=ami, family=mode.family, tolerance=mode.tolerance)
        for child, labels in zip(rng.spawn(len(main)), main, strict=True)
    ]
    return np.array(replicates, dtype=np.float64)


def _mixed_labels(
    rng: np.random.Generator, scores: FloatArray, *, mixture: PartitionMixture, truth: ClassificationTruth
) -> FloatArray:
    """Draw a partition of the tasks for each x; the main task's block has its label, others their own."""
    rng_partitions, rng_labels = rng.spawn(2)
    n_replicates, n_tasks, n = scores.shape
    chosen = rng_partitions.choice(len(mixture.weights), p=mixture.weights, size=(n_replicates, n))
    draws = rng_labels.random((n_replicates, n, n_tasks)) < truth.positive
    draws[..., 0] = scores[:, 0] > truth.threshold
    # A block is named by its first task.
    labels = np.take_along_axis(draws, mixture.partitions[chosen], axis=-1)
    return np.asarray(labels.mT, dtype=np.float64)
