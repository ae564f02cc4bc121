"""Figures 3 and 9 of the paper: sources whose inputs have the target's covariance, or another one."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import heavy_covariance, make_equicorrelated_tasks
from mtl_simulators.problems import Moments, Truth
from mtl_simulators.solvers import MinimumNorm, TwoTaskGlobal
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments._text import prose
from mtl_theory.experiments.wu._aligning import align
from mtl_theory.experiments.wu._covariance_panels import covariance_panels
from mtl_theory.experiments.wu._labels import (
    ALIGNED,
    ALONE,
    CORRECTED,
    OTHER,
    PRINTED,
    RELATIVE,
    SAME,
    SHARED,
    WINS,
    WINS_PLAIN,
)
from mtl_theory.experiments.wu._rows import Row, median_of, share_of, table

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "wu/synthetic-covariance"
COSINE = 0.96
SOURCE_SIZES = (10, 20, 30, 50, 100, 200, 500, 1000, 10_000)
VALIDATION_ROWS = 30  # of the target, for the stopping time of Algorithm 1 alone
STOPS = (0, 1, 3, 10, 30, 100, 300, 1000)
# Weight decay, relative to the mean eigenvalue, that picks the smallest of several exact minimisers.
VANISHING = 1e-8


@dataclass(frozen=True, kw_only=True)
class Recipe:
    r"""How target and source are drawn.

    Parameters
    ----------
    condition
        $\kappa$ of D, on `n_heavy` of the `n_features` coordinates.
    noise
        Standard deviation of the label noise of both tasks.
    n_target
        Rows of the target.
    """

    condition: float
    noise: float
    n_target: int
    n_features: int = 50
    n_heavy: int = 5

    def truth(self, rng: np.random.Generator, source: str, n: int, cosine: float = COSINE) -> Truth:
        """Draw the source and the target, in this order, of `n` replicates."""
        d, k = self.n_features, self.n_heavy
        target = heavy_covariance(d, heavy=range(k), condition=self.condition)
        shifted = heavy_covariance(d, heavy=range(k, 2 * k), condition=self.condition)
        return Truth(
            weights=make_equicorrelated_tasks(rng, n_tasks=2, n_features=d, cosine=cosine, n_replicates=n),
            covariance=np.stack([target if source == SAME else shifted, target]),
            noise=np.full(2, self.noise),
        )


RECIPES = {
    PRINTED: Recipe(condition=100.0, noise=0.0, n_target=10),
    CORRECTED: Recipe(condition=10.0, noise=1.0, n_target=3),
}
# Equal covariances, where nothing but the cosine is in the way of Algorithm 1.
ISOTROPIC = Recipe(condition=1.0, noise=0.7, n_target=80, n_features=40)
ISOTROPIC_SOURCE, PATH_COSINES, PATH_STOPS = 2000, (1.0, 0.9, 0.5), (0, 1, 3, 10, 30, 100, 400, 1000)

NOTES = (
    prose(
        f"""Exact minimisers at capacity 1, on sufficient statistics drawn from their exact law. Where
        source and target together have fewer rows than features, every head ratio fits without error; the
        smallest solution is taken (weight decay of {VANISHING:g} of the mean eigenvalue), and minimum norm
        for single-task learning. Task vectors are unit vectors with cosine {COSINE:g}. Errors are relative,
        in the covariance of the target; tails are heavy, so medians and shares of draws are reported."""
    ),
    prose(
        """The text multiplies Gaussian rows by a rotation and then by the diagonal, R Q D: their covariance
        is D² whatever Q is, so rotations are left out."""
    ),
)


def run_covariance(settings: Settings) -> Outcome:
    """Run figures 3 and 9 and the path of Algorithm 1."""
    rows = covariance_rows(settings)
    return Outcome(rows=rows, panels=covariance_panels(rows), notes=NOTES)


def covariance_rows(settings: Settings) -> "pd.DataFrame":
    """Return the rows of the experiment."""
    n = 150 if settings.quick else 800
    root = np.random.default_rng([settings.seed, zlib.crc32(EXPERIMENT.encode())])
    rows: list[Row] = []
    plan = [(protocol, source) for protocol in RECIPES for source in (SAME, OTHER)]
    *children, rng_path = root.spawn(len(plan) + 1)
    for done, (child, (protocol, source)) in enumerate(zip(children, plan, strict=True)):
        settings.progress(f"{protocol} protocol, {source}", done / (len(plan) + 1))
        for rng, n_source in zip(child.spawn(len(SOURCE_SIZES)), SOURCE_SIZES, strict=True):
            rows += _source_rows(rng, protocol, source, n_source, n)
    settings.progress("path of Algorithm 1", len(plan) / (len(plan) + 1))
    for rng, cosine in zip(rng_path.spawn(len(PATH_COSINES)), PATH_COSINES, strict=True):
        rows += _path_rows(rng, cosine, n)
    settings.progress("done", 1.0)
    return table(rows, experiment=EXPERIMENT, dataset="synthetic", seed=settings.seed)


def _source_rows(
    rng: np.random.Generator, protocol: str, source: str, n_source: int, n: int
) -> Iterator[Row]:
    """Yield the errors of the three methods for one number of source rows."""
    recipe = RECIPES[protocol]
    rng_tasks, rng_train, rng_valid = rng.spawn(3)
    truth = recipe.truth(rng_tasks, source, n)
    moments = draw_moments(
        rng_train, truth, n_samples=[n_source, recipe.n_target], n_replicates=n, shared_design=False
    )
    alone = MinimumNorm().fit(moments, rng=rng).heads[:, 1]
    shared = shared_estimate(moments, rng)
    valid = draw_moments(rng_valid, truth, n_samples=VALIDATION_ROWS, n_replicates=n, shared_design=False)
    path = align(moments.gram[:, 1], moments.cross[:, 1], shared, stops=STOPS)
    aligned = path.stopped_at(_validated(path.weights, valid))
    errors = {
        method: relative_error(weights, truth)
        for method, weights in ((ALONE, alone), (SHARED, shared), (ALIGNED, aligned))
    }
    common: dict[str, Any] = {"protocol": protocol, "source": source, "level": float(n_source)}
    for method, error in errors.items():
        yield Row(method=method, quantity=RELATIVE, **common, **median_of(error))
        if method != ALONE:
            yield Row(method=method, quantity=WINS, **common, **share_of(error < errors[ALONE]))
    # Where it stops before the first step it is plain multitask, neither better nor worse.
    moved = errors[ALIGNED] != errors[SHARED]
    better = (errors[ALIGNED] < errors[SHARED])[moved]
    if len(better):
        yield Row(method=ALIGNED, quantity=WINS_PLAIN, **common, **share_of(better))


def shared_estimate(moments: Moments, rng: np.random.Generator, task: int = 1) -> FloatArray:
    """Return the estimate `(B, d)` of one task under the shared vector of two tasks."""
    d = moments.n_features
    mean = np.einsum("btii->b", moments.gram) / (2 * d)
    # On both Gram matrices it is a weight decay on the shared vector times the length of the heads.
    decay = VANISHING * mean[:, None, None, None] * np.eye(d)
    steadied = Moments(
        gram=moments.gram + decay, cross=moments.cross, energy=moments.energy, n_samples=moments.n_samples
    )
    fit = TwoTaskGlobal().fit(steadied, rng=rng)
    return np.asarray((fit.heads @ fit.representation)[:, task])


def relative_error(weights: FloatArray, truth: Truth, task: int = 1) -> FloatArray:
    """Return the excess risk of one task over the energy of its signal, `(..., B)`."""
    target, metric = truth.weights[:, task], truth.covariance_per_task[task]
    off = weights - target
    risk = np.einsum("...i,...i->...", off @ metric, off)
    return np.asarray(risk / np.einsum("bi,bi->b", target @ metric, target))


def _validated(weights: FloatArray, valid: Moments) -> IntArray:
    """Return the position of the lowest validation error of the target on a path `(S, B, d)`."""
    gram, cross = valid.gram[:, 1], valid.cross[:, 1]
    image = (gram @ weights[..., None])[..., 0]
    return np.asarray(((image - 2 * cross) * weights).sum(axis=-1).argmin(axis=0))


def _path_rows(rng: np.random.Generator, cosine: float, n: int) -> Iterator[Row]:
    """Yield the error along the path of Algorithm 1 from the multitask solution, isotropic inputs."""
    rng_tasks, rng_train = rng.spawn(2)
    truth = ISOTROPIC.truth(rng_tasks, SAME, n, cosine)
    moments = draw_moments(
        rng_train,
        truth,
        n_samples=[ISOTROPIC_SOURCE, ISOTROPIC.n_target],
        n_replicates=n,
        shared_design=False,
    )
    alone = MinimumNorm().fit(moments, rng=rng).heads[:, 1]
    path = align(moments.gram[:, 1], moments.cross[:, 1], shared_estimate(moments, rng), stops=PATH_STOPS)
    baseline = relative_error(alone, truth)
    common: dict[str, Any] = {"protocol": "isotropic", "second": cosine}
    yield Row(method=ALONE, quantity=RELATIVE, **common, **median_of(baseline))
    errors = relative_error(path.weights, truth)
    for stop, error in zip(PATH_STOPS, errors, strict=True):
        at: dict[str, Any] = {**common, "level": float(stop)}
        yield Row(method=ALIGNED, quantity=RELATIVE, **at, **median_of(error))
        if stop:
            yield Row(method=ALIGNED, quantity=WINS_PLAIN, **at, **share_of(error < errors[0]))
