"""What the sweep's tests share: runs that worker processes can import, and small specs of them."""

from pathlib import Path

import pytest

from mtl_simulators.sweep import FunctionRun, Levels, SweepSpec


@pytest.fixture(autouse=True)
def importable_runs(monkeypatch):
    """Let this process, and the workers it starts, import `sample_runs`."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def make_spec():
    """Return a maker of sweeps of one function over x = 0, 1, ..."""

    def make(function="draw", n_points=30, **settings):
        return SweepSpec(
            run=FunctionRun(path=f"sample_runs:{function}"),
            factors={"x": Levels(values=tuple(range(n_points)))},
            **settings,
        )

    return make
