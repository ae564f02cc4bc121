"""Multitask problems: data, the truth behind them, and the generators and files that they come from."""

from mtl_simulators.problems._classification import (
    LabelRule,
    bernoulli_labels,
    make_classification,
    threshold_labels,
)
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
from mtl_simulators.problems._relu import draw_relu_dataset, make_relu
from mtl_simulators.problems._relu_truth import ReluTruth
from mtl_simulators.problems._text import Sentences, fit_text_features, load_sentences, load_sentiment
from mtl_simulators.problems._text_tasks import make_text_labels, make_text_tasks, text_task_names
from mtl_simulators.problems._truth import Truth

__all__ = [
    "Dataset",
    "FixedStandardization",
    "GlobalStandardization",
    "Images",
    "LabelRule",
    "Moments",
    "PixelStandardization",
    "Problem",
    "ReluTruth",
    "Sentences",
    "Standardization",
    "Truth",
    "bernoulli_labels",
    "draw_dataset",
    "draw_relu_dataset",
    "fit_text_features",
    "load_digits_images",
    "load_mnist",
    "load_sentences",
    "load_sentiment",
    "make_classification",
    "make_linear",
    "make_one_vs_rest_tasks",
    "make_pairwise_tasks",
    "make_relu",
    "make_text_labels",
    "make_text_tasks",
    "text_task_names",
    "threshold_labels",
]
