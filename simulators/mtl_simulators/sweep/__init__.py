"""Sweeps: a run at every point of a design, into a store that loses nothing."""

from mtl_simulators.sweep._block import Block, FailedPoint, run_block
from mtl_simulators.sweep._design import Design, Grid, SpaceFilling
from mtl_simulators.sweep._factors import Factor, Levels, Point, Range, Value
from mtl_simulators.sweep._function import FunctionRun
from mtl_simulators.sweep._problems import PROBLEMS
from mtl_simulators.sweep._recipe import MEASURES, Recipe
from mtl_simulators.sweep._run import Progress, Stop, SweepReport, SweepStopped, run_sweep, sweep
from mtl_simulators.sweep._solvers import SOLVERS, NamedSolver
from mtl_simulators.sweep._spec import Measured, Run, SweepSpec
from mtl_simulators.sweep._store import Index, Store, StoreError
from mtl_simulators.sweep._toml import RunKind, read_slurm_settings, read_spec
from mtl_simulators.sweep.engines import Dask, Engine, EngineError, Local, Slurm

__all__ = [
    "MEASURES",
    "PROBLEMS",
    "SOLVERS",
    "Block",
    "Dask",
    "Design",
    "Engine",
    "EngineError",
    "Factor",
    "FailedPoint",
    "FunctionRun",
    "Grid",
    "Index",
    "Levels",
    "Local",
    "Measured",
    "NamedSolver",
    "Point",
    "Progress",
    "Range",
    "Recipe",
    "Run",
    "RunKind",
    "Slurm",
    "SpaceFilling",
    "Stop",
    "Store",
    "StoreError",
    "SweepReport",
    "SweepSpec",
    "SweepStopped",
    "Value",
    "read_slurm_settings",
    "read_spec",
    "run_block",
    "run_sweep",
    "sweep",
]
