"""The answer of `mtlaws fit` in the terminal."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

if TYPE_CHECKING:
    from mtl_theory.laws import Findings, Law, Ranked, Table


def print_findings(console: Console, findings: "Findings", table: "Table") -> None:
    """Print notes, the front, the best law with its intervals, and what held-out rows say."""
    for note in table.notes:
        console.print(f"note     {note}", markup=False, soft_wrap=True)
    if len(findings.front) > 1 or findings.best not in findings.front:
        console.print(_front(findings, table))
    _print_law(console, findings.best, table)
    for line in _doubts(findings, table):
        console.print(line, markup=False, soft_wrap=True)


def _front(findings: "Findings", table: "Table") -> Grid:
    from mtl_theory.laws import TIE

    beyond = "rows held out" if len(table.held_out) else "largest rows, left out"
    grid = Grid(
        header_style="bold",
        box=None,
        pad_edge=False,
        caption=f"* the best; = a tie with the shortest, within {TIE:g} nats; extrap.: error on the {beyond}",
        caption_justify="left",
    )
    grid.add_column("")
    for name in ("nodes", "constants", "nats", "R²", "cross-val.", "extrap."):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("law", ratio=1, min_width=12, overflow="fold")
    shown = findings.front if findings.best in findings.front else (*findings.front, findings.best)
    shortest = min(one.description_length for one in shown)
    for one in shown:
        excess, scores = one.description_length - shortest, one.law.scores
        mark = "*" if one is findings.best else "=" if excess <= TIE else ""
        numbers = (
            f"{one.complexity}",
            f"{scores.n_constants}",
            f"+{excess:.1f}",
            f"{scores.r2:.4f}",
            _number(scores.cross_validation),
            _number(scores.extrapolation),
        )
        style = "bold" if one is findings.best else ""
        grid.add_row(mark, *numbers, Text(_formula(one.law), style=style))
    return grid


def _print_law(console: Console, best: "Ranked", table: "Table") -> None:
    from mtl_theory.laws import exponent_hints, exponent_profiles

    law = best.law
    console.print()
    console.print(Text(f"law      {law.text()}", style="bold"), soft_wrap=True)
    scores = law.scores
    console.print(
        f"fit      R² {scores.r2:.4f}, error {_number(scores.rmse)}, {len(table.fitted):,} rows", markup=False
    )
    if len(table.held_out):
        console.print(
            f"held out error {_number(scores.extrapolation)}, {len(table.held_out):,} rows", markup=False
        )
    label = f"{law.level:.0%}"
    width = max(map(len, law.estimates), default=0)
    for name, estimate in law.estimates.items():
        line = f"{label:8} {name:{width}} = {estimate.value:.4g} in [{estimate.low:.4g}, {estimate.high:.4g}]"
        console.print(line, markup=False, soft_wrap=True)
        label = ""
    for hint in exponent_hints(law):
        console.print(f"{'':8} {hint}", markup=False, soft_wrap=True)
    for profile in exponent_profiles(law, table.fitted, weights=table.weights, count=21):
        if profile.fixed is not None:
            low, high = profile.interval
            freed = f"freed: {profile.best:.3g} in [{low:.3g}, {high:.3g}]"
            line = f"{'':8} {profile.label} is fixed at {profile.fixed:g}; {freed}"
            console.print(line, markup=False, soft_wrap=True)


def _doubts(findings: "Findings", table: "Table") -> "list[str]":
    """Say which laws the rows cannot tell from the best, and which one does better on the rows held out."""
    lines = [f"tie      {law.text()}" for law in findings.best.ties]
    scored = [one for one in findings.front if one.law.scores.extrapolation is not None]
    if len(table.held_out) and scored:
        least = min(scored, key=lambda one: one.law.scores.extrapolation or 0.0)
        if least is not findings.best:
            error = _number(least.law.scores.extrapolation)
            lines.append(f"but      held-out rows are met best, with error {error}, by {least.law.text()}")
    return lines


def _formula(law: "Law") -> str:
    return law.text().partition(" = ")[2]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
