"""`mtlaws sweep`."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from mtl_theory.cli._consoles import output
from mtl_theory.cli._failures import Failure, Interrupted, WrongCall
from mtl_theory.cli._sweep_progress import sweep_progress

if TYPE_CHECKING:
    from mtl_simulators.sweep import Engine, SweepReport, SweepSpec


class EngineName(StrEnum):
    """What `--engine` accepts."""

    local = "local"
    dask = "dask"
    slurm = "slurm"


def sweep_command(
    store: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the rows; made where it does not exist.")
    ],
    spec: Annotated[
        Path | None, typer.Argument(metavar="SPEC", help="TOML file that says what to run.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes, or slurm jobs at a time.")
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Where the points are run.")] = EngineName.local,
    address: Annotated[
        str | None, typer.Option(metavar="ADDR", help="Of a dask scheduler, such as tcp://10.0.0.1:8786.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh/--resume", help="Set old rows aside, or go on where they end.")
    ] = False,
    max_failures: Annotated[
        int | None, typer.Option(min=0, metavar="K", help="Stop when more points than this fail.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw the rows to this file.")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Only say what the folder holds.")] = False,
) -> None:
    """Run a problem, a function or an experiment over many settings, into a folder that loses nothing.

    However it ends, the same command goes on where it stood, and gives the same rows bit for bit.

    Exits with 0 if every point has rows, 1 if some failed or it stopped early, 2 for a wrong call.

    \b
    [bold]Examples[/bold]
      mtlaws sweep my.toml --store rows                       run, or go on
      mtlaws sweep my.toml --store rows --workers 8           in eight processes
      mtlaws sweep my.toml --store rows --figure rows.png     and draw the rows
      mtlaws sweep --status --store rows                      what is done, what failed

    \b
    [bold]The file[/bold]
      problem = "linear"
      solvers = ["pooled", { name = "ridge", penalty = 1.0 }]
      factors.n_samples = { low = 30, high = 3000, points = 12, log = true }
      constants = { n_tasks = 8, n_features = 20, cosine = 0.9 }
      repeats = 50
    """  # noqa: D301 - the control character keeps the lines of the examples apart
    from mtl_simulators.sweep import EngineError, StoreError

    try:
        if status:
            from mtl_theory.cli._sweep_status import print_status

            print_status(store, None if spec is None else read(spec))
            if figure is not None:
                draw(store, figure)
        elif spec is None:
            raise WrongCall("SPEC is missing; give the TOML file that says what to run, or --status.")
        else:
            chosen = _engine(engine, workers, address, spec, store)
            _run(spec, store, chosen, fresh=fresh, max_failures=max_failures, figure=figure)
    except (StoreError, EngineError) as error:
        raise Failure(str(error)) from error
    except KeyboardInterrupt as error:  # outside the run itself
        raise Interrupted(f"interrupted; what {store} held is kept; the same command goes on.") from error


def _engine(name: EngineName, workers: int | None, address: str | None, spec: Path, store: Path) -> "Engine":
    """Return the engine of this name; refuse options that it would ignore."""
    from mtl_simulators.sweep import Dask, Local, Slurm, read_slurm_settings

    if address is not None and name is not EngineName.dask:
        raise WrongCall(f"--address goes with --engine dask, not {name.value}; leave it out.")
    if address is not None and workers is not None:
        raise WrongCall("the scheduler at --address has its own workers; leave --workers out.")
    given: dict[str, Any] = {} if workers is None else {"n_workers": workers}
    if name is EngineName.dask:
        return Dask(address=address, **given)
    if name is EngineName.slurm:
        with readable(spec):
            settings = read_slurm_settings(spec)
        return Slurm(folder=store.resolve() / "slurm", settings=settings, **given)
    return Local(**given)


def read(path: Path) -> "SweepSpec":
    """Read a spec; functions are found beside it too, as a script finds its neighbours."""
    from mtl_simulators.sweep import read_spec
    from mtl_theory.experiments import EXPERIMENT_RUNS

    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    with readable(path):
        return read_spec(path, runs=EXPERIMENT_RUNS)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what is wrong with a spec into a wrong call."""
    try:
        yield
    except ValueError as error:
        raise WrongCall(str(error)) from error
    except OSError as error:
        raise WrongCall(f"SPEC {path}: {error.strerror}; give a TOML file that you may read.") from error


def _run(
    path: Path, store: Path, engine: "Engine", *, fresh: bool, max_failures: int | None, figure: Path | None
) -> None:
    from mtl_simulators.sweep import Stop, run_sweep
    from mtl_theory.experiments import ExperimentRun

    spec = read(path)
    if figure is not None and isinstance(spec.run, ExperimentRun):
        raise WrongCall("--figure cannot draw an experiment; `mtlaws reproduce` draws its own pictures.")
    with terminated_like_interrupted(), sweep_progress(spec.n_points, store) as listener:
        report = run_sweep(
            spec, store=store, engine=engine, fresh=fresh, max_failures=max_failures, listener=listener
        )
    console = output()
    lines = [
        f"points   {report.progress.done:,} of {spec.n_points:,} done, {report.progress.failed:,} failed"
    ]
    lines += [f"damaged  {name}: set aside, its points are run again" for name in report.set_aside]
    lines += [f"rows     {store / 'rows'}"]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    if figure is not None and report.stop is Stop.FINISHED:
        draw(store, figure)
    _leave(report, path, store)


def draw(store: Path, figure: Path) -> None:
    """Draw the rows that a store holds."""
    from mtl_simulators.sweep import Store
    from mtl_theory.report import save_sweep_figure

    rows = Store(store)
    try:
        save_sweep_figure(rows.frame(), rows.description()["content"], figure)
    except ValueError as error:
        raise WrongCall(f"--figure {figure}: {error}") from error
    output().print(f"figure   {figure}", markup=False, soft_wrap=True)


def _leave(report: "SweepReport", path: Path, store: Path) -> None:
    """End with the exit code of this report, and say how to go on."""
    from mtl_simulators.sweep import Stop

    progress = report.progress
    kept = f"{progress.done:,} of {progress.total:,} points kept in {store}"
    again = shlex.join(["mtlaws", "sweep", str(path), "--store", str(store)])
    why = shlex.join(["mtlaws", "sweep", "--status", "--store", str(store)])
    if report.stop is Stop.INTERRUPTED:
        raise Interrupted(f"interrupted; {kept}; resume with: {again}")
    if report.stop is Stop.NOT_WRITTEN:
        raise Failure(
            f"the disk took no more ({report.detail}); {kept}; make room, then resume with: {again}"
        )
    if report.stop is Stop.TOO_MANY_FAILURES:
        raise Failure(
            f"stopped after {progress.failed:,} failed points; {kept}; {why} says why; resume with: {again}"
        )
    if progress.failed:
        raise Failure(f"{progress.failed:,} points failed; {why} says why; to try them again: {again}")


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Treat a polite request to end, which batch systems send, as Ctrl-C."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
