"""Logistic regression with one shared map."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._activations import Activation, identity, sigmoid
from mtl_simulators.solvers._multistart import Descent, check_descent, samples_required
from mtl_simulators.solvers._network import LogisticLoss, Samples
from mtl_simulators.solvers._solve import Fit


@dataclass(frozen=True, kw_only=True)
class LogisticSharing:
    r"""Best minimum found of $\sum_t \alpha_t \left(\sum_i \ell_{ti} + \lambda |\gamma_t|^2 / 2\right)$.

    Targets are 0 or 1, and $\ell_{ti}$ is minus the log-likelihood of one when $P(y = 1) = 1 / (1 + e^{-f})$
    with $f_t(x) = \gamma_t^\top g(W x)$ and rows of $W$ of length one. One linear unit for one task is the
    logistic regression of scikit-learn without intercept and with `C` $= 1 / \lambda$. For more tasks the
    objective is not convex: descents start from the tasks' own fits, their sum and random rows, all
    replicates and starts at once, and the best is returned. The solution predicts probabilities.

    Parameters
    ----------
    capacity
        Hidden units r.
    penalty
        $\lambda > 0$; without it separable tasks have no minimum.
    activation
        $g$: `identity`, or `relu`, of which a task needs at least two units, since one has a sign.
    n_starts, task_weights, max_iterations, tolerance
        As in `ReluNetwork`; the gradient is relative to the loss of even odds.

    Raises
    ------
    ValueError
        On sufficient statistics, targets other than 0 and 1, and settings out of range.

    Source: Wu, Zhang and Ré 2020, equation (1) with logistic loss.

    >>> from mtl_simulators.problems import Dataset
    >>> from mtl_simulators.solvers import solve
    >>> rng = np.random.default_rng(0)
    >>> inputs = rng.standard_normal((1, 200, 3))
    >>> label = (inputs[:, None, :, 0] > 0).astype(float)
    >>> data = Dataset(inputs=inputs, targets=np.concatenate([label, 1 - label], axis=1))
    >>> solution = solve(data, LogisticSharing(capacity=1), rng=rng)
    >>> bool((abs(solution.predict(inputs) - data.targets) < 0.5).mean() > 0.97)
    True
    """

    capacity: int
    penalty: float = 1.0
    activation: Activation = identity
    n_starts: int = 8
    task_weights: npt.ArrayLike | None = None
    max_iterations: int = 1000
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        check_descent(self.capacity, self.n_starts, self.max_iterations, self.tolerance)
        if not 0 < self.penalty < np.inf:
            raise ValueError(
                f"penalty must be positive and finite, got {self.penalty!r}; without one, tasks that a "
                "hyperplane separates have no minimum."
            )

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Descend from every start; `rng` draws the random ones."""
        samples = samples_required(self, data)
        if not np.isin(samples.targets, (0.0, 1.0)).all():
            raise ValueError(
                "logistic regression needs targets 0 and 1; map the two classes to them, for instance by "
                "(targets > 0).astype(float)."
            )
        descent = Descent(
            n_starts=self.n_starts, max_iterations=self.max_iterations, tolerance=self.tolerance
        )
        make_loss = partial(_loss, activation=self.activation, penalty=self.penalty)
        minima = descent.shared(samples, make_loss, self.capacity, self.task_weights, rng)
        return Fit(
            representation=minima.representations[:, 0],
            heads=minima.heads[:, 0],
            outcomes=minima.outcomes(),
            activation=self.activation,
            link=sigmoid,
        )


def _loss(samples: Samples, capacity: int, *, activation: Activation, penalty: float) -> LogisticLoss:
    return LogisticLoss(samples=samples, activation=activation, capacity=capacity, penalty=penalty)
