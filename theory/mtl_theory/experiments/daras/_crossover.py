r"""Synthetic tasks: where noise curves meet, for unit norms and for Gaussian task vectors."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_gaussian_tasks, rescale_tasks
from mtl_simulators.perturb import (
    AdditiveNoise,
    Corruption,
    ElementDeletion,
    MultiplicativeNoise,
    corruption_levels,
)
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments.daras._crossing import View, crossing_rows, isotropic_view
from mtl_theory.experiments.daras._crossover_panels import crossover_panels
from mtl_theory.experiments.daras._labels import (
    ADJACENT,
    CORRECTED,
    DELETION,
    GAUSSIAN_TASKS,
    HALF_PARAMETER_ERROR,
    MULTIPLICATIVE,
    NOISE,
    RESCALED,
    SLOPE,
    UNIT_TASKS,
)
from mtl_theory.experiments.daras._rows import Row, over_draws, over_runs, table
from mtl_theory.spectral import crossover_variance, noise_slope, noise_slopes

if TYPE_CHECKING:
    import pandas as pd

CAPACITY = 4
N_FEATURES = 60
TASK_COUNTS = (4, 5, 6, 8, 12, 16)
# Task sets of the size at which the Gaussian thresholds were first tabulated.
N_SET_FEATURES, N_SET_TASKS, N_SETS = 1000, 10, 500
GROWTH = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A failure whose mean error is clean error + growth times slope.

    Parameters
    ----------
    name
        Its name in the rows.
    level
        The level at which the growth factor has a given value; NaN where it never does.
    corruption
        The failure at a level.
    """

    name: str
    level: Callable[[float], float]
    corruption: Callable[[float], Corruption]


# The growth factors: kappa sigma^2, p, p / (1 - p) and v^2.
KINDS = (
    Kind(
        name=NOISE,
        level=lambda g: float(np.sqrt(g / N_FEATURES)),
        corruption=lambda v: AdditiveNoise(std=v),
    ),
    Kind(
        name=DELETION,
        level=lambda g: g if g <= 1 else float("nan"),
        corruption=lambda p: ElementDeletion(probability=p),
    ),
    Kind(
        name=RESCALED,
        level=lambda g: g / (1 + g),
        corruption=lambda p: ElementDeletion(probability=p, rescale=True),
    ),
    Kind(
        name=MULTIPLICATIVE,
        level=lambda g: float(np.sqrt(g)),
        corruption=lambda v: MultiplicativeNoise(std=v),
    ),
)


def run_crossover(settings: Settings) -> Outcome:
    """Run on random unit-norm tasks and on Gaussian tasks."""
    rows = crossover_rows(settings)
    return Outcome(rows=rows, panels=crossover_panels(rows))


def crossover_rows(settings: Settings) -> "pd.DataFrame":
    """Return the rows of the experiment."""
    n_draws = 500 if settings.quick else 2_000
    root = np.random.default_rng([settings.seed, zlib.crc32(b"daras/crossover")])
    rng_tasks, rng_noise, rng_kinds, rng_sets = root.spawn(4)
    tasks = unit_norm_tasks(rng_tasks, n_tasks=max(TASK_COUNTS), n_features=N_FEATURES, n_replicates=1)
    views = {t: isotropic_view(tasks[:, :t], CAPACITY) for t in TASK_COUNTS}
    levels = [float(np.sqrt(u / N_FEATURES)) for u in np.linspace(0, 2, 11)[1:]]
    settings.progress("unit-norm tasks: noise curves", 0.0)
    rows = [*_slope_rows(views)]
    rows += crossing_rows(
        rng_noise,
        views,
        levels=levels,
        n_draws=n_draws,
        quantity=HALF_PARAMETER_ERROR,
        training=UNIT_TASKS,
    )
    settings.progress("unit-norm tasks: kinds of failure", 0.5)
    rows += _kind_rows(rng_kinds, views, n_draws=n_draws)
    settings.progress("Gaussian tasks: thresholds", 0.8)
    rows += _threshold_rows(rng_sets)
    settings.progress("done", 1.0)
    return table(rows, experiment="daras/crossover", dataset="synthetic", seed=settings.seed)


def unit_norm_tasks(
    rng: np.random.Generator, *, n_tasks: int, n_features: int, n_replicates: int
) -> FloatArray:
    """Draw independent uniform directions, `(B, T, d)`."""
    tasks = make_gaussian_tasks(rng, n_tasks=n_tasks, n_features=n_features, n_replicates=n_replicates)
    return rescale_tasks(tasks, 1.0)


def _slope_rows(views: Mapping[int, View]) -> Iterator[Row]:
    for n_tasks, view in views.items():
        slope = noise_slope(view.alone.weights, CAPACITY).item()
        yield Row(
            protocol=CORRECTED, training=UNIT_TASKS, n_tasks=n_tasks, quantity=SLOPE, value=slope, run=0
        )


def _kind_rows(rng: np.random.Generator, views: Mapping[int, View], *, n_draws: int) -> Iterator[Row]:
    """Yield the errors of few and of many tasks under each kind of failure, at equal growth factors."""
    ends = {t: views[t] for t in (min(views), max(views))}
    representations = {t: view.shared.representation for t, view in ends.items()}
    for child, kind in zip(rng.spawn(len(KINDS)), KINDS, strict=True):
        growths = [g for g in GROWTH if np.isfinite(kind.level(g))]
        corruptions = [kind.corruption(kind.level(g)) for g in growths]
        for t, i, draws in corruption_levels(child, representations, corruptions, n_draws=n_draws):
            view = ends[t]
            clean = view.error.under_noise(view.shared, 0.0).item()
            slope = float((view.shared.heads**2).sum()) / t
            yield Row(
                protocol=CORRECTED,
                training=UNIT_TASKS,
                corruption=f"{kind.name}, by growth",
                level=growths[i],
                n_tasks=t,
                quantity=HALF_PARAMETER_ERROR,
                predicted=clean + 0.5 * growths[i] * slope,
                **over_draws(view.error.measure(view.shared.heads @ draws)),
            )


def _threshold_rows(rng: np.random.Generator) -> Iterator[Row]:
    """Yield where T - 1 and T tasks meet, in kappa sigma^2, over task sets, for both ensembles."""
    gaussian = make_gaussian_tasks(rng, n_tasks=N_SET_TASKS, n_features=N_SET_FEATURES, n_replicates=N_SETS)
    for name, tasks in ((UNIT_TASKS, rescale_tasks(gaussian, 1.0)), (GAUSSIAN_TASKS, gaussian)):
        slopes = noise_slopes(tasks, CAPACITY)
        norms = np.cumsum((tasks**2).sum(axis=-1), axis=-1) / np.arange(1, N_SET_TASKS + 1)
        for t in range(CAPACITY + 1, N_SET_TASKS + 1):
            before, after = slopes[:, t - 2], slopes[:, t - 1]
            falls = after < before
            found = crossover_variance(norms[falls, t - 2], before[falls], norms[falls, t - 1], after[falls])
            common: dict[str, Any] = {"protocol": CORRECTED, "training": name, "n_tasks": t}
            yield Row(quantity=ADJACENT, predicted=1.0, **common, **over_runs(found))
            for label, level in (("2.5%", 0.025), ("97.5%", 0.975)):
                value = float(np.quantile(found, level))
                yield Row(
                    quantity=f"{ADJACENT} {label}",
                    value=value,
                    stderr=np.nan,
                    n_draws=len(found),
                    **common,
                )
