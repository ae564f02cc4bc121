"""A law on one self-contained page, with its figures and the law itself beside it."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from mtl_theory.laws import TIE, Findings, Law, Ranked, Table, exponent_hints
from mtl_theory.report._environment import environment
from mtl_theory.report._figure import drawn_png
from mtl_theory.report._law_formula import law_mathml
from mtl_theory.report._law_sheet import LawPanel, law_panels, profile_panels
from mtl_theory.report._markup import bullets
from mtl_theory.report._numbers import format_measurement, format_number
from mtl_theory.report._staged import staged_files

SIZE = (6.0, 4.2)  # inches


def save_law_report(
    directory: Path,
    findings: Findings,
    table: Table,
    *,
    command: str,
    seed: int,
    created: datetime | None = None,
) -> Path:
    """Write `report.html`, `figures/*.png` and `law.json`, all or none, and return the page's path.

    Parameters
    ----------
    directory
        Folder to write in; made if need be.
    findings
        The laws.
    table
        The rows that they were fitted to, and those held out.
    command
        Command line that makes this report again.
    created
        Date of the page; now by default.

    Raises
    ------
    OSError
        If the folder cannot be written; what stood there before is untouched.
    """
    panels = [*law_panels(findings, table), *profile_panels(findings, table)]
    pictures = [(panel, drawn_png(panel.draw, SIZE)) for panel in panels]
    page = Template(_resource("law.html")).substitute(
        title=escape(f"A law for {table.target}"),
        style=_resource("style.css"),
        law=law_mathml(findings.best.law)
        + f'<p class="lead">{escape(_fit_in_words(findings.best, table))}</p>',
        notes=f'<aside class="notes">{bullets(table.notes)}</aside>' if table.notes else "",
        level=f"{findings.best.law.level:.0%}",
        constants="".join(_constants(findings.best.law)),
        exponents=bullets(exponent_hints(findings.best.law)),
        tie=f"{TIE:g}",
        held_out="on the rows held out" if len(table.held_out) else "on the largest rows of each size",
        front="".join(_front(findings)),
        figures="\n".join(_figure(panel, png) for panel, png in pictures),
        environment="".join(_environment(command, seed, created or datetime.now(UTC))),
    )
    with staged_files(directory) as add:
        for panel, png in pictures:
            add(f"figures/{panel.name}.png", png)
        add("law.json", findings.best.law.to_json().encode())
        return add("report.html", page.encode())


def _resource(name: str) -> str:
    return (files("mtl_theory.report") / name).read_text(encoding="utf-8")


def _fit_in_words(best: Ranked, table: Table) -> str:
    scores = best.law.scores
    words = f"R² {scores.r2:.4f}, error {format_number(scores.rmse, 3)} on {len(table.fitted):,} rows"
    if len(table.held_out) and scores.extrapolation is not None:
        words += f"; error {format_number(scores.extrapolation, 3)} on {len(table.held_out):,} rows held out"
    return f"{words}; engine {best.law.engine}."


def _constants(law: Law) -> Iterator[str]:
    for name, estimate in law.estimates.items():
        interval = f"{format_number(estimate.low)} to {format_number(estimate.high)}"
        cells = (format_measurement(estimate.value, estimate.stderr), interval)
        numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
        yield f'<tr><th scope="row">{escape(name)}</th>{numbers}</tr>'


def _front(findings: Findings) -> Iterator[str]:
    shortest = min(one.description_length for one in (*findings.front, findings.best))
    for one in findings.front:
        scores = one.law.scores
        cells = (
            f"{one.complexity}",
            f"{scores.n_constants}",
            f"+{one.description_length - shortest:.1f}",
            f"{scores.r2:.4f}",
            format_number(scores.cross_validation, 3),
            format_number(scores.extrapolation, 3),
        )
        numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
        text = escape(one.law.text())
        text = f"<strong>{text}</strong>" if one is findings.best else text
        count = f"{len(one.ties)} tie{'s' * (len(one.ties) > 1)}"
        ties = f"<details><summary>{count}</summary>{bullets(tie.text() for tie in one.ties)}</details>"
        yield f"<tr>{numbers}<td>{text}{ties if one.ties else ''}</td></tr>"


def _figure(panel: LawPanel, png: bytes) -> str:
    width, height = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))  # PNG header
    image = base64.b64encode(png).decode("ascii")
    return f"""<figure id="{escape(panel.name)}">
<img src="data:image/png;base64,{image}" alt="{escape(panel.title)}" width="{width}" height="{height}"
 style="display: block; width: 100%; height: auto">
<figcaption><p><strong>{escape(panel.title)}.</strong> {escape(panel.caption)}</p></figcaption>
</figure>"""


def _environment(command: str, seed: int, created: datetime) -> Iterator[str]:
    rows = {
        "Command": f"<code>{escape(command)}</code>",
        "Seed": str(seed),
        "Date": f"{created:%Y-%m-%d %H:%M %Z}".strip(),
        **{name: escape(value) for name, value in environment().items()},
    }
    for name, value in rows.items():
        yield f"<dt>{escape(name)}</dt><dd>{value}</dd>"


def save_law(law: Law, path: Path) -> Path:
    """Write a law to a JSON file, whole or not at all, and return its path."""
    with staged_files(path.parent) as add:
        return add(path.name, law.to_json().encode())
