"""Errors under corruption: single draws as released, means over independent draws, and closed forms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators.perturb import (
    AdditiveNoise,
    Corruption,
    ElementDeletion,
    MagnitudePruning,
    corrupt,
    corruption_levels,
)
from mtl_theory.experiments.daras._labels import (
    ALONE,
    CORRECTED,
    DELETION,
    EXPECTED,
    FALLS,
    HALF_MSE,
    NOISE,
    OPTIMAL,
    PROJECTED,
    PRUNING,
    RELEASED,
    RISES,
    SPREAD,
)
from mtl_theory.experiments.daras._losses import HalfError
from mtl_theory.experiments.daras._maps import SharedMap, first_run
from mtl_theory.experiments.daras._rows import Row, over_draws, over_runs
from mtl_theory.experiments.daras._study import Study

NOISE_LEVELS = tuple(round(0.2 * i, 1) for i in range(11))  # the paper's axis: a standard deviation
FRACTIONS = tuple(round(0.1 * i, 1) for i in range(11))

ClosedForm = Callable[[HalfError, SharedMap, float], FloatArray]


def noise_closed_form(test: HalfError, shared: SharedMap, level: float) -> FloatArray:
    """Return the exact mean error at a noise standard deviation, `(R,)`."""
    return test.under_noise(shared, level)


def deletion_closed_form(test: HalfError, shared: SharedMap, level: float) -> FloatArray:
    """Return the exact mean error at a deletion probability, `(R,)`."""
    return test.under_deletion(shared, level)


FAMILIES: dict[str, tuple[Callable[[float], Corruption], ClosedForm, Sequence[float]]] = {
    NOISE: (lambda v: AdditiveNoise(std=v), noise_closed_form, NOISE_LEVELS),
    DELETION: (lambda p: ElementDeletion(probability=p), deletion_closed_form, FRACTIONS),
}


def curve_rows(rng: np.random.Generator, studies: Mapping[int, Study], *, n_draws: int) -> Iterator[Row]:
    """Yield the noise and the deletion curves of every protocol, from `n_draws` draws on every run."""
    for rng_family, (name, (family, closed_form, levels)) in zip(
        rng.spawn(len(FAMILIES)), FAMILIES.items(), strict=True
    ):
        corruptions = [family(level) for level in levels]
        rng_shared, rng_alone, rng_single = rng_family.spawn(3)
        maps = {
            CORRECTED: {t: s.shared for t, s in studies.items()},
            ALONE: {t: s.alone for t, s in studies.items()},
            OPTIMAL: {t: s.optimal for t, s in studies.items()},
        }
        for protocol, by_tasks in maps.items():
            yield from _exact_rows(protocol, name, levels, studies, by_tasks, closed_form)
        spread: dict[tuple[int, int], float] = {}
        for protocol, stream in ((CORRECTED, rng_shared), (ALONE, rng_alone)):
            drawn = draw_errors(stream, studies, maps[protocol], corruptions, n_draws=n_draws)
            for n_tasks, i, errors in drawn:
                predicted = closed_form(studies[n_tasks].test, maps[protocol][n_tasks], levels[i]).mean()
                fields = {**over_draws(errors), "predicted": float(predicted)}
                yield _row(protocol, name, levels[i], n_tasks, **fields)
                if protocol == CORRECTED:
                    spread[n_tasks, i] = float(np.sqrt(errors.var(axis=0, ddof=1).mean()))
        yield from _released_rows(rng_single, name, levels, studies, corruptions, closed_form, spread)


def draw_errors(
    rng: np.random.Generator,
    studies: Mapping[int, Study],
    maps: Mapping[int, SharedMap],
    corruptions: Sequence[Corruption],
    *,
    n_draws: int,
    common_draws: bool = False,
) -> Iterator[tuple[int, int, FloatArray]]:
    """Yield number of tasks, level and the errors of draws on the maps of the runs, `(n_draws, R)`."""
    representations = {t: shared.representation for t, shared in maps.items()}
    drawn = corruption_levels(rng, representations, corruptions, n_draws=n_draws, common_draws=common_draws)
    for n_tasks, level, draws in drawn:
        yield n_tasks, level, studies[n_tasks].test.measure(maps[n_tasks].heads @ draws)


def pruning_rows(studies: Mapping[int, Study]) -> Iterator[Row]:
    """Yield the errors after magnitude pruning of the map; nothing is random but the training run."""
    for protocol in (CORRECTED, ALONE):
        for n_tasks, study in studies.items():
            shared = study.shared if protocol == CORRECTED else study.alone
            for fraction in FRACTIONS:
                # The generator is not used: pruning has no randomness.
                pruned = corrupt(
                    np.random.default_rng(0), shared.representation, MagnitudePruning(fraction=fraction)
                )[0]
                errors = study.test.measure(shared.heads @ pruned)
                yield _row(protocol, PRUNING, fraction, n_tasks, **over_runs(errors))


def ordering_rows(
    rng: np.random.Generator, studies: Mapping[int, Study], *, std: float, n_draws: int
) -> Iterator[Row]:
    """Yield what a single draw of the noise can say about the order of the numbers of tasks.

    The draws are common across numbers of tasks, as in the released code: how many of them order the errors
    as their means are ordered, and how far one draw lies from its mean.
    """
    maps = {t: first_run(study.shared) for t, study in studies.items()}
    levels = [AdditiveNoise(std=std)]
    drawn = draw_errors(rng, studies, maps, levels, n_draws=n_draws, common_draws=True)
    errors = {n_tasks: values[:, 0] for n_tasks, _, values in drawn}
    table = np.stack(list(errors.values()), axis=1)
    falls = np.asarray((np.diff(table, axis=1) < 0).all(axis=1))
    yield _share(FALLS, std, max(errors), falls)
    for n_tasks, rises in zip(list(errors)[1:], (np.diff(table, axis=1) > 0).T, strict=True):
        yield _share(RISES, std, n_tasks, rises)
    for n_tasks, values in errors.items():
        exact = studies[n_tasks].test.noise_spread(maps[n_tasks], std).item()
        # Standard error of a standard deviation by the delta method from the sample's fourth moment.
        centred = values - values.mean()
        variance = values.var(ddof=1)
        error = np.sqrt(max((centred**4).mean() - variance**2, 0.0) / n_draws) / (2 * np.sqrt(variance))
        fields: dict[str, Any] = {
            "value": float(np.sqrt(variance)),
            "stderr": float(error),
            "n_draws": n_draws,
        }
        yield _row(RELEASED, NOISE, std, n_tasks, SPREAD, predicted=exact, run=0, **fields)


def _share(quantity: str, level: float, n_tasks: int, events: BoolArray) -> Row:
    n_draws = len(events)
    # Two more of either kind keep the error positive when all draws agree (Agresti and Coull 1998).
    smoothed = (events.sum() + 2) / (n_draws + 4)
    error = float(np.sqrt(smoothed * (1 - smoothed) / (n_draws + 4)))
    fields: dict[str, Any] = {"value": float(events.mean()), "stderr": error, "n_draws": n_draws, "run": 0}
    return _row(RELEASED, NOISE, level, n_tasks, quantity, **fields)


def _exact_rows(
    protocol: str,
    corruption: str,
    levels: Sequence[float],
    studies: Mapping[int, Study],
    maps: Mapping[int, SharedMap],
    closed_form: ClosedForm,
) -> Iterator[Row]:
    for n_tasks, study in studies.items():
        for level in levels:
            exact = closed_form(study.test, maps[n_tasks], level)
            yield _row(protocol, corruption, level, n_tasks, EXPECTED, **over_runs(exact))


def _released_rows(
    rng: np.random.Generator,
    corruption: str,
    levels: Sequence[float],
    studies: Mapping[int, Study],
    corruptions: Sequence[Corruption],
    closed_form: ClosedForm,
    spread: Mapping[tuple[int, int], float],
) -> Iterator[Row]:
    """Yield one draw for all levels and numbers of tasks, with the spread of single draws as its error."""
    seed = int(rng.integers(2**63))
    for n_tasks, study in studies.items():
        shared = first_run(study.shared)
        for i, level in enumerate(levels):
            # The same generator every time: the released code never advances its random key.
            draw = corrupt(np.random.default_rng(seed), shared.representation[0], corruptions[i])
            error = study.test.measure(shared.heads @ draw).item()
            predicted = closed_form(study.test, shared, level).item()
            yield _row(
                RELEASED,
                corruption,
                level,
                n_tasks,
                value=error,
                stderr=spread[n_tasks, i],
                run=0,
                predicted=predicted,
            )


def _row(
    protocol: str, corruption: str, level: float, n_tasks: int, quantity: str = HALF_MSE, **fields: Any
) -> Row:
    return Row(
        protocol=protocol,
        training=PROJECTED,
        corruption=corruption,
        level=level,
        n_tasks=n_tasks,
        quantity=quantity,
        **fields,
    )
