"""The command line: `mtlaws` and its commands. Maps names to objects; no science inside."""

from mtl_theory.cli._app import app, main

__all__ = ["app", "main"]
