"""Small pieces of HTML."""

import re
from collections.abc import Iterable
from html import escape

from mtl_theory.theorem import Verdict

_SIGNS = {Verdict.HOLDS: "✓", Verdict.REFUTED: "✗", Verdict.DOES_NOT_APPLY: "–"}


def slug(*parts: str) -> str:
    """Return parts as one identifier for ids, anchors and file names.

    >>> slug("robustness/gaussian-2.7", "R(T)")
    'robustness-gaussian-2.7-R-T'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts)).strip("-.")


def badge(verdict: Verdict, *, expected: Verdict) -> str:
    """Return a verdict as a badge that also says when it is not the expected one."""
    agrees = verdict is expected
    look = verdict.name.lower().replace("_", "-") if agrees else "unexpected"
    note = "" if agrees else f"expected: {expected.value}"
    if agrees and verdict is not Verdict.HOLDS:
        note = "as expected"
    small = f'<span class="badge-note">{note}</span>' if note else ""
    sign = f'<span aria-hidden="true">{_SIGNS[verdict]}</span>'
    return f'<span class="badge badge-{look}">{sign} {verdict.value}</span>{small}'


def paragraphs(label: str, text: str) -> str:
    """Return a labelled paragraph; nothing if there is no text."""
    return f'<p><strong class="label">{escape(label)}</strong> {escape(text)}</p>' if text else ""


def bullets(items: Iterable[str]) -> str:
    """Return a list of texts, escaped."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def options(first: str, values: Iterable[str]) -> str:
    """Return the options of a filter: all, then each value once, in order of appearance."""
    unique = dict.fromkeys(values)
    return f'<option value="">{escape(first)}</option>' + "".join(
        f'<option value="{escape(value)}">{escape(value)}</option>' for value in unique
    )
