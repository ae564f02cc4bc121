"""The page: template, style and script from the package, filled with what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template

from mtl_theory.experiments import Experiment, Panel
from mtl_theory.ledger import Paper
from mtl_theory.report._environment import environment
from mtl_theory.report._markup import options
from mtl_theory.report._panel_figures import experiment_section
from mtl_theory.report._theorem_rows import theorem_rows
from mtl_theory.theorem import Verdict, Verification


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """An experiment with its pictures as PNG and its notes."""

    experiment: Experiment
    figures: tuple[tuple[Panel, bytes], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything that a page says."""

    papers: tuple[Paper, ...]
    verifications: tuple[Verification, ...]
    chapters: tuple[Chapter, ...]
    command: str
    seed: int
    quick: bool
    created: datetime


def render_page(contents: Contents) -> str:
    """Return the report as one HTML document that loads nothing from anywhere."""
    title = ", ".join(paper.name for paper in contents.papers)
    theorems = [verification.theorem for verification in contents.verifications]
    return Template(_resource("template.html")).substitute(
        title=escape(f"mtlaws report: {title}" if title else "mtlaws report"),
        citations="".join(f'<p class="citation">{escape(paper.citation)}</p>' for paper in contents.papers),
        style=_resource("style.css"),
        script=_resource("script.js"),
        navigation=_navigation(contents),
        summary=_summary(contents),
        figures=_figures(contents),
        verdict_options=options(
            "all", (verification.verdict.value for verification in contents.verifications)
        ),
        topic_options=options("all", (theorem.topic for theorem in theorems)),
        paper_options=options("all", (theorem.source.paper for theorem in theorems)),
        theorems="\n".join(theorem_rows(verification) for verification in contents.verifications),
        environment=_environment(contents),
    )


def _resource(name: str) -> str:
    return (files("mtl_theory.report") / name).read_text(encoding="utf-8")


def _navigation(contents: Contents) -> str:
    links = [("summary", "In short"), ("theorems", "Theorems"), ("made-with", "How it was made")]
    if contents.chapters:
        links.insert(1, ("figures", "Figures"))
    return "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in links)


def _summary(contents: Contents) -> str:
    found, n_figures = contents.verifications, sum(len(chapter.figures) for chapter in contents.chapters)
    expected = [verification for verification in found if verification.as_expected]
    unexpected = len(found) - len(expected)
    tiles = [
        (len(found), "theorems checked", ""),
        (sum(v.verdict is Verdict.HOLDS for v in expected), "hold", ""),
        (sum(v.verdict is Verdict.REFUTED for v in expected), "refuted, as expected: wrong as stated", ""),
        (sum(v.verdict is Verdict.DOES_NOT_APPLY for v in expected), "do not apply, as expected", ""),
        (unexpected, "not as expected", "tile-bad" if unexpected else ""),
        (n_figures, "figures", ""),
    ]
    shown = "".join(
        f'<li class="{look}"><strong>{count}</strong><span>{text}</span></li>'
        for count, text, look in tiles
        if count or text in ("theorems checked", "hold", "not as expected")
    )
    quick = (
        "<p>Quick run: fewer draws, so wider error bars; the questions are the same.</p>"
        if contents.quick
        else ""
    )
    return f'<p class="lead">{_lead(len(found), unexpected)}</p><ul class="tiles">{shown}</ul>{quick}'


def _lead(n_theorems: int, n_unexpected: int) -> str:
    if n_theorems == 0:
        return "No theorem was checked in this run."
    if n_unexpected == 0:
        return f"All {n_theorems} verdicts are the expected ones."
    return f"{n_unexpected} of {n_theorems} verdicts are not the expected ones; they carry a red mark below."


def _figures(contents: Contents) -> str:
    if not contents.chapters:
        return ""
    sections = "\n".join(
        experiment_section(chapter.experiment, chapter.figures, chapter.notes)
        for chapter in contents.chapters
    )
    return f'<section aria-labelledby="figures"><h2 id="figures">Figures</h2>\n{sections}\n</section>'


def _environment(contents: Contents) -> str:
    rows: Sequence[tuple[str, str]] = (
        ("Command", f"<code>{escape(contents.command)}</code>"),
        ("Seed", str(contents.seed)),
        ("Date", f"{contents.created:%Y-%m-%d %H:%M %Z}".strip()),
        *((name, escape(value)) for name, value in environment().items()),
    )
    return "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
