"""The paper's simulated auxiliary tasks: AMI of the symmetric label channel on CoNLL-2003."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.labels import (
    Average,
    Symmetric,
    adjusted_mutual_information,
    arithmetic_average,
    contingency_table,
    geometric_average,
    iid_labels,
    make_auxiliary_labels,
    maximum_average,
    minimum_average,
)
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments._text import prose
from mtl_theory.experiments.bettgenhaeuser._labels import AMI, DISTANCE, LARGEST
from mtl_theory.experiments.bettgenhaeuser._rows import Row, table
from mtl_theory.experiments.bettgenhaeuser._simulator_panels import (
    CORPUS,
    EXACT,
    IID,
    POPULATION,
    SAMPLE,
    simulator_panels,
)

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "bettgenhaeuser/simulator"

# Tokens of O, PER, ORG, LOC and MISC in the training file of CoNLL-2003.
TOKENS = np.array([169_578, 11_128, 10_025, 8_297, 4_593])
PRIOR = TOKENS / TOKENS.sum()

# The list of alpha and the AMI that stands beside it in the authors' tables of results.
PUBLISHED = {
    0.6: 0.13, 0.65: 0.17, 0.7: 0.21, 0.75: 0.27, 0.8: 0.34, 0.85: 0.43, 0.87: 0.48, 0.9: 0.55, 0.91: 0.57,
    0.92: 0.60, 0.93: 0.63, 0.94: 0.68, 0.95: 0.71, 0.96: 0.75, 0.97: 0.80, 0.98: 0.85, 0.99: 0.91,
}  # fmt: skip

AVERAGES: dict[str, Average] = {
    "arithmetic": arithmetic_average,
    "geometric": geometric_average,
    "maximum": maximum_average,
    "minimum": minimum_average,
}
SIZES = (200, 500, 1000, 2000, 5000)
TARGETS = (0.13, 0.43, 0.8)
TOLERANCE = 1e-3  # five labels reach it from 200 tokens on


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Draws of the whole corpus, and of each smaller sample."""

    n_corpus: int
    n_samples: int


FULL = Budget(n_corpus=10, n_samples=60)
QUICK = Budget(n_corpus=2, n_samples=10)

NOTES = (
    prose(
        """The main label is the one of named entities without positions: O, PER, ORG, LOC, MISC, with the
        counts of the training file (203,621 tokens). An auxiliary label keeps it with probability α and is
        else one of the other four, so α is also the best accuracy that any model can have on the auxiliary
        task. The text is not needed: given its main label, an auxiliary label does not depend on it."""
    ),
    prose(
        """The exact mode is this library's: it chooses the counts of main against auxiliary labels so that
        the AMI of the very sample is the target, and deals the labels at random. The paper draws every token
        independently and writes down the AMI that it gets."""
    ),
)


def run_simulator(settings: Settings) -> Outcome:
    """Compare the AMI of the channel with the published column, and the two ways to draw labels."""
    rows = simulator_rows(settings)
    return Outcome(rows=rows, panels=simulator_panels(rows), notes=NOTES)


def simulator_rows(settings: Settings) -> "pd.DataFrame":
    """Return the rows of the experiment."""
    budget = QUICK if settings.quick else FULL
    root = np.random.default_rng([settings.seed, zlib.crc32(EXPERIMENT.encode())])
    rng_corpus, rng_samples = root.spawn(2)
    settings.progress("labels of the whole corpus", 0.0)
    rows = [*_population_rows(), *_corpus_rows(rng_corpus, budget.n_corpus)]
    settings.progress("labels of samples", 0.3)
    rows += _sample_rows(rng_samples, budget.n_samples)
    settings.progress("done", 1.0)
    return table(rows, experiment=EXPERIMENT, dataset="CoNLL-2003 label counts", seed=settings.seed)


def _population_rows() -> Iterator[Row]:
    """Yield the AMI of the channel under each average beside the published one."""
    for name, average in AVERAGES.items():
        for alpha, published in PUBLISHED.items():
            ami = Symmetric().channel(alpha, prior=PRIOR).ami(PRIOR, average=average)
            yield Row(
                protocol=POPULATION,
                method=name,
                level=alpha,
                quantity=AMI,
                value=ami,
                stderr=0.0,
                predicted=published,
            )


def _corpus_rows(rng: np.random.Generator, n_draws: int) -> Iterator[Row]:
    """Yield the adjusted AMI of labels drawn token by token for a text as long as the corpus."""
    main = np.repeat(np.arange(len(TOKENS)), TOKENS)
    for (alpha, published), child in zip(PUBLISHED.items(), rng.spawn(len(PUBLISHED)), strict=True):
        channel = Symmetric().channel(alpha, prior=PRIOR)
        drawn = np.stack([iid_labels(each, labels=main, channel=channel) for each in child.spawn(n_draws)])
        amis = adjusted_mutual_information(
            contingency_table(main, drawn, n_first=len(TOKENS), n_second=len(TOKENS))
        )
        yield Row(
            protocol=CORPUS,
            method=IID,
            level=alpha,
            quantity=AMI,
            value=float(amis.mean()),
            stderr=float(amis.std(ddof=1)),  # of one corpus, which is what was published
            n_draws=n_draws,
            predicted=published,
        )


def _sample_rows(rng: np.random.Generator, n_draws: int) -> Iterator[Row]:
    """Yield how far samples are from their target, drawn token by token and with exact counts."""
    cells = [(n, target) for n in SIZES for target in TARGETS]
    for (n, target), child in zip(cells, rng.spawn(len(cells)), strict=True):
        for exact in (True, False):
            off = _distances(child.spawn(n_draws), n=n, target=target, exact=exact)
            method = EXACT if exact else IID
            common: dict[str, Any] = {
                "protocol": SAMPLE,
                "method": method,
                "n": n,
                "A": target,
                "n_draws": n_draws,
            }
            rms = float(np.sqrt((off**2).mean()))
            # The error of a root mean square, from that of the mean of the squares.
            error = float((off**2).std(ddof=1) / np.sqrt(n_draws) / (2 * rms)) if rms > 0 else 0.0
            yield Row(quantity=DISTANCE, value=rms, stderr=error, **common)
            yield Row(quantity=LARGEST, value=float(np.abs(off).max()), **common)


def _distances(rngs: list[np.random.Generator], *, n: int, target: float, exact: bool) -> FloatArray:
    """Return AMI minus target of one sample a generator."""
    off = []
    for rng in rngs:
        rng_main, rng_labels = rng.spawn(2)
        main = rng_main.choice(len(PRIOR), p=PRIOR, size=n)
        drawn = make_auxiliary_labels(
            rng_labels,
            labels=main,
            family=Symmetric(),
            ami=target,
            exact=exact,
            n_labels=len(PRIOR),
            tolerance=TOLERANCE,
        )
        off.append(float(adjusted_mutual_information(contingency_table(main, drawn))) - target)
    return np.array(off)
