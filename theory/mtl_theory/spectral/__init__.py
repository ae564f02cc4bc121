"""Spectra of task sets: ranks, noise slopes, alignment, and the laws of random ones."""

from mtl_simulators.geometry import principal_angles
from mtl_theory.spectral._alignment import mean_cosine, subspace_alignment
from mtl_theory.spectral._gaussian_tasks import (
    Frequency,
    draw_gaussian_slopes,
    gaussian_slope,
    probability_slope_decreases,
)
from mtl_theory.spectral._marchenko_pastur import (
    marchenko_pastur_atom,
    marchenko_pastur_cdf,
    marchenko_pastur_density,
    marchenko_pastur_edges,
    marchenko_pastur_quantile,
    marchenko_pastur_top_mass,
)
from mtl_theory.spectral._slopes import (
    clean_error,
    crossover_variance,
    mean_square_norm,
    noise_slope,
    noise_slopes,
)
from mtl_theory.spectral._spectra import effective_rank, participation_ratio, singular_values, stable_rank
from mtl_theory.spectral._step_failure import draw_step_failures

__all__ = [
    "Frequency",
    "clean_error",
    "crossover_variance",
    "draw_gaussian_slopes",
    "draw_step_failures",
    "effective_rank",
    "gaussian_slope",
    "marchenko_pastur_atom",
    "marchenko_pastur_cdf",
    "marchenko_pastur_density",
    "marchenko_pastur_edges",
    "marchenko_pastur_quantile",
    "marchenko_pastur_top_mass",
    "mean_cosine",
    "mean_square_norm",
    "noise_slope",
    "noise_slopes",
    "participation_ratio",
    "principal_angles",
    "probability_slope_decreases",
    "singular_values",
    "stable_rank",
    "subspace_alignment",
]
