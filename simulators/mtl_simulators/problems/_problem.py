"""A problem: data to learn from, data to be judged on, and the truth where it is known."""

from dataclasses import dataclass

from mtl_simulators.problems._dataset import Dataset
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
    truth: Truth | None = None

    def __post_init__(self) -> None:
        """Check that the three parts speak of the same tasks and features."""
        expected = (self.train.targets.shape[1], self.train.inputs.shape[-1])
        if self.test is not None:
            got = (self.test.targets.shape[1], self.test.inputs.shape[-1])
            if got != expected:
                raise ValueError(f"test has (T, d) = {got}, train has {expected}.")
        if self.truth is not None:
            got = (self.truth.n_tasks, self.truth.n_features)
            if got != expected or self.truth.n_replicates not in (1, self.train.targets.shape[0]):
                raise ValueError(
                    f"truth has (B, T, d) = {self.truth.weights.shape}, "
                    f"train has {(self.train.targets.shape[0], *expected)}."
                )
