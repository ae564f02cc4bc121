"""What goes wrong, in one line on stderr: a wrong call exits with 2, any other failure with 1."""

import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

WRONG_CALL = 2
FAILED = 1
INTERRUPTED = 130


class WrongCall(Exception):
    """The command cannot be run as it was typed; the message names the remedy."""


class Failure(Exception):
    """The command was right, but could not be finished; the message names the remedy."""


class Interrupted(Exception):
    """Ctrl-C came, and what was finished is kept; the message says how to go on."""


class Commands(TyperGroup):
    """A group of commands whose errors are one line, with a traceback only where `--debug` asks for it."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run a command line and exit with its code."""
        arguments = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in arguments
        extra["standalone_mode"] = False
        try:
            code = super().main([a for a in arguments if a != "--debug"], *rest, **extra)
            if code == INTERRUPTED:  # how newer versions of typer answer Ctrl-C
                raise KeyboardInterrupt
        except (Exception, KeyboardInterrupt) as error:
            if debug:
                traceback.print_exception(error)
            code, message = explain(error)
            print(f"mtlaws: {message}", file=sys.stderr)
        sys.exit(code if isinstance(code, int) else 0)


def explain(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the one line for an error."""
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return INTERRUPTED, "interrupted; no result was written."
    if isinstance(error, Interrupted):
        return INTERRUPTED, _one_line(str(error))
    if hasattr(error, "format_message"):  # typer's own: unknown option, bad value, unknown command
        context = getattr(error, "ctx", None)
        usage = f" ({context.command_path} --help shows the usage)" if context else ""
        return WRONG_CALL, _one_line(error.format_message()) + usage
    if isinstance(error, WrongCall):
        return WRONG_CALL, _one_line(str(error))
    if isinstance(error, Failure):
        return FAILED, _one_line(str(error))
    if isinstance(error, OSError):
        return FAILED, f"{_one_line(str(error))}; check the disk and the permissions."
    return FAILED, f"unexpected {type(error).__name__}: {_one_line(str(error))} (--debug shows the traceback)"


def _one_line(text: str) -> str:
    return " ".join(text.split())
