"""What `verify` answers."""

from dataclasses import dataclass
from typing import Any

from mtl_simulators._typing import FloatArray
from mtl_theory.theorem._theorem import Theorem, Verdict


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One case: prediction, measurement, and the verdict between them.

    `deviation` is the excess of each component over what is allowed, in units of the allowance: at most 1
    where the theorem agrees. For bounds it is the largest draw over the bound, so 1 / max is the looseness.
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
        """Whether the theorem and each of its cases gave the verdict that the ledger stands for."""
        if self.verdict is not self.theorem.expected or self.derived is False:
            return False
        if self.theorem.expected is Verdict.REFUTED:
            return True
        return all(case.verdict is case.expected for case in self.cases)

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
        """Return the flat record that the command line prints as JSON; NaN becomes None."""
        predicted, measured, stderr = (None if x != x else x for x in self.headline)
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
