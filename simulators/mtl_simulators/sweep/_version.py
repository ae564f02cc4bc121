"""Which code made a row."""

from functools import cache


@cache
def code_version() -> str:
    """Return the version of the installed code."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mtlaws")
    except PackageNotFoundError:
        return "not installed"
