"""A problem: data to learn from, data to be judged on, and the truth where it is known."""

from dataclasses import dataclass

from mtl_simulators.problems._classification_truth import ClassificationTruth
from mtl_simulators.problems._dataset import Dataset
from mtl_simulators.problems._relu_truth import ReluTruth
from mtl_simulators.problems._truth import Truth


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One multitask problem, or `B` replicates of it.

    Solvers are handed `train` alone, so they cannot read the truth; metrics may.

    Parameters
    ----------
    train
        What solvers learn from.
    test
        Held-out samples of the same tasks; None where the truth gives the exact risk.
    truth
        The population that generated the samples; None for real data.
    """

    train: Dataset
    test: Dataset | None = None
    truth: Truth | ReluTruth | ClassificationTruth | None = None

    def __post_init__(self) -> None:
        """Check that the three parts speak of the same tasks and features."""
        expected = (self.train.n_tasks, self.train.n_features)
        if self.test is not None:
            got = (self.test.n_tasks, self.test.n_features)
            if got != expected:
                raise ValueError(
                    f"test has (T, d) = {got}, train has {expected}; pass samples of the same tasks."
                )
            if self.test.n_replicates not in (1, self.train.n_replicates):
                raise ValueError(
                    f"test has {self.test.n_replicates} replicates, train has {self.train.n_replicates}; "
                    "pass one test set for all replicates, or one for each."
                )
        if self.truth is not None:
            got = (self.truth.n_tasks, self.truth.n_features)
            if got != expected or self.truth.n_replicates not in (1, self.train.n_replicates):
                raise ValueError(
                    f"truth has (B, T, d) = {(self.truth.n_replicates, *got)}, train has "
                    f"{(self.train.n_replicates, *expected)}; pass the truth that drew the samples, with "
                    "B = 1 or one a replicate."
                )
