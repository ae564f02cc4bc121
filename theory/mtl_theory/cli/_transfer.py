"""`mtlaws transfer`."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtl_theory.cli._consoles import output
from mtl_theory.cli._failures import WrongCall

if TYPE_CHECKING:
    from mtl_theory.transfer import TransferReport


def transfer_command(
    tasks: Annotated[Path, typer.Argument(help="NPZ file with arrays x_NAME (n, d) and y_NAME (n,).")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.", min=0.5, max=0.999)] = 0.9,
    figure: Annotated[Path | None, typer.Option(help="Also draw the matrix to this PNG file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """Report which of your tasks help which, measured and predicted.

    Every ordered pair of tasks is trained on one shared direction and compared with the task alone on
    held-out samples (every fourth); the prediction is the high-dimensional theory at the cosines, norms and
    noise estimated from your data.

    \b
    [bold]Examples[/bold]
      mtlaws transfer tasks.npz
      mtlaws transfer tasks.npz --figure matrix.png
      mtlaws transfer tasks.npz --json

    \b
    [bold]The file[/bold]
      np.savez("tasks.npz", x_a=inputs_a, y_a=targets_a, x_b=inputs_b, y_b=targets_b)
    """  # noqa: D301 - the control character keeps the lines of the examples apart
    import numpy as np

    from mtl_simulators.sweep.engines import one_blas_thread
    from mtl_theory.transfer import load_tasks, transfer_report

    try:
        problem, names = load_tasks(tasks)
        with one_blas_thread():
            found = transfer_report(problem, rng=np.random.default_rng(seed), names=names, level=level)
    except (FileNotFoundError, ValueError) as error:
        raise WrongCall(str(error)) from error
    if figure is not None:
        from mtl_theory.report import save_transfer_matrix

        save_transfer_matrix(found, figure)
    if as_json:
        print(json.dumps(_pairs(found), indent=2, ensure_ascii=False, allow_nan=False))
        return
    _print_table(found)
    if figure is not None:
        output().print(f"figure   {figure}", markup=False)


def _pairs(report: "TransferReport") -> list[dict[str, str | float | None]]:
    """Return one flat record a pair; NaN and infinity become None."""
    fields = ("gain", "low", "high", "predicted", "cosine", "critical_cosine", "critical_source_size")
    records: list[dict[str, str | float | None]] = []
    for i, source in enumerate(report.names):
        for j, target in enumerate(report.names):
            if i == j:
                continue
            values = {name: float(getattr(report, name)[i, j]) for name in fields}
            clean = {name: value if math.isfinite(value) else None for name, value in values.items()}
            records.append(
                {"source": source, "target": target, "single_task": float(report.single_task[j]), **clean}
            )
    return records


def _print_table(report: "TransferReport") -> None:
    from rich.table import Table

    table = Table(title="Gain over the single task, on held-out samples")
    columns = ("source", "target", "alone", "gain", "interval", "predicted", "cosine", "critical", "max n_1")
    for name in columns:
        table.add_column(name, justify="left" if name in ("source", "target") else "right")
    for pair in _pairs(report):
        low, high = pair["low"], pair["high"]
        table.add_row(
            str(pair["source"]),
            str(pair["target"]),
            _number(pair["single_task"]),
            _number(pair["gain"]),
            f"{_number(low)} .. {_number(high)}",
            _number(pair["predicted"]),
            _number(pair["cosine"]),
            _number(pair["critical_cosine"]),
            _size(report, str(pair["source"]), str(pair["target"])),
        )
    console = output()
    console.print(table)
    right, judged = report.agreement
    lines = [f"signs    {right} of {judged} gains whose interval excludes zero have the predicted sign"]
    if report.capacity is not None:
        lines.append(f"capacity {report.capacity}, by the plug-in rule for one design")
    lines += [f"note     {note}" for note in report.notes]
    for line in lines:
        console.print(line, markup=False)


def _number(value: str | float | None) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "-"


def _size(report: "TransferReport", source: str, target: str) -> str:
    """Return the source size beyond which the pair stops helping: a number, never, or always."""
    value = report.critical_source_size[report.names.index(source), report.names.index(target)]
    if math.isnan(value):
        return "-"
    return "any" if math.isinf(value) else "none" if value == 0 else f"{value:.0f}"
