"""The simulated labels: the published column, the two ways to draw, the averages."""

import numpy as np
import pandas as pd
import pytest

from mtl_theory.experiments import Settings, experiments
from mtl_theory.experiments._selection import select
from mtl_theory.experiments.bettgenhaeuser import _simulator
from mtl_theory.experiments.bettgenhaeuser._labels import AMI, DISTANCE, LARGEST
from mtl_theory.experiments.bettgenhaeuser._simulator import PUBLISHED, Budget, simulator_rows
from mtl_theory.experiments.bettgenhaeuser._simulator_panels import (
    CORPUS,
    EXACT,
    IID,
    POPULATION,
    simulator_panels,
)

# Population AMI of the channel on the label counts of CoNLL-2003, computed apart from this library.
THEORY = {
    0.6: 0.1324, 0.65: 0.1709, 0.7: 0.2174, 0.75: 0.2741, 0.8: 0.3443, 0.85: 0.4332, 0.87: 0.4759,
    0.9: 0.5500, 0.91: 0.5780, 0.92: 0.6081, 0.93: 0.6404, 0.94: 0.6754, 0.95: 0.7134, 0.96: 0.7552,
    0.97: 0.8016, 0.98: 0.8541, 0.99: 0.9158,
}  # fmt: skip
TINY = Budget(n_corpus=4, n_samples=6)
LEAST = Budget(n_corpus=2, n_samples=2)


def run(budget: Budget, seed: int = 0) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_simulator, "QUICK", budget)
        return simulator_rows(Settings(seed=seed, quick=True))


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return run(TINY)


def test_closed_form_is_the_reference_and_the_published_column(rows: pd.DataFrame) -> None:
    found = select(rows, protocol=POPULATION, method="arithmetic", quantity=AMI).set_index("level")
    assert list(found.index) == list(THEORY) == list(PUBLISHED)
    np.testing.assert_allclose(found["value"], list(THEORY.values()), atol=2e-4)
    # Two printed digits, cut or rounded, and the scatter of one corpus.
    assert (found["value"] - found["predicted"]).abs().max() < 0.0105


def test_only_the_arithmetic_average_fits(rows: pd.DataFrame) -> None:
    theory = select(rows, protocol=POPULATION)
    off = (theory["value"] - theory["predicted"]).abs().groupby(theory["method"]).max()
    assert off.idxmin() == "arithmetic"
    assert off.drop("arithmetic").min() > 0.015


def test_drawn_corpora_agree_with_the_closed_form(rows: pd.DataFrame) -> None:
    """Seventeen means of four; Student's t with 3 degrees of freedom exceeds 13 once in 2,000 each."""
    drawn = select(rows, protocol=CORPUS).set_index("level")
    theory = select(rows, protocol=POPULATION, method="arithmetic").set_index("level")["value"]
    score = (drawn["value"] - theory) / (drawn["stderr"] / np.sqrt(drawn["n_draws"]))
    assert score.abs().max() < 13
    assert drawn["stderr"].max() < 0.004  # else the line above would say little


def test_exact_counts_hit_and_independent_draws_scatter(rows: pd.DataFrame) -> None:
    assert select(rows, quantity=LARGEST, method=EXACT)["value"].max() <= 1e-3
    free = select(rows, quantity=DISTANCE, method=IID)
    scaled = free["value"] * np.sqrt(free["n"])
    assert scaled.between(0.2, 2.0).all()


def test_same_seed_same_rows_and_panels_speak_of_them(rows: pd.DataFrame) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_simulator, "TOKENS", _simulator.TOKENS // 100)
        first = run(LEAST)
        pd.testing.assert_frame_equal(run(LEAST), first, check_exact=True)
        assert not run(LEAST, seed=1)["value"].equals(first["value"])
    from matplotlib.figure import Figure

    for panel in simulator_panels(rows):
        assert "nan" not in panel.finding and "\n" not in panel.finding
        axes = Figure().subplots()
        assert panel.draw(axes) is axes
        assert axes.get_xlabel() and axes.get_legend() is not None


def test_experiments_of_this_paper_are_registered() -> None:
    ids = [id for id, experiment in experiments().items() if experiment.paper == "bettgenhaeuser"]
    assert ids == ["bettgenhaeuser/simulator", "bettgenhaeuser/sweep", "bettgenhaeuser/published"]
