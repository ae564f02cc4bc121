"""The experiment on MNIST: the real loading path, the real files where they are, and a reason where not."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from mtl_simulators.problems import FixedStandardization, load_mnist, make_pairwise_tasks
from mtl_theory.experiments import Settings
from mtl_theory.experiments.daras._linear import run_mnist
from mtl_theory.experiments.daras._study import CAPACITY, TRAINING
from mtl_theory.experiments.daras._training import draw_starts, train_task_vectors
from mtl_theory.spectral import draw_gaussian_slopes, noise_slope

PARENT = Path(__file__).parents[4]


def real_data() -> Path | None:
    given = os.environ.get("MTLAWS_DATA")
    candidates = [Path(given)] if given else [PARENT / "shared" / "data"]
    return next((folder for folder in candidates if (folder / "mnist").is_dir()), None)


def write_small_mnist(folder: Path) -> None:
    """Ten classes of 40 noisy 5 x 5 images, bright in a row and a column of their own."""
    rng = np.random.default_rng(8)
    labels = np.tile(np.arange(10, dtype=np.uint8), 40)
    pixels = rng.integers(0, 100, (400, 5, 5))
    pixels[np.arange(400), labels % 5] += 80
    pixels[np.arange(400), :, labels // 2] += 70
    folder.mkdir(parents=True)
    for kind, values in (("images-idx3", pixels), ("labels-idx1", labels)):
        header = bytes((0, 0, 8, values.ndim)) + np.array(values.shape, dtype=">u4").tobytes()
        content = gzip.compress(header + values.astype(np.uint8).tobytes())
        (folder / f"t10k-{kind}-ubyte.gz").write_bytes(content)


@pytest.mark.parametrize("inside", ["mnist", ""], ids=["in DIR/mnist", "in DIR"])
def test_files_are_found_and_used(tmp_path: Path, inside: str) -> None:
    data = tmp_path / "data"
    write_small_mnist(data / inside)
    done: list[float] = []
    settings = Settings(quick=True, data=data, progress=lambda message, fraction: done.append(fraction))
    outcome = run_mnist(settings)
    assert set(outcome.rows["dataset"]) == {"mnist"}
    assert len(outcome.panels) == 8
    assert done == sorted(done)
    assert done[-1] == 1.0


@pytest.mark.parametrize("given", [None, "empty"])
def test_without_files_it_says_why(tmp_path: Path, given: str | None) -> None:
    outcome = run_mnist(Settings(data=None if given is None else tmp_path))
    assert len(outcome.rows) == 0
    assert list(outcome.rows.columns) == [
        *("experiment", "dataset", "protocol", "training", "corruption", "level", "n_tasks", "quantity"),
        *("value", "stderr", "n_draws", "predicted", "run", "seed"),
    ]
    assert outcome.panels == ()
    reason = "no data folder was given" if given is None else "holds no MNIST"
    assert reason in outcome.notes[0]
    assert "--data" in outcome.notes[0]


def test_damaged_files_are_an_error_not_a_skip(tmp_path: Path) -> None:
    (tmp_path / "mnist").mkdir()
    with pytest.raises(FileNotFoundError, match="t10k-images-idx3-ubyte"):
        run_mnist(Settings(data=tmp_path))


def test_real_mnist_slopes_are_those_of_random_unit_vectors() -> None:
    """Means of two runs lie inside the central 99.9% of random unit vectors in 784 dimensions."""
    data = real_data()
    if data is None:
        pytest.skip("no MNIST: neither MTLAWS_DATA nor ../shared/data holds a folder mnist")
    images = load_mnist(data / "mnist")
    assert images.pixels.shape == (10_000, 784)
    assert np.bincount(images.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    rng = np.random.default_rng(0)
    for n_tasks in (5, 9):
        random = draw_gaussian_slopes(
            rng,
            n_tasks=n_tasks,
            n_features=784,
            capacity=CAPACITY,
            n_draws=10_000,
            first=n_tasks,
            unit_norm=True,
        )
        problem = make_pairwise_tasks(
            images,
            n_tasks=n_tasks,
            samples_per_task=TRAINING.samples_per_task(n_tasks),
            standardization=FixedStandardization(),
        )
        trained = train_task_vectors(
            rng,
            problem.train,
            draw_starts(rng, n_runs=2, n_rows=n_tasks, n_features=784)[:, None] / 3,
            unit_norm=np.array([True]),
            stops=(TRAINING.released_steps(n_tasks),),
            training=TRAINING,
        )
        low, high = np.quantile(random, [0.0005, 0.9995])
        assert low < noise_slope(trained[0, :, 0], CAPACITY).mean() < high
