"""Figure 8 of the paper: ReLU teachers of several neurons at requested principal angles."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import make_mixed_neurons, make_neurons_at_angles
from mtl_simulators.problems import ReluTruth, make_relu
from mtl_simulators.solvers import ReluNetwork, ReluSingleTask
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments._text import prose
from mtl_theory.experiments.wu._labels import GAIN, RELATIVE, RELU_ALONE, RELU_SHARED
from mtl_theory.experiments.wu._relu_panels import MIXED, UNIT, relu_panels
from mtl_theory.experiments.wu._rows import Row, mean_of, table

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "wu/synthetic-relu"
MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)
SOURCE_SIZES = (50, 200)
N_FEATURES, N_NEURONS, N_TARGET, NOISE = 10, 2, 40, 0.3
MAX_ITERATIONS = 120


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Replicates a point, and random starts of a descent."""

    n_draws: int
    n_starts: int


FULL = Budget(n_draws=40, n_starts=1)
QUICK = Budget(n_draws=8, n_starts=0)

NOTES = (
    prose(
        f"""Scaled down from the paper: d = {N_FEATURES} instead of 100, {N_NEURONS} neurons a teacher
        instead of 10, {N_TARGET} target rows instead of 100, label noise {NOISE:g} (the text gives none);
        networks as wide as one teacher, trained from several starts, best loss kept; exact risk."""
    ),
    prose(
        """The mixture αΘ + (1 − α)Θ' has principal cosine α / √(α² + (1 − α)²), not α as the text says, and
        shorter neurons than the target's; beside it stand neurons of unit length at the same cosines."""
    ),
)


def run_relu(settings: Settings) -> Outcome:
    """Run figure 8 with the paper's mixtures and with unit neurons at the same principal cosines."""
    rows = relu_rows(settings)
    return Outcome(rows=rows, panels=relu_panels(rows), notes=NOTES)


def relu_rows(settings: Settings) -> "pd.DataFrame":
    """Return the rows of the experiment."""
    budget = QUICK if settings.quick else FULL
    root = np.random.default_rng([settings.seed, zlib.crc32(EXPERIMENT.encode())])
    series = [*((MIXED, n_source) for n_source in SOURCE_SIZES), (UNIT, max(SOURCE_SIZES))]
    plan = [(kind, n_source, mix) for kind, n_source in series for mix in MIXTURES]
    rows: list[Row] = []
    for done, (rng, point) in enumerate(zip(root.spawn(len(plan)), plan, strict=True)):
        settings.progress(f"{point[0]}, {point[1]} source rows", done / len(plan))
        rows += _point_rows(rng, *point, budget)
    settings.progress("done", 1.0)
    return table(rows, experiment=EXPERIMENT, dataset="synthetic", seed=settings.seed)


def _point_rows(
    rng: np.random.Generator, kind: str, n_source: int, mixture: float, budget: Budget
) -> Iterator[Row]:
    """Yield the target's errors and the gain for one mixture; `second` is the true principal cosine."""
    rng_tasks, rng_data, rng_alone, rng_shared = rng.spawn(4)
    cosine = mixture / np.hypot(mixture, 1 - mixture)
    problem = make_relu(
        rng_data,
        n_samples=(n_source, N_TARGET),
        neurons=_neurons(rng_tasks, kind, mixture, cosine, budget.n_draws),
        noise=NOISE,
    )
    truth = problem.truth
    assert isinstance(truth, ReluTruth)
    risks = {}
    for method, network, child in (
        (RELU_ALONE, ReluSingleTask, rng_alone),
        (RELU_SHARED, ReluNetwork, rng_shared),
    ):
        solver = network(capacity=N_NEURONS, n_starts=budget.n_starts, max_iterations=MAX_ITERATIONS)
        fit = solver.fit(problem.train, rng=child)  # a descent that still moves is judged as it is
        risk = truth.excess_risk(fit.representation[:, None], fit.heads)[:, 1]
        zero = truth.excess_risk(0 * fit.representation[:, None], 0 * fit.heads)[:, 1]
        risks[method] = risk / zero
    common: dict[str, Any] = {
        "protocol": kind,
        "source": f"{n_source} rows",
        "level": mixture if kind == MIXED else cosine,
        "second": cosine,
    }
    for method, values in risks.items():
        yield Row(method=method, quantity=RELATIVE, **common, **mean_of(values))
    gain = risks[RELU_ALONE] - risks[RELU_SHARED]
    yield Row(method=RELU_SHARED, quantity=GAIN, **common, **mean_of(gain))


def _neurons(rng: np.random.Generator, kind: str, mixture: float, cosine: float, n: int) -> FloatArray:
    """Return the neurons of source and target, in this order, `(n, 2, h, d)`."""
    if kind == MIXED:
        drawn = make_mixed_neurons(
            rng, n_neurons=N_NEURONS, n_features=N_FEATURES, mixture=mixture, n_replicates=n
        )
    else:
        angles = np.full(N_NEURONS, np.arccos(min(cosine, 1.0)))
        drawn = make_neurons_at_angles(rng, n_features=N_FEATURES, angles=angles, n_replicates=n)
    return drawn[:, ::-1]
