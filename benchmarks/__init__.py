"""Ratios against peers, measured side by side: `python -m benchmarks [--quick] [--json PATH]`.

A benchmark is a file `bench_*.py` here with a function `rows(*, quick: bool) -> list[Row]`.
"""
