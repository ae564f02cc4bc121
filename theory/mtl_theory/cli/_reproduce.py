"""`mtlaws reproduce`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtl_theory.cli._consoles import output
from mtl_theory.cli._failures import Failure, WrongCall
from mtl_theory.cli._names import existing_folder, experiments_of, select_papers, theorems_of
from mtl_theory.cli._verify import report_disagreements, summary
from mtl_theory.cli._work import run_experiments, verify_theorems

if TYPE_CHECKING:
    from mtl_theory.experiments import Settings


def reproduce_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="PAPER", help="Papers, such as daras; all if left out.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer draws, smaller grids.")] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the report.")] = Path("reports"),
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with real data that is not shipped, such as MNIST."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Root of every generator.")] = 0,
) -> None:
    """Verify a paper's theorems, run its experiments and write a report.

    Writes report.html, figures/*.png and results.parquet.

    Exits with 0 if every verdict is the expected one, else with 1, with the report; with 2 for a wrong call.

    \b
    [bold]Examples[/bold]
      mtlaws reproduce                             every paper, into reports/
      mtlaws reproduce daras --quick --out first   a first look, into first/
      mtlaws reproduce daras --data mnist          with the MNIST files in mnist/
    """  # noqa: D301 - the control character keeps the lines of the examples apart
    from mtl_theory import experiments, ledger
    from mtl_theory.report import write_report

    papers = select_papers(names or [], ledger.PAPERS)
    settings = experiments.Settings(seed=seed, quick=quick, data=existing_folder(data, "--data"))
    _check_writable(out)
    theorems = theorems_of(papers, ledger.theorems())
    planned = experiments_of(papers, experiments.experiments())
    found = verify_theorems(
        theorems, seed=seed, quick=quick, announce=f"verifying {len(theorems)} theorems ..."
    )
    outcomes = run_experiments(planned, settings, announce=f"running {len(planned)} experiments ...")
    try:
        page = write_report(
            out,
            verifications=found,
            outcomes=outcomes,
            papers=papers,
            command=command_line(names or [], settings, out),
            seed=seed,
            quick=quick,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(
            f"could not write the report to {out}: {reason}; the folder is as it was. "
            "Free some space or name another folder with --out."
        ) from error
    console = output()
    console.print(summary(found), markup=False)
    for label, path in (("report", page), ("figures", out / "figures"), ("rows", out / "results.parquet")):
        console.print(f"{label:8} {path}", markup=False, soft_wrap=True)
    console.print(f"open     {page.resolve().as_uri()}", markup=False, soft_wrap=True)
    report_disagreements(found)
    raise typer.Exit(0 if all(v.as_expected for v in found) else 1)


def command_line(names: list[str], settings: "Settings", out: Path) -> str:
    """Return the command that makes the report again; of absolute paths only the last part is told."""
    words = ["mtlaws", "reproduce", *names]
    if settings.quick:
        words.append("--quick")
    words += ["--seed", str(settings.seed)]
    for option, path in (("--data", settings.data), ("--out", out)):
        if path is not None and path != Path("reports"):
            words += [option, f".../{path.name}" if path.is_absolute() else str(path)]
    return " ".join(words)


def _check_writable(directory: Path) -> None:
    """Find out before the work whether the report can be written, not after it."""
    probe = directory / f".mtlaws-{os.getpid()}.tmp"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"mtlaws")
    except OSError as error:
        reason = error.strerror or str(error)
        raise WrongCall(f"cannot write to --out {directory}: {reason}; name another folder.") from error
    finally:
        if directory.is_dir():
            probe.unlink(missing_ok=True)
