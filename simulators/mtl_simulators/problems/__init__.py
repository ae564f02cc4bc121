"""Multitask problems: data, the truth behind them, and the generators and files that they come from."""

from mtl_simulators.problems._classification import (
    LabelRule,
    bernoulli_labels,
    label_problem,
    threshold_labels,
)
from mtl_simulators.problems._classification_ami import ClassificationMode, make_classification
from mtl_simulators.problems._classification_truth import ClassificationTruth
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
from mtl_simulators.problems._label_channel import LabelChannel
from mtl_simulators.problems._linear import draw_dataset, make_linear
from mtl_simulators.problems._moments import Moments
from mtl_simulators.problems._problem import Problem
from mtl_simulators.problems._relu import draw_relu_dataset, make_relu
from mtl_simulators.problems._relu_truth import ReluTruth
from mtl_simulators.problems._rotated_teacher import RotatedTeacher
from mtl_simulators.problems._text import Sentences, fit_text_features, load_sentences, load_sentiment
from mtl_simulators.problems._text_tasks import make_text_labels, make_text_tasks, text_task_names
from mtl_simulators.problems._truth import Truth

__all__ = [
    "ClassificationMode",
    "ClassificationTruth",
    "Dataset",
    "FixedStandardization",
    "GlobalStandardization",
    "Images",
    "LabelChannel",
    "LabelRule",
    "Moments",
    "PixelStandardization",
    "Problem",
    "ReluTruth",
    "RotatedTeacher",
    "Sentences",
    "Standardization",
    "Truth",
    "bernoulli_labels",
    "draw_dataset",
    "draw_relu_dataset",
    "fit_text_features",
    "label_problem",
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
