from xml.etree import ElementTree

import pytest
import sympy as sp

from mtl_theory.ledger import theorems
from mtl_theory.report import statement_mathml, statement_text
from mtl_theory.report._tex import tex_to_mathml, tex_to_text

k, t, T = sp.symbols("k t T", integer=True, positive=True)
i = sp.Symbol("i", integer=True)
s = sp.IndexedBase("s")
R, P = sp.Function("R"), sp.Function("P")
power = sp.Sum(s[i] ** 2, (i, 1, k))


def visible(markup):
    """Return what a reader sees of MathML, without its layout."""
    return "".join("".join(ElementTree.fromstring(f"<r>{markup}</r>").itertext()).split()).replace(
        "\u2062", ""
    )


@pytest.mark.parametrize(
    "statement, text, drawn",
    [
        (sp.Eq(R(T), power / T), "R(T) = ∑[i=1..k] sᵢ²/T", "R(T)=∑i=1ksi2T"),
        (sp.Lt(R(t + 1), R(t)), "R(t + 1) < R(t)", "R(t+1)<R(t)"),
        (sp.Ge(P(R(t + 1) >= R(t)), 0), "P(R(t + 1) ≥ R(t)) ≥ 0", "P(R(t+1)≥R(t))≥0"),
        (sp.Eq(R(k), sp.Symbol("nu_0") - k), "R(k) = ν₀ - k", "R(k)=ν0−k"),
        (sp.Eq(R(k), sp.sqrt(k)), "R(k) = √k", "R(k)=k"),
        (sp.Eq(R(k), power**2), "R(k) = (∑[i=1..k] sᵢ²)²", None),
        (sp.Eq(R(k), sp.Min(k, T)), "R(k) = min(T, k)", None),
        (sp.Equivalent(R(t) < 1, R(k) < 1), "R(k) < 1 ⇔ R(t) < 1", None),
        (sp.Eq(sp.Symbol(r"\|\Gamma\|_F^2"), 1), "‖Γ‖_F² = 1", "‖Γ‖F2=1"),
    ],
)
def test_statements_read_as_printed(statement, text, drawn):
    assert statement_text(statement) == text
    if drawn is not None:
        assert visible(statement_mathml(statement)) == drawn


@pytest.mark.parametrize(
    "tex, text, drawn",
    [
        (r"\|U_k^\top c_t\|^2", "‖Uₖᵀcₜ‖²", "‖Uk⊤ct‖2"),
        (r"\operatorname{tr}(\Sigma^2)", "tr(Σ²)", "tr(Σ2)"),
        (r"\hat c_t", "ĉₜ", "c^t"),
        (r"\sigma_{thres}^2", "σₜₕᵣₑₛ²", "σthres2"),
        (r"\frac{a}{b}", "(a)/(b)", "ab"),
        (r"\Sigma^{1/2}", "Σ^(1/2)", "Σ1/2"),
        (r"\unknown x", "unknownx", "unknownx"),
        ("{unclosed", "unclosed", "unclosed"),
        ("x_", "x", "x"),
        (r"\mathrm{}", "", ""),
        ("a < b", "a < b", "a<b"),
    ],
)
def test_tex_names(tex, text, drawn):
    assert tex_to_text(tex) == text
    assert visible(tex_to_mathml(tex)) == drawn


def test_a_conjunction_stands_on_lines_of_its_own():
    both = sp.And(sp.Eq(R(1), 2), sp.Eq(R(2), 3))
    assert statement_mathml(both).count("<math") == 2
    assert statement_text(both) == "R(1) = 2; R(2) = 3"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b", "<mi>", r"\text{<script>}", "x<y|z"])
def test_names_cannot_smuggle_markup_in(name):
    statement = sp.Eq(sp.Function(name)(sp.Symbol(name)), s[sp.Symbol(name)])
    markup = statement_mathml(statement)
    assert "<script" not in markup
    ElementTree.fromstring(f"<r>{markup}</r>")


def test_what_mathml_cannot_draw_is_shown_as_text(monkeypatch):
    from mtl_theory.report import _statement_mathml

    class Fails(_statement_mathml._Printer):
        def doprint(self, expr):
            return "<iframe>a</iframe>"

    monkeypatch.setattr(_statement_mathml, "_Printer", Fails)
    assert statement_mathml(sp.Lt(k, 2)) == '<p class="statement-text">k &lt; 2</p>'


def test_the_whole_ledger_is_drawn():
    for theorem in theorems().values():
        markup = statement_mathml(theorem.statement)
        assert markup.startswith("<math") and "\\" not in markup, theorem.id
        ElementTree.fromstring(f"<r>{markup}</r>")
