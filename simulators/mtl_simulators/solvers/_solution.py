"""What a solver returns, and how it says that something went wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array
from mtl_simulators.solvers._activations import identity


class Outcome(Enum):
    """How a solve ended; the value says what it means and what to do."""

    SUCCESS = "solved"
    TIED_SPECTRUM = (
        "solved, but the singular values r and r+1 are equal: other subspaces are just as good, "
        "so per-task values depend on the choice and only averages over tasks are determined"
    )
    RANK_DEFICIENT = (
        "the design has fewer independent rows than features, so least squares has no unique solution: "
        "use MinimumNorm or Ridge, or more samples"
    )
    NOT_CONVERGED = "the iteration reached its last step before its tolerance: allow more steps"
    DIVERGED = "the iteration left the finite numbers: use a smaller learning rate"

    @property
    def usable(self) -> bool:
        """Whether the solution's numbers answer the question that was asked."""
        return self in (Outcome.SUCCESS, Outcome.TIED_SPECTRUM)


class SolveError(RuntimeError):
    """A solve whose outcome is not usable, raised unless `solve(..., throw=False)`."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    r"""Shared map, heads, and how the solve ended.

    The prediction for task $t$ is $\hat f_t(x) = \ell(\gamma_t^\top g(W x))$ with an entrywise activation
    $g$ and an output link $\ell$, both the identity unless the solver says otherwise; for linear units the
    estimate of task $t$ is $\hat w_t = W^\top \gamma_t$.

    Parameters
    ----------
    representation
        Shared map $W$, shape `(B, r, d)`; the identity for solvers that share nothing.
    heads
        $\gamma_t$, shape `(B, T, r)`.
    outcomes
        One outcome a replicate; replicates whose outcome is not usable hold NaN.
    seconds
        Wall-clock time of the solve.
    activation
        $g$, such as `identity` or `relu`.
    link
        $\ell$, such as `identity`, or `sigmoid` for solvers that estimate probabilities.
    """

    representation: FloatArray
    heads: FloatArray
    outcomes: tuple[Outcome, ...]
    seconds: float
    activation: Callable[[FloatArray], FloatArray] = identity
    link: Callable[[FloatArray], FloatArray] = identity

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the predictions, `(B, T, n)`, for inputs `(B, n, d)` that all tasks share or `(B, T, n, d)`.

        Raises
        ------
        ValueError
            On NaN, infinity, or shapes that do not fit the solution's.
        """
        rows = finite_array("inputs", inputs, ndim=(3, 4))
        n_replicates, n_tasks, _ = self.heads.shape
        leading = (n_replicates,) if rows.ndim == 3 else (n_replicates, n_tasks)
        if rows.shape[:-2] != leading or rows.shape[-1] != self.representation.shape[-1]:
            raise ValueError(
                f"inputs {rows.shape} do not fit a shared map {self.representation.shape} with heads "
                f"{self.heads.shape}: pass (B, n, d) or (B, T, n, d)."
            )
        tasks = rows[:, None] if rows.ndim == 3 else rows
        if self.activation == identity:
            return self.link((tasks @ self.weights[..., None])[..., 0])
        hidden = self.activation(tasks @ self.representation.mT[:, None])
        return self.link((hidden @ self.heads[..., None])[..., 0])

    @property
    def weights(self) -> FloatArray:
        """Estimated task vectors, shape `(B, T, d)`.

        Raises
        ------
        ValueError
            When the hidden units are not linear, so that no vector stands for a task.
        """
        if self.activation != identity:
            raise ValueError(
                "this solution has nonlinear hidden units, so its tasks are not vectors; use predict, or "
                "representation and heads."
            )
        weights: FloatArray = self.heads @ self.representation
        return weights

    @property
    def usable(self) -> bool:
        """Whether every replicate ended with a usable outcome."""
        return all(outcome.usable for outcome in self.outcomes)
