"""Noise slopes of learned task vectors beside those of random ones."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.experiments.daras._labels import ALONE, LEARNED, PROJECTED, RANDOM, SLOPE
from mtl_theory.experiments.daras._rows import Row, over_runs
from mtl_theory.experiments.daras._study import CAPACITY, TASK_COUNTS, Study
from mtl_theory.spectral import draw_gaussian_slopes, mean_square_norm, noise_slope


def slope_rows(rng: np.random.Generator, studies: Mapping[int, Study], *, n_draws: int) -> Iterator[Row]:
    r"""Yield $R(T)$ of every run and way of training, its mean, and its distribution for random unit vectors.

    `predicted` of the learned slopes is the mean for random unit vectors in as many dimensions, and of those
    $k / T$, the limit of many dimensions. The single-task slope is the mean squared norm of the task vectors.
    """
    n_features = next(iter(studies.values())).shared.representation.shape[-1]
    random = draw_gaussian_slopes(
        rng,
        n_tasks=max(TASK_COUNTS),
        n_features=n_features,
        capacity=CAPACITY,
        n_draws=n_draws,
        first=min(TASK_COUNTS),
        unit_norm=True,
    )
    for n_tasks, draws in zip(TASK_COUNTS, random.T, strict=True):
        yield from _random_rows(n_tasks, draws)
        for training, weights in studies[n_tasks].weights.items():
            slopes = noise_slope(weights, CAPACITY)
            predicted = float(draws.mean()) if training.startswith(PROJECTED) else np.nan
            of: dict[str, Any] = {
                "training": training,
                "n_tasks": n_tasks,
                "quantity": SLOPE,
                "predicted": predicted,
            }
            for run, slope in enumerate(slopes):
                yield Row(protocol=LEARNED, value=float(slope), run=run, **of)
            yield Row(protocol=LEARNED, **of, **over_runs(slopes))
            alone = {**of, "predicted": 1.0 if training.startswith(PROJECTED) else np.nan}
            yield Row(protocol=ALONE, **alone, **over_runs(mean_square_norm(weights)))


def _random_rows(n_tasks: int, draws: FloatArray) -> Iterator[Row]:
    limit = min(1.0, CAPACITY / n_tasks)
    of: dict[str, Any] = {"protocol": RANDOM, "n_tasks": n_tasks, "n_draws": len(draws)}
    error = float(draws.std(ddof=1) / np.sqrt(len(draws)))
    yield Row(quantity=SLOPE, value=float(draws.mean()), stderr=error, predicted=limit, **of)
    # Error bars of quantiles are not needed: they only draw a band.
    for name, level in ((f"{SLOPE} 2.5%", 0.025), (f"{SLOPE} 97.5%", 0.975)):
        yield Row(quantity=name, value=float(np.quantile(draws, level)), stderr=np.nan, **of)
