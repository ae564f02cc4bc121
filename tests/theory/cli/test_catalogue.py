"""What the command line offers fits together: papers, topics, theorems, experiments."""

from mtl_theory import experiments, ledger
from mtl_theory.report import statement_text


def test_every_paper_has_its_theorems_and_every_theorem_its_paper():
    topics = {theorem.topic for theorem in ledger.theorems().values()}
    assert topics == {topic for paper in ledger.PAPERS.values() for topic in paper.topics}
    for theorem in ledger.theorems().values():
        assert theorem.source.paper in {p.name for p in ledger.PAPERS.values() if theorem.topic in p.topics}


def test_every_experiment_belongs_to_a_known_paper():
    found = experiments.experiments()
    assert found
    assert {experiment.paper for experiment in found.values()} <= set(ledger.PAPERS)
    assert all(id == experiment.id for id, experiment in found.items())


def test_every_statement_fits_on_one_line_without_tex():
    for theorem in ledger.theorems().values():
        text = statement_text(theorem.statement)
        assert "\n" not in text and "\\" not in text and "**" not in text, theorem.id
