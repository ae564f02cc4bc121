"""The sweep: errors against their laws, negative transfer where theory has it, exponents, determinism."""

import numpy as np
import pandas as pd
import pytest

from mtl_theory.experiments import Settings
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments.bettgenhaeuser import _sweep
from mtl_theory.experiments.bettgenhaeuser._labels import (
    ALONE,
    CHANNEL,
    EQUAL,
    ERROR,
    FREE,
    GAIN,
    LS_ALONE,
    LS_EQUAL,
    LS_MATCHED,
    MATCHED,
    POOLED_FORM,
    R2,
    ROTATED,
    B,
    constant,
    exponent,
)
from mtl_theory.experiments.bettgenhaeuser._pooled_errors import (
    least_squares_error,
    predicted_error,
    rotated_error,
)
from mtl_theory.experiments.bettgenhaeuser._pooled_run import PooledRun
from mtl_theory.experiments.bettgenhaeuser._sweep import Budget, sweep_rows
from mtl_theory.experiments.bettgenhaeuser._sweep_panels import fitted_to, sweep_panels

BUDGET = Budget(sizes=(100, 200, 400), tasks=(2, 4, 8), n_draws=24, n_resamples=50, n_searches=1, effort=0.01)
TINY = Budget(sizes=(100, 200), tasks=(2, 4), n_draws=3, n_resamples=50, n_searches=0, effort=0.01)


def run(budget: Budget, seed: int = 0) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sweep, "QUICK", budget)
        return sweep_rows(Settings(seed=seed, quick=True))


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return run(BUDGET)


def test_errors_of_filters_agree_with_their_laws(rows: pd.DataFrame) -> None:
    """Scores of means of 24 draws have a standard deviation of 1.05; 432 of them, in sets of common draws."""
    found = select(rows, protocol=[CHANNEL, ROTATED], method=[ALONE, EQUAL, MATCHED], quantity=ERROR)
    score = (found["value"] - found["predicted"]) / found["stderr"]
    assert len(score) == 432
    assert score.abs().max() < 5.5
    assert 0.8 < score.std() < 1.25


def test_least_squares_on_noisy_copies_agrees_with_its_law(rows: pd.DataFrame) -> None:
    found = select(rows, protocol=CHANNEL, method=[LS_ALONE, LS_EQUAL, LS_MATCHED], quantity=ERROR)
    score = (found["value"] - found["predicted"]) / found["stderr"]
    assert score.abs().max() < 5.5
    assert 0.8 < score.std() < 1.25
    unknown = select(rows, protocol=ROTATED, method=[LS_EQUAL, LS_MATCHED], quantity=ERROR)
    assert unknown["predicted"].isna().all()


def test_laws_have_their_limits() -> None:
    """Same function, or one task: all laws are that of clean labels; a bias does not vanish with samples."""
    one, four = np.ones(1), np.ones(4)
    assert rotated_error(400, 20, one, one) == pytest.approx(
        predicted_error(CHANNEL, ALONE, n=400, n_tasks=1, ami=1.0, d=20), rel=2e-3
    )
    assert rotated_error(400, 20, four, four) == pytest.approx(rotated_error(1600, 20, one, one))
    assert least_squares_error(400, 20, four, four) == pytest.approx(least_squares_error(1600, 20, one, one))
    cosines = np.array([1.0, 0.6])
    bias = np.arctan(np.sqrt(1 - 0.6**2) / 1.6) / np.pi
    assert rotated_error(10**9, 20, cosines, np.ones(2)) == pytest.approx(bias, rel=1e-4)
    assert least_squares_error(10**9, 20, cosines, np.ones(2)) < 1e-4


def test_negative_transfer_is_where_theory_has_it(rows: pd.DataFrame) -> None:
    gains = select(rows, quantity=GAIN, A=0.02, T=8)
    assert (select(gains, method=EQUAL)["value"] < -2 * select(gains, method=EQUAL)["stderr"]).all()
    helped = select(gains, protocol=CHANNEL, method=MATCHED)
    assert (helped["value"] > -2 * helped["stderr"]).all() and helped["value"].mean() > 0
    # By the laws, the break-even AMI of other functions grows with n, and that of noisy copies does not.
    crossings = {}
    for mode in (CHANNEL, ROTATED):
        for n in BUDGET.sizes:
            curve = select(rows, protocol=mode, method=EQUAL, quantity=GAIN, n=n, T=8).sort_values("A")
            crossings[mode, n] = np.interp(0.0, curve["predicted"], curve["A"])
    assert crossings[ROTATED, 400] > 2 * crossings[ROTATED, 100]
    assert crossings[CHANNEL, 400] == pytest.approx(crossings[CHANNEL, 100], rel=0.05)


def test_pooled_form_finds_the_root_of_effective_samples(rows: pd.DataFrame) -> None:
    laws = select(rows, protocol=fitted_to(CHANNEL, MATCHED))
    assert value_of(laws, method=POOLED_FORM, quantity=R2) > 0.98
    assert value_of(laws, method=B, quantity=R2) < value_of(laws, method=POOLED_FORM, quantity=R2)
    p = select(laws, method=POOLED_FORM, quantity=constant("p")).iloc[0]
    assert 0.35 < p["value"] < 0.55
    for variable in "nTA":
        row = select(laws, method=FREE, quantity=exponent(variable)).iloc[0]
        assert row["low"] < row["value"] < row["high"]


def test_panels_speak_of_the_rows(rows: pd.DataFrame) -> None:
    from matplotlib.figure import Figure

    panels = sweep_panels(rows)
    assert len({panel.name for panel in panels}) == len(panels) == 7
    for panel in panels:
        for text in (panel.title, panel.claim, panel.finding, panel.alt):
            assert text.strip() == text and "\n" not in text and " nan" not in text
        axes = Figure().subplots()
        assert panel.draw(axes) is axes
        assert axes.get_xlabel() and axes.get_ylabel()


def test_same_seed_same_rows() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sweep, "FITTED", _sweep.FITTED[:1])
        first, second = run(TINY), run(TINY)
        patch.setattr(_sweep, "FITTED", ())
        other = run(TINY, seed=1)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert not select(first, quantity=ERROR)["value"].equals(select(other, quantity=ERROR)["value"])


def test_a_point_with_other_names_is_refused() -> None:
    with pytest.raises(ValueError, match="a point has"):
        PooledRun().check(frozenset({"n", "T"}))
