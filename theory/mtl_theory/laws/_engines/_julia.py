"""Whether Julia can be started for PySR, found out without starting or importing anything of theirs.

Importing PySR to find out would not do: it leaves variables in `os.environ`, prints, and where Julia is
missing downloads it without a time limit.
"""

import os
import shutil
import sys
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

_REMEDY = "install Julia 1.10 or 1.11 from julialang.org/downloads, or choose another engine"
_JULIA_VERSIONS = "https://julialang-s3.julialang.org/bin/versions.json"
_PACKAGES = "https://pkg.julialang.org"
# Together with everything else here below the two seconds in which an error must come.
_NETWORK_SECONDS = 1.0


def why_no_julia(*, fetch: bool) -> str | None:
    """Return None where PySR can start Julia, else one line: what is missing and what to do.

    Parameters
    ----------
    fetch
        Whether PySR may download Julia, provided that its servers answer within a second.
    """
    missing = [name for name in ("pysr", "juliacall", "juliapkg") if find_spec(name) is None]
    if missing:
        return f"{' and '.join(missing)} not installed: run `pip install pysr`, or choose another engine"
    configured = _why_misconfigured()
    if configured is not None:
        return configured
    if _setting("juliacall", "exe") is not None:
        return None
    julia = _julia()
    if julia is not None and (_is_resolved() or _setting("juliapkg", "offline") == "yes"):
        return None
    return _why_not_fetched(julia, fetch=fetch)


def _why_not_fetched(julia: str | None, *, fetch: bool) -> str | None:
    if _setting("juliapkg", "offline") == "yes":
        return f"Julia is not installed and PYTHON_JULIAPKG_OFFLINE=yes forbids fetching it: {_REMEDY}"
    if julia is None and not fetch:
        return f"Julia is not installed: ask for the pysr engine by name to have it fetched, {_REMEDY}"
    address = _package_server() if julia is not None else _JULIA_VERSIONS
    if _answers(address):
        return None
    what = "PySR's Julia packages are" if julia is not None else "Julia is"
    return f"{what} not installed and {address} does not answer: connect to the network, {_REMEDY}"


def _why_misconfigured() -> str | None:
    """Return what is wrong with the variables that govern juliacall and juliapkg."""
    offline = _setting("juliapkg", "offline")
    if offline not in (None, "yes", "no"):
        return f"PYTHON_JULIAPKG_OFFLINE is {offline!r}: set it to yes or no, or unset it"
    for package in ("juliacall", "juliapkg"):
        path = _setting(package, "exe")
        if path is not None and shutil.which(path) is None:
            return f"PYTHON_{package.upper()}_EXE={path} is not an executable: correct it, or unset it"
    if (_setting("juliacall", "exe") is None) != (_setting("juliacall", "project") is None):
        return "PYTHON_JULIACALL_EXE and PYTHON_JULIACALL_PROJECT go together: set both, or unset both"
    return None


def _julia() -> str | None:
    """Return the Julia that juliapkg would take, from its settings, its own install folder or the path."""
    configured = _setting("juliapkg", "exe")
    if configured is not None:
        return configured
    return shutil.which(str(_prefix() / "install" / "bin" / "julia")) or shutil.which("julia")


def _is_resolved() -> bool:
    """Whether juliapkg has installed the Julia packages; it writes this file last."""
    return (_prefix() / "meta.json").exists()


def _prefix() -> Path:
    """Return the folder in which juliapkg keeps what it installs."""
    depot = os.environ.get("JULIA_DEPOT_PATH", "").split(os.pathsep)[0] or Path.home() / ".julia"
    environment = sys.prefix if sys.prefix != sys.base_prefix else os.environ.get("CONDA_PREFIX")
    shared = Path(depot) / "environments" / "pyjuliapkg"
    project = _setting("juliapkg", "project") or (Path(environment) / "julia_env" if environment else shared)
    return Path(project) / "pyjuliapkg"


def _setting(package: str, option: str) -> str | None:
    """Return a setting as juliacall and juliapkg read it: from `-X`, else from the environment."""
    value = sys._xoptions.get(f"{package}-{option}", os.environ.get(f"PYTHON_{package}_{option}".upper()))
    return value if isinstance(value, str) else None


def _package_server() -> str:
    server = os.environ.get("JULIA_PKG_SERVER") or _PACKAGES
    return f"{server if '://' in server else f'https://{server}'}/registries"


def _answers(address: str) -> bool:
    """Whether `address` answers in time."""
    answers: list[int] = []

    def ask() -> None:
        try:
            with urlopen(address, timeout=_NETWORK_SECONDS) as answer:
                answers.append(answer.status)
        except (OSError, ValueError, HTTPException):
            pass

    # In a thread, for looking up the name has no time limit of its own.
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_NETWORK_SECONDS)
    return bool(answers)
