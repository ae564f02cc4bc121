"""Multitask problems: data, the truth behind them, and the generators and files that they come from."""

from mtl_simulators.problems._dataset import Dataset
from mtl_simulators.problems._image_tasks import (
    FixedStandardization,
    GlobalStandardization,
    PixelStandardization,
    Standardization,
    make_one_vs_rest_tasks,
    make_pairwise_tasks,
)
from mtl_simulators.problems._images import Images, load_digits_images, load_mnist
from mtl_simulators.problems._linear import draw_dataset, make_linear
from mtl_simulators.problems._moments import Moments
from mtl_simulators.problems._problem import Problem
from mtl_simulators.problems._truth import Truth

__all__ = [
    "Dataset",
    "FixedStandardization",
    "GlobalStandardization",
    "Images",
    "Moments",
    "PixelStandardization",
    "Problem",
    "Standardization",
    "Truth",
    "draw_dataset",
    "load_digits_images",
    "load_mnist",
    "make_linear",
    "make_one_vs_rest_tasks",
    "make_pairwise_tasks",
]
