"""The experiments of Bettgenhäuser, Hedderich and Klakow 2020 on what more and closer tasks are worth."""

from mtl_theory.experiments._experiment import Experiment
from mtl_theory.experiments.bettgenhaeuser._published import run_published
from mtl_theory.experiments.bettgenhaeuser._simulator import run_simulator
from mtl_theory.experiments.bettgenhaeuser._sweep import run_sweep

__all__ = ["EXPERIMENTS"]

EXPERIMENTS = (
    Experiment(
        id="bettgenhaeuser/simulator",
        paper="bettgenhaeuser",
        title="Simulated tasks of a requested AMI: closed form, published values, exact samples",
        run=run_simulator,
    ),
    Experiment(
        id="bettgenhaeuser/sweep",
        paper="bettgenhaeuser",
        title="Performance against samples, tasks and AMI: simulated classification, and its laws",
        run=run_sweep,
    ),
    Experiment(
        id="bettgenhaeuser/published",
        paper="bettgenhaeuser",
        title="The published table of 1,002 runs: laws, ties, negative transfer",
        run=run_published,
    ),
)
