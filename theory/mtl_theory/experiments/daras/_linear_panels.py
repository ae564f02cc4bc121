"""The figures of the linear experiment, in reading order."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments.daras._crossing_panels import crossing_isotropic_panel, crossing_on_images_panel
from mtl_theory.experiments.daras._failure_panels import deletion_panel, pruning_panel
from mtl_theory.experiments.daras._noise_panels import mean_of_draws_panel, one_draw_panel
from mtl_theory.experiments.daras._slope_panels import free_norm_panel, slope_panel

if TYPE_CHECKING:
    import pandas as pd


def linear_panels(rows: "pd.DataFrame", published: Mapping[int, float] | None = None) -> tuple[Panel, ...]:
    """Return the figures of one data set; `published` holds noisy errors relative to T = 4 from a figure."""
    return (
        one_draw_panel(rows),
        mean_of_draws_panel(rows),
        slope_panel(rows, published),
        crossing_on_images_panel(rows),
        crossing_isotropic_panel(rows),
        deletion_panel(rows),
        pruning_panel(rows),
        free_norm_panel(rows),
    )
