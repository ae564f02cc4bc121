"""What was found, for the eye: one self-contained page, its figures and its rows."""

from mtl_theory.report._environment import environment
from mtl_theory.report._figure import panel_png, save_panel, save_transfer_matrix
from mtl_theory.report._judgement import (
    Judgement,
    describe_case,
    expected_of,
    format_measured,
    format_predicted,
    judge,
)
from mtl_theory.report._law_figures import (
    plot_factor,
    plot_front,
    plot_predicted,
    plot_profile,
    plot_residuals,
)
from mtl_theory.report._law_page import save_law, save_law_report
from mtl_theory.report._law_sheet import save_law_figure
from mtl_theory.report._numbers import format_measurement, format_number
from mtl_theory.report._results import results_parquet
from mtl_theory.report._statement_mathml import statement_mathml
from mtl_theory.report._statement_text import statement_text
from mtl_theory.report._style import PALETTE, report_style
from mtl_theory.report._sweep_figure import plot_sweep, save_sweep_figure
from mtl_theory.report._transfer_matrix import plot_transfer_matrix
from mtl_theory.report._write import write_report

__all__ = [
    "PALETTE",
    "Judgement",
    "describe_case",
    "environment",
    "expected_of",
    "format_measured",
    "format_measurement",
    "format_number",
    "format_predicted",
    "judge",
    "panel_png",
    "plot_factor",
    "plot_front",
    "plot_predicted",
    "plot_profile",
    "plot_residuals",
    "plot_sweep",
    "plot_transfer_matrix",
    "report_style",
    "results_parquet",
    "save_law",
    "save_law_figure",
    "save_law_report",
    "save_panel",
    "save_sweep_figure",
    "save_transfer_matrix",
    "statement_mathml",
    "statement_text",
    "write_report",
]
