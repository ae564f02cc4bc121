"""The picture of a sweep: what its lines are, and which factor goes where."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from mtl_theory.report import plot_sweep, save_sweep_figure
from mtl_theory.report._sweep_layout import sweep_layout


def sweep_rows(n_replicates=6, **levels):
    """Return rows of two solvers at every combination of the levels, in the shape of a store's frame."""
    rng = np.random.default_rng(0)
    points = list(itertools.product(*levels.values()))
    frame = pd.DataFrame(
        [
            {"point": i, **dict(zip(levels, point, strict=True)), "replicate": k, "solver": solver}
            for i, point in enumerate(points)
            for solver in ("single-task", "pooled")
            for k in range(n_replicates)
        ]
    )
    return frame.assign(risk=rng.gamma(2.0, size=len(frame)))


def content(frame, *factors, design="Grid", **run):
    return {
        "run": run or {"problem": "linear", "solvers": [], "measures": ["risk"]},
        "constants": {"n_features": 20},
        "factors": [{"name": name} for name in factors],
        "design": {"type": design},
    }


def axes():
    return Figure().subplots()


def test_a_line_is_the_mean_and_the_band_two_standard_errors():
    frame = sweep_rows(n_samples=[10, 20, 40])
    ax = plot_sweep(frame, y="risk", x="n_samples", hue="solver", ax=axes())
    assert [line.get_label() for line in ax.get_lines()] == ["single-task", "pooled"]
    draws = np.array([frame.risk[(frame.solver == "pooled") & (frame.n_samples == n)] for n in (10, 20, 40)])
    mean, stderr = draws.mean(axis=1), draws.std(axis=1, ddof=1) / np.sqrt(draws.shape[1])
    assert np.allclose(ax.get_lines()[1].get_xydata(), np.column_stack([[10, 20, 40], mean]))
    (band,) = ax.collections[1].get_paths()
    for sign in (-2, 2):
        for n, edge in zip((10, 20, 40), mean + sign * stderr, strict=True):
            assert np.isclose(band.vertices, [n, edge]).all(axis=1).any()


def test_the_baseline_alone_is_dashed():
    ax = plot_sweep(sweep_rows(n_samples=[1, 2]), y="risk", x="n_samples", hue="solver", ax=axes())
    assert [line.get_linestyle() for line in ax.get_lines()] == ["--", "-"]


@pytest.mark.parametrize(
    ("levels", "scale"),
    [([10, 32, 100], "log"), ([4, 8, 12, 16], "linear"), ([0, 1, 10], "linear"), ([1, 9], "linear")],
)
def test_the_axis_is_logarithmic_where_the_levels_are(levels, scale):
    ax = plot_sweep(sweep_rows(n_samples=levels), y="risk", x="n_samples", hue="solver", ax=axes())
    assert ax.get_xscale() == scale
    assert ax.get_xlabel() == "samples a task"


def test_a_measure_that_a_solver_lacks_leaves_its_line_out():
    frame = sweep_rows(n_samples=[1, 2, 4])
    frame.loc[frame.solver == "single-task", "risk"] = np.nan
    ax = plot_sweep(frame, y="risk", x="n_samples", hue="solver", ax=axes())
    assert [line.get_label() for line in ax.get_lines()] == ["pooled"]


def test_most_levels_on_the_axis_next_most_in_panels_the_rest_held():
    frame = sweep_rows(cosine=[0.1, 0.5], n_tasks=[2, 4, 8], n_samples=[10, 20, 40, 80])
    layout = sweep_layout(frame, content(frame, "cosine", "n_tasks", "n_samples"))
    assert {panel.x for panel in layout.panels} == {"n_samples"}
    assert [panel.title for panel in layout.panels] == [f"number of tasks = {t}" for t in (2, 4, 8)]
    assert layout.held == {"cosine": 0.5} and layout.y_words == "excess risk"
    assert layout.n_rows == 6
    assert set(layout.panels[0].rows["cosine"]) == {0.5}


def test_many_panels_are_thinned_with_both_ends_kept():
    frame = sweep_rows(n_tasks=list(range(1, 12)), n_samples=list(range(1, 13)))
    panels = sweep_layout(frame, content(frame, "n_tasks", "n_samples")).panels
    assert len(panels) == 6
    assert (panels[0].title, panels[-1].title) == ("number of tasks = 1", "number of tasks = 11")


def test_seeds_are_replicates():
    frame = sweep_rows(seed=[1, 2, 3, 4], n_samples=[10, 20])
    (panel,) = sweep_layout(frame, content(frame, "seed", "n_samples")).panels
    assert panel.x == "n_samples" and len(panel.rows) == len(frame)


def test_lines_of_a_function_are_the_levels_of_a_factor():
    frame = sweep_rows(width=[1, 2, 4], rate=[0.1, 0.2]).drop(columns=["solver", "replicate"])
    layout = sweep_layout(frame, content(frame, "width", "rate", function="my_runs:train"))
    assert (layout.y, layout.hue, len(layout.panels)) == ("risk", "rate", 1)


def test_a_sample_shows_every_factor_in_bins_of_equal_size():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"n_samples": rng.uniform(1, 9, 200), "cosine": rng.uniform(0, 1, 200)})
    frame = frame.assign(solver="pooled", risk=1.0)
    panels = sweep_layout(frame, content(frame, "n_samples", "cosine", design="SpaceFilling")).panels
    assert [panel.x for panel in panels] == ["n_samples", "cosine"]
    assert set(panels[0].rows["n_samples"].value_counts()) == {20}


def test_the_png_is_the_same_for_the_same_rows(tmp_path):
    frame = sweep_rows(n_samples=[10, 100, 1000], cosine=[0.1, 0.5])
    for name in ("a.png", "b.png"):
        save_sweep_figure(frame, content(frame, "n_samples", "cosine"), tmp_path / name)
    png = (tmp_path / "a.png").read_bytes()
    assert png.startswith(b"\x89PNG") and png == (tmp_path / "b.png").read_bytes()


def test_what_cannot_be_drawn_is_said():
    frame = sweep_rows(n_samples=[10])
    with pytest.raises(ValueError, match=r"no rows yet"):
        sweep_layout(frame[:0], content(frame, "n_samples"))
    with pytest.raises(ValueError, match=r"mtlaws reproduce"):
        sweep_layout(frame, content(frame, "seed", experiment="daras/crossover"))
    with pytest.raises(ValueError, match=r"no measured numbers"):
        sweep_layout(frame[["point", "n_samples"]], content(frame, "n_samples", function="a:b"))
