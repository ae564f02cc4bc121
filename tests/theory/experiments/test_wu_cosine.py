"""Figure 7 and the phase diagrams against their closed forms; figure 8."""

import numpy as np
import pytest

from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments.wu._cosine import (
    RELU_ERROR,
    SIGN,
    SPEARMAN,
    _linear_rows,
    _relu_rows,
    shared_relu_error,
    spearman,
)
from mtl_theory.experiments.wu._cosine_panels import cosine_panels
from mtl_theory.experiments.wu._labels import GAIN
from mtl_theory.experiments.wu._phases import capacity_phase, cosine_phase, covariance_phase
from mtl_theory.experiments.wu._relu import Budget, _point_rows
from mtl_theory.experiments.wu._relu_panels import MIXED, relu_panels
from mtl_theory.experiments.wu._rows import table

Z = 4.5


def test_spearman_of_gaussian_pairs_against_ranks() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 400, 2000))
    for rho in (0.3, 0.9):
        y = rho * x + np.sqrt(1 - rho**2) * noise
        ranks = [np.argsort(np.argsort(v, axis=1), axis=1) for v in (x, y)]
        found = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(*ranks, strict=True)])
        # The rank correlation of n pairs is off by O(1/n), far below the error of 400 means.
        assert abs(found.mean() - spearman(rho)) < Z * found.std() / 20 + 2 / 2000


def test_shared_relu_error_has_its_recorded_values() -> None:
    """The symmetry of the shared neuron breaks at an angle of 85.4 degrees, a cosine of 0.080."""
    assert shared_relu_error(1.0) == pytest.approx(0.0, abs=1e-12)
    assert shared_relu_error(-1.0) == pytest.approx(0.5, abs=1e-9)
    for cosine in (0.3, 0.8):  # below the breaking angle the bisector is best
        half = np.arccos(cosine) / 2
        kernel = np.cos(half) + (np.sin(half) - half * np.cos(half)) / np.pi
        assert shared_relu_error(cosine) == pytest.approx(1 - kernel**2, abs=1e-6)
    assert shared_relu_error(-0.2) < 1 - 0.57**2  # beyond it one task is followed


def test_linear_tasks_follow_the_cosine_and_forget_its_sign() -> None:
    rows = table(_linear_rows(np.random.default_rng(1), 12))
    for quantity, slack in ((SPEARMAN, 0.008), (SIGN, 0.025)):
        # Slack: 2000 samples in 30 dimensions turn the direction by about sqrt(30 / 2000) for sign labels.
        found = select(rows, quantity=quantity)
        assert (found["value"] - found["predicted"]).abs().max() < slack
        at = found.set_index("level")["value"]
        assert at[0.2] < at[0.5] < at[0.8] < at[1.0]
        assert at[-0.8] == pytest.approx(at[0.8], abs=0.005)


def test_relu_tasks_do_not() -> None:
    rows = select(table(_relu_rows(np.random.default_rng(2), 5)), quantity=RELU_ERROR)
    assert (rows["value"] - rows["predicted"]).abs().max() < 0.02
    at = rows.set_index("level")["value"]
    assert at[-0.95] > 0.48 and at[0.95] < 0.04


@pytest.mark.parametrize(("phase", "n"), [(cosine_phase, 60), (covariance_phase, 150), (capacity_phase, 60)])
def test_signs_that_are_sure_agree_with_the_limit(phase, n: int) -> None:
    rows = table(phase(np.random.default_rng(3), n=n, n_side=5))
    sure = rows[rows["value"].abs() > Z * rows["stderr"]]
    assert len(rows) == 25 and len(sure) >= 8
    # Within a tenth of the single-task risk the fitted head's own error, which the limit lacks, decides.
    clear = sure[sure["predicted"].abs() > 0.0125]
    assert (np.sign(clear["value"]) == np.sign(clear["predicted"])).all()
    assert {1.0, -1.0} == set(np.sign(rows["predicted"]))


def test_pooling_under_both_shifts_has_the_limit_as_its_mean() -> None:
    rows = table(covariance_phase(np.random.default_rng(4), n=300, n_side=4))
    # Slack: the limit is off by about 1 / p = 2% of the risks, which are near 0.125.
    off = (rows["value"] - rows["predicted"]).abs()
    assert (off < Z * rows["stderr"] + 0.02 * 0.2).all()


def test_panels_of_few_draws_tell_numbers() -> None:
    rngs = np.random.default_rng(4).spawn(5)
    rows = [*_linear_rows(rngs[0], 3), *_relu_rows(rngs[1], 2)]
    for phase, rng in zip((cosine_phase, covariance_phase, capacity_phase), rngs[2:], strict=True):
        rows += phase(rng, n=20, n_side=4)
    panels = cosine_panels(table(rows))
    assert len(panels) == 5 and not any("nan" in panel.finding for panel in panels)
    _draw(panels)


def test_relu_teachers_that_are_equal_help_more_than_orthogonal_ones() -> None:
    rows = []
    for rng, mixture in zip(np.random.default_rng(6).spawn(3), (0.0, 0.5, 1.0), strict=True):
        rows += _point_rows(rng, MIXED, 200, mixture, Budget(n_draws=16, n_starts=0))
    found = table(rows)
    gains = select(found, quantity=GAIN)
    low, high = (select(gains, level=level) for level in (0.0, 1.0))
    error = float(np.hypot(low["stderr"].iloc[0], high["stderr"].iloc[0]))
    assert value_of(gains, level=1.0) - value_of(gains, level=0.0) > Z * error
    assert value_of(gains, level=1.0) > Z * float(high["stderr"].iloc[0])
    _draw(relu_panels(found)[:1])


def _draw(panels) -> None:
    from matplotlib.figure import Figure

    for panel in panels:
        ax = Figure().subplots()
        assert panel.draw(ax) is ax
