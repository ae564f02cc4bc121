"""Progressive training: more and more of the source, until the target has had enough."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._multistart import samples_required
from mtl_simulators.solvers._solution import Solution
from mtl_simulators.solvers._solve import Fit, Solver
from mtl_simulators.solvers._splits import hold_out, rows_of_tasks


@dataclass(frozen=True, kw_only=True)
class ProgressiveTraining:
    """Train on all of the target and ever more of the source's S batches, while that helps the target.

    Source samples count as ordered. It stops at the first stage whose validation error on the target is above
    the last stage's, and keeps the last; or at the first whose error is at most `target_error`, and keeps
    that. So a source that first helps and then hurts is cut off near where it helps most, and one that helps
    throughout is used whole.

    Every stage is a fresh `solver` on the stage's samples. Printed is a network that trains on from stage to
    stage for a fixed number of epochs; what the stages have seen is the same.

    Parameters
    ----------
    solver
        What is trained at every stage.
    n_stages
        S, at least 2 and at most the samples of the source.
    validation
        Held-out data of both tasks, of which the target's count.
    validation_fraction
        Without `validation`: the fraction of each task's samples that is set aside.
    target_error
        Mean squared validation error that is good enough; None for none.
    source
        Which of the two tasks is the source.

    Raises
    ------
    ValueError
        On settings out of range, sufficient statistics, other than two tasks, or a shared design.

    Source: Yang, Zhang, Wu, Ré and Su (2020), arXiv:2010.11750, progressive training.

    >>> from mtl_simulators.problems import make_linear
    >>> from mtl_simulators.solvers import Pooled, solve
    >>> rng = np.random.default_rng(0)
    >>> problem = make_linear(rng, alignment=0.6, n_tasks=2, n_features=5, n_samples=[500, 60], noise=0.5)
    >>> training = ProgressiveTraining(solver=Pooled(), n_stages=10)
    >>> bool(training.train(problem.train, rng=rng).stages[0] < 10)
    True
    """

    solver: Solver
    n_stages: int = 10
    validation: Dataset | None = None
    validation_fraction: float = 0.2
    target_error: float | None = None
    source: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that make no stages."""
        positive_int("n_stages", self.n_stages, at_least=2)
        if self.source not in (0, 1):
            raise ValueError(f"source must be task 0 or task 1, got {self.source!r}.")

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Train stage by stage; `rng` draws the samples set aside and what the solver needs."""
        return self.train(data, rng=rng).fit

    def train(self, data: Dataset | Moments, *, rng: np.random.Generator) -> "Progress":
        """Train and return all that was seen on the way."""
        samples = samples_required(self, data)
        rng_split, rng_stages = rng.spawn(2)
        train, validation = samples, self.validation
        if validation is None:
            train, validation = hold_out(rng_split, samples, self.validation_fraction)
        counts = self._source_counts(train, validation)
        fits, errors = [], []
        for count, child in zip(counts, rng_stages.spawn(self.n_stages), strict=True):
            fit = self.solver.fit(self._stage(train, int(count)), rng=child)
            fits.append(fit)
            errors.append(self._target_error(fit, validation))
        stages = self._stopped(np.stack(errors))
        return Progress(
            fit=_chosen(fits, stages), stages=stages + 1, n_source=counts[stages], errors=np.stack(errors)
        )

    def _source_counts(self, train: Dataset, validation: Dataset) -> IntArray:
        """Return the source samples of every stage, `(S,)`, after checking the data."""
        if train.targets.shape[1] != 2 or train.shared_design:
            shared = " with a shared design" if train.shared_design else ""
            raise ValueError(
                f"got {train.targets.shape[1]} tasks{shared}; progressive training takes two with designs of "
                "their own: pass inputs (B, 2, n, d)."
            )
        expected = (*train.targets.shape[:2], train.inputs.shape[-1])
        got = (*validation.targets.shape[:2], validation.inputs.shape[-1])
        if got != expected:
            raise ValueError(f"validation data have (B, T, d) = {got}, training data {expected}.")
        n = int(train.counts[self.source])
        if n < self.n_stages:
            raise ValueError(f"{n} source samples cannot be cut into {self.n_stages} batches; ask for fewer.")
        return np.rint(np.arange(1, self.n_stages + 1) * n / self.n_stages).astype(np.intp)

    def _stage(self, train: Dataset, n_source: int) -> Dataset:
        counts = train.counts.copy()
        counts[self.source] = n_source
        return rows_of_tasks(train, [np.arange(count) for count in counts])

    def _target_error(self, fit: Fit, validation: Dataset) -> FloatArray:
        """Return the mean squared error on the target's validation data, `(B,)`."""
        solution = Solution(
            representation=fit.representation,
            heads=fit.heads,
            outcomes=fit.outcomes,
            seconds=0.0,
            activation=fit.activation,
            link=fit.link,
        )
        target = 1 - self.source
        n = int(validation.counts[target])
        squares = (solution.predict(validation.inputs) - validation.targets)[:, target, :n] ** 2
        usable = np.array([outcome.usable for outcome in fit.outcomes])
        return np.where(usable, squares.mean(axis=-1), np.inf)

    def _stopped(self, errors: FloatArray) -> IntArray:
        """Return the stage kept, from 0, shape `(B,)`, for errors `(S, B)`."""
        worse = np.zeros(errors.shape, dtype=bool)
        worse[1:] = errors[1:] > errors[:-1]
        good = np.zeros(errors.shape, dtype=bool)
        if self.target_error is not None:
            good = errors <= self.target_error
        last = len(errors) - 1
        first_worse = np.where(worse.any(axis=0), worse.argmax(axis=0) - 1, last)
        first_good = np.where(good.any(axis=0), good.argmax(axis=0), last)
        return np.minimum(first_worse, first_good)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What progressive training did.

    Parameters
    ----------
    fit
        The kept stage's fit.
    stages
        Number of the kept stage, from 1, `(B,)`.
    n_source
        Source samples that it saw, `(B,)`.
    errors
        Validation error of the target at all stages, also those after the stop, `(S, B)`.
    """

    fit: Fit
    stages: IntArray
    n_source: IntArray
    errors: FloatArray


def _chosen(fits: list[Fit], stages: IntArray) -> Fit:
    """Return, per replicate, the fit of its stage."""
    replicates = np.arange(len(stages))
    return Fit(
        representation=np.stack([fit.representation for fit in fits])[stages, replicates],
        heads=np.stack([fit.heads for fit in fits])[stages, replicates],
        outcomes=tuple(fits[stage].outcomes[b] for b, stage in enumerate(stages)),
        activation=fits[0].activation,
        link=fits[0].link,
    )
