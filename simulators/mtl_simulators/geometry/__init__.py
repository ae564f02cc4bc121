"""Task vectors, subspaces and covariances of a requested geometry, and the measures that read it back."""

from mtl_simulators.geometry._cosines import cosine_matrix, rescale_tasks
from mtl_simulators.geometry._covariances import (
    covariance_with_spectrum,
    isotropic_covariance,
    make_rotation,
    power_law_covariance,
    rotate_covariance,
    spiked_covariance,
)
from mtl_simulators.geometry._ensembles import (
    make_gaussian_tasks,
    make_low_rank_tasks,
    make_orthonormal_tasks,
    make_tasks_with_spectrum,
)
from mtl_simulators.geometry._grams import (
    make_clustered_tasks,
    make_equicorrelated_tasks,
    make_tasks_with_gram,
)
from mtl_simulators.geometry._neurons import make_mixed_neurons, make_neurons_at_angles
from mtl_simulators.geometry._random_effects import make_random_effects_tasks
from mtl_simulators.geometry._roots import inverse_square_root, square_root
from mtl_simulators.geometry._shifts import heavy_covariance, reciprocal_covariance
from mtl_simulators.geometry._subspaces import make_subspace, make_subspace_at_angles, principal_angles

__all__ = [
    "cosine_matrix",
    "covariance_with_spectrum",
    "heavy_covariance",
    "inverse_square_root",
    "isotropic_covariance",
    "make_clustered_tasks",
    "make_equicorrelated_tasks",
    "make_gaussian_tasks",
    "make_low_rank_tasks",
    "make_mixed_neurons",
    "make_neurons_at_angles",
    "make_orthonormal_tasks",
    "make_random_effects_tasks",
    "make_rotation",
    "make_subspace",
    "make_subspace_at_angles",
    "make_tasks_with_gram",
    "make_tasks_with_spectrum",
    "power_law_covariance",
    "principal_angles",
    "reciprocal_covariance",
    "rescale_tasks",
    "rotate_covariance",
    "spiked_covariance",
    "square_root",
]
