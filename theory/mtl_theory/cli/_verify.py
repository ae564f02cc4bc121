"""`mtlaws verify`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mtl_theory.cli._consoles import messages, output
from mtl_theory.cli._names import select_theorems
from mtl_theory.cli._work import verify_theorems

if TYPE_CHECKING:
    from mtl_theory.theorem import Verification


def verify_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID|TOPIC", help="What to verify; everything if left out."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer draws: seconds instead of minutes.")] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Root of every generator.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array and nothing else.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every case.")] = False,
) -> None:
    """Check theorems against simulation.

    Exits with 0 if and only if every verdict is the expected one, else with 1; with 2 for a wrong call.

    \b
    [bold]Examples[/bold]
      mtlaws verify --quick                      everything, with fewer draws
      mtlaws verify robustness/toy -v            one theorem, every case
      mtlaws verify robustness --json --seed 3   for scripts
    """  # noqa: D301 - the control character keeps the lines of the examples apart
    from mtl_theory import experiments, ledger

    theorems = select_theorems(names or [], ledger.theorems(), experiments.experiments)
    found = verify_theorems(theorems, seed=seed, quick=quick)
    if as_json:
        print(json.dumps([v.record() for v in found], indent=2, ensure_ascii=False, allow_nan=False))
    else:
        from mtl_theory.cli._tables import verdicts

        console = output()
        console.print(verdicts(found, verbose=verbose))
        _print_counterexamples(found)
        console.print(f"\n{summary(found)}", markup=False)
    report_disagreements(found)
    raise typer.Exit(0 if all(v.as_expected for v in found) else 1)


def summary(verifications: "Sequence[Verification]") -> str:
    """Return one sentence on all verdicts."""
    n, agreeing = len(verifications), sum(v.as_expected for v in verifications)
    if agreeing == n:
        return f"{n} theorem{'s' * (n != 1)} checked: every verdict is the expected one."
    return f"{n} theorem{'s' * (n != 1)} checked: {n - agreeing} not as expected."


def report_disagreements(verifications: "Sequence[Verification]") -> None:
    """Name on stderr every theorem and case whose verdict is not the expected one."""
    from mtl_theory.report import judge

    console = messages()
    for verification in verifications:
        for complaint in judge(verification).complaints:
            console.print(f"{verification.theorem.id}: {complaint}", markup=False, soft_wrap=True)


def _print_counterexamples(verifications: "Sequence[Verification]") -> None:
    from mtl_theory.report import judge
    from mtl_theory.theorem import Verdict

    console = output()
    for verification in verifications:
        if verification.as_expected and verification.verdict is Verdict.REFUTED:
            line = f"{verification.theorem.id} is refuted, as expected: {judge(verification).counterexample}"
            console.print(f"\n{line}", markup=False, soft_wrap=True)
