"""`python -m mtl_theory.cli` is `mtlaws`."""

from mtl_theory.cli import main

main()
