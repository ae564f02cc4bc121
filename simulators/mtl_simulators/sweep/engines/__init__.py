"""Where blocks run: this machine, a dask cluster, a slurm cluster."""

from mtl_simulators.sweep.engines._dask import Dask
from mtl_simulators.sweep.engines._engine import Engine, EngineError, Workers
from mtl_simulators.sweep.engines._local import Local
from mtl_simulators.sweep.engines._slurm import Slurm
from mtl_simulators.sweep.engines._threads import one_blas_thread

__all__ = ["Dask", "Engine", "EngineError", "Local", "Slurm", "Workers", "one_blas_thread"]
