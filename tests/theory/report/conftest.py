from datetime import UTC, datetime

import pytest

from mtl_theory.experiments import Settings
from mtl_theory.ledger import Paper
from mtl_theory.report import write_report
from mtl_theory.theorem import theorem_rng, verify

PAPER = Paper(key="daras", name="Daras et al. 2022", citation="Daras & others", topics=("coins",))


@pytest.fixture
def verified(catalogue):
    """Return the verification of a named fake."""
    return lambda name: verify(catalogue[name], rng=theorem_rng(catalogue[name], 0))


@pytest.fixture
def write(tmp_path, catalogue, verified):
    """Write a report on named fakes and return its folder."""

    def write(*names, **changes):
        outcome = catalogue["fake"].run(Settings())
        arguments = {
            "verifications": [verified(name) for name in names],
            "outcomes": [(catalogue["fake"], outcome)],
            "papers": [PAPER],
            "command": "mtlaws reproduce daras --seed 0",
            "seed": 0,
            "created": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        }
        return write_report(tmp_path / "out", **(arguments | changes)).parent

    return write
