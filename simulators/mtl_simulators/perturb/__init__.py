"""Structural failures of weights: noise, deletion, pruning, stuck or flipped entries, quantisation.

One definition of each failure, for any array of weights. For a representation `(r, d)` the rows are hidden
units and the columns input features; leading batch axes are allowed, `(..., r, d)`. A failure of the heads is
the same corruption applied to the heads: head noise is `AdditiveNoise` on `(..., T, r)`.
"""

from mtl_simulators.perturb._corruption import Corruption, corrupt
from mtl_simulators.perturb._deletion import ElementDeletion, FeatureDeletion, UnitDeletion
from mtl_simulators.perturb._levels import corruption_levels
from mtl_simulators.perturb._noise import AdditiveNoise, MultiplicativeNoise, UniformNoise
from mtl_simulators.perturb._pruning import MagnitudePruning, ThresholdPruning, global_pruning
from mtl_simulators.perturb._quantization import NearestQuantization, StochasticQuantization
from mtl_simulators.perturb._replacement import SignFlip, StuckAt

__all__ = [
    "AdditiveNoise",
    "Corruption",
    "ElementDeletion",
    "FeatureDeletion",
    "MagnitudePruning",
    "MultiplicativeNoise",
    "NearestQuantization",
    "SignFlip",
    "StochasticQuantization",
    "StuckAt",
    "ThresholdPruning",
    "UniformNoise",
    "UnitDeletion",
    "corrupt",
    "corruption_levels",
    "global_pruning",
]
