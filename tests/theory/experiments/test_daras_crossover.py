"""The synthetic experiment, and the list of experiments."""

import numpy as np
import pandas as pd
import pytest

from mtl_theory.experiments import Outcome, Settings, experiments
from mtl_theory.experiments._selection import select
from mtl_theory.experiments.daras._crossover import run_crossover
from mtl_theory.experiments.daras._labels import (
    ADJACENT,
    ALONE,
    CORRECTED,
    GAUSSIAN_TASKS,
    HALF_PARAMETER_ERROR,
    RIDGE,
    UNIT_TASKS,
    crossing_of,
)
from mtl_theory.ledger import PAPERS


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_crossover(Settings(quick=True))


def test_all_curves_meet_at_one(outcome: Outcome) -> None:
    """Five crossings at 4.5 standard errors, which are at most 2%."""
    crossings = select(outcome.rows, quantity=crossing_of(HALF_PARAMETER_ERROR))
    assert sorted(crossings["n_tasks"]) == [5, 6, 8, 12, 16]
    np.testing.assert_allclose(crossings["predicted"], 1.0, rtol=1e-9)
    assert (crossings["stderr"] < 0.02).all()
    assert ((crossings["value"] - 1.0).abs() < 4.5 * crossings["stderr"]).all()


def test_draws_agree_with_closed_forms(outcome: Outcome) -> None:
    drawn = select(outcome.rows, quantity=HALF_PARAMETER_ERROR, protocol=[CORRECTED, RIDGE, ALONE])
    random = drawn[drawn["stderr"] > 1e-12]
    scores = (random["value"] - random["predicted"]) / random["stderr"]
    assert len(scores) > 200
    assert scores.abs().max() < 4.5
    assert 0.8 < scores.std() < 1.2


def test_single_task_models_lie_on_the_curve_of_as_many_tasks_as_rows(outcome: Outcome) -> None:
    rows = select(outcome.rows, quantity=HALF_PARAMETER_ERROR, corruption="additive noise")
    alone = select(rows, protocol=ALONE, n_tasks=16).sort_values("level")["predicted"].to_numpy()
    four = select(rows, protocol=CORRECTED, n_tasks=4).sort_values("level")["predicted"].to_numpy()
    np.testing.assert_allclose(alone, four, rtol=1e-9)


def test_gaussian_thresholds_scatter_around_one(outcome: Outcome) -> None:
    """On record for d = 1000, k = 4: means 0.999 to 1.009 and deviations 0.056 to 0.115 over the steps."""
    found = select(outcome.rows, training=GAUSSIAN_TASKS, quantity=ADJACENT).sort_values("n_tasks")
    assert ((found["value"] - 1.004).abs() < 0.005 + 4.5 * found["stderr"]).all()
    spread = found["stderr"] * np.sqrt(found["n_draws"])
    # The standard error of a deviation of n draws is near its value / sqrt(2 n); tails are heavier, so twice.
    slack = 1 + 4.5 * 2 / np.sqrt(2 * 500)
    assert spread.min() > 0.056 / slack
    assert spread.max() < 0.115 * slack
    unit = select(outcome.rows, training=UNIT_TASKS, quantity=ADJACENT)
    np.testing.assert_allclose(unit["value"], 1.0, atol=1e-9)


def test_panels_draw(outcome: Outcome) -> None:
    from matplotlib.figure import Figure

    assert len({panel.name for panel in outcome.panels}) == len(outcome.panels) == 3
    for panel in outcome.panels:
        assert "nan" not in panel.finding.split()
        axes = Figure().subplots()
        assert panel.draw(axes) is axes


def test_same_seed_same_rows() -> None:
    first, second = (run_crossover(Settings(quick=True, seed=3)).rows for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_experiments_are_listed_under_their_paper() -> None:
    listed = {id: experiment for id, experiment in experiments().items() if experiment.paper == "daras"}
    assert list(listed) == ["daras/linear-digits", "daras/linear-mnist", "daras/crossover"]
    assert all(experiment.id == id for id, experiment in listed.items())
    assert "daras" in PAPERS
