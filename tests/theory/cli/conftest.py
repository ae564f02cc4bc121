import pytest
from typer.testing import CliRunner

from mtl_theory import experiments, ledger
from mtl_theory.cli import app
from mtl_theory.ledger import Paper

PAPER = Paper(key="daras", name="Daras et al. 2022", citation="Daras and others", topics=("coins",))


@pytest.fixture
def ledger_of(monkeypatch, catalogue):
    """Return a function that puts named fakes in the place of the ledger and the experiments."""

    def replace(*names):
        theorems = {catalogue[name].id: catalogue[name] for name in names}
        monkeypatch.setattr(ledger, "theorems", lambda: theorems)
        monkeypatch.setattr(ledger, "PAPERS", {"daras": PAPER})
        monkeypatch.setattr(
            experiments, "experiments", lambda: {"daras/fake": catalogue["fake"]}, raising=False
        )

    return replace


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"COLUMNS": "120"})
    return lambda *arguments: runner.invoke(app, [str(a) for a in arguments], prog_name="mtlaws")
