"""Tables for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from mtl_theory.theorem import CaseResult, Theorem, Verdict, Verification

WIDEST_STATEMENT = 72  # characters; two lines of the column in a terminal of 80


def listing(entries: Iterable[Mapping[str, str]]) -> Table:
    """Return the table of everything that can be verified or run."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("id and title", ratio=1, min_width=24, overflow="fold")
    table.add_column("kind", no_wrap=True)
    table.add_column("paper", no_wrap=True)
    for entry in entries:
        name = Text.assemble((entry["id"], "bold"), "\n  ", (entry["title"], "dim"))
        table.add_row(name, Text(entry["kind"]), Text(entry["paper"]))
    return table


def verdicts(verifications: "Sequence[Verification]", *, verbose: bool) -> Table:
    """Return the table of verdicts; with every case if `verbose`."""
    from mtl_theory.report import judge

    table = Table(header_style="bold", pad_edge=False, show_edge=False)
    table.add_column("statement", ratio=1, min_width=24, overflow="fold")
    table.add_column("predicted", justify="right", no_wrap=True)
    table.add_column("measured ± se", justify="right", no_wrap=True)
    table.add_column("verdict", max_width=9)
    table.add_column("expected", max_width=9)
    for verification in verifications:
        theorem, judgement = verification.theorem, judge(verification)
        table.add_row(
            Text.assemble((theorem.id, "bold"), "\n", _statement(theorem)),
            Text(judgement.predicted),
            Text(judgement.measured),
            _verdict(verification.verdict, agrees=verification.as_expected),
            Text(theorem.expected.value),
        )
        if verbose:
            for case in verification.cases:
                table.add_row(*_case_cells(verification, case))
        table.add_section()
    return table


def _statement(theorem: "Theorem[object]") -> str:
    from mtl_theory.report import statement_text

    text = statement_text(theorem.statement)
    return text if len(text) <= WIDEST_STATEMENT else theorem.title


def _case_cells(verification: "Verification", case: "CaseResult") -> tuple[Text, ...]:
    from mtl_theory.report import expected_of, format_measured, format_predicted

    kind, expected = verification.theorem.kind, expected_of(verification, case)
    numbers = [
        (float(p), float(m), float(s))
        for p, m, s in zip(case.predicted, case.measured, case.stderr, strict=True)
    ]
    reason = f": {case.reason}" if case.reason else ""
    return (
        Text(f"  · {case.name}{reason}", style="dim"),
        Text("\n".join(format_predicted(kind, p, s) for p, _, s in numbers)),
        Text("\n".join(format_measured(kind, m, s) for _, m, s in numbers)),
        _verdict(case.verdict, agrees=case.verdict is expected),
        Text(expected.value),
    )


def _verdict(verdict: "Verdict", *, agrees: bool) -> Text:
    from mtl_theory.theorem import Verdict

    if not agrees:
        return Text(verdict.value, style="bold red")
    return Text(verdict.value, style={Verdict.HOLDS: "green", Verdict.REFUTED: "yellow"}.get(verdict, "dim"))
