"""Tagging problems: who gets which tokens, and how much information the labels share."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from sklearn.metrics import adjusted_mutual_info_score

from mtl_simulators._typing import IntArray
from mtl_simulators.labels import Symmetric, contingency_table
from mtl_simulators.problems.sequences import (
    Corpus,
    Disjoint,
    Labelling,
    Shared,
    Slices,
    TaggingProblem,
    make_real_tagging,
    make_tagging,
)

N, TEST, SAMPLES = 3000, 500, 600
DRAWS = np.random.default_rng(5)
MAIN = DRAWS.choice(4, size=N, p=[0.6, 0.2, 0.1, 0.1])
CORPUS = Corpus(
    words=DRAWS.integers(40, size=N),
    vocabulary=tuple(map(str, range(40))),
    labellings=(
        Labelling(name="NER", labels=MAIN, classes=("O", "PER", "ORG", "LOC")),
        Labelling(name="COARSE", labels=(MAIN > 0).astype(int), classes=("O", "ENT")),
        Labelling(name="POS", labels=DRAWS.integers(3, size=N), classes=("N", "V", "A")),
    ),
    embeddings=DRAWS.standard_normal((40, 2)),
)


def make(seed: int = 0, **changes: object) -> TaggingProblem:
    arguments = {
        "corpus": CORPUS,
        "main": "NER",
        "ami": [0.5, 0.2],
        "n_samples": SAMPLES,
        "test_samples": TEST,
    }
    return make_tagging(np.random.default_rng(seed), **(arguments | changes))


def padded_window(words: IntArray, position: int, context: int) -> list[int]:
    return [
        int(words[i]) if 0 <= i < len(words) else 40
        for i in range(position - context, position + context + 1)
    ]


@pytest.mark.parametrize(("slices", "stride"), [(Disjoint(), SAMPLES), (Shared(), 0)])
@pytest.mark.parametrize("context", [0, 3])
def test_tasks_have_the_windows_of_their_tokens(slices: Slices, stride: int, context: int) -> None:
    problem = make(slices=slices, context=context)
    train = CORPUS.words[: N - TEST]
    assert problem.windows.shape == (3, SAMPLES, 2 * context + 1)
    for task in range(3):
        for i in (0, 1, SAMPLES // 2, SAMPLES - 1):
            expected = padded_window(train, task * stride + i, context)
            assert problem.windows[task, i].tolist() == expected
    np.testing.assert_array_equal(problem.labels[0], MAIN[:SAMPLES])


def test_the_last_tokens_are_held_out_and_windows_stay_on_their_side() -> None:
    problem = make(n_samples=(N - TEST) // 3)
    held_out = CORPUS.words[N - TEST :]
    np.testing.assert_array_equal(problem.test_labels, MAIN[N - TEST :])
    for i in (0, 1, TEST - 1):
        assert problem.test_windows[i].tolist() == padded_window(held_out, i, 3)
    assert problem.test_windows.shape == (TEST, 7) and problem.padding == 40


@pytest.mark.parametrize("slices", [Disjoint(), Shared()])
def test_a_star_has_its_ami_on_the_whole_training_stream(slices: Slices) -> None:
    problem = make(slices=slices)
    np.testing.assert_allclose(problem.ami[0], [1.0, 0.5, 0.2], atol=1e-3)
    # The first auxiliary task's labels are those of its slice; on shared slices another judge sees them.
    if isinstance(slices, Shared):
        seen = adjusted_mutual_info_score(problem.labels[0], problem.labels[1])
        assert abs(seen - 0.5) < 5 / np.sqrt(SAMPLES)
    whole = make(slices=Shared(), n_samples=N - TEST)
    for task in (1, 2):
        judged = adjusted_mutual_info_score(whole.labels[0], whole.labels[task])
        assert judged == pytest.approx(whole.ami[0, task], abs=1e-9)


def test_disjoint_and_shared_slices_cut_the_same_labels() -> None:
    whole = make(slices=Shared(), n_samples=N - TEST)
    disjoint = make(slices=Disjoint())
    for task in range(3):
        expected = whole.labels[task, task * SAMPLES : (task + 1) * SAMPLES]
        np.testing.assert_array_equal(disjoint.labels[task], expected)
    np.testing.assert_array_equal(disjoint.ami, whole.ami)


def test_a_full_matrix_prescribes_the_ami_between_auxiliary_tasks() -> None:
    target = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.4], [0.2, 0.4, 1.0]])
    problem = make(ami=target)
    np.testing.assert_allclose(problem.ami, target, atol=1e-3)


def test_other_families_are_passed_on_and_classes_named() -> None:
    problem = make(ami=[0.3], family=Symmetric())
    assert problem.names == ("NER", "auxiliary 1")
    assert problem.classes == (("O", "PER", "ORG", "LOC"), ("0", "1", "2", "3"))
    assert problem.n_classes == (4, 4) and problem.n_tasks == 2 and problem.n_samples == SAMPLES
    # The symmetric channel draws the labels towards equal shares; resampling leaves them as they are.
    assert (problem.labels[1] == 0).mean() < 0.55 < (make(ami=[0.3]).labels[1] == 0).mean()


def test_the_main_task_may_stand_alone() -> None:
    problem = make(ami=[])
    assert problem.n_tasks == 1 and problem.ami.tolist() == [[1.0]]
    np.testing.assert_array_equal(problem.labels[0], MAIN[:SAMPLES])


def test_the_same_generator_gives_the_same_labels() -> None:
    np.testing.assert_array_equal(make(3).labels, make(3).labels)
    assert (make(3).labels[1] != make(4).labels[1]).any()


def test_real_tasks_are_other_columns_with_their_own_ami() -> None:
    problem = make_real_tagging(
        corpus=CORPUS, main="NER", auxiliary=["POS", "COARSE"], n_samples=SAMPLES, test_samples=TEST
    )
    assert problem.names == ("NER", "POS", "COARSE") and problem.n_classes == (4, 3, 2)
    train = slice(0, N - TEST)
    columns = [CORPUS.labelling(name).labels for name in problem.names]
    for task, column in enumerate(columns):
        np.testing.assert_array_equal(problem.labels[task], column[task * SAMPLES : (task + 1) * SAMPLES])
        for other, second in enumerate(columns):
            judged = adjusted_mutual_info_score(column[train], second[train])
            assert problem.ami[task, other] == pytest.approx(judged, abs=1e-9)
    np.testing.assert_array_equal(problem.embeddings, CORPUS.embeddings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_samples": 834}, "3 tasks of 834 tokens need 2502 training tokens, but 2500 of 3000 are left"),
        ({"n_samples": 2501, "slices": Shared()}, "need 2501 training tokens"),
        ({"n_samples": 0}, "n_samples must be"),
        ({"test_samples": 0}, "test_samples must be"),
        ({"test_samples": 3000}, "leaves none to learn from"),
        ({"main": "CHUNK"}, "the corpus has no column 'CHUNK'"),
        ({"context": -1}, "context must be"),
        ({"ami": [1.5]}, "1.5"),
    ],
)
def test_problems_that_cannot_be_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**changes)


PROBLEM = make(ami=[0.5])


def with_label(labels: IntArray, value: int) -> IntArray:
    changed = labels.copy()
    changed[..., 0] = value
    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ("NER",)}, "classes has shape"),
        ({"classes": (("O",),)}, "classes has shape"),
        ({"windows": PROBLEM.windows[:1]}, "windows has shape"),
        ({"labels": PROBLEM.labels[:, :-1]}, "windows has shape"),
        ({"test_windows": PROBLEM.test_windows[:, 1:]}, "test_windows has shape"),
        ({"test_labels": PROBLEM.test_labels[1:]}, "test_windows has shape"),
        ({"ami": np.eye(3)}, "ami has shape"),
        ({"padding": 30}, "windows hold the code 40 above padding = 30"),
        ({"labels": with_label(PROBLEM.labels, 4)}, r"labels go beyond the classes, \[4, 4\] of them"),
        ({"test_labels": with_label(PROBLEM.test_labels, 4)}, "labels go beyond the classes"),
    ],
)
def test_tagging_problems_check_themselves(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PROBLEM, **change)


def test_labels_depend_on_the_text_through_the_main_label_only() -> None:
    # Among the tokens of one main label, words and auxiliary labels are independent (error rate 1e-4).
    problem = make(ami=[0.5], slices=Shared(), n_samples=N - TEST)
    majority = MAIN[: N - TEST] == 0
    words = CORPUS.words[: N - TEST][majority] % 4
    table = contingency_table(words, problem.labels[1][majority])
    assert chi2_contingency(table).pvalue > 1e-4
