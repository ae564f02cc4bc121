"""Networks of rectified linear units: one shared layer, or one layer a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import in_interval
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._activations import relu
from mtl_simulators.solvers._multistart import (
    FINALISTS,
    Descent,
    Minima,
    check_descent,
    samples_required,
)
from mtl_simulators.solvers._network import Samples, SquaredLoss
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit


@dataclass(frozen=True, kw_only=True)
class ReluNetwork:
    r"""Best minimum found of $\sum_t \alpha_t \lVert \mathrm{ReLU}(X_t W^\top) \gamma_t - y_t \rVert^2$.

    Heads are eliminated exactly: for one unit what is maximised is
    $\sum_t \alpha_t \langle \mathrm{ReLU}(X_t w) / \lVert \mathrm{ReLU}(X_t w) \rVert, y_t \rangle^2$ over
    directions $w$. The objective has many local minima, so descents start from the tasks' own networks, from
    the sum of their units (one unit) and from random units, all replicates and starts at once, and the best
    is returned; `relu_local_minima` shows all. Rows of the shared map have length one.

    Parameters
    ----------
    capacity
        Hidden units r, any number: beyond the units that the tasks need on their own, sharing has no effect.
    n_starts
        Random starts, in addition to the structured ones.
    penalty
        Ridge $\lambda \ge 0$ on the heads, $\lambda \lVert \gamma_t \rVert^2$ inside each task's loss. Wide
        networks fit few samples in many ways, some with huge heads; a small ridge picks and converges sooner.
    task_weights
        $\alpha_t > 0$: `(T,)` or `(B, T)`; default ones, by which larger tasks count more.
    max_iterations
        L-BFGS steps a start.
    tolerance
        Largest entry of the gradient, relative to $\sum_t \alpha_t \lVert y_t \rVert^2$.

    Raises
    ------
    ValueError
        On sufficient statistics, which do not determine a nonlinear loss, and on settings out of range.

    Source: Wu, Zhang and Ré 2020, equation (1) and objective (10).

    >>> from mtl_simulators.problems import Dataset
    >>> from mtl_simulators.solvers import solve
    >>> rng = np.random.default_rng(0)
    >>> inputs = rng.standard_normal((1, 50, 3))
    >>> unit = np.maximum(inputs @ [2.0, 0.0, 0.0], 0.0)
    >>> data = Dataset(inputs=inputs, targets=np.stack([unit, -3 * unit], axis=1))
    >>> solution = solve(data, ReluNetwork(capacity=1), rng=rng)
    >>> bool(np.allclose(solution.representation, [[[1, 0, 0]]], atol=1e-5)), solution.heads.round(4).tolist()
    (True, [[[2.0], [-6.0]]])
    """

    capacity: int
    n_starts: int = 8
    penalty: float = 0.0
    task_weights: npt.ArrayLike | None = None
    max_iterations: int = 1000
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        check_descent(self.capacity, self.n_starts, self.max_iterations, self.tolerance)
        in_interval("penalty", self.penalty, 0.0, np.inf)

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Descend from every start; `rng` draws the random ones."""
        minima = _descend(data, self, rng, finalists=FINALISTS)
        return Fit(
            representation=minima.representations[:, 0],
            heads=minima.heads[:, 0],
            outcomes=minima.outcomes(),
            activation=relu,
        )


@dataclass(frozen=True, kw_only=True)
class ReluSingleTask:
    r"""A network of `capacity` rectified linear units for every task on its own: the baseline.

    The shared map of the result stacks the tasks' units, `(B, T r, d)`; the heads of a task, `(B, T, T r)`,
    are zero but on its own.

    Parameters
    ----------
    capacity, n_starts, penalty, max_iterations, tolerance
        As in `ReluNetwork`.

    Source: Wu, Zhang and Ré 2020, the single-task learning of section 2.
    """

    capacity: int = 1
    n_starts: int = 8
    penalty: float = 0.0
    max_iterations: int = 1000
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        check_descent(self.capacity, self.n_starts, self.max_iterations, self.tolerance)
        in_interval("penalty", self.penalty, 0.0, np.inf)

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Descend from every start; `rng` draws the random ones."""
        samples = samples_required(self, data)
        descent = Descent(
            n_starts=self.n_starts, max_iterations=self.max_iterations, tolerance=self.tolerance
        )
        minima = descent.single_tasks(samples, partial(_loss, penalty=self.penalty), self.capacity, rng)
        n_replicates, n_tasks, _ = samples.targets.shape
        representation, heads = stacked(minima, n_replicates, n_tasks)
        return Fit(
            representation=representation,
            heads=heads,
            outcomes=worst(minima.outcomes(), n_tasks),
            activation=relu,
        )


def relu_local_minima(
    data: Dataset | Moments, solver: ReluNetwork, *, rng: np.random.Generator
) -> FloatArray:
    r"""Return the final loss of every start, ascending, shape `(B, S)`.

    The loss is $\sum_t \alpha_t (\lVert \mathrm{ReLU}(X_t W^\top) \gamma_t - y_t \rVert^2 + \lambda \lVert
    \gamma_t \rVert^2)$. Distinct values are distinct local minima; $S$ counts the random starts and the
    structured ones.

    Raises
    ------
    ValueError
        As `ReluNetwork`.

    >>> rng = np.random.default_rng(0)
    >>> angles = np.linspace(0.0, 2 * np.pi, 2000, endpoint=False)
    >>> inputs = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    >>> targets = np.maximum(np.array([[1.0, 0.0], [-0.5, 0.8]]) @ inputs.T, 0.0)
    >>> data = Dataset(inputs=inputs[None], targets=targets[None])
    >>> losses = relu_local_minima(data, ReluNetwork(capacity=1), rng=rng)
    >>> np.unique(losses[0].round()).tolist()
    [440.0, 495.0]
    """
    return _descend(data, solver, rng, finalists=None).losses


def _descend(
    data: Dataset | Moments, solver: ReluNetwork, rng: np.random.Generator, *, finalists: int | None
) -> Minima:
    samples = samples_required(solver, data)
    descent = Descent(
        n_starts=solver.n_starts,
        max_iterations=solver.max_iterations,
        tolerance=solver.tolerance,
        finalists=finalists,
    )
    make_loss = partial(_loss, penalty=solver.penalty)
    return descent.shared(samples, make_loss, solver.capacity, solver.task_weights, rng)


def stacked(minima: Minima, n_replicates: int, n_tasks: int) -> tuple[FloatArray, FloatArray]:
    """Return one map `(B, T r, d)` and heads `(B, T, T r)` of tasks that were trained on their own."""
    rows, own = minima.representations[:, 0], minima.heads[:, 0, 0]
    capacity, d = rows.shape[1:]
    heads = np.zeros((n_replicates, n_tasks, n_tasks, capacity))
    task = np.arange(n_tasks)
    heads[:, task, task] = own.reshape(n_replicates, n_tasks, capacity)
    return rows.reshape(n_replicates, n_tasks * capacity, d), heads.reshape(n_replicates, n_tasks, -1)


def worst(outcomes: Sequence[Outcome], n_tasks: int) -> tuple[Outcome, ...]:
    """Return one outcome a replicate from one a task: the first that is not a success."""
    groups = [outcomes[k : k + n_tasks] for k in range(0, len(outcomes), n_tasks)]
    return tuple(next((o for o in group if o is not Outcome.SUCCESS), Outcome.SUCCESS) for group in groups)


def _loss(samples: Samples, capacity: int, *, penalty: float) -> SquaredLoss:
    return SquaredLoss(samples=samples, activation=relu, capacity=capacity, penalty=penalty)
