"""Sweeps: what a point costs beside its own work, a second worker's worth, and memory."""

import csv
import os
from functools import partial
from tempfile import TemporaryDirectory, TemporaryFile
from time import perf_counter, process_time
from unittest.mock import patch

import numpy as np

from benchmarks.memory import peak_memory
from benchmarks.row import Row
from mtl_simulators.sweep import (
    FunctionRun,
    Levels,
    Local,
    NamedSolver,
    Range,
    Recipe,
    Store,
    SweepSpec,
    run_sweep,
)

BLOCK = 1_000

PEAK_MEMORY = """
from benchmarks.bench_sweep import run_trivial
run_trivial({count}, {folder!r}, block_points=None)
"""


def rows(*, quick: bool) -> list[Row]:
    """Return the rows of this file."""
    return [*_overhead(quick), _second_worker(quick), _memory(quick)]


def trivial(
    rng: np.random.Generator, n_tasks: int, n_samples: int, cosine: float, ami: float
) -> dict[str, float]:
    """Measure nothing, on four factors."""
    return {"risk": n_tasks / n_samples, "gain": cosine - ami}


def trivial_spec(n_points: int) -> SweepSpec:
    """Return a sweep of `trivial` over a multiple of 1,000 points."""
    return SweepSpec(
        run=FunctionRun(path="benchmarks.bench_sweep:trivial"),
        factors={
            "n_tasks": Levels(values=tuple(range(2, 2 + n_points // 1_000))),
            "n_samples": Range(low=10, high=100, points=10),
            "cosine": Range(low=0.0, high=1.0, points=10),
            "ami": Range(low=0.0, high=1.0, points=10),
        },
    )


def run_trivial(n_points: int, folder: str, *, block_points: int | None) -> None:
    """Run a sweep of `trivial` in this process, with a durable store."""
    report = run_sweep(trivial_spec(n_points), store=folder, block_points=block_points)
    if report.progress.done != n_points:
        raise RuntimeError(f"the sweep stopped: {report}")


def _overhead(quick: bool) -> list[Row]:
    n_points = 10_000 if quick else 50_000
    _seconds_a_point(BLOCK)  # imports
    rounds = []
    for _ in range(3 if quick else 7):
        cpu, wall = _seconds_a_point(n_points)
        # NumPy takes longer to make a generator than the sweep does for everything else.
        with patch("numpy.random.default_rng", partial(_same, np.random.default_rng(0))):
            machinery, _ = _seconds_a_point(n_points)
        rounds.append((1e6 * machinery, 1e6 * cpu, _appended(n_points // 50) / wall))
    machinery_us, whole_us, slowdown = zip(*rounds, strict=True)
    name = f"a point of a sweep, durable store, blocks of {BLOCK:,}"
    return [
        Row.of(machinery_us, name=name, peer="without making its generator, CPU", at_most=20, unit=" us"),
        Row.of(whole_us, name=name, peer="generator included, CPU", unit=" us"),
        Row.of(slowdown, name=name, peer="a CSV line and an fsync a point, wall time"),
    ]


def _same(generator: np.random.Generator, seed: int) -> np.random.Generator:
    return generator


def _seconds_a_point(n_points: int) -> tuple[float, float]:
    """Return CPU and wall seconds."""
    with TemporaryDirectory() as folder:
        cpu, wall = process_time(), perf_counter()
        run_trivial(n_points, folder, block_points=BLOCK)
        return (process_time() - cpu) / n_points, (perf_counter() - wall) / n_points


def _appended(n_points: int) -> float:
    """Run such points as a script does that wants to lose none; return wall seconds a point."""
    spec, start = trivial_spec(1_000), perf_counter()
    with TemporaryFile("w", newline="") as file:
        writer = csv.writer(file)
        for index in range(n_points):
            (point,) = spec.points(np.array([index]))
            measured = trivial(np.random.default_rng(index), **point)
            writer.writerow([index, *point.values(), *measured.values()])
            file.flush()
            os.fsync(file.fileno())
    return (perf_counter() - start) / n_points


def _second_worker(quick: bool) -> Row:
    spec = SweepSpec(
        run=Recipe(problem="linear", solvers=(NamedSolver(name="truncated-svd"),)),
        factors={
            "n_tasks": Levels(values=(4, 8)),
            "n_samples": Range(low=50, high=250, points=5),
            "cosine": Range(low=0.0, high=0.9, points=16 if quick else 48),
        },
        constants={"n_features": 30, "capacity": 2},
        repeats=50,
    )
    speedups = [_points_a_second(spec, 2) / _points_a_second(spec, 1) for _ in range(1 if quick else 3)]
    return Row.of(speedups, name="points a second, 2 workers", peer="1 worker, exact linear problems")


def _points_a_second(spec: SweepSpec, n_workers: int) -> float:
    """Return the rate between the first block and the last, so that starting workers does not count."""
    kept: list[tuple[int, float]] = []
    with TemporaryDirectory() as folder:
        run_sweep(
            spec,
            store=folder,
            engine=Local(n_workers=n_workers),
            block_points=20,
            listener=lambda progress: kept.append((progress.done, perf_counter())),
        )
        assert len(Store(folder).frame()) == spec.n_points * spec.repeats * 2
    (first, start), (last, end) = kept[0], kept[-1]
    return (last - first) / (end - start)


def _memory(quick: bool) -> Row:
    few, many = 100_000, 300_000 if quick else 1_000_000
    return Row.of(
        [_peak_memory(many) / _peak_memory(few)],  # a minute, and the same each time
        name=f"peak memory of a sweep, {many:,} points",
        peer=f"{few:,} points",
        at_least=0.9,
        at_most=1.1,
    )


def _peak_memory(n_points: int) -> int:
    """Return the peak resident memory of a fresh process that runs a sweep of `trivial`."""
    with TemporaryDirectory() as folder:
        return peak_memory(PEAK_MEMORY.format(count=n_points, folder=folder))
