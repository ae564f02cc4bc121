"""The transfer report: gains against brute force, predictions against closed forms, files, errors."""

import numpy as np
import pytest

from mtl_simulators.geometry import make_tasks_with_gram
from mtl_simulators.problems import Dataset, Problem, make_linear
from mtl_theory.asymptotics import critical_cosine, pair_risk, single_task_risk
from mtl_theory.transfer import load_tasks, pair_of, task_statistics, transfer_report

GRAM = np.array([[1.0, 0.95, 0.3], [0.95, 1.0, 0.3], [0.3, 0.3, 1.0]])


def simulated(n_replicates: int = 60, **extra: object) -> Problem:
    rng = np.random.default_rng(3)
    tasks = make_tasks_with_gram(rng, gram=GRAM, n_features=30)[0]
    settings = {"n_samples": [180, 90, 90], "noise": 0.5, "n_replicates": n_replicates, **extra}
    return make_linear(rng, weights=tasks, **settings)


def test_gains_agree_with_the_theory_within_their_intervals() -> None:
    # Six pairs; the theory is a limit, so its bias (sigma^2 / n_2 for the head, 0.003) joins 4.5 s.e.
    report = transfer_report(simulated(), rng=np.random.default_rng(0))
    off = ~np.eye(3, dtype=bool)
    stderr = (report.high - report.low)[off] / (2 * 1.645)
    assert (np.abs(report.gain - report.predicted)[off] <= 4.5 * stderr + 0.02).all()
    right, judged = report.agreement
    assert judged >= 4
    assert right == judged


def test_single_task_risk_is_the_closed_form() -> None:
    report = transfer_report(simulated(), rng=np.random.default_rng(0))
    expected = [0.25 * 30 / (n - 30 - 1) for n in (180, 90, 90)]
    assert report.single_task == pytest.approx(expected, rel=0.2)  # 60 replicates: 5 standard errors


def test_statistics_recover_cosines_norms_and_noise() -> None:
    statistics = task_statistics(simulated().train)
    assert statistics is not None
    assert statistics.cosine == pytest.approx(GRAM, abs=0.05)
    assert statistics.norm == pytest.approx(np.ones(3), rel=0.03)
    assert statistics.noise == pytest.approx(np.full(3, 0.5), rel=0.03)


def test_predictions_are_the_closed_forms_at_the_estimates() -> None:
    problem = simulated()
    statistics = task_statistics(problem.train)
    assert statistics is not None
    report = transfer_report(problem, rng=np.random.default_rng(0))
    sizes = {"n_source": 180.0, "n_target": 90.0, "n_features": 30.0, "noise": statistics.noise[1]}
    norms = {"norm_source": statistics.norm[0], "norm_target": statistics.norm[1]}
    risk = pair_risk(statistics.cosine[0, 1], **sizes, **norms).risk
    alone = single_task_risk(90.0, 30.0, statistics.noise[1])
    assert report.predicted[0, 1] == pytest.approx(float(alone - risk))
    assert report.critical_cosine[0, 1] == pytest.approx(float(critical_cosine(**sizes, **norms)))


def test_held_out_samples_give_paired_intervals() -> None:
    report = transfer_report(simulated(1, n_test=400), rng=np.random.default_rng(0))
    assert report.gain[0, 2] < 0
    assert (report.low <= report.gain).all() and (report.gain <= report.high).all()
    assert np.diag(report.gain) == pytest.approx(np.zeros(3))


def test_same_generator_same_report() -> None:
    problem = simulated(1, n_test=50)
    first, second = (transfer_report(problem, rng=np.random.default_rng(1)) for _ in range(2))
    assert first.low.tobytes() == second.low.tobytes()


def test_too_few_samples_leave_predictions_out_and_say_so() -> None:
    rng = np.random.default_rng(0)
    problem = make_linear(rng, alignment=0.5, n_tasks=2, n_features=20, n_samples=15, n_test=30)
    report = transfer_report(problem, rng=rng)
    assert np.isnan(report.predicted).all()
    assert any("no predictions" in note for note in report.notes)


def test_shared_design_gets_a_capacity() -> None:
    rng = np.random.default_rng(0)
    problem = make_linear(
        rng, rank=2, n_tasks=4, n_features=20, n_samples=200, noise=0.5, shared_design=True, n_test=50
    )
    assert transfer_report(problem, rng=rng).capacity == 2


def test_pairs_drop_the_padding_of_other_tasks() -> None:
    data = Dataset.from_tasks([np.ones((n, 2)) for n in (3, 5, 9)], [np.ones(n) for n in (3, 5, 9)])
    pair = pair_of(data, 1, 0)
    assert pair.inputs.shape == (1, 2, 5, 2)
    assert pair.counts.tolist() == [5, 3]


def test_errors_name_the_remedy(tmp_path) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="held-out samples"):
        transfer_report(simulated(1), rng=rng)
    alone = make_linear(rng, alignment=0.0, n_tasks=1, n_features=3, n_samples=9, n_test=5)
    with pytest.raises(ValueError, match="at least two tasks"):
        transfer_report(alone, rng=rng)
    with pytest.raises(FileNotFoundError, match="NPZ file"):
        load_tasks(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"not a zip")
    with pytest.raises(ValueError, match="not a readable NPZ"):
        load_tasks(tmp_path / "bad.npz")
    np.savez(tmp_path / "half.npz", x_a=np.ones((4, 2)), y_a=np.ones(4), x_b=np.ones((4, 2)))
    with pytest.raises(ValueError, match="y_b is missing"):
        load_tasks(tmp_path / "half.npz")
    np.savez(tmp_path / "odd.npz", x_a=np.ones((4, 2)), y_a=np.ones(4), x_b=np.ones((5, 2)), y_b=np.ones(4))
    with pytest.raises(ValueError, match="task b has 5 inputs for 4 targets"):
        load_tasks(tmp_path / "odd.npz")


def test_unreadable_and_short_files_say_so(tmp_path) -> None:
    x = np.ones((8, 2))
    np.savez(tmp_path / "whole.npz", x_a=x, y_a=x[:, 0], x_b=x, y_b=x[:, 0])
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:200])
    np.save(tmp_path / "one.npy", x)
    for name in ("cut.npz", "one.npy"):
        with pytest.raises(ValueError, match="not a readable NPZ"):
            load_tasks(tmp_path / name)
    np.savez(tmp_path / "short.npz", x_a=x, y_a=x[:, 0], x_b=x[:3], y_b=x[:3, 0])
    with pytest.raises(ValueError, match="task b has 3 samples"):
        load_tasks(tmp_path / "short.npz")


def test_pairs_with_too_few_samples_leave_a_note() -> None:
    rng = np.random.default_rng(0)
    problem = make_linear(rng, alignment=0.5, n_tasks=2, n_features=20, n_samples=8, n_test=30)
    report = transfer_report(problem, rng=rng)
    assert np.isnan(report.gain[0, 1])
    assert any("missing" in note for note in report.notes)


def test_files_hold_out_every_fourth_sample(tmp_path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((12, 3))
    np.savez(tmp_path / "tasks.npz", x_a=x, y_a=x[:, 0], x_b=x[:8], y_b=x[:8, 1])
    problem, names = load_tasks(tmp_path / "tasks.npz")
    assert names == ("a", "b")
    assert problem.train.counts.tolist() == [9, 6]
    assert problem.test is not None
    assert problem.test.counts.tolist() == [3, 2]
    assert problem.test.inputs[0, 0] == pytest.approx(x[[3, 7, 11]])
