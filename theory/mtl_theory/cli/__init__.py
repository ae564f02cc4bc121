"""The command line: `mtlaws list`, `verify`, `reproduce`. Maps names to objects; no science inside."""

from mtl_theory.cli._app import app, main

__all__ = ["app", "main"]
