"""Tasks made of labelled sentences: splits, centring, one-vs-rest, refusals."""

import numpy as np
import pytest

from mtl_simulators.problems import Sentences, make_text_labels, make_text_tasks, text_task_names

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")


def made_sentences(seed: int, n: int, n_classes: int) -> Sentences:
    """Draw sentences of random words in which one word tells the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    texts = tuple(f"{WORDS[label]} {' '.join(rng.choice(WORDS, 4))} {i}" for i, label in enumerate(labels))
    return Sentences(texts=texts, labels=labels, classes=tuple(str(k) for k in range(n_classes)))


SETS = {"MR": made_sentences(0, 90, 2), "TREC": made_sentences(1, 60, 3)}


def make(seed: int = 0, **more: float):
    return make_text_tasks(np.random.default_rng(seed), SETS, n_features=5, **more)


def test_names_and_sizes() -> None:
    problem = make()
    assert text_task_names(SETS) == ("MR", "TREC:0", "TREC:1", "TREC:2")
    assert problem.truth is None
    assert problem.train.inputs.shape == (1, 4, 72, 5)
    assert problem.train.counts.tolist() == [72, 48, 48, 48]
    assert problem.test.counts.tolist() == [18, 12, 12, 12]
    capped = make(seed=2, samples_per_task=40, test_samples=10)
    assert capped.train.counts.tolist() == [40] * 4 and capped.test.counts.tolist() == [10] * 4


def test_training_inputs_and_targets_are_centred_and_test_ones_by_the_same_means() -> None:
    problem = make()
    for t, count in enumerate(problem.train.counts):
        np.testing.assert_allclose(problem.train.inputs[0, t, :count].mean(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(problem.train.targets[0, t, :count].mean(), 0.0, atol=1e-12)
        values = np.unique(np.round(problem.train.targets[0, t, :count], 12))
        np.testing.assert_allclose(np.diff(values), [2.0])  # -1 and +1, moved together
        held_out = problem.test.targets[0, t, : problem.test.counts[t]]
        assert set(np.round(held_out, 9)) <= set(np.round(values, 9))


def test_one_vs_rest_tasks_share_inputs_and_sum_to_zero() -> None:
    problem = make()
    for data in (problem.train, problem.test):
        np.testing.assert_array_equal(data.inputs[:, 1], data.inputs[:, 2])
    np.testing.assert_allclose(problem.train.targets[0, 1:].sum(axis=0), 0.0, atol=1e-12)


def test_shared_design_of_one_set() -> None:
    problem = make_text_labels(np.random.default_rng(0), SETS["TREC"], n_features=4, n_samples=40)
    assert problem.train.shared_design and problem.test.shared_design
    assert problem.train.targets.shape == (1, 3, 40) and problem.test.targets.shape == (1, 3, 12)


def test_same_generator_same_bytes_other_generator_other_split() -> None:
    first, again, other = make(seed=1), make(seed=1), make(seed=2)
    np.testing.assert_array_equal(first.train.inputs, again.train.inputs)
    np.testing.assert_array_equal(first.test.targets, again.test.targets)
    assert (first.train.targets != other.train.targets).any()


def test_features_do_not_see_the_test_sentences() -> None:
    rng = np.random.default_rng(3)
    order = np.random.default_rng(3).spawn(2)[0].spawn(1)[0].permutation(90)
    one = SETS["MR"]
    held_out = set(order[:18].tolist())
    texts = tuple("entirely other words" if i in held_out else text for i, text in enumerate(one.texts))
    moved = Sentences(texts=texts, labels=one.labels, classes=one.classes)
    first = make_text_tasks(rng, {"MR": one}, n_features=5)
    second = make_text_tasks(np.random.default_rng(3), {"MR": moved}, n_features=5)
    np.testing.assert_array_equal(first.train.inputs, second.train.inputs)
    assert (first.test.inputs != second.test.inputs).any()


def test_infeasible_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="no set of sentences"):
        make_text_tasks(np.random.default_rng(0), {}, n_features=2)
    with pytest.raises(ValueError, match="the 2 training sentences of TREC hold none of class"):
        make_text_tasks(np.random.default_rng(0), {"TREC": SETS["TREC"]}, n_features=2, samples_per_task=2)
    with pytest.raises(ValueError, match="the 0 test sentences of MR hold none"):
        make(test_share=0.0)
    with pytest.raises(ValueError, match=r"test_share must lie in \[0, 1\]"):
        make(test_share=1.5)
    with pytest.raises(ValueError, match="samples_per_task must be"):
        make(samples_per_task=0)
