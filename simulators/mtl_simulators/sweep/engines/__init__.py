"""Where blocks run: this machine, a dask cluster, a slurm cluster."""

from mtl_simulators.sweep.engines._dask import Dask
from mtl_simulators.sweep.engines._engine import Engine, Workers
from mtl_simulators.sweep.engines._extras import EngineError
from mtl_simulators.sweep.engines._local import Local
from mtl_simulators.sweep.engines._slurm import Slurm

__all__ = ["Dask", "Engine", "EngineError", "Local", "Slurm", "Workers"]
