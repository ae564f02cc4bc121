"""Rates of the law search on planted laws; every run is written down at once and not repeated."""

import argparse
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.laws.planted import INSIDE, OUTSIDE
from benchmarks.laws.runs import irrelevant_run, planted_run, pure_noise_run, sequence_run
from mtl_theory.laws._engines._names import NAMED

Task = tuple[str, Callable[..., dict[str, Any]], tuple[Any, ...]]
NOISES = (0.0, 0.01, 0.05)
SEEDS = range(3)


def tasks(*, n_null: int) -> Iterator[Task]:
    """Yield (key, function, arguments) of every run."""
    for law in INSIDE:
        for noise in NOISES:
            for seed in range(20 if law.exponents and noise else len(SEEDS)):
                yield f"inside/{noise}/{law.name}/{seed}", planted_run, (law.name, noise, seed, "structured")
    for seed in range(n_null):
        yield f"noise/{seed}", pure_noise_run, (seed,)
        yield f"irrelevant/{seed}", irrelevant_run, (seed,)
    for which in "PB":
        for sd in (0.0, 0.01, 0.03):
            for seed in SEEDS:
                yield f"sequence/{which}/{sd}/{seed}", sequence_run, (which, sd, seed)
    if NAMED["operon"]().available() is None:
        for law in OUTSIDE:
            for engine in ("structured", "operon", "all"):
                for seed in SEEDS:
                    yield f"outside/{engine}/{law.name}/{seed}", planted_run, (law.name, 0.01, seed, engine)


def share(name: str, results: list[bool], target: str) -> str:
    """Return one line: a rate beside its target."""
    rate = f"{np.mean(results):6.3f}" if results else "     -"
    return f"{name:<58}{sum(results):4d}/{len(results):<4d} {rate}   {target}"


def summary(done: dict[str, dict[str, Any]]) -> str:
    """Return every rate beside its target, then the runs that missed."""

    def of(prefix: str, *, seeds: int = 10**9) -> list[dict[str, Any]]:
        return [v for k, v in done.items() if k.startswith(prefix) and int(k.rsplit("/", 1)[1]) < seeds]

    lines = []
    for noise in NOISES:
        runs = of(f"inside/{noise}/", seeds=len(SEEDS))
        target = "1.00" if noise < 0.05 else ">= .95"
        lines.append(share(f"structure recovered, noise {noise:g}", [r["recovered"] for r in runs], target))
        good = [r["extrapolation_r2"] > 0.99 for r in runs]
        lines.append(share(f"R2 beyond the range above .99, noise {noise:g}", good, target))
        # No choice of structure mends these: the constants of the planted one are too uncertain.
        missed = [r["recovered"] for r in runs if r["extrapolation_r2"] <= 0.99]
        lines.append(share("  of those below, with the structure recovered", missed, ""))
    noisy = [r for noise in NOISES[1:] for r in of(f"inside/{noise}/")]
    found = [r for r in noisy if r["recovered"] and r["exponents"]]
    hits, total = sum(r["hits"] for r in found), sum(r["exponents"] for r in found)
    lines.append(
        f"{'fitted exponents in their 90 % intervals':<58}{hits:4d}/{total:<4d} {hits / max(total, 1):6.3f}"
        "   .85-.95"
    )
    lines.append(share("pure noise: the constant", [r["right"] for r in of("noise/")], ">= .95"))
    lines.append(
        share("columns that do not matter left out", [r["right"] for r in of("irrelevant/")], ">= .95")
    )
    for which in "PB":
        runs = of(f"sequence/{which}/")
        lines.append(
            share(f"sequence law {which}: error against the truth", [r["right"] for r in runs], "1.00")
        )
        form = {"P": "structure recovered", "B": "1/sqrt(n) and sqrt(AMI)"}[which]
        lines.append(share(f"sequence law {which}: {form}", [r["formed"] for r in runs], "1.00"))
        lines.append(share(f"sequence law {which}: the same, or in a tie", [r["tied"] for r in runs], "1.00"))
    for engine in ("structured", "operon", "all"):
        good = [r["extrapolation_r2"] > 0.9 for r in of(f"outside/{engine}/")]
        lines.append(share(f"outside the family, {engine}: R2 beyond above .9", good, ">= .5 for all"))
    pairs = [
        r["extrapolation_r2"] >= done[k.replace("/all/", "/operon/")]["extrapolation_r2"]
        for k, r in done.items()
        if k.startswith("outside/all/") and k.replace("/all/", "/operon/") in done
    ]
    lines.append(share("outside the family: all not worse than operon", pairs, "1.00"))
    strays = [
        f"  {k}: {v['law']}"
        for k, v in sorted(done.items())
        if not v.get("recovered", v.get("right", True) and v.get("formed", True))
    ]
    return "\n".join([*lines, "", f"not recovered ({len(strays)}):", *strays])


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.laws", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("bench-laws.jsonl"), help="finished runs, one a line"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--nulls", type=int, default=100, help="runs in noise, and with idle columns")
    arguments = parser.parse_args()
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    done = {record.pop("key"): record for record in map(json.loads, lines)}
    todo = [task for task in tasks(n_null=arguments.nulls) if task[0] not in done]
    with ProcessPoolExecutor(arguments.jobs) as pool, arguments.out.open("a") as file:
        running = {pool.submit(run, *given): key for key, run, given in todo}
        for future in as_completed(running):
            done[running[future]] = future.result()
            file.write(json.dumps({"key": running[future], **future.result()}) + "\n")
            file.flush()
    print(summary(done))


if __name__ == "__main__":
    main()
