"""The transfer report: which tasks help which, measured and predicted."""

from mtl_theory.transfer._pairs import load_tasks, pair_of
from mtl_theory.transfer._predictions import PairPrediction, TaskStatistics, predict_pair, task_statistics
from mtl_theory.transfer._report import TransferReport, transfer_report

__all__ = [
    "PairPrediction",
    "TaskStatistics",
    "TransferReport",
    "load_tasks",
    "pair_of",
    "predict_pair",
    "task_statistics",
    "transfer_report",
]
