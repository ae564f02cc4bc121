"""The application: what `mtlaws` is, and its commands."""

from typing import Annotated, Any

import typer

from mtl_theory.cli._failures import Commands
from mtl_theory.cli._fit import fit_command
from mtl_theory.cli._list import list_command
from mtl_theory.cli._reproduce import reproduce_command
from mtl_theory.cli._sweep import sweep_command
from mtl_theory.cli._transfer import transfer_command
from mtl_theory.cli._verify import verify_command

app = typer.Typer(
    name="mtlaws",
    cls=Commands,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def main() -> Any:
    """Run the command line of this process."""
    return app(prog_name="mtlaws")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"mtlaws {version('mtlaws')}")
        except PackageNotFoundError:
            print("mtlaws (not installed as a package)")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def mtlaws(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Check the theory of multitask learning against simulation.

    \b
    [bold]Examples[/bold]
      mtlaws list                       what there is
      mtlaws verify --quick             check every theorem, with fewer draws
      mtlaws verify robustness/toy -v   check one, show every case
      mtlaws reproduce daras            run a paper's experiments, write a report
      mtlaws sweep my.toml --store rows run a problem over a grid, lose nothing
      mtlaws fit runs.csv --target err  find the law in a table of measurements
      mtlaws transfer tasks.npz         which of your own tasks help which
    """  # noqa: D301 - the control character keeps the lines of the examples apart
    if context.invoked_subcommand is None:
        print(context.get_help())


app.command("list")(list_command)
app.command("verify")(verify_command)
app.command("reproduce")(reproduce_command)
app.command("sweep")(sweep_command)
app.command("fit")(fit_command)
app.command("transfer")(transfer_command)
