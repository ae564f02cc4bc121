"""Binary tasks that share information because their teachers are close."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_subspace, make_subspace_at_angles, make_tasks_with_gram
from mtl_simulators.labels import cosine_of_ami, gaussian_correlations
from mtl_simulators.problems._classification import LabelRule
from mtl_simulators.problems._classification_truth import ClassificationTruth

# Eigenvalues of a cosine matrix below this are the rounding of AMI that were measured on fewer dimensions.
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class RotatedTeacher:
    r"""Auxiliary tasks are other functions, $y_t = 1[x^\top w_t > \tau]$, without label noise.

    Star: each auxiliary teacher has the cosine $\rho_t \ge 0$ to the main one that gives the AMI
    (`cosine_of_ami`), and is else random. So the cosine of two auxiliary teachers is
    $\rho_s \rho_t + \sqrt{(1 - \rho_s^2)(1 - \rho_t^2)} \, u$, with $u$ that of two independent uniform
    directions in $d - 1$ dimensions: mean 0, variance $1/(d-1)$. Any AMI needs two features only.

    Matrix: all cosines are prescribed, up to signs; `gaussian_correlations` chooses them for balanced labels,
    for others all are positive. The teachers need as many features as the cosine matrix has rank.
    """

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
        if ami.ndim == 2:
            gram = _gram(ami, positive)
            weights = make_tasks_with_gram(rng, gram=gram, n_features=n_features, n_replicates=n_replicates)
        else:
            cosines = cosine_of_ami(ami, positive=positive)
            weights = teachers_around(rng, cosines=cosines, n_features=n_features, n_replicates=n_replicates)
        identities = np.broadcast_to(np.eye(2), (weights.shape[1], 2, 2))
        truth = ClassificationTruth(
            weights=weights, threshold=-special.ndtri(positive), transition=identities
        )
        return truth, truth.draw_labels


def teachers_around(
    rng: np.random.Generator, *, cosines: FloatArray, n_features: int, n_replicates: int
) -> FloatArray:
    """Draw a uniform unit vector and others at `cosines`, `(T-1,)`, to it, else independent: `(B, T, d)`."""
    rng_main, *rngs = rng.spawn(1 + len(cosines))
    main = make_subspace(rng_main, n_features=n_features, dimension=1, n_replicates=n_replicates)
    teachers = [main]
    for child, cosine in zip(rngs, cosines, strict=True):
        if abs(cosine) == 1:
            teachers.append(cosine * main)
            continue
        line = make_subspace_at_angles(child, basis=main, angles=[np.arccos(abs(cosine))])
        # A line has two directions: take the one on the side of the cosine's sign.
        side = np.sign((line * main).sum(axis=-1, keepdims=True))
        teachers.append(line * np.where(side == np.sign(cosine), 1.0, -1.0))
    return np.concatenate(teachers, axis=1)


def _gram(ami: FloatArray, positive: float) -> FloatArray:
    """Return the cosines of teachers with this AMI, `(T, T)`, of as low a rank as rounding allows."""
    # A minus sign keeps the AMI of balanced labels only.
    cosines = gaussian_correlations(ami) if positive == 0.5 else cosine_of_ami(ami, positive=positive)
    values, vectors = np.linalg.eigh(cosines)
    if values[0] < -ROUNDING:
        raise ValueError(
            f"no teachers have this AMI at positive={positive:g}: the matrix of their cosines has the "
            f"eigenvalue {values[0]:.3g}. Ask for smaller AMI or a matrix measured on linear tasks, take "
            "positive=0.5, which leaves the signs free, or LabelChannel()."
        )
    factor = vectors * np.sqrt(np.where(values > ROUNDING, values, 0.0))
    factor /= np.linalg.norm(factor, axis=-1, keepdims=True)
    return np.asarray(factor @ factor.T)
