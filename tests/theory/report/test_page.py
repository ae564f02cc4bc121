import base64
import platform
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from mtl_theory.experiments import Outcome, Settings
from mtl_theory.theorem import Case

VOID = {"meta", "link", "img", "input", "br", "hr"}
ALL = ("holds", "refuted", "bound", "excluded", "broken", "unrefuted")


class Page(HTMLParser):
    """Checks nesting while it reads, and keeps elements with the text inside them."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", "inside": tuple(e["tag"] for e in self.open), **dict(attributes)}
        assert len(attributes) == len(dict(attributes)), f"{tag} repeats an attribute"
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            e for e in self.elements if e["tag"] == tag and all(e.get(k) == v for k, v in attributes.items())
        ]


@pytest.fixture
def page(write):
    return lambda *names, **changes: Page((write(*names, **changes) / "report.html").read_text())


def test_page_is_well_formed_and_its_ids_are_unique(page):
    ids = [e["id"] for e in page(*ALL).elements if "id" in e]
    assert len(ids) == len(set(ids))


def test_every_link_and_label_points_to_something(page):
    found = page(*ALL)
    ids = {e["id"] for e in found.elements if "id" in e}
    for element in found.all("a"):
        assert element["href"].startswith("#") and element["href"][1:] in ids
    for element in found.elements:
        if "aria-labelledby" in element:
            assert element["aria-labelledby"] in ids


def test_page_loads_nothing_from_anywhere(write):
    text = (write(*ALL) / "report.html").read_text()
    found = Page(text)
    for element in found.elements:
        for name in ("src", "srcset", "data", "poster", "action"):
            assert element.get(name, "data:").startswith("data:")
        assert element["tag"] not in {"iframe", "object", "embed", "base"}
    assert all(e["href"] == "data:," for e in found.all("link"))
    assert "url(" not in text and "@import" not in text and "fetch(" not in text
    assert not re.search(r"https?://", text)
    (policy,) = (e for e in found.all("meta") if "content" in e and "default-src" in e["content"])
    assert "default-src 'none'" in policy["content"]


def test_every_figure_has_its_picture_alt_text_and_caption(page, write):
    found = page("holds")
    pictures = [e for e in found.all("img") if "figure" in e["inside"]]
    assert len(pictures) == len(found.all("figure")) == len(found.all("figcaption")) == 2
    for picture, name in zip(pictures, ("error", "slope"), strict=True):
        assert picture["alt"] == "A rising line"
        embedded = base64.b64decode(picture["src"].removeprefix("data:image/png;base64,"))
        assert embedded == (write("holds") / f"figures/daras-fake-{name}.png").read_bytes()
        assert (picture["width"], picture["height"]) == ("1080", "660")
        assert "button" in picture["inside"]
    for caption in found.all("figcaption"):
        assert "The paper claims It rises." in caption["text"]
        assert "We measured It rises by 1." in caption["text"]


def test_titles_cannot_smuggle_markup_in(page, catalogue):
    found = page("refuted")
    assert len(found.all("script")) == 1
    (title,) = (e for e in found.all("span") if e.get("class") == "title")
    assert title["text"] == catalogue["hostile"]
    assert [e["text"] for e in found.all("h4")][-1] == catalogue["hostile"]


@pytest.mark.parametrize("field", ["alt", "claim", "finding", "title"])
def test_panels_cannot_smuggle_markup_in(page, catalogue, field):
    outcome = catalogue["fake"].run(Settings())
    panel = replace(outcome.panels[0], **{field: catalogue["hostile"]})
    hostile = Outcome(rows=outcome.rows, panels=(panel,), notes=(catalogue["hostile"],))
    found = page("holds", outcomes=[(catalogue["fake"], hostile)], command="<script>", papers=[])
    assert len(found.all("script")) == 1
    if field == "alt":
        assert next(e for e in found.all("img") if "figure" in e["inside"])["alt"] == catalogue["hostile"]


@pytest.mark.parametrize(
    "name, verdict, expected, words",
    [
        ("holds", "holds", "yes", ["✓ holds", "Stated with care.", "holds in small symbolic dimensions"]),
        ("refuted", "refuted", "yes", ["✗ refuted", "as expected", "Counterexample", "predicted 2.0"]),
        ("bound", "holds", "yes", ["≤ 9", "max 3.", "no draw lies above it"]),
        ("excluded", "does not apply", "yes", ["does not apply", "violates the assumption 'positive'"]),
        ("broken", "refuted", "no", ["expected: holds", "Not as expected"]),
        ("unrefuted", "holds", "no", ["expected: refuted", "Not as expected"]),
    ],
)
def test_a_theorem_shows_its_verdict_and_what_stands_behind_it(
    page, catalogue, name, verdict, expected, words
):
    theorem = catalogue[name]
    (group,) = (e for e in page(name).all("tbody") if "data-verdict" in e)
    assert (group["data-verdict"], group["data-expected"]) == (verdict, expected)
    assert group["data-topic"] == theorem.topic and group["data-paper"] == "Daras et al. 2022"
    for word in [theorem.title, theorem.id, "Daras et al. 2022, Theorem 1", "unit variance", *words]:
        assert word in group["text"], word
    assert theorem.title.lower() in group["data-search"]


def test_every_case_and_component_stands_in_the_details(page, catalogue, monkeypatch):
    claims = np.array([1.5, 2.5, 3.5])
    theorem = catalogue["make_theorem"](
        "coins/many",
        cases=tuple(Case(name=f"case {i}", build=lambda rng: 0.0) for i in range(4)),
        predict=lambda mean: claims,
        measure=lambda rng, mean, n: np.tile(claims, (n, 1)),
    )
    monkeypatch.setitem(catalogue, "many", theorem)
    (table,) = page("many").all("table", **{"class": "cases"})
    for i in range(4):
        assert f"case {i}" in table["text"]
    assert table["text"].count("3.5") == 2 * 4


def test_cases_of_a_refuted_theorem_carry_no_alarm(write):
    assert 'class="badge badge-unexpected"' not in (write("refuted") / "report.html").read_text()
    assert 'class="badge badge-unexpected"' in (write("broken") / "report.html").read_text()


def test_summary_counts_the_verdicts(page):
    found = page(*ALL)
    tiles = [e["text"] for e in found.all("li") if "ul" in e["inside"] and "main" in e["inside"]][:6]
    assert tiles[0] == "6theorems checked"
    assert (
        "2hold" in tiles and "1refuted, as expected: wrong as stated" in tiles and "2not as expected" in tiles
    )
    assert (
        "2 of 6 verdicts are not the expected ones"
        in next(e for e in found.all("p", **{"class": "lead"}))["text"]
    )
    assert "All 3 verdicts are the expected ones" in page("holds", "refuted", "bound").all("main")[0]["text"]


def test_notes_say_what_was_skipped(page):
    (notes,) = page("holds").all("aside")
    assert "MNIST was skipped: no folder was given with --data." in notes["text"]


def test_footer_tells_how_to_make_it_again_and_nothing_of_the_machine(write):
    text = (write("holds") / "report.html").read_text()
    footer = Page(text).all("footer")[0]["text"]
    for word in (
        "mtlaws reproduce daras --seed 0",
        "Seed",
        "2026-01-02 03:04 UTC",
        platform.python_version(),
        "numpy",
    ):
        assert word in footer
    assert platform.node() not in footer.split()
    assert str(write("holds")) not in text


def test_quick_runs_say_so(page):
    assert "Quick run" in page("holds", quick=True).all("main")[0]["text"]
    assert "Quick run" not in page("holds").all("main")[0]["text"]


def test_filters_offer_what_there_is(page):
    found = page("holds", "refuted", "excluded")
    selects = {e["id"]: e["text"] for e in found.all("select")}
    assert selects["filter-verdict"] == "allholdsrefuteddoes not apply"
    assert selects["filter-topic"] == "allcoinsdice"


def test_a_report_without_experiments_or_theorems_is_still_a_page(page):
    found = page(outcomes=[])
    assert not found.all("figure")
    assert "No theorem was checked" in found.all("main")[0]["text"]
