"""Check a theorem: simulate, compare, and answer *holds*, *refuted* or *does not apply*."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_theory.theorem._theorem import Case, Kind, Theorem, Verdict
from mtl_theory.theorem._verification import CaseResult, Verification

Z = 4.5  # a true equality is refuted with probability 7e-6 a component (Gaussian tails)
ROUNDING = 1e-10  # relative allowance for floating point, everywhere
BLOCK = 2_000  # draws held in memory at a time


def theorem_rng(theorem: Theorem[Any], seed: int) -> np.random.Generator:
    """Return the theorem's own generator, so that its numbers do not depend on what else is verified."""
    return np.random.default_rng([seed, zlib.crc32(theorem.id.encode())])


def verify(
    theorem: Theorem[Any], *, rng: np.random.Generator, quick: bool = False, trials: int | None = None
) -> Verification:
    r"""Check every case of a theorem and its symbolic derivation.

    An equality or rate agrees when
    $|\bar m - p| \le z\,\mathrm{se} + \mathrm{slack}\,\max(|p|, \mathrm{scale})$ with z = 4.5;
    a bound agrees when no draw exceeds it by more than the slack. A case with a `gain` must also show none
    beyond z standard errors of that gain and the slack. A case whose assumptions fail answers *does not
    apply* and names the first that fails.

    Parameters
    ----------
    rng
        Generator; `theorem_rng(theorem, seed)` gives the one that the command line uses.
    quick
        Take the cases' smaller numbers of draws.
    trials
        Draws for every case that is not deterministic, overriding the cases' own; at least 2, without
        which there is no standard error.

    Raises
    ------
    ValueError
        On fewer than 2 `trials`.
    RuntimeError
        If the theorem predicts or measures NaN or infinity, or shapes that do not fit each other.

    Examples
    --------
    >>> from mtl_theory.ledger import theorems
    >>> toy = theorems()["robustness/toy"]
    >>> verify(toy, rng=theorem_rng(toy, 0)).verdict
    <Verdict.HOLDS: 'holds'>
    """
    start = perf_counter()
    if trials is not None:
        positive_int("trials", trials, at_least=2)
    results = tuple(
        _check(theorem, case, child, trials if trials and case.trials > 1 else case.n_trials(quick=quick))
        for case, child in zip(theorem.cases, rng.spawn(len(theorem.cases)), strict=True)
    )
    derived = None
    if theorem.derive is not None:
        from sympy import simplify

        residuals = theorem.derive()
        derived = bool(residuals) and all(simplify(residual) == 0 for residual in residuals)
    verdicts = {result.verdict for result in results}
    if Verdict.REFUTED in verdicts or derived is False:
        verdict = Verdict.REFUTED
    else:
        verdict = Verdict.HOLDS if Verdict.HOLDS in verdicts else Verdict.DOES_NOT_APPLY
    seconds = perf_counter() - start
    return Verification(theorem=theorem, verdict=verdict, cases=results, derived=derived, seconds=seconds)


def _check(theorem: Theorem[Any], case: Case[Any], rng: np.random.Generator, n_trials: int) -> CaseResult:
    rng_build, rng_measure = rng.spawn(2)
    instance = case.build(rng_build)
    violated = next((a for a in theorem.assumptions if not a.holds(instance)), None)
    if violated is not None:
        return _not_applicable(case, f"violates the assumption '{violated.name}': {violated.statement}")
    predicted = np.atleast_1d(np.asarray(theorem.predict(instance), dtype=np.float64)).ravel()
    if not np.isfinite(predicted).all():
        raise RuntimeError(f"{theorem.id}: the prediction is NaN or infinity in case {case.name!r}.")
    sample = _simulate(theorem, instance, rng_measure, n_trials)
    judged = _judged_bound if theorem.kind is Kind.BOUND else _judged_equality
    measured, stderr, deviation = judged(theorem, instance, predicted, sample)
    agrees = bool((deviation <= 1.0).all())
    reason = "" if agrees else "prediction and measurement differ by more than error and slack allow"
    if agrees and case.gain is not None:
        reason = _gain_reason(theorem, case.gain, instance, predicted, sample)
        agrees = not reason
    return CaseResult(
        name=case.name,
        verdict=Verdict.HOLDS if agrees else Verdict.REFUTED,
        expected=case.expected,
        predicted=predicted,
        measured=measured,
        stderr=stderr,
        deviation=deviation,
        trials=n_trials,
        reason=reason,
    )


def _not_applicable(case: Case[Any], reason: str) -> CaseResult:
    nothing = np.full(1, np.nan)
    return CaseResult(
        name=case.name,
        verdict=Verdict.DOES_NOT_APPLY,
        expected=case.expected,
        predicted=nothing,
        measured=nothing,
        stderr=nothing,
        deviation=nothing,
        trials=0,
        reason=reason,
    )


def _slack(theorem: Theorem[Any], predicted: FloatArray) -> FloatArray:
    """Return what the declared slack and floating point allow, whatever the number of draws."""
    allowed: FloatArray = (theorem.slack + ROUNDING) * np.maximum(np.abs(predicted), theorem.scale)
    return allowed


def _judged_equality(
    theorem: Theorem[Any], instance: Any, predicted: FloatArray, sample: "_Sample"
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the compared quantities, their standard errors, and deviations in units of what is allowed."""
    measured, stderr = _propagated(lambda mean: _quantities(theorem, instance, mean), sample)
    _same_shape(theorem, predicted, measured)
    return measured, stderr, np.abs(measured - predicted) / (Z * stderr + _slack(theorem, predicted))


def _judged_bound(
    theorem: Theorem[Any], instance: Any, predicted: FloatArray, sample: "_Sample"
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the largest draws, which have no standard error, and how far each goes towards the bound."""
    _same_shape(theorem, predicted, sample.largest)
    limit = predicted + _slack(theorem, predicted)
    # A ratio says how loose a positive bound is; of zero and negative bounds it would reverse the sense.
    positive = limit > 0
    ratio = sample.largest / np.where(positive, limit, 1.0)
    deviation = np.where(positive, ratio, 1.0 + (sample.largest - limit) / theorem.scale)
    return sample.largest, np.zeros_like(predicted), deviation


def _same_shape(theorem: Theorem[Any], predicted: FloatArray, measured: FloatArray) -> None:
    if measured.shape != predicted.shape:
        raise RuntimeError(f"{theorem.id}: predicted {predicted.shape}, measured {measured.shape}.")
    if not np.isfinite(measured).all():
        raise RuntimeError(f"{theorem.id}: the measured quantities hold NaN or infinity.")


def _gain_reason(
    theorem: Theorem[Any],
    gain: Callable[[FloatArray], float],
    instance: Any,
    predicted: FloatArray,
    sample: "_Sample",
) -> str:
    """Return the complaint about a gain beyond its own standard error and the slack, or nothing."""
    value, stderr = _propagated(lambda mean: [gain(_quantities(theorem, instance, mean))], sample)
    if value[0] <= Z * stderr[0] + _slack(theorem, predicted).max():
        return ""
    return f"multitasking must not help here, but gains {value[0]:.3g}"


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """Mean of the draws, covariance of that mean, and the largest draw of each component."""

    mean: FloatArray
    covariance: FloatArray
    largest: FloatArray


def _simulate(theorem: Theorem[Any], instance: Any, rng: np.random.Generator, n_trials: int) -> _Sample:
    """Accumulate the draws block by block (Chan et al. 1983), so that memory does not grow with them."""
    count, mean, scatter, largest = 0, np.zeros(0), np.zeros((0, 0)), np.zeros(0)
    while count < n_trials:
        size = min(BLOCK, n_trials - count)
        draws = np.asarray(theorem.measure(rng, instance, size), dtype=np.float64).reshape(size, -1)
        if not np.isfinite(draws).all():
            raise RuntimeError(f"{theorem.id}: the measurement returned NaN or infinity.")
        block_mean = draws.mean(axis=0)
        centred = draws - block_mean
        if count == 0:
            mean, scatter, largest = block_mean, centred.T @ centred, draws.max(axis=0)
        else:
            shift = block_mean - mean
            mean = mean + shift * size / (count + size)
            scatter += centred.T @ centred + np.outer(shift, shift) * count * size / (count + size)
            largest = np.maximum(largest, draws.max(axis=0))
        count += size
    covariance = scatter / (count - 1) / count if count > 1 else np.zeros_like(scatter)
    return _Sample(mean=mean, covariance=covariance, largest=largest)


def _quantities(theorem: Theorem[Any], instance: Any, mean: FloatArray) -> FloatArray:
    """Return the compared quantities at given means."""
    values = mean if theorem.reduce is None else theorem.reduce(instance, mean)
    return np.atleast_1d(np.asarray(values, dtype=np.float64)).ravel()


def _propagated(
    function: Callable[[FloatArray], npt.ArrayLike], sample: _Sample
) -> tuple[FloatArray, FloatArray]:
    """Return a function of the means and its standard errors (delta method, central differences)."""

    def values(mean: FloatArray) -> FloatArray:
        return np.asarray(function(mean), dtype=np.float64)

    centre = values(sample.mean)
    gradient = np.zeros((len(centre), len(sample.mean)))
    deviations = np.sqrt(np.diag(sample.covariance))
    # A component without spread adds nothing to the error, and a step could leave the function's domain.
    for i in np.flatnonzero(deviations):
        shift = np.zeros_like(sample.mean)
        shift[i] = 0.1 * deviations[i]
        step = (sample.mean + shift)[i] - (sample.mean - shift)[i]
        if step > 0:
            gradient[:, i] = (values(sample.mean + shift) - values(sample.mean - shift)) / step
    variance = np.einsum("qi,ij,qj->q", gradient, sample.covariance, gradient)
    return centre, np.sqrt(np.clip(variance, 0.0, None))
