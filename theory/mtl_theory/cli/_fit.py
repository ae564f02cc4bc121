"""`mtlaws fit`."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtl_theory.cli._consoles import messages, output
from mtl_theory.cli._failures import Failure, WrongCall
from mtl_theory.cli._fit_arguments import NAMED_FORMS, read_arguments

if TYPE_CHECKING:
    from mtl_theory.cli._fit_arguments import Asked
    from mtl_theory.laws import Findings, Table


class EngineName(StrEnum):
    """What `--engine` accepts."""

    structured = "structured"
    operon = "operon"
    pysr = "pysr"
    all = "all"


def fit_command(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="CSV file, Parquet file, or folder of `mtlaws sweep`.")
    ],
    target: Annotated[str, typer.Option(metavar="COL", help="Column that the law describes.")],
    features: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...", help="Columns that it may depend on; n=COL calls a column n in the law."
        ),
    ] = None,
    law: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FORMULA",
            help=f"Fit this law instead of searching: {', '.join(NAMED_FORMS)}, or a formula.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COND", help="Use only such rows: 'n>1', 'solver=pooled'; repeatable."),
    ] = None,
    holdout: Annotated[
        str | None, typer.Option(metavar="COND", help="Keep such rows apart, and score the laws on them.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COL", help="Rows that stay together, such as a seed.")
    ] = None,
    weights: Annotated[str | None, typer.Option(metavar="COL", help="Inverse variances of the rows.")] = None,
    kinds: Annotated[
        str | None,
        typer.Option(metavar="A=KIND,...", help="positive, unit (0 to 1), signed (-1 to 1) or real."),
    ] = None,
    limits: Annotated[
        str | None,
        typer.Option(metavar="LIMITS", help="What the law must obey: 'F<=1; increasing(n); n->inf: 1'."),
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="What searches.")] = EngineName.structured,
    out: Annotated[Path | None, typer.Option(metavar="JSON", help="Write the best law to this file.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a page with all figures to this folder.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the best law to this file.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of engines and folds.")] = 0,
) -> None:
    """Find a law in a table of measurements: a formula, its constants with intervals, and its rivals.

    Without --law it searches; the front runs from simple laws to complex ones, and laws that the rows cannot
    tell apart are shown as ties.

    Exits with 0 if there is a law, 1 if none can be trusted or the engine cannot run, 2 for a wrong call.

    \b
    [bold]Examples[/bold]
      mtlaws fit runs.csv --target error --features n,tasks
      mtlaws fit runs.csv --target error --features n,tasks --holdout 'n>5000' --report law
      mtlaws fit rows --target risk --features n=n_samples,c=cosine --where solver=pooled
      mtlaws fit runs.csv --target F --features n=size,T=tasks,A=ami --law b-form
      mtlaws fit runs.csv --target error --law 'a + b/sqrt(n)' --limits 'n -> inf: 0'

    \b
    [bold]Limits[/bold], separated by semicolons
      F >= 0; F <= 1                  bounds of the target F
      increasing(n); decreasing(s)    inside the range of the rows
      n -> inf: 0.9                   where the law tends to
      T = 1: a + b/sqrt(n)            what the law is there
      A = 1: n = n*T, T = 1           where else the law is the same
    """  # noqa: D301 - the control character keeps the lines of the examples apart
    from mtl_theory.laws import EngineUnavailable, FitError, require_engine

    try:
        if law is None:
            require_engine(engine.value)  # before the work that would be in vain
    except EngineUnavailable as error:
        raise Failure(f"--engine {engine.value}: {error}") from error
    asked = read_arguments(
        data,
        target=target,
        features=features,
        law=law,
        where=where or [],
        holdout=holdout,
        group=group,
        weights=weights,
        kinds=kinds,
        limits=limits,
    )
    try:
        findings = _findings(asked, engine, seed)
    except FitError as error:
        raise Failure(str(error)) from error
    except ValueError as error:
        raise WrongCall(str(error)) from error
    from mtl_theory.cli._fit_tables import print_findings

    print_findings(output(), findings, asked.table)
    _write(findings, asked.table, out=out, report=report, figure=figure, seed=seed)


def _findings(asked: "Asked", engine: EngineName, seed: int) -> "Findings":
    """Fit the given law, or search for one."""
    from mtl_simulators.sweep.engines import one_blas_thread
    from mtl_theory.laws import fit_table, search_table

    table = asked.table
    with one_blas_thread():
        if asked.form is not None:
            return fit_table(table, asked.form, seed=seed)
        names = ", ".join(table.features)
        line = f"searching {len(table.fitted):,} rows for laws in {names} ({engine.value}) ..."
        messages().print(line, markup=False, soft_wrap=True)
        return search_table(table, engine=engine.value, kinds=asked.kinds, limits=asked.limits, seed=seed)


def _write(
    findings: "Findings",
    table: "Table",
    *,
    out: Path | None,
    report: Path | None,
    figure: Path | None,
    seed: int,
) -> None:
    console = output()
    if out is not None:
        from mtl_theory.report import save_law

        console.print(f"law      {save_law(findings.best.law, out)}", markup=False, soft_wrap=True)
    if figure is not None:
        from mtl_theory.report import save_law_figure

        path = save_law_figure(findings, table, figure)
        console.print(f"figure   {path}", markup=False, soft_wrap=True)
    if report is not None:
        from mtl_theory.report import save_law_report

        command = shlex.join(["mtlaws", *sys.argv[1:]])
        page = save_law_report(report, findings, table, command=command, seed=seed)
        console.print(f"report   {page}", markup=False, soft_wrap=True)
