"""One verb for every solver."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol, runtime_checkable

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset, Moments, Problem
from mtl_simulators.solvers._activations import identity
from mtl_simulators.solvers._solution import Outcome, Solution, SolveError


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What a solver hands back to `solve`: the arrays of a `Solution` and one outcome a replicate."""

    representation: FloatArray
    heads: FloatArray
    outcomes: tuple[Outcome, ...]
    activation: Callable[[FloatArray], FloatArray] = identity
    link: Callable[[FloatArray], FloatArray] = identity


@runtime_checkable
class Solver(Protocol):
    """A frozen strategy: all its settings are fields, all its work is in `fit`."""

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Estimate the shared map and the heads from samples or sufficient statistics."""
        ...


def solve(
    problem: Problem | Dataset | Moments, solver: Solver, *, rng: np.random.Generator, throw: bool = True
) -> Solution:
    """Solve a multitask problem; of a `Problem` the solver sees the training data alone.

    Parameters
    ----------
    problem
        Samples, sufficient statistics (much faster where the result allows it), or a problem.
    solver
        A strategy such as `SingleTask()` or `SharedRepresentation(capacity=4)`.
    rng
        Generator for solvers that draw starting points; deterministic solvers leave it untouched.
    throw
        Raise `SolveError` when a replicate ends with an outcome that is not usable. With `throw=False`
        the outcome is on the solution and such replicates hold NaN.

    Raises
    ------
    ValueError
        When the solver cannot be applied to this problem (capacity above min(d, T), different designs), and
        when `rng` is not a Generator.
    SolveError
        See `throw`.

    >>> from mtl_simulators.problems import make_linear
    >>> from mtl_simulators.solvers import SingleTask
    >>> rng = np.random.default_rng(0)
    >>> problem = make_linear(rng, alignment=0.5, n_tasks=3, n_features=4, n_samples=50, noise=0.0)
    >>> solution = solve(problem, SingleTask(), rng=rng)
    >>> bool(np.allclose(solution.weights, problem.truth.weights))
    True
    """
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy Generator, got {rng!r}; pass np.random.default_rng(seed).")
    data = problem.train if isinstance(problem, Problem) else problem
    start = perf_counter()
    fit = solver.fit(data, rng=rng)
    seconds = perf_counter() - start
    failed = Counter(outcome for outcome in fit.outcomes if not outcome.usable)
    if throw and failed:
        outcome, count = failed.most_common(1)[0]
        raise SolveError(
            f"{type(solver).__name__}: {count} of {len(fit.outcomes)} replicates ended with "
            f"{outcome.name}: {outcome.value}. Pass throw=False to keep the others."
        )
    usable = np.array([outcome.usable for outcome in fit.outcomes])[:, None, None]
    representation, heads = fit.representation, fit.heads
    if failed:
        representation, heads = np.where(usable, representation, np.nan), np.where(usable, heads, np.nan)
    return Solution(
        representation=representation,
        heads=heads,
        outcomes=fit.outcomes,
        seconds=seconds,
        activation=fit.activation,
        link=fit.link,
    )
