"""From names on the command line to theorems, experiments and papers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtl_theory.cli._failures import WrongCall

if TYPE_CHECKING:
    from mtl_theory.experiments import Experiment
    from mtl_theory.ledger import Paper
    from mtl_theory.theorem import Theorem


def select_theorems(
    names: Sequence[str], theorems: "Mapping[str, Theorem[Any]]", experiments: Callable[[], Iterable[str]]
) -> "list[Theorem[Any]]":
    """Return the theorems of the named ids and topics, each once, in the ledger's order; all for no name."""
    if not names:
        return list(theorems.values())
    topics = {theorem.topic for theorem in theorems.values()}
    for name in names:
        if name not in theorems and name not in topics:
            if name in experiments():
                raise WrongCall(f"{name!r} is an experiment, not a theorem; `mtlaws reproduce` runs it.")
            hint = _suggestion(name, [*theorems, *sorted(topics)]) or "`mtlaws list` shows all ids."
            raise WrongCall(f"no theorem or topic is called {name!r}. {hint}")
    return [theorem for id, theorem in theorems.items() if id in names or theorem.topic in names]


def select_papers(names: Sequence[str], papers: "Mapping[str, Paper]") -> "list[Paper]":
    """Return the named papers, each once, in the ledger's order; all for no name."""
    for name in names:
        if name not in papers:
            hint = _suggestion(name, list(papers)) or f"Known papers: {', '.join(papers)}."
            raise WrongCall(f"no paper is called {name!r}. {hint}")
    return [paper for key, paper in papers.items() if not names or key in names]


def theorems_of(papers: "Iterable[Paper]", theorems: "Mapping[str, Theorem[Any]]") -> "list[Theorem[Any]]":
    """Return the theorems on the topics of these papers."""
    topics = {topic for paper in papers for topic in paper.topics}
    return [theorem for theorem in theorems.values() if theorem.topic in topics]


def experiments_of(papers: "Iterable[Paper]", experiments: "Mapping[str, Experiment]") -> "list[Experiment]":
    """Return the experiments of these papers."""
    keys = {paper.key for paper in papers}
    return [experiment for experiment in experiments.values() if experiment.paper in keys]


def existing_folder(path: Path | None, option: str) -> Path | None:
    """Return a folder that the user named, refusing one that is not there."""
    if path is not None and not path.is_dir():
        problem = "is a file" if path.exists() else "does not exist"
        raise WrongCall(
            f"{option} {path}: {problem}; give a folder that holds the data, or leave {option} out."
        )
    return path


def _suggestion(name: str, known: Sequence[str]) -> str:
    """Return 'Did you mean ...?' for the known names closest to a mistyped one, or nothing.

    A name without its topic counts too: `toy` suggests `robustness/toy`.
    """
    by_spelling = {spelling: id for id in known for spelling in (id.lower(), id.lower().rpartition("/")[2])}
    close = get_close_matches(name.lower(), by_spelling, n=3, cutoff=0.6)
    ids = list(dict.fromkeys(by_spelling[spelling] for spelling in close))
    return f"Did you mean {' or '.join(ids)}?" if ids else ""
