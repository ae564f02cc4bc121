"""The findings of a search in words."""

from collections.abc import Iterator

import sympy

from mtl_theory.laws._law import Law
from mtl_theory.laws._search._finding import Findings
from mtl_theory.laws._search._ranking import TIE, Ranked

# Fractions that an exponent may be near without being set to them.
FRACTIONS = tuple(sympy.Rational(p, q) for q in (1, 2, 3, 4) for p in range(1, 4 * q) if sympy.gcd(p, q) == 1)
MANY_TERMS = 3
MANY_CONSTANTS = 7


def exponent_hints(law: Law) -> Iterator[str]:
    """Yield for every fitted exponent its interval, and the simplest fraction inside it."""
    by_symbol = {p.symbol: p.name for p in law.form.parameters}
    for power in sorted(law.form.expression.atoms(sympy.Pow), key=str):
        inside = [s for s in power.exp.free_symbols if s in by_symbol]
        if len(inside) != 1 or power.exp not in (inside[0], -inside[0]):
            continue
        estimate = law.estimates[by_symbol[inside[0]]]
        sign = 1 if power.exp == inside[0] else -1
        low, high = sorted((sign * estimate.low, sign * estimate.high))
        near = next((f for a in FRACTIONS for f in (a, -a) if low <= f <= high), None)
        verdict = "" if near is None else f", consistent with {near}"
        base = power.base.xreplace(
            {p.symbol: sympy.Float(law.estimates[p.name].value, 3) for p in law.form.parameters}
        )
        yield f"exponent of {base}: {sign * estimate.value:.3g} in [{low:.3g}, {high:.3g}]{verdict}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _lines(one: Ranked, shortest: float, mark: str) -> Iterator[str]:
    scores = one.law.scores
    yield (
        f"{mark} {one.complexity:5d} {scores.n_constants:9d} {one.description_length - shortest:8.1f} "
        f"{scores.r2:7.4f} {_number(scores.cross_validation):>9} {_number(scores.extrapolation):>9}  "
        f"{one.law.engine:<10}  {one.law.text()}"
    )
    for other in one.ties:
        yield f"{'':12}tie: the data cannot tell it from  {other.text()}"


def report_text(findings: Findings) -> str:
    """Return the front as a table with ties, then the best law's constants with intervals."""
    shortest = min(one.description_length for one in findings.front)
    lines = [
        "  nodes constants    +nats      R2  cv error   extrap.  engine      law  (* the best)",
    ]
    for one in findings.front:
        lines += _lines(one, shortest, "*" if one is findings.best else " ")
    if not any(one is findings.best for one in findings.front):
        lines += _lines(findings.best, shortest, "*")
    law = findings.best.law
    lines += [
        "",
        f"Best: {law.text()}   (+nats: description length above the shortest; a tie is within {TIE:g})",
    ]
    lines += [f"  {name} = {e.value:.4g} in [{e.low:.4g}, {e.high:.4g}]" for name, e in law.estimates.items()]
    lines += [f"  {hint}" for hint in exponent_hints(law)]
    terms = [t for t in sympy.Add.make_args(law.expression) if t.free_symbols]
    if len(terms) >= MANY_TERMS or law.scores.n_constants >= MANY_CONSTANTS:
        lines += ["  Many terms or constants: the law may lie outside the family searched; try engine='all'."]
    return "\n".join(lines)
