"""The papers' experiments as recipes on the rooms below."""

from mtl_theory.experiments._experiment import Experiment, Outcome, Panel, Progress, Settings, silent
from mtl_theory.experiments._sweep import EXPERIMENT_RUNS, ExperimentRun

__all__ = [
    "EXPERIMENT_RUNS",
    "Experiment",
    "ExperimentRun",
    "Outcome",
    "Panel",
    "Progress",
    "Settings",
    "experiments",
    "silent",
]


def experiments() -> dict[str, Experiment]:
    """Return every experiment by its id, in the order of the papers."""
    from mtl_theory.experiments import bettgenhaeuser, daras, wu

    papers = (daras, wu, bettgenhaeuser)
    return {experiment.id: experiment for paper in papers for experiment in paper.EXPERIMENTS}
