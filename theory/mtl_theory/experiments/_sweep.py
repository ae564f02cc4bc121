"""Experiments as runs of a sweep: the same recipe over many seeds."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mtl_simulators.sweep import Measured, Point, RunKind
from mtl_theory.experiments._experiment import Experiment, Settings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class ExperimentRun:
    """Run an experiment from a seed of its own at every point; its tidy rows are the sweep's rows.

    The seed is drawn from the point's generator and stands in the column `experiment_seed`: `mtlaws
    reproduce --seed` with that number gives the same rows.

    Parameters
    ----------
    id
        Id of the experiment, such as `"daras/crossover"`.
    quick, data
        As in `Settings`.

    Raises
    ------
    ValueError
        On an id that does not exist.
    """

    id: str
    quick: bool = False
    data: str | None = None

    def __post_init__(self) -> None:
        """Look the experiment up."""
        self._experiment()

    def content(self) -> dict[str, Any]:
        """Return the settings."""
        return {"experiment": self.id, "quick": self.quick, "data": self.data}

    def check(self, names: frozenset[str]) -> None:
        """Refuse every factor but `seed`: an experiment brings its own grid."""
        if names:
            raise ValueError(
                f"experiment {self.id} has a grid of its own and takes no {min(names)!r}; sweep it over "
                "seeds, with factors.seed = [0, 1, 2]."
            )

    def __call__(self, rng: np.random.Generator, point: Point, *, n_replicates: int) -> Measured:
        """Run the experiment once a replicate."""
        import pandas as pd

        data = None if self.data is None else Path(self.data)
        seeds = rng.integers(2**32, size=n_replicates).tolist()
        frames = [
            self._experiment()
            .run(Settings(seed=seed, quick=self.quick, data=data))
            .rows.drop(columns="seed", errors="ignore")
            .assign(experiment_seed=seed, replicate=replicate)
            for replicate, seed in enumerate(seeds)
        ]
        rows = pd.concat(frames, ignore_index=True)
        return {str(name): _plain(rows[name]) for name in rows}

    def _experiment(self) -> Experiment:
        from mtl_theory import experiments

        known = experiments.experiments()
        if self.id not in known:
            near = difflib.get_close_matches(self.id, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}."
            raise ValueError(f"no experiment is called {self.id!r}; {hint}")
        return known[self.id]


def _plain(column: "pd.Series[Any]") -> npt.NDArray[Any]:
    """Return numbers as they are and anything else as words, the empty word where there is nothing."""
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    return np.asarray(column.where(column.notna(), "").astype(str).tolist())


EXPERIMENT_RUNS = {
    "experiment": RunKind(
        read=lambda id, **settings: ExperimentRun(id=id, **settings), beside={"quick": bool, "data": str}
    )
}
"""What `read_spec(..., runs=EXPERIMENT_RUNS)` understands besides problems and functions."""
