"""The experiments of Wu, Zhang and Ré 2020 on information transfer in multitask learning."""

from mtl_theory.experiments._experiment import Experiment
from mtl_theory.experiments.wu._cosine import run_cosine
from mtl_theory.experiments.wu._covariance import run_covariance
from mtl_theory.experiments.wu._relu import run_relu
from mtl_theory.experiments.wu._text import run_text

__all__ = ["EXPERIMENTS"]

EXPERIMENTS = (
    Experiment(
        id="wu/synthetic-covariance",
        paper="wu",
        title="Sources with the target's covariance or another one, and Algorithm 1",
        run=run_covariance,
    ),
    Experiment(
        id="wu/synthetic-cosine",
        paper="wu",
        title="Cosine, covariance, capacity: where the sign of transfer changes",
        run=run_cosine,
    ),
    Experiment(
        id="wu/synthetic-relu",
        paper="wu",
        title="ReLU teachers of several neurons at principal angles",
        run=run_relu,
    ),
    Experiment(
        id="wu/text",
        paper="wu",
        title="Transfer, capacity, alignment and task weights on five sets of sentences",
        run=run_text,
    ),
)
