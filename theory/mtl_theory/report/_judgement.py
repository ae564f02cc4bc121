"""A verification in the words and numbers that the terminal and the page share."""

from dataclasses import dataclass

from mtl_theory.report._numbers import format_beside, format_measurement, format_number
from mtl_theory.theorem import CaseResult, Kind, Verdict, Verification

KINDS = {
    Kind.EQUALITY: "equality: agrees within 4.5 standard errors plus the declared slack",
    Kind.RATE: "rate: the fitted exponent agrees within 4.5 standard errors plus the declared slack",
    Kind.BOUND: "bound: no draw lies above it",
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How a verification reads: numbers as text, and what disagrees.

    Parameters
    ----------
    predicted, measured
        The component that fits worst, as text.
    complaints
        One sentence for each thing that is not as the ledger expects; empty if all is.
    counterexample
        The case that refutes the theorem, as a sentence; empty if none does.
    """

    predicted: str
    measured: str
    complaints: tuple[str, ...]
    counterexample: str


def judge(verification: Verification) -> Judgement:
    """Put a verification into words."""
    predicted, measured, stderr = verification.headline
    return Judgement(
        predicted=format_predicted(verification.theorem.kind, predicted, stderr),
        measured=format_measured(verification.theorem.kind, measured, stderr),
        complaints=tuple(_complaints(verification)),
        counterexample=_counterexample(verification),
    )


def format_predicted(kind: Kind, value: float, stderr: float) -> str:
    """Return a prediction as text, with the decimals of its measurement; a bound with its sign."""
    if kind is Kind.BOUND and value == value:
        return f"≤ {format_number(value)}"
    return format_beside(value, stderr)


def format_measured(kind: Kind, value: float, stderr: float) -> str:
    """Return a measurement as text: mean ± standard error, for a bound the largest draw."""
    if kind is Kind.BOUND and value == value:
        return f"max {format_number(value)}"
    return format_measurement(value, stderr)


def describe_case(verification: Verification, case: CaseResult) -> str:
    """Return a case in one sentence, with the numbers of its worst component."""
    if case.verdict is Verdict.DOES_NOT_APPLY:
        return f"case '{case.name}' {case.reason}"
    worst, kind = int(case.deviation.argmax()), verification.theorem.kind
    stderr = float(case.stderr[worst])
    predicted = format_predicted(kind, float(case.predicted[worst]), stderr)
    measured = format_measured(kind, float(case.measured[worst]), stderr)
    reason = f"; {case.reason}" if case.reason else ""
    return f"case '{case.name}': predicted {predicted}, measured {measured}{reason}"


def expected_of(verification: Verification, case: CaseResult) -> Verdict:
    """Return the verdict that a case should give; any case may refute a theorem that is to be refuted."""
    free = verification.theorem.expected is Verdict.REFUTED and case.expected is Verdict.HOLDS
    return case.verdict if free else case.expected


def _counterexample(verification: Verification) -> str:
    if verification.verdict is not Verdict.REFUTED:
        return ""
    if verification.counterexample is None:
        return "the symbolic derivation leaves a residual that is not zero"
    return describe_case(verification, verification.counterexample)


def _complaints(verification: Verification) -> list[str]:
    if verification.as_expected:
        return []
    complaints = []
    if verification.derived is False:
        complaints.append("the symbolic derivation leaves a residual that is not zero")
    for case in verification.cases:
        expected = expected_of(verification, case)
        if case.verdict is not expected:
            sentence = describe_case(verification, case)
            complaints.append(f"{sentence} (this case: {case.verdict.value}, expected: {expected.value})")
    if not complaints:
        verdict, awaited = verification.verdict.value, verification.theorem.expected.value
        complaints.append(f"verdict: {verdict}, expected: {awaited}")
    return complaints
