r"""Algorithm 1 for linear tasks with one shared vector, followed step by step.

The shared vector w stays, a task trains its own $R$ (from the identity) and its head $a$. Every gradient in
$R$ is a multiple of a vector times $w^\top$, so $R = I + (u - w) w^\top / \lVert w \rVert^2$ throughout, with
$u = R w$: two small vectors say all, and a step costs O(d). `CovarianceAlignment` is the solver for any
capacity and family of R; this is for many replicates of one task and their paths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class AlignmentPath:
    """One task of `B` replicates after each number of steps in `stops`, S of them.

    Parameters
    ----------
    weights
        The task vectors $a R w$, `(S, B, d)`.
    aligned
        $R w$, `(S, B, d)`.
    shared
        w, `(B, d)`, scaled so that the head starts at one.
    """

    weights: FloatArray
    aligned: FloatArray
    shared: FloatArray

    def stopped_at(self, step: IntArray) -> FloatArray:
        """Return the task vectors `(B, d)` at a position in `stops` of their own."""
        return np.asarray(self.weights[step, np.arange(len(step))])

    def maps_at(self, step: IntArray) -> FloatArray:
        """Return the alignment maps R, `(B, d, d)`, at a position in `stops` of their own."""
        moved = self.aligned[step, np.arange(len(step))] - self.shared
        length = (self.shared**2).sum(axis=-1)[:, None, None]
        return np.asarray(np.eye(self.shared.shape[-1]) + moved[:, :, None] * self.shared[:, None] / length)


def align(
    gram: FloatArray, cross: FloatArray, start: FloatArray, *, stops: Sequence[int], step: float = 0.3
) -> AlignmentPath:
    r"""Train R and the head of one task in turns by gradient descent on $\lVert X a R w - y \rVert^2 / 2$.

    Parameters
    ----------
    gram, cross
        $X^\top X$ `(B, d, d)` and $X^\top y$ `(B, d)` of the task.
    start
        Its estimate under the shared map, `(B, d)`: head times shared vector.
    stops
        Numbers of steps to report.
    step
        Learning rate times the largest curvature: of R, that of the Gram matrix times the squared head and
        $\lVert w \rVert^2$; of the head, that of the Gram matrix times $\lVert R w \rVert^2$.

    Source: Wu, Zhang and Ré 2020, Algorithm 1.
    """
    values, axes = np.linalg.eigh(gram)
    # Along the eigenvectors of the Gram matrix a step costs d operations instead of d squared.
    signal, aligned = ((vector[:, None] @ axes)[:, 0] for vector in (cross, start))
    rate = step / values[:, -1]
    head = np.ones(len(start))
    kept: dict[int, tuple[FloatArray, FloatArray]] = {}
    for count in range(max(stops) + 1):
        if count in stops:
            turned = (axes @ aligned[..., None])[..., 0]
            kept[count] = head[:, None] * turned, turned
        slope = values * head[:, None] * aligned - signal
        # Steps shrink as head and map grow: a start near zero would otherwise overshoot without end.
        aligned = aligned - (rate * head / np.maximum(1.0, head**2))[:, None] * slope
        slope = values * head[:, None] * aligned - signal
        length = (aligned**2).sum(axis=-1)
        head = head - rate * (slope * aligned).sum(axis=-1) / np.where(length > 0, length, 1.0)
    return AlignmentPath(
        weights=np.stack([kept[stop][0] for stop in stops]),
        aligned=np.stack([kept[stop][1] for stop in stops]),
        shared=start,
    )
