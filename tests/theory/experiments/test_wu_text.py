"""The experiment on text: skipped without data, whole on made files, and what it finds on the real ones."""

import os
from pathlib import Path

import numpy as np
import pytest

from mtl_simulators.problems import Dataset
from mtl_theory.experiments import Outcome, Settings
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments.wu import EXPERIMENTS
from mtl_theory.experiments.wu._labels import ACCURACY, ALIGNED, ALONE, DOWN, GAIN, GAIN_PLAIN, SHARED
from mtl_theory.experiments.wu._rows import Row, table
from mtl_theory.experiments.wu._text import Budget, run_text
from mtl_theory.experiments.wu._text_joint import EQUAL, INVERSE, KENDALL, MEAN, METHODS, NOISY, UNIT
from mtl_theory.experiments.wu._text_study import HeldOut, text_folder

FILES = {
    "rt-polarity.all": 2,
    "subj.all": 2,
    "custrev.all": 2,
    "mpqa.all": 2,
    "TREC.train.all": 6,
    "TREC.test.all": 6,
}
WORDS = [f"word{i}" for i in range(40)]


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the six files with random words, some of which tell the class, and one bad line each."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name, n_classes in FILES.items():
        labels = rng.integers(n_classes, size=260)
        told = rng.random(260) < 0.7
        lines = [
            f"{label} {WORDS[label] if tell else ''} {' '.join(rng.choice(WORDS, 7))}"
            for label, tell in zip(labels, told, strict=True)
        ]
        (folder / name).write_text("\n".join([*lines, "no label"]) + "\n", encoding="latin-1")
    return folder


TINY = Budget(n_splits=5, n_features=31, samples_per_task=150, test_samples=50)


def run_shortened(data: Path, budget: Budget | None = None) -> Outcome:
    """Run with ReLU descents cut short: they take most of the time and are not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mtl_theory.experiments.wu._text_pairs.RELU_STEPS", 5)
        if budget is not None:
            patch.setattr("mtl_theory.experiments.wu._text.QUICK", budget)
        return run_text(Settings(quick=True, data=data))


@pytest.fixture(scope="module")
def made(made_folder: Path) -> Outcome:
    return run_shortened(made_folder, TINY)


def test_without_data_it_says_that_it_was_skipped_and_why(tmp_path: Path) -> None:
    for data, why in ((None, "no data folder was given"), (tmp_path, "has no sentences")):
        outcome = run_text(Settings(quick=True, data=data))
        assert len(outcome.rows) == 0 and outcome.panels == ()
        assert list(outcome.rows.columns) == list(Row.__dataclass_fields__)
        (note,) = outcome.notes
        assert note.startswith("Skipped: ") and why in note and "--data DIR" in note


def test_folder_is_found_inside_and_itself(made_folder: Path, tmp_path: Path) -> None:
    assert text_folder(made_folder) == made_folder
    (tmp_path / "sentiment").mkdir()
    (tmp_path / "sentiment" / "rt-polarity.all").touch()
    assert text_folder(tmp_path) == tmp_path / "sentiment"


def test_made_files_give_all_figures_and_report_bad_lines(made: Outcome) -> None:
    names = [panel.name for panel in made.panels]
    assert names == [
        "transfer",
        "explained-variance",
        "relu",
        "capacity",
        "alignment",
        "similarity",
        "weights",
        "labels",
    ]
    assert any("6 lines could not be used" in n and "rt-polarity.all, line 261" in n for n in made.notes)
    assert not any("nan" in panel.finding for panel in made.panels)
    assert (made.rows["n_draws"] >= 5).all()
    from matplotlib.figure import Figure

    for panel in made.panels:
        ax = Figure().subplots()
        assert panel.draw(ax) is ax


def test_every_ordered_pair_is_there_once(made: Outcome) -> None:
    for method, quantity in ((SHARED, GAIN), (ALIGNED, GAIN), (ALIGNED, GAIN_PLAIN)):
        rows = select(made.rows, method=method, quantity=quantity)
        rows = rows[rows["source"] != ""]
        assert len(rows) == 90 == len(rows[["target", "source"]].drop_duplicates())


def test_from_the_rank_on_the_shared_map_is_single_task_learning(made: Outcome) -> None:
    curve = select(made.rows, quantity=ACCURACY, target=MEAN)
    alone = value_of(curve, method=ALONE)
    # Descents stop at a small angle, which may turn single sentences of 125.
    assert value_of(curve, method=SHARED, level=10.0) == pytest.approx(alone, abs=0.004)
    assert value_of(curve, method=SHARED, level=9.0) == pytest.approx(alone, abs=0.02)


def test_weights_with_unit_labels_find_the_noisy_task(made: Outcome) -> None:
    down = select(made.rows, quantity=DOWN)
    assert list(down["method"]) == list(METHODS[1:])
    for method in (UNIT, KENDALL, INVERSE):
        row = select(down, method=method)
        assert float(row["value"].iloc[0]) - 0.5 > 4.5 * float(row["stderr"].iloc[0])


def test_accuracy_is_decided_at_the_middle_and_padding_does_not_count() -> None:
    held = HeldOut(
        inputs=np.array([[[[1.0], [-1.0], [0.2], [0.0]]]]),
        targets=np.array([[[1.5, -0.5, -0.5, 0.0]]]),
        seen=np.array([[[True, True, True, False]]]),
        middle=np.array([[0.5]]),
    )
    one = np.array([[[1.0]]])
    assert held.accuracy(one).item() == 1.0  # 1 > 0.5; -1 and 0.2 are not
    assert held.accuracy(4 * one).item() == pytest.approx(2 / 3)
    assert held.squared_error(one).item() == pytest.approx((0.25 + 0.25 + 0.49) / 3)
    assert held.r_squared(0 * one).item() == 0.0


def test_class_accuracy_takes_the_largest_score_on_the_scale_of_the_labels() -> None:
    targets = np.array([[[1.0, -1.0], [-1.0, 1.0]]]) - np.array([[[-0.8], [0.8]]])
    data = Dataset(inputs=np.eye(2)[None], targets=targets)
    held = HeldOut(
        inputs=np.broadcast_to(data.inputs[:, None], (1, 2, 2, 2)),
        targets=data.targets,
        seen=np.ones((1, 2, 2), dtype=bool),
        middle=np.array([[0.8, -0.8]]),
    )
    exact = np.swapaxes(targets, 1, 2).transpose(0, 2, 1)
    assert held.class_accuracy(exact).item() == 1.0
    assert held.class_accuracy(np.zeros((1, 2, 2))).item() == 0.5  # always the more frequent class


def test_experiments_have_distinct_ids_of_this_paper() -> None:
    ids = [experiment.id for experiment in EXPERIMENTS]
    assert len(set(ids)) == len(ids) == 4
    assert all(e.paper == "wu" and e.id.startswith("wu/") for e in EXPERIMENTS)


def test_same_seed_same_rows(made: Outcome, made_folder: Path) -> None:
    again = run_shortened(made_folder, TINY)
    assert again.rows.equals(made.rows)
    assert table([]).dtypes.equals(made.rows.dtypes)


@pytest.fixture(scope="module")
def real() -> Outcome:
    """Run on the real files, or skip."""
    for root in (os.environ.get("MTLAWS_DATA"), Path(__file__).parents[4] / "shared" / "data"):
        if root is not None and text_folder(Path(root)) is not None:
            return run_shortened(Path(root))
    pytest.skip("the sentences are neither under MTLAWS_DATA nor under ../shared/data")


def test_on_real_text_alignment_beats_plain_sharing_and_sharing_rarely_beats_none(real: Outcome) -> None:
    plain = select(real.rows, method=ALIGNED, quantity=GAIN_PLAIN)
    plain = plain[plain["source"] != ""]
    # A sign test over 90 directions, which share tasks and splits; by chance 45, 60 is three deviations off.
    assert (plain["value"] > 0).sum() > 60
    shared = select(real.rows, method=SHARED, quantity=GAIN)
    assert shared["value"].mean() < 0


def test_on_real_text_the_noisy_task_is_weighted_down(real: Outcome) -> None:
    down = select(real.rows, quantity=DOWN).set_index("method")
    assert (down.loc[[UNIT, KENDALL, INVERSE], "value"] >= 0.9).all()
    accuracy = select(real.rows, quantity=ACCURACY, protocol=NOISY)
    assert value_of(accuracy, method=EQUAL) < value_of(accuracy, method=ALONE)
