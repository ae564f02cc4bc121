"""Figures 3 and 9: the directions of the claims, at 4.5 standard errors of the sample."""

import numpy as np
import pytest

from mtl_theory.experiments import Settings
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments.wu._covariance import (
    NOTES,
    PATH_COSINES,
    _path_rows,
    _source_rows,
    run_covariance,
)
from mtl_theory.experiments.wu._labels import (
    ALIGNED,
    ALONE,
    CORRECTED,
    OTHER,
    PRINTED,
    RELATIVE,
    SAME,
    SHARED,
    WINS,
    WINS_PLAIN,
)
from mtl_theory.experiments.wu._rows import table

Z = 4.5
N = 1200


def wins(protocol: str, source: str, n_source: int, n: int = N) -> tuple[float, float]:
    """Return by how much the share of wins of multitask exceeds one half, and its standard error."""
    rows = table(_source_rows(np.random.default_rng([3, n_source]), protocol, source, n_source, n))
    found = select(rows, quantity=WINS, method=SHARED)
    return float(found["value"].iloc[0]) - 0.5, float(found["stderr"].iloc[0])


@pytest.mark.parametrize("n_source", [10, 100, 1000])
def test_the_same_covariance_helps_away_from_the_interpolation_peak(n_source: int) -> None:
    above, error = wins(CORRECTED, SAME, n_source, 300)
    assert above > Z * error


def test_another_covariance_hurts_then_helps() -> None:
    above, error = wins(CORRECTED, OTHER, 100)
    assert above < -Z * error
    above, error = wins(CORRECTED, OTHER, 1000, 300)
    assert above > Z * error


@pytest.mark.parametrize("source", [SAME, OTHER])
def test_every_source_hurts_where_rows_and_features_are_equally_many(source: str) -> None:
    above, error = wins(CORRECTED, source, 50, 300)
    assert above < -Z * error


def test_the_printed_recipe_reverses_the_roles() -> None:
    above, error = wins(PRINTED, SAME, 100, 300)
    assert above < -Z * error
    above, error = wins(PRINTED, OTHER, 100, 300)
    assert above > Z * error


def test_algorithm_1_gains_inside_its_path_only_for_unequal_tasks() -> None:
    for cosine in PATH_COSINES:
        rows = table(_path_rows(np.random.default_rng(5), cosine, 400))
        path = select(rows, quantity=RELATIVE, method=ALIGNED).set_index("level")["value"]
        alone = value_of(rows, quantity=RELATIVE, method=ALONE)
        beaten = select(rows, quantity=WINS_PLAIN)
        share, error = beaten["value"] - 0.5, beaten["stderr"]
        assert path.loc[1000.0] == pytest.approx(alone, rel=0.02)  # ends at single-task learning
        if cosine == 1.0:
            assert (share < -Z * error).all()  # only loses
        else:
            assert (share > Z * error).any()  # wins against plain multitask somewhere
            assert path.min() < min(path.loc[0.0], alone)


def test_same_generator_same_rows() -> None:
    first, second = (
        table(_source_rows(np.random.default_rng(2), CORRECTED, OTHER, 30, 20)) for _ in range(2)
    )
    assert first.equals(second)


def test_a_small_run_has_its_figures_and_says_what_was_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtl_theory.experiments.wu._covariance.SOURCE_SIZES", (50, 100, 1000, 10_000))
    heard: list[float] = []
    outcome = run_covariance(Settings(quick=True, progress=lambda what, done: heard.append(done)))
    assert [panel.name for panel in outcome.panels] == ["printed", "corrected", "alignment", "path"]
    assert outcome.notes == NOTES and heard == sorted(heard) and heard[-1] == 1.0
    text = " ".join(panel.finding + panel.claim + panel.alt for panel in outcome.panels)
    assert "nan" not in text and "{" not in text
    assert outcome.rows["value"].notna().all()
