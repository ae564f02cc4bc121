"""Covariance alignment: every task turns its inputs before the shared map sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_simulators._validation import in_interval, positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._activations import identity
from mtl_simulators.solvers._alignment_families import AlignmentFamily, FreeAlignment, Parameters
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit, Solver
from mtl_simulators.solvers._splits import hold_out


@dataclass(frozen=True, kw_only=True)
class CovarianceAlignment:
    r"""Freeze a shared map $W$, then fit $X_t R_t W^\top \gamma_t$ to task $t$ by $R_t$ and $\gamma_t$.

    Gradient descent on $\lVert X_t R_t W^\top \gamma_t - y_t \rVert^2 / (2 \lVert X_t^\top X_t \rVert_2) +
    \frac{\rho}{2} \lVert R_t - I \rVert_F^2$, full batch and for all tasks at once, from the shared solution
    ($R_t = I$). It runs on sufficient statistics, $O(d^2)$ a task and step. The estimate is
    $\hat w_t = R_t W^\top \gamma_t$: the map of the result is the identity. With validation data every task
    keeps the step at which its validation error is lowest (early stopping with unlimited patience).

    Parameters
    ----------
    shared
        Solver of the shared map and the heads that training starts from, linear.
    family
        What $R_t$ may be; see `AlignmentFamily`.
    learning_rate
        Step size. The loss is divided by the largest eigenvalue of the Gram matrix, so that for task vectors
        of length one 1 is about where descent becomes unstable.
    max_steps
        Steps of descent; without validation data all of them are taken.
    penalty
        $\rho \ge 0$, on the scale of the divided loss.
    validation
        Held-out samples (or their statistics) of the same tasks and replicates for early stopping.
    validation_fraction
        Instead: the fraction of each task's samples that is set aside; the shared map then does not see them
        either. For data given as samples.

    Raises
    ------
    ValueError
        On settings out of range, validation data given in both ways or not fitting, a shared map that is not
        linear.

    Source: Wu, Zhang and Ré (2020), Algorithm 1.

    >>> from mtl_simulators.problems import make_linear
    >>> from mtl_simulators.solvers import SharedRepresentation, SingleTask, solve
    >>> rng = np.random.default_rng(0)
    >>> problem = make_linear(
    ...     rng, alignment=0.9, n_tasks=2, n_features=4, n_samples=30, shared_design=True
    ... )
    >>> solver = CovarianceAlignment(shared=SharedRepresentation(capacity=1), max_steps=5000)
    >>> aligned, alone = solve(problem, solver, rng=rng), solve(problem, SingleTask(), rng=rng)
    >>> bool(np.allclose(aligned.weights, alone.weights, atol=1e-6))
    True
    """

    shared: Solver
    family: AlignmentFamily = field(default_factory=FreeAlignment)
    learning_rate: float = 0.3
    max_steps: int = 400
    penalty: float = 0.0
    validation: Dataset | Moments | None = None
    validation_fraction: float | None = None

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        positive_int("max_steps", self.max_steps)
        in_interval("penalty", self.penalty, 0.0, np.inf)
        if not 0 < self.learning_rate < np.inf:
            raise ValueError(f"learning_rate must be positive and finite, got {self.learning_rate!r}.")
        if self.validation is not None and self.validation_fraction is not None:
            raise ValueError("pass validation data or a fraction to set aside, not both.")

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Train; `rng` draws the samples set aside and what the family and the shared solver need."""
        alignment = self.align(data, rng=rng)
        n_replicates, _, d = alignment.weights.shape
        return Fit(
            representation=np.broadcast_to(np.eye(d), (n_replicates, d, d)),
            heads=alignment.weights,
            outcomes=alignment.outcomes,
        )

    def align(self, data: Dataset | Moments, *, rng: np.random.Generator) -> "Alignment":
        """Train and return the alignment itself: matrices, heads and the step that each task stopped at."""
        setting = _prepared(self, data, rng)
        kept = _Kept(setting.validation)
        with np.errstate(over="ignore", invalid="ignore"):
            for point in _descent(setting, self):
                kept.consider(point)
        finite: BoolArray = np.asarray(np.isfinite(kept.weights).all(axis=(1, 2)))
        return Alignment(
            representation=setting.representation,
            heads=kept.heads,
            matrices=kept.matrices,
            steps=kept.steps,
            outcomes=tuple(
                Outcome.DIVERGED if outcome.usable and not ok else outcome
                for outcome, ok in zip(setting.outcomes, finite, strict=True)
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Alignment:
    r"""What covariance alignment learned.

    Parameters
    ----------
    representation
        The frozen shared map $W$, `(B, r, d)`.
    heads
        $\gamma_t$, `(B, T, r)`.
    matrices
        $R_t$, `(B, T, d, d)`.
    steps
        The step that each task was stopped at, `(B, T)`; 0 is plain sharing.
    outcomes
        One outcome a replicate.
    """

    representation: FloatArray
    heads: FloatArray
    matrices: FloatArray
    steps: IntArray
    outcomes: tuple[Outcome, ...]

    @property
    def weights(self) -> FloatArray:
        r"""Estimated task vectors $R_t W^\top \gamma_t$, shape `(B, T, d)`."""
        return _apply(self.matrices, self.heads @ self.representation)


def alignment_path(
    data: Dataset | Moments, solver: CovarianceAlignment, *, steps: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    r"""Return the estimates along the descent, shape `(len(steps), B, T, d)`; validation data play no role.

    Parameters
    ----------
    steps
        Numbers of descent steps, none negative, in any order; 0 is the shared solution. They may exceed the
        solver's `max_steps`.

    Raises
    ------
    ValueError
        On no steps or a negative one, and as `CovarianceAlignment`.

    Source: Wu, Zhang and Ré (2020), Algorithm 1.
    """
    wanted = [positive_int("steps", step, at_least=0) for step in steps]
    if not wanted:
        raise ValueError("steps is empty; pass at least one number of steps.")
    setting = _prepared(solver, data, rng)
    seen: dict[int, FloatArray] = {}
    with np.errstate(over="ignore", invalid="ignore"):
        for point in _descent(setting, solver, max_steps=max(wanted)):
            if point.step in wanted:
                seen[point.step] = point.weights
    return np.stack([seen[step] for step in wanted])


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Where a descent starts and what it sees."""

    moments: Moments
    validation: Moments | None
    representation: FloatArray
    heads: FloatArray
    parameters: Parameters
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, kw_only=True)
class _Point:
    """One step of a descent."""

    step: int
    heads: FloatArray
    matrices: FloatArray
    weights: FloatArray


class _Kept:
    """Each task's best point so far; the latest one where there are no validation data."""

    def __init__(self, validation: Moments | None) -> None:
        self.validation = validation
        self.lowest: FloatArray | None = None

    def consider(self, point: _Point) -> None:
        error = None if self.validation is None else self.validation.squared_error(point.weights)
        if error is None or self.lowest is None:
            self.heads, self.matrices, self.weights = point.heads, point.matrices, point.weights
            self.steps: IntArray = np.full(point.heads.shape[:2], point.step)
            self.lowest = error
            return
        better: BoolArray = np.asarray(error < self.lowest)
        self.lowest = np.where(better, error, self.lowest)
        self.steps = np.where(better, point.step, self.steps)
        self.heads = np.where(better[..., None], point.heads, self.heads)
        self.weights = np.where(better[..., None], point.weights, self.weights)
        self.matrices = np.where(better[..., None, None], point.matrices, self.matrices)


def _prepared(solver: CovarianceAlignment, data: Dataset | Moments, rng: np.random.Generator) -> _Setting:
    rng_split, rng_family, rng_shared = rng.spawn(3)
    train, validation = _split(solver, data, rng_split)
    moments = train.moments() if isinstance(train, Dataset) else train
    parameters = solver.family.start(moments, rng=rng_family)
    matrices = solver.family.matrices(parameters)
    # Only a family that does not start at the identity changes what the shared map is learned from.
    moved = (matrices != np.eye(moments.n_features)).any()
    fit = solver.shared.fit(_aligned(moments, matrices) if moved else train, rng=rng_shared)
    if fit.activation != identity or fit.link != identity:
        raise ValueError(
            f"{type(solver.shared).__name__} is not linear; pass a solver with a linear shared map."
        )
    return _Setting(
        moments=moments,
        validation=validation,
        representation=fit.representation,
        heads=fit.heads,
        parameters=parameters,
        outcomes=fit.outcomes,
    )


def _split(
    solver: CovarianceAlignment, data: Dataset | Moments, rng: np.random.Generator
) -> tuple[Dataset | Moments, Moments | None]:
    if solver.validation_fraction is not None:
        if isinstance(data, Moments):
            raise ValueError("Moments cannot be split; pass samples, a Dataset, or validation data.")
        train, aside = hold_out(rng, data, solver.validation_fraction)
        return train, aside.moments()
    if solver.validation is None:
        return data, None
    held = solver.validation
    moments = held.moments() if isinstance(held, Dataset) else held
    expected = data.moments().cross.shape if isinstance(data, Dataset) else data.cross.shape
    if moments.cross.shape != expected:
        raise ValueError(
            f"validation data have (B, T, d) = {moments.cross.shape}, training data {expected}; pass "
            "held-out samples of the same tasks and replicates."
        )
    return data, moments


def _descent(
    setting: _Setting, solver: CovarianceAlignment, *, max_steps: int | None = None
) -> Iterator[_Point]:
    family, moments = solver.family, setting.moments
    gram = moments.gram_per_task
    largest = np.linalg.eigvalsh(gram)[..., -1:]
    largest = np.where(largest > 0, largest, 1.0)
    parameters, heads = setting.parameters, setting.heads
    for step in range((solver.max_steps if max_steps is None else max_steps) + 1):
        matrices = family.matrices(parameters)
        vectors = heads @ setting.representation
        weights = _apply(matrices, vectors)
        yield _Point(step=step, heads=heads, matrices=matrices, weights=weights)
        error = (_apply(gram, weights) - moments.cross) / largest
        along_heads = _apply(matrices.mT, error) @ setting.representation.mT
        gradient = error[..., :, None] * vectors[..., None, :]
        if solver.penalty:
            gradient = gradient + solver.penalty * (matrices - np.eye(moments.n_features))
        # A task that left the finite numbers stays where it is: its heads already say so.
        finite = np.isfinite(gradient).all(axis=(-1, -2), keepdims=True)
        parameters = family.step(parameters, np.where(finite, gradient, 0.0), solver.learning_rate)
        heads = heads - solver.learning_rate * along_heads


def _apply(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Return the products of matrices `(B, T, d, d)` and vectors `(B, T, d)`."""
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _aligned(moments: Moments, matrices: FloatArray) -> Moments:
    """Return the statistics of the inputs $X_t R_t$."""
    gram = matrices.mT @ moments.gram_per_task @ matrices
    return Moments(
        gram=(gram + gram.mT) / 2,
        cross=_apply(matrices.mT, moments.cross),
        energy=moments.energy,
        n_samples=moments.n_samples,
    )
