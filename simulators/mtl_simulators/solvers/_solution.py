"""What a solver returns, and how it says that something went wrong."""

from dataclasses import dataclass
from enum import Enum

from mtl_simulators._typing import FloatArray


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

    The estimate of task $t$ is $\hat w_t = W^\top \gamma_t$.

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
    """

    representation: FloatArray
    heads: FloatArray
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def weights(self) -> FloatArray:
        """Estimated task vectors, shape `(B, T, d)`."""
        weights: FloatArray = self.heads @ self.representation
        return weights

    @property
    def usable(self) -> bool:
        """Whether every replicate ended with a usable outcome."""
        return all(outcome.usable for outcome in self.outcomes)
