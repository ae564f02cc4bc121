"""The thin SVD of a design with the targets in its coordinates: least squares in canonical form."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators.problems import Dataset, Moments


@dataclass(frozen=True, kw_only=True)
class PrincipalForm:
    r"""$X = U S V^\top$ and $z_t = U^\top y_t$.

    In these terms least squares is $V S^{-1} z_t$, ridge $V S (S^2 + \lambda)^{-1} z_t$, and the best shared
    subspace of capacity r is spanned by the top left singular vectors of $[z_1, \dots, z_T]$.

    Parameters
    ----------
    spectrum
        Singular values, `(B, m)` for a shared design, else `(B, T, m)`; zero where below the rank tolerance.
    axes
        Rows of $V^\top$, `(B, m, d)` or `(B, T, m, d)`.
    coordinates
        $z_t$, `(B, T, m)`; zero along directions that the design does not see.
    """

    spectrum: FloatArray
    axes: FloatArray
    coordinates: FloatArray

    @property
    def shared_design(self) -> bool:
        """Whether every task has the same inputs."""
        return self.spectrum.ndim == 2

    def full_rank(self) -> BoolArray:
        """Return, per replicate, whether every design determines all d directions; shape `(B,)`."""
        seen = (self.spectrum > 0).sum(axis=-1) == self.axes.shape[-1]
        return np.asarray(seen if self.shared_design else seen.all(axis=-1))

    def filtered(self, gain: FloatArray) -> FloatArray:
        """Return the weights `V diag(gain) z_t`, shape `(B, T, d)`, for a gain `(B, T, m)` or `(B, 1, m)`."""
        scaled = self.coordinates * gain
        if self.shared_design:
            return np.asarray(scaled @ self.axes)
        return np.asarray(np.einsum("btm,btmd->btd", scaled, self.axes))

    def minimum_norm(self) -> FloatArray:
        """Return the least-squares weights of smallest norm, shape `(B, T, d)`."""
        spectrum = self.spectrum[:, None] if self.shared_design else self.spectrum
        seen = spectrum > 0
        return self.filtered(np.where(seen, 1.0 / np.where(seen, spectrum, 1.0), 0.0))


def principal_form(data: Dataset | Moments) -> PrincipalForm:
    """Compute the canonical form: by SVD of the inputs, or by `eigh` of the Gram matrix of moments.

    The Gram route squares the condition number: directions below about 1e-7 of the largest singular value
    are lost in double precision, against about 1e-13 for the SVD route. Pass samples when that matters.
    """
    return _from_samples(data) if isinstance(data, Dataset) else _from_moments(data)


def _from_samples(data: Dataset) -> PrincipalForm:
    left, spectrum, axes = np.linalg.svd(data.inputs, full_matrices=False)
    tolerance = max(data.inputs.shape[-2:]) * np.finfo(spectrum.dtype).eps
    spectrum = np.where(spectrum > tolerance * spectrum[..., :1], spectrum, 0.0)
    if data.shared_design:
        coordinates = data.targets @ left
        seen = spectrum[:, None] > 0
    else:
        coordinates = np.einsum("btn,btnm->btm", data.targets, left)
        seen = spectrum > 0
    return PrincipalForm(spectrum=spectrum, axes=axes, coordinates=np.where(seen, coordinates, 0.0))


def _from_moments(data: Moments) -> PrincipalForm:
    eigenvalues, vectors = np.linalg.eigh(data.gram)
    eigenvalues, vectors = eigenvalues[..., ::-1], vectors[..., ::-1]
    tolerance = data.n_features * np.finfo(eigenvalues.dtype).eps
    seen = eigenvalues > tolerance * eigenvalues[..., :1]
    spectrum = np.sqrt(np.where(seen, eigenvalues, 0.0))
    inverse = np.where(seen, 1.0 / np.where(seen, spectrum, 1.0), 0.0)
    if data.shared_design:
        coordinates = (data.cross @ vectors) * inverse[:, None]
    else:
        coordinates = np.einsum("btd,btdm->btm", data.cross, vectors) * inverse
    return PrincipalForm(spectrum=spectrum, axes=np.swapaxes(vectors, -1, -2), coordinates=coordinates)
