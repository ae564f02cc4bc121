"""The experiments' figures, with what the paper claims and what was measured."""

import base64
from collections.abc import Sequence
from html import escape

from mtl_theory.experiments import Experiment, Panel
from mtl_theory.report._markup import paragraphs, slug


def figure_name(experiment: Experiment, panel: Panel) -> str:
    """Return the file name of a panel: `<experiment>-<panel>.png`."""
    return f"{slug(experiment.id, panel.name)}.png"


def experiment_section(
    experiment: Experiment, figures: Sequence[tuple[Panel, bytes]], notes: Sequence[str]
) -> str:
    """Return the `<section>` of an experiment, its pictures embedded."""
    anchor = slug("experiment", experiment.id)
    skipped = "".join(f"<li>{escape(note)}</li>" for note in notes)
    aside = (
        f'<aside class="notes"><h4>Notes and what was skipped</h4><ul>{skipped}</ul></aside>' if notes else ""
    )
    pictures = "\n".join(_figure(experiment, panel, png) for panel, png in figures)
    body = f'<div class="figures">\n{pictures}\n</div>' if figures else ""
    return f"""<section class="experiment" aria-labelledby="{anchor}">
<h3 id="{anchor}">{escape(experiment.title)} <span class="theorem-id">{escape(experiment.id)}</span></h3>
{aside}
{body}
</section>"""


def _figure(experiment: Experiment, panel: Panel, png: bytes) -> str:
    width, height = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))  # PNG header
    image = base64.b64encode(png).decode("ascii")
    return f"""<figure id="{slug("figure", experiment.id, panel.name)}">
<button type="button" class="zoom" title="Enlarge"><img src="data:image/png;base64,{image}"
 alt="{escape(panel.alt)}" width="{width}" height="{height}"></button>
<figcaption><h4>{escape(panel.title)}</h4>
{paragraphs("The paper claims", panel.claim)}
{paragraphs("We measured", panel.finding)}</figcaption>
</figure>"""
