"""Section 4 of the paper on real text: five sets of sentences, linear and ReLU models on fixed features."""

import zlib
from dataclasses import dataclass

import numpy as np

from mtl_simulators.problems import load_sentiment
from mtl_theory.experiments._experiment import Outcome, Settings
from mtl_theory.experiments._text import prose
from mtl_theory.experiments.wu._rows import Row, table
from mtl_theory.experiments.wu._text_joint import capacity_rows, label_rows
from mtl_theory.experiments.wu._text_pairs import pair_rows, relu_pair_rows
from mtl_theory.experiments.wu._text_panels import text_panels
from mtl_theory.experiments.wu._text_study import study_text, text_folder

EXPERIMENT = "wu/text"
SHOWN_PROBLEMS = 8


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Random splits, features, training and held-out sentences of a set."""

    n_splits: int
    n_features: int
    samples_per_task: int
    test_samples: int


FULL = Budget(n_splits=10, n_features=100, samples_per_task=1000, test_samples=2000)
QUICK = Budget(n_splits=5, n_features=50, samples_per_task=500, test_samples=1000)


def run_text(settings: Settings) -> Outcome:
    """Run on the five sets where their files are given, else say why not."""
    folder = text_folder(settings.data)
    if folder is None:
        given = "no data folder was given" if settings.data is None else f"{settings.data} has no sentences"
        note = (
            f"Skipped: {given}. Pass --data DIR with rt-polarity.all, subj.all, custrev.all, mpqa.all, "
            "TREC.train.all and TREC.test.all in DIR/sentiment or in DIR."
        )
        return Outcome(rows=table([]), panels=(), notes=(note,))
    budget = QUICK if settings.quick else FULL
    sentences = load_sentiment(folder)
    problems = [problem for one in sentences.values() for problem in one.problems]
    rng_splits, rng_pairs, rng_relu, rng_capacity, rng_labels = np.random.default_rng(
        [settings.seed, zlib.crc32(EXPERIMENT.encode())]
    ).spawn(5)
    study = study_text(
        rng_splits,
        sentences,
        n_splits=budget.n_splits,
        n_features=budget.n_features,
        samples_per_task=budget.samples_per_task,
        test_samples=budget.test_samples,
        advance=lambda split: settings.progress(
            f"features of split {split + 1} of {budget.n_splits}", 0.4 * split / budget.n_splits
        ),
    )
    rows: list[Row] = [
        *pair_rows(rng_pairs, study, advance=lambda done: settings.progress("pairs", 0.4 + 0.2 * done))
    ]
    settings.progress("ReLU pairs", 0.6)
    rows += relu_pair_rows(rng_relu, study)
    settings.progress("capacity", 0.7)
    rows += capacity_rows(rng_capacity, study)
    settings.progress("weights of noisy labels", 0.95)
    rows += label_rows(rng_labels, study, study.families["TREC"])
    settings.progress("done", 1.0)
    frame = table(rows, experiment=EXPERIMENT, dataset="sentiment", seed=settings.seed)
    return Outcome(
        rows=frame, panels=text_panels(frame, study.names), notes=(*_notes(budget), *_told(problems))
    )


def _notes(budget: Budget) -> tuple[str, ...]:
    return (
        prose(
            f"""Features: TF-IDF of words and word pairs, truncated SVD to {budget.n_features} dimensions,
            standardised, learned from the training sentences of all sets; {budget.samples_per_task} training
            sentences a set, {budget.n_splits} random splits. Models: least squares on labels -1 and +1, each
            task with an intercept of its own; a shared map of the stated capacity; not the LSTM or BERT of
            the paper. Half of the held-out sentences choose stopping times, the other half judge."""
        ),
        prose(
            """TREC is six one-vs-rest tasks on the same sentences, so there are ten tasks, of rank nine: the
            six sum to a constant. Accuracies of one-vs-rest tasks start near the share of the larger side.
            ± is the standard error over splits, which overlap; an interval of two of them is a guide, not a
            guarantee."""
        ),
    )


def _told(problems: list[str]) -> tuple[str, ...]:
    """Return what was wrong with lines that were left out, the first of them in full."""
    if not problems:
        return ()
    more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
    listed = "; ".join(problems[:SHOWN_PROBLEMS])
    return (f"{len(problems)} lines could not be used and were left out: {listed}{more}.",)
