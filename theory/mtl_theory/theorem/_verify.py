"""Check a theorem: simulate, compare, and answer *holds*, *refuted* or *does not apply*."""

import zlib
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from mtl_simulators._typing import FloatArray
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
    a bound agrees when no draw exceeds it. A case whose assumptions fail answers *does not apply* and
    names the first that fails.

    Parameters
    ----------
    rng
        Generator; `theorem_rng(theorem, seed)` gives the one that the command line uses.
    quick
        Take the cases' smaller numbers of draws.
    trials
        Draws for every case that is not deterministic, overriding the cases' own.
    """
    start = perf_counter()
    results = tuple(
        _check(theorem, case, child, trials if trials and case.trials > 1 else case.n_trials(quick=quick))
        for case, child in zip(theorem.cases, rng.spawn(len(theorem.cases)), strict=True)
    )
    derived = None
    if theorem.derive is not None:
        from sympy import simplify

        derived = all(simplify(residual) == 0 for residual in theorem.derive())
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
            reason=f"violates the assumption '{violated.name}': {violated.statement}",
        )
    predicted = np.atleast_1d(np.asarray(theorem.predict(instance), dtype=np.float64)).ravel()
    sample = _simulate(theorem, instance, rng_measure, n_trials)
    measured, stderr = _reduced(theorem, instance, sample)
    if measured.shape != predicted.shape:
        raise RuntimeError(f"{theorem.id}: predicted {predicted.shape}, measured {measured.shape}.")
    allowance = ROUNDING * np.maximum(np.abs(predicted), theorem.scale)
    slack = theorem.slack * np.maximum(np.abs(predicted), theorem.scale)
    if theorem.kind is Kind.BOUND:
        deviation = sample.largest / (predicted + slack + allowance)
    else:
        deviation = np.abs(measured - predicted) / (Z * stderr + slack + allowance)
    agrees = bool((deviation <= 1.0).all())
    reason = "" if agrees else "prediction and measurement differ by more than error and slack allow"
    if case.gain is not None:
        gain = case.gain(measured)
        if gain > float(Z * stderr.max() + slack.max() + allowance.max()):
            agrees, reason = False, f"multitasking must not help here, but gains {gain:.3g}"
    return CaseResult(
        name=case.name,
        verdict=Verdict.HOLDS if agrees else Verdict.REFUTED,
        expected=case.expected,
        predicted=predicted,
        measured=sample.largest if theorem.kind is Kind.BOUND else measured,
        stderr=stderr,
        deviation=deviation,
        trials=n_trials,
        reason=reason,
    )


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


def _reduced(theorem: Theorem[Any], instance: Any, sample: _Sample) -> tuple[FloatArray, FloatArray]:
    """Return the compared quantities and their standard errors (delta method through `reduce`)."""
    if theorem.reduce is None:
        return sample.mean, np.sqrt(np.diag(sample.covariance))
    reduce = theorem.reduce

    def quantities(mean: FloatArray) -> FloatArray:
        return np.atleast_1d(np.asarray(reduce(instance, mean), dtype=np.float64)).ravel()

    deviations = np.sqrt(np.diag(sample.covariance))
    columns = []
    for i, deviation in enumerate(deviations):
        step = 0.1 * deviation if deviation > 0 else 1e-6 * max(1.0, abs(float(sample.mean[i])))
        shift = np.zeros_like(sample.mean)
        shift[i] = step
        columns.append((quantities(sample.mean + shift) - quantities(sample.mean - shift)) / (2 * step))
    gradient = np.stack(columns, axis=-1)
    variance = np.einsum("qi,ij,qj->q", gradient, sample.covariance, gradient)
    return quantities(sample.mean), np.sqrt(np.clip(variance, 0.0, None))
