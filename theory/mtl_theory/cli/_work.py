"""The work behind the commands: verify theorems, run experiments, on one BLAS thread."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mtl_theory.cli._consoles import progress_bar
from mtl_theory.cli._failures import Failure, WrongCall

if TYPE_CHECKING:
    from mtl_theory.experiments import Experiment, Outcome, Settings
    from mtl_theory.theorem import Theorem, Verification


def verify_theorems(
    theorems: "Sequence[Theorem[Any]]", *, seed: int, quick: bool, announce: str = ""
) -> "list[Verification]":
    """Verify theorems one after the other, each with its own generator."""
    from mtl_simulators.sweep.engines import one_blas_thread
    from mtl_theory.theorem import theorem_rng, verify

    found = []
    with one_blas_thread(), progress_bar(len(theorems), announce=announce) as advance:
        for done, theorem in enumerate(theorems):
            advance(theorem.id, done)
            try:
                found.append(verify(theorem, rng=theorem_rng(theorem, seed), quick=quick))
            except Exception as error:
                raise Failure(f"{theorem.id} could not be verified: {error} (--debug shows where)") from error
    return found


def run_experiments(
    experiments: "Sequence[Experiment]", settings: "Settings", *, announce: str = ""
) -> "list[tuple[Experiment, Outcome]]":
    """Run experiments one after the other."""
    from mtl_simulators.sweep.engines import one_blas_thread

    found = []
    with one_blas_thread(), progress_bar(len(experiments), announce=announce) as advance:
        for done, experiment in enumerate(experiments):

            def progress(message: str, fraction: float, done: int = done, id: str = experiment.id) -> None:
                advance(f"{id}: {message}", done + min(1.0, max(0.0, fraction)))

            progress("starts", 0.0)
            try:
                found.append((experiment, experiment.run(replace(settings, progress=progress))))
            except ValueError as error:
                raise WrongCall(f"{experiment.id}: {error}") from error
            except Exception as error:
                raise Failure(f"{experiment.id} could not be run: {error} (--debug shows where)") from error
    return found
