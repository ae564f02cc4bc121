"""The error of a fit that cannot be trusted, apart from a wrong call."""

from enum import Enum


class Failure(Enum):
    """Why a fit cannot be trusted; the values are the help texts."""

    TOO_FEW_ROWS = "fewer rows than the law has parameters; measure more points or fix some parameters"
    NON_FINITE = "the law is not finite on the points for any start; give bounds or a start"
    NOT_CONVERGED = "no start settled at an optimum; raise n_starts, or give starts and bounds"
    AT_BOUND = (
        "the best fit lies at a bound; widen the bound if it is not physical, or fix the parameter there"
    )
    AT_EDGE = "the best fit runs to the edge of the search; the points do not determine it: fix it"
    UNIDENTIFIABLE = "the points do not determine the parameters; fix one of them, or vary the variables more"


class FitError(Exception):
    """A fit that cannot be trusted.

    Parameters
    ----------
    failure
        The reason.
    detail
        What happened here, in words and numbers.
    """

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(f"{detail} ({failure.value}).")
        self.failure = failure
        self.detail = detail

    def __reduce__(self) -> tuple[type["FitError"], tuple[Failure, str]]:
        """Return what rebuilds the error in another process."""
        return FitError, (self.failure, self.detail)
