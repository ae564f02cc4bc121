"""What `verify` answers."""

import math
from dataclasses import dataclass
from typing import Any

from mtl_simulators._typing import FloatArray
from mtl_theory.theorem._theorem import Theorem, Verdict


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One case: prediction, measurement, and the verdict between them.

    `deviation` is the distance of each component from the prediction in units of what error and slack
    allow: at most 1 where the theorem agrees. For bounds it is the largest draw over the bound, so 1 / max is
    the looseness, and 1 plus the excess over a bound that is not positive. For bounds `measured` holds the
    largest draws, which have no standard error: `stderr` is 0.
    """

    name: str
    verdict: Verdict
    expected: Verdict
    predicted: FloatArray
    measured: FloatArray
    stderr: FloatArray
    deviation: FloatArray
    trials: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The verdict on a theorem, with every case behind it."""

    theorem: Theorem[Any]
    verdict: Verdict
    cases: tuple[CaseResult, ...]
    derived: bool | None
    seconds: float

    @property
    def as_expected(self) -> bool:
        """Whether the theorem and each of its cases gave the verdict that the ledger stands for.

        A theorem that is expected refuted needs one case that refutes it; its cases that are expected to
        hold (the default) may go either way, those that declare another verdict must give it.
        """
        if self.verdict is not self.theorem.expected or self.derived is False:
            return False
        binding = [
            case
            for case in self.cases
            if self.theorem.expected is not Verdict.REFUTED or case.expected is not Verdict.HOLDS
        ]
        return all(case.verdict is case.expected for case in binding)

    @property
    def counterexample(self) -> CaseResult | None:
        """The case that refutes the theorem most clearly, or None."""
        refuting = [case for case in self.cases if case.verdict is Verdict.REFUTED]
        return max(refuting, key=lambda case: float(case.deviation.max()), default=None)

    @property
    def headline(self) -> tuple[float, float, float]:
        """Predicted, measured and standard error of the component that fits worst."""
        applicable = [case for case in self.cases if case.verdict is not Verdict.DOES_NOT_APPLY]
        if not applicable:
            return float("nan"), float("nan"), float("nan")
        worst = max(applicable, key=lambda case: float(case.deviation.max()))
        i = int(worst.deviation.argmax())
        return float(worst.predicted[i]), float(worst.measured[i]), float(worst.stderr[i])

    @property
    def trials(self) -> int:
        """Draws over all cases."""
        return sum(case.trials for case in self.cases)

    def record(self) -> dict[str, str | float | int | None]:
        """Return the flat record that the command line prints as JSON; NaN and infinity become None."""
        predicted, measured, stderr = (x if math.isfinite(x) else None for x in self.headline)
        return {
            "id": self.theorem.id,
            "paper": self.theorem.source.paper,
            "title": self.theorem.title,
            "kind": self.theorem.kind.value,
            "verdict": self.verdict.value,
            "expected": self.theorem.expected.value,
            "predicted": predicted,
            "measured": measured,
            "stderr": stderr,
            "trials": self.trials,
            "seconds": round(self.seconds, 3),
        }
