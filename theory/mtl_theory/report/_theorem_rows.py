"""The table of theorems: one group of two rows each, the verdict and what stands behind it."""

from html import escape

from mtl_theory.report._judgement import KINDS, expected_of, format_measured, format_predicted, judge
from mtl_theory.report._markup import badge, bullets, paragraphs, slug
from mtl_theory.report._numbers import format_number
from mtl_theory.report._statement_mathml import statement_mathml
from mtl_theory.report._statement_text import statement_text
from mtl_theory.theorem import CaseResult, Theorem, Verification


def theorem_rows(verification: Verification) -> str:
    """Return the `<tbody>` of one theorem."""
    theorem, judgement = verification.theorem, judge(verification)
    source = f"{theorem.source.paper}, {theorem.source.where}"
    searched = " ".join(
        (theorem.id, theorem.title, source, theorem.kind.value, statement_text(theorem.statement))
    )
    filters = {
        "search": searched.lower(),
        "verdict": verification.verdict.value,
        "topic": theorem.topic,
        "paper": theorem.source.paper,
        "expected": "yes" if verification.as_expected else "no",
    }
    data = " ".join(f'data-{name}="{escape(value)}"' for name, value in filters.items())
    unexpected = "" if verification.as_expected else ' class="is-unexpected"'
    anchor = slug("theorem", theorem.id)
    return f"""<tbody id="{anchor}" role="rowgroup" {data}{unexpected}>
<tr class="theorem" role="row">
<th scope="row" role="rowheader"><span class="title">{escape(theorem.title)}</span>
<a class="theorem-id" href="#{anchor}">{escape(theorem.id)}</a>
<span class="source">{escape(source)}</span></th>
<td role="cell" data-label="Statement"><div class="statement">{statement_mathml(theorem.statement)}</div></td>
<td role="cell" class="number" data-label="Predicted">{escape(judgement.predicted)}</td>
<td role="cell" class="number" data-label="Measured">{escape(judgement.measured)}</td>
<td role="cell" data-label="Verdict">{badge(verification.verdict, expected=theorem.expected)}</td>
</tr>
<tr class="more" role="row"><td role="cell" colspan="5"><details>
<summary>{_summary(verification)}</summary>
<div class="details">{_details(verification, judgement.complaints, judgement.counterexample)}</div>
</details></td></tr>
</tbody>"""


def _summary(verification: Verification) -> str:
    n_cases, n_draws = len(verification.cases), verification.trials
    cases = f"{n_cases} case{'s' * (n_cases != 1)}, {n_draws:,} draw{'s' * (n_draws != 1)}"
    remark = " · with a remark" if verification.theorem.remark else ""
    return f"Assumptions, cases and numbers ({cases}){remark}"


def _details(verification: Verification, complaints: tuple[str, ...], counterexample: str) -> str:
    theorem = verification.theorem
    parts = [paragraphs("Remark", theorem.remark)]
    if complaints:
        parts.append(
            f'<div class="alert"><strong class="label">Not as expected</strong>{bullets(complaints)}</div>'
        )
    parts.append(paragraphs("Counterexample", counterexample))
    parts.append(paragraphs("Judged as", KINDS[theorem.kind]))
    parts.append(_assumptions(theorem))
    if verification.derived is not None:
        proof = (
            "holds in small symbolic dimensions"
            if verification.derived
            else "leaves a residual that is not zero"
        )
        parts.append(paragraphs("Symbolic derivation", proof))
    parts.append(_cases(verification))
    return "\n".join(part for part in parts if part)


def _assumptions(theorem: Theorem[object]) -> str:
    if not theorem.assumptions:
        return ""
    listed = bullets(f"{assumption.name}: {assumption.statement}" for assumption in theorem.assumptions)
    return f'<div><strong class="label">Assumptions</strong>{listed}</div>'


def _cases(verification: Verification) -> str:
    rows = "".join(_case_rows(verification, case) for case in verification.cases)
    name = f"Cases of {verification.theorem.title}"
    return f"""<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}">
<table class="cases">
<thead><tr><th scope="col">Case</th><th scope="col" class="number">Predicted</th>
<th scope="col" class="number">Measured</th>
<th scope="col" class="number">Difference / allowed</th>
<th scope="col" class="number">Draws</th><th scope="col">Verdict</th></tr></thead>
<tbody>{rows}</tbody></table></div>"""


def _case_rows(verification: Verification, case: CaseResult) -> str:
    kind, height = verification.theorem.kind, len(case.predicted)
    reason = f'<span class="reason">{escape(case.reason)}</span>' if case.reason else ""
    rows = []
    for i in range(height):
        stderr = float(case.stderr[i])
        numbers = (
            format_predicted(kind, float(case.predicted[i]), stderr),
            format_measured(kind, float(case.measured[i]), stderr),
            format_number(float(case.deviation[i]), 2),
        )
        cells = "".join(f'<td class="number">{escape(number)}</td>' for number in numbers)
        if i == 0:
            cells = f'<th scope="rowgroup" rowspan="{height}">{escape(case.name)}{reason}</th>{cells}'
            cells += f'<td class="number" rowspan="{height}">{case.trials:,}</td>'
            verdict = badge(case.verdict, expected=expected_of(verification, case))
            cells += f'<td rowspan="{height}">{verdict}</td>'
        rows.append(f"<tr>{cells}</tr>")
    return "".join(rows)
