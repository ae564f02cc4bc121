"""What matrices of AMI are possible at all: the triangle inequality of the variation of information."""

from dataclasses import dataclass

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray
from mtl_simulators.labels import entropy, normalized_information
from mtl_theory.ledger.benefit._source import source
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict

A, VI = sp.IndexedBase("A"), sp.IndexedBase("VI")
i, j, k = sp.symbols("i j k", integer=True, positive=True)


@dataclass(frozen=True, kw_only=True)
class Triples:
    """Joint distributions of three labels, `(N, k_1, k_2, k_3)`."""

    joint: FloatArray

    @property
    def entropies(self) -> FloatArray:
        """Entropies of the three labels, `(3, N)`."""
        return np.stack([entropy(self.joint.sum(axis=axes)) for axes in ((2, 3), (1, 3), (1, 2))])

    @property
    def amis(self) -> FloatArray:
        """AMI of first and second, second and third, first and third, `(3, N)`."""
        return np.stack([normalized_information(self.joint.sum(axis=axis)) for axis in (3, 1, 2)])

    @property
    def variations(self) -> FloatArray:
        """(H_i + H_j)(1 - A_ij) of the same pairs, `(3, N)`."""
        first, second, third = self.entropies
        return np.asarray(np.stack([first + second, second + third, first + third]) * (1 - self.amis))


def _random(rng: np.random.Generator) -> Triples:
    """Draw 2,000 sparse joint distributions of 2, 4 and 3 labels."""
    return Triples(joint=rng.dirichlet(np.full(24, 0.15), size=2_000).reshape(-1, 2, 4, 3))


def _both_inside(rng: np.random.Generator) -> Triples:
    """Draw labels whose second one tells the first and the third."""
    pair = rng.dirichlet(np.full(6, 0.5), size=500).reshape(-1, 2, 3)
    joint = np.zeros((500, 2, 6, 3))
    first, third = np.divmod(np.arange(6), 3)
    joint[:, first, np.arange(6), third] = pair.reshape(-1, 6)
    return Triples(joint=joint)


def _equally_frequent(rng: np.random.Generator) -> Triples:
    """Draw mixtures of relabellings of four equally frequent labels: all entropies are equal."""
    orders = rng.permuted(np.tile(np.arange(4), (2_000, 3, 2, 1)), axis=-1)
    shares = rng.dirichlet(np.full(3, 0.3), size=2_000)
    joint = np.zeros((2_000, 4, 4, 4))
    draw, part, label = np.meshgrid(np.arange(2_000), np.arange(3), np.arange(4), indexing="ij")
    np.add.at(
        joint,
        (draw, label, orders[draw, part, 0, label], orders[draw, part, 1, label]),
        shares[draw, part] / 4,
    )
    return Triples(joint=joint)


def _shared_bits(rng: np.random.Generator) -> Triples:
    """Return four coins a, b, c, e, of which the labels show (a, b), (b, c) and (c, e)."""
    a, b, c, e = np.indices((2, 2, 2, 2)).reshape(4, -1)
    joint = np.zeros((1, 4, 4, 4))
    joint[0, 2 * a + b, 2 * b + c, 2 * c + e] = 1 / 16
    return Triples(joint=joint)


METRIC = Theorem[Triples](
    id="benefit/information-triangle",
    title="(H_i + H_j)(1 - AMI_ij) is a metric: the triangle inequality",
    source=source("AMI as the measure of relatedness; Meilă 2007, Theorem 1"),
    kind=Kind.BOUND,
    statement=sp.Le(VI[i, k], VI[i, j] + VI[j, k]),
    predict=lambda x: x.variations[0] + x.variations[1],
    measure=lambda rng, x, n: x.variations[2][None],
    cases=(
        Case(name="2,000 random joint distributions", build=_random),
        Case(name="the middle label tells both others: equality", build=_both_inside),
    ),
    slack=1e-9,
    remark="The variation of information H(i|j) + H(j|i), AMI with the arithmetic average. Necessary for "
    "every way of making tasks with a requested matrix of AMI.",
)

EQUAL_ENTROPIES = Assumption[Triples](
    name="equal entropies",
    statement="the three labels have the same entropy",
    holds=lambda x: bool(np.allclose(x.entropies, x.entropies[0], atol=1e-9)),
)

AMI_TRIANGLE = Theorem[Triples](
    id="benefit/ami-triangle",
    title="Labels of equal entropy: AMI_ij + AMI_jk - AMI_ik cannot exceed 1",
    source=source("AMI as the measure of relatedness; derived here"),
    kind=Kind.BOUND,
    statement=sp.Le(A[i, j] + A[j, k] - A[i, k], 1),
    assumptions=(EQUAL_ENTROPIES,),
    predict=lambda x: np.ones(len(x.joint)),
    measure=lambda rng, x, n: (x.amis[0] + x.amis[1] - x.amis[2])[None],
    cases=(
        Case(name="2,000 mixtures of relabellings", build=_equally_frequent),
        Case(name="labels (a,b), (b,c), (c,e) of four coins: equality", build=_shared_bits),
        Case(
            name="a label inside a finer one: the sum reaches 4/3",
            build=lambda rng: Triples(joint=_contained()),
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    slack=1e-9,
    remark="So two tasks that are both close to a third one are close to each other: AMI 0.9 to the middle "
    "one forces 0.8 between them. With unequal entropies coins a, (a, b), b have the sum 4/3.",
)


def _contained() -> FloatArray:
    """Return labels a, (a, b) and b of two coins."""
    a, b = np.indices((2, 2)).reshape(2, -1)
    joint = np.zeros((1, 2, 4, 2))
    joint[0, a, 2 * a + b, b] = 1 / 4
    return joint


THEOREMS = (METRIC, AMI_TRIANGLE)
