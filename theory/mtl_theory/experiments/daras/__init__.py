"""The experiments of Daras, Raoof, Gkalitsiou and Dimakis 2022 on multitasking and structural failure."""

from mtl_theory.experiments._experiment import Experiment
from mtl_theory.experiments.daras._crossover import run_crossover
from mtl_theory.experiments.daras._linear import run_digits, run_mnist

__all__ = ["EXPERIMENTS"]

EXPERIMENTS = (
    Experiment(
        id="daras/linear-digits",
        paper="daras",
        title="Noise, deletion and pruning of a shared linear map, on scikit-learn's digits",
        run=run_digits,
    ),
    Experiment(
        id="daras/linear-mnist",
        paper="daras",
        title="Noise, deletion and pruning of a shared linear map, on MNIST",
        run=run_mnist,
    ),
    Experiment(
        id="daras/crossover",
        paper="daras",
        title="Where more tasks start to help: synthetic tasks",
        run=run_crossover,
    ),
)
