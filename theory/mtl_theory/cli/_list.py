"""`mtlaws list`."""

import json
from typing import Annotated

import typer

from mtl_theory.cli._consoles import output


def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List the theorems and the experiments.

    \b
    [bold]Examples[/bold]
      mtlaws list          a table
      mtlaws list --json   an array of objects with keys id, paper, title, kind
    """  # noqa: D301 - the control character keeps the lines of the examples apart
    entries = _entries()
    if as_json:
        print(json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False))
        return
    from mtl_theory.cli._tables import listing
    from mtl_theory.ledger import PAPERS

    console = output()
    console.print(listing(entries))
    console.print(f"\nPapers for `mtlaws reproduce`: {', '.join(PAPERS)}", markup=False)


def _entries() -> list[dict[str, str]]:
    from mtl_theory import experiments, ledger

    found = [
        {"id": theorem.id, "paper": theorem.source.paper, "title": theorem.title, "kind": theorem.kind.value}
        for theorem in ledger.theorems().values()
    ]
    for experiment in experiments.experiments().values():
        paper = ledger.PAPERS.get(experiment.paper)
        name = paper.name if paper else experiment.paper
        found.append({"id": experiment.id, "paper": name, "title": experiment.title, "kind": "experiment"})
    return found
