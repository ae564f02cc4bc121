r"""Where the noise curves of different numbers of tasks meet, on a grid around $\kappa \sigma^2 = 1$."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb import AdditiveNoise, corruption_levels
from mtl_theory.experiments.daras._labels import (
    ALONE,
    CORRECTED,
    DIFFERENCE,
    EXPECTED,
    NOISE,
    RIDGE,
    crossing_of,
)
from mtl_theory.experiments.daras._losses import HalfParameterError, NoiseError
from mtl_theory.experiments.daras._maps import (
    HeadStatistics,
    SharedMap,
    single_task_map,
    truncated_map,
)
from mtl_theory.experiments.daras._rows import Row, over_draws, over_runs


@dataclass(frozen=True, kw_only=True)
class View:
    """The maps of `R` runs for T tasks and the error that they are judged by.

    Parameters
    ----------
    shared, alone
        The paper's map and one map a task.
    heads
        What noise-aware heads on `shared` learn from.
    error
        The error and its closed forms.
    """

    shared: SharedMap
    alone: SharedMap
    heads: HeadStatistics
    error: NoiseError

    def with_ridge_heads(self, std: float) -> SharedMap:
        """Return the shared map with heads fitted for noise of standard deviation `std`."""
        return SharedMap(representation=self.shared.representation, heads=self.heads.noise_aware(std))


def isotropic_view(weights: FloatArray, capacity: int) -> View:
    r"""View task vectors `(R, T, d)` as the theory does: $E x x^\top = I$, so $\kappa = d$."""
    n_runs, n_tasks, n_features = weights.shape
    shared = truncated_map(weights, capacity)
    heads = HeadStatistics(
        gram=np.broadcast_to(np.eye(capacity), (n_runs, n_tasks, capacity, capacity)),
        cross=shared.heads,  # W c_t
        kappa=np.full(n_tasks, float(n_features)),
    )
    return View(
        shared=shared,
        alone=single_task_map(weights),
        heads=heads,
        error=HalfParameterError(target=weights),
    )


def crossing_variance(first: View, second: View) -> FloatArray:
    r"""Return the noise variance $\sigma^2$ from which the second view has the smaller mean error, `(R,)`.

    NaN for runs where the second does not start above the first, or does not grow more slowly.
    """
    gap, growth = _difference(first, second)
    met = (gap > 0) & (growth < 0)
    return np.where(met, -gap / np.where(met, growth, 1.0), np.nan)


def _difference(first: View, second: View) -> tuple[FloatArray, FloatArray]:
    r"""Return the difference of the means, second minus first: intercept and slope in $\sigma^2$, `(R,)`."""
    (clean, noisy), (clean_second, noisy_second) = (
        [view.error.under_noise(view.shared, std) for std in (0.0, 1.0)] for view in (first, second)
    )
    return clean_second - clean, (noisy_second - clean_second) - (noisy - clean)


def expected_difference_rows(
    views: Mapping[int, View], *, levels: Sequence[float], training: str
) -> Iterator[Row]:
    """Yield by how much each T exceeds the smallest in expectation, and where it meets it, over the runs."""
    base = min(views)
    common: dict[str, Any] = {"training": training, "corruption": NOISE}
    for level in levels:
        for protocol, by_tasks in (
            (CORRECTED, {t: view.shared for t, view in views.items()}),
            (RIDGE, {t: view.with_ridge_heads(level) for t, view in views.items()}),
        ):
            expected = {t: views[t].error.under_noise(shared, level) for t, shared in by_tasks.items()}
            for t, errors in expected.items():
                gap = over_runs(errors - expected[base])
                yield Row(protocol=protocol, n_tasks=t, quantity=DIFFERENCE, level=level, **common, **gap)
    for t, view in views.items():
        crossings = crossing_variance(views[base], view) * view.error.kappa.mean()
        met = crossings[np.isfinite(crossings)]
        if len(met):
            of = {**common, **over_runs(met)}
            yield Row(protocol=CORRECTED, n_tasks=t, quantity=crossing_of(EXPECTED), **of)


def crossing_rows(
    rng: np.random.Generator,
    views: Mapping[int, View],
    *,
    levels: Sequence[float],
    n_draws: int,
    quantity: str,
    training: str,
) -> Iterator[Row]:
    """Yield the errors at the noise levels, averaged over the runs, and where each T meets the smallest one.

    There are `n_draws` draws on every run. `quantity` and `training` name the rows.
    """
    common = {"quantity": quantity, "training": training, "corruption": NOISE}
    corruptions = [AdditiveNoise(std=v) for v in levels]
    measured: dict[int, list[float]] = {t: [] for t in views}
    rng_shared, rng_alone = rng.spawn(2)
    representations = {t: view.shared.representation for t, view in views.items()}
    for t, i, draws in corruption_levels(rng_shared, representations, corruptions, n_draws=n_draws):
        row = _row(CORRECTED, views[t], views[t].shared, levels[i], draws, common)
        measured[t].append(row.value)
        yield row
        yield _row(RIDGE, views[t], views[t].with_ridge_heads(levels[i]), levels[i], draws, common)
    alone = {t: view.alone.representation for t, view in views.items()}
    for t, i, draws in corruption_levels(rng_alone, alone, corruptions, n_draws=n_draws):
        yield _row(ALONE, views[t], views[t].alone, levels[i], draws, common)
    for t in views:
        if t != min(views):
            fitted = _fitted_crossing(views, t, levels, measured, n_draws)
            yield Row(
                protocol=CORRECTED,
                training=training,
                corruption=NOISE,
                n_tasks=t,
                quantity=crossing_of(quantity),
                n_draws=n_draws * len(views[t].shared.heads) * len(levels),
                **fitted,
            )


def _row(
    protocol: str, view: View, shared: SharedMap, level: float, draws: FloatArray, common: dict[str, Any]
) -> Row:
    errors = view.error.measure(shared.heads @ draws)
    return Row(
        protocol=protocol,
        level=level,
        n_tasks=shared.heads.shape[1],
        predicted=float(view.error.under_noise(shared, level).mean()),
        **common,
        **over_draws(errors),
    )


def _fitted_crossing(
    views: Mapping[int, View],
    n_tasks: int,
    levels: Sequence[float],
    measured: Mapping[int, Sequence[float]],
    n_draws: int,
) -> dict[str, Any]:
    r"""Fit the difference of two measured curves by a line in $\sigma^2$ through its exact start.

    Without noise nothing is random, so only the slope is estimated, by least squares weighted with the exact
    variances; the error of the crossing, in $\kappa \sigma^2$, follows by the delta method.
    """
    base = min(views)
    view = views[n_tasks]
    gap, expected_growth = (float(part.mean()) for part in _difference(views[base], view))
    kappa = float(view.error.kappa.mean())
    variances = np.square(levels)
    scatter = np.array([_variance(view, v) + _variance(views[base], v) for v in levels]) / n_draws
    weights = variances / scatter
    information = float(weights @ variances)
    difference = np.subtract(measured[n_tasks], measured[base]) - gap
    growth = float(weights @ difference) / information
    if not gap > 0 > growth:
        return dict.fromkeys(("level", "value", "stderr", "predicted"), np.nan)
    return {
        "level": float(np.sqrt(-gap / growth)),
        "value": -gap / growth * kappa,
        "stderr": gap / growth**2 / np.sqrt(information) * kappa,
        "predicted": -gap / expected_growth * kappa,
    }


def _variance(view: View, std: float) -> float:
    """Return the variance of the mean over the runs of one draw on each."""
    spread = view.error.noise_spread(view.shared, std)
    return float((spread**2).sum()) / len(spread) ** 2
