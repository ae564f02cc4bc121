r"""Objectives of two-layer networks with one shared map, for many starts at once.

A network of task $t$ is $f_t(x) = \gamma_t^\top g(W x)$ with rows of $W$ of unit length: for positively
homogeneous $g$ (linear, ReLU) lengths belong in the heads. Points are flat vectors, so that one minimiser
serves all; of any row of $W$ in them only the direction counts.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators.problems import Dataset
from mtl_simulators.solvers._activations import Activation, sigmoid

# Ridge of a least-squares head relative to the energy of its inputs: it makes dead and equal units harmless,
# and moves a fit by less than the square root of double precision.
FLOOR = 1e-12


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Inputs `(B, T or 1, n, d)`, targets `(B, T, n)` and task weights `(B, T)` of a training set."""

    inputs: FloatArray
    targets: FloatArray
    task_weights: FloatArray

    @classmethod
    def of(cls, data: Dataset, task_weights: FloatArray) -> "Samples":
        """Return a data set's samples with the task axis always present."""
        inputs = data.inputs[:, None] if data.shared_design else data.inputs
        return cls(inputs=inputs, targets=data.targets, task_weights=task_weights)

    def of_replicates(self, rows: IntArray) -> "Samples":
        """Return some of the replicates, in order; all of them are not copied."""
        if len(rows) == len(self.targets):
            return self
        return Samples(
            inputs=self.inputs[rows], targets=self.targets[rows], task_weights=self.task_weights[rows]
        )

    def preactivations(self, directions: FloatArray) -> FloatArray:
        """Return $W x$ for every start, `(B, T or 1, S, r, n)`, for unit rows `(B, S, r, d)`."""
        n_replicates, n_starts, capacity, d = directions.shape
        rows = directions.reshape(n_replicates, 1, n_starts * capacity, d)
        return (rows @ self.inputs.mT).reshape(n_replicates, -1, n_starts, capacity, self.targets.shape[-1])

    def pull_back(self, signals: FloatArray) -> FloatArray:
        r"""Return $\sum_t X_t^\top s_t$, `(B, S, r, d)`, for signals `(B, T, S, r, n)` at hidden units."""
        n_replicates, n_tasks, n_starts, capacity, n = signals.shape
        if self.inputs.shape[1] == 1:
            signals, n_tasks = signals.sum(axis=1, keepdims=True), 1
        flat = signals.reshape(n_replicates, n_tasks, n_starts * capacity, n)
        pulled: FloatArray = (flat @ self.inputs).sum(axis=1).reshape(n_replicates, n_starts, capacity, -1)
        return pulled


def unit(vectors: FloatArray) -> FloatArray:
    """Return the rows scaled to length one; zero rows stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: FloatArray = vectors / np.where(length > 0, length, 1.0)
    return scaled


def _through_length(gradient: FloatArray, vectors: FloatArray) -> FloatArray:
    """Return the gradient in vectors v of a function of v/|v| whose gradient in v/|v| is given."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    directions = unit(vectors)
    along = (gradient * directions).sum(axis=-1, keepdims=True)
    through: FloatArray = (gradient - along * directions) / np.where(length > 0, length, 1.0)
    return through


class Loss(Protocol):
    """An objective for `minimize_batch`, with the way from starting rows to points and back to networks."""

    @property
    def samples(self) -> Samples:
        """What the loss is measured on."""
        ...

    def scale(self) -> FloatArray:
        """Return the value of the network whose heads are zero, `(B,)`."""
        ...

    def __call__(self, points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return values and gradients at the points of some replicates."""
        ...

    def points(self, vectors: FloatArray) -> FloatArray:
        """Return points `(B, S, D)` for starting rows `(B, S, r, d)`."""
        ...

    def network(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return unit rows `(B, S, r, d)` and heads `(B, S, T, r)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class SquaredLoss:
    r"""$\sum_t \alpha_t \min_\gamma |g(X_t W^\top) \gamma - y_t|^2 + \lambda |\gamma|^2$.

    Points are the rows of $W$ alone, `(B, S, r d)`: heads are solved for (variable projection), and by the
    envelope theorem the gradient is that at fixed heads.

    Source: Golub and Pereyra 1973; for one ReLU unit objective (10) of Wu, Zhang and Ré 2020.
    """

    samples: Samples
    activation: Activation
    capacity: int
    penalty: float

    def scale(self) -> FloatArray:
        """Return the weighted energy of the targets, `(B,)`."""
        return np.asarray(np.einsum("bt,btn->b", self.samples.task_weights, self.samples.targets**2))

    def __call__(self, points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return values `(b, S)` and gradients `(b, S, r d)`."""
        samples = self.samples.of_replicates(rows)
        vectors = points.reshape(*points.shape[:2], self.capacity, -1)
        before = samples.preactivations(unit(vectors))
        hidden = self.activation(before)
        heads, ridge = self._heads(hidden, samples)
        residuals = samples.targets[:, :, None] - (heads[..., None, :] @ hidden)[..., 0, :]
        weights = samples.task_weights
        energy = np.einsum("btsn,btsn->bts", residuals, residuals)
        size = np.einsum("btsr,btsr->bts", heads, heads) * ridge
        signals = (-2 * weights[..., None, None] * heads)[..., None] * residuals[..., None, :]
        gradient = samples.pull_back(signals * self.activation.slope(before))
        values = np.einsum("bt,bts->bs", weights, energy + size)
        return values, _through_length(gradient, vectors).reshape(points.shape)

    def points(self, vectors: FloatArray) -> FloatArray:
        """Return the points of starting rows `(B, S, r, d)`."""
        return vectors.reshape(*vectors.shape[:2], -1)

    def network(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return unit rows `(B, S, r, d)` and the best heads `(B, S, T, r)`."""
        directions = unit(points.reshape(*points.shape[:2], self.capacity, -1))
        hidden = self.activation(self.samples.preactivations(directions))
        return directions, np.swapaxes(self._heads(hidden, self.samples)[0], 1, 2)

    def _heads(self, hidden: FloatArray, samples: Samples) -> tuple[FloatArray, FloatArray]:
        """Return the best heads, `(B, T, S, r)`, and the ridge `(B, T, 1)` that they were found with."""
        energy = np.einsum("btnd,btnd->bt", samples.inputs, samples.inputs)[..., None]
        ridge = self.penalty + FLOOR * np.where(energy > 0, energy, 1.0)
        gram = hidden @ hidden.mT + ridge[..., None, None] * np.eye(self.capacity)
        cross = hidden @ samples.targets[:, :, None, :, None]
        return np.linalg.solve(gram, cross)[..., 0], ridge


@dataclass(frozen=True, kw_only=True)
class LogisticLoss:
    r"""$\sum_t \alpha_t \left(\sum_i [\log(1 + e^{f_i}) - y_i f_i] + \frac{\lambda}{2} |\gamma_t|^2\right)$.

    Points are the rows of $W$ followed by the heads, `(B, S, r d + T r)`; $f = \gamma_t^\top g(W x)$.
    """

    samples: Samples
    activation: Activation
    capacity: int
    penalty: float

    def scale(self) -> FloatArray:
        """Return the loss of even odds, `(B,)`."""
        even: FloatArray = np.log(2) * self.samples.targets.shape[-1] * self.samples.task_weights.sum(axis=1)
        return even

    def __call__(self, points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return values `(b, S)` and gradients `(b, S, r d + T r)`."""
        samples = self.samples.of_replicates(rows)
        vectors, heads = self._split(points)
        before = samples.preactivations(unit(vectors))
        hidden = self.activation(before)
        scores = (heads[..., None, :] @ hidden)[..., 0, :]
        labels, weights = samples.targets[:, :, None], samples.task_weights[..., None]
        loss = (np.logaddexp(0.0, scores) - labels * scores).sum(axis=-1)
        size = self.penalty / 2 * (heads**2).sum(axis=-1)
        errors = weights[..., None] * (sigmoid(scores) - labels)
        signals = heads[..., None] * errors[..., None, :] * self.activation.slope(before)
        along_rows = _through_length(samples.pull_back(signals), vectors)
        along_heads = (hidden @ errors[..., None])[..., 0] + self.penalty * weights[..., None] * heads
        return (weights * (loss + size)).sum(axis=1), self._join(along_rows, along_heads)

    def points(self, vectors: FloatArray) -> FloatArray:
        """Return the points of starting rows `(B, S, r, d)`, with heads of zero."""
        n_replicates, n_tasks, _ = self.samples.targets.shape
        return self._join(vectors, np.zeros((n_replicates, n_tasks, *vectors.shape[1:3])))

    def network(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return unit rows `(B, S, r, d)` and heads `(B, S, T, r)`."""
        vectors, heads = self._split(points)
        return unit(vectors), np.swapaxes(heads, 1, 2)

    def _split(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return rows `(B, S, r, d)` and heads `(B, T, S, r)`."""
        n_replicates, n_starts, _ = points.shape
        cut = self.capacity * self.samples.inputs.shape[-1]
        vectors = points[..., :cut].reshape(n_replicates, n_starts, self.capacity, -1)
        heads = points[..., cut:].reshape(n_replicates, n_starts, -1, self.capacity)
        return vectors, np.swapaxes(heads, 1, 2)

    @staticmethod
    def _join(vectors: FloatArray, heads: FloatArray) -> FloatArray:
        """Return points from rows `(B, S, r, d)` and heads `(B, T, S, r)`."""
        shape = vectors.shape[:2]
        parts = [vectors.reshape(*shape, -1), np.swapaxes(heads, 1, 2).reshape(*shape, -1)]
        return np.concatenate(parts, axis=-1)
