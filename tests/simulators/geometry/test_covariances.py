"""Covariances: the spectrum, trace and orientation asked for, measured back."""

import numpy as np
import pytest

from mtl_simulators.geometry import (
    covariance_with_spectrum,
    isotropic_covariance,
    make_rotation,
    power_law_covariance,
    rotate_covariance,
    spiked_covariance,
)


@pytest.mark.parametrize("variance", [1.0, 0.25, 1e-30])
def test_isotropic_covariance_is_a_multiple_of_the_identity(variance):
    assert np.array_equal(isotropic_covariance(4, variance), variance * np.eye(4))


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("trace", [None, 1.0, 700.0])
def test_power_law_has_its_exponent_and_trace(exponent, trace):
    covariance = power_law_covariance(30, exponent=exponent, trace=trace)
    eigenvalues = np.diag(covariance)
    assert np.array_equal(covariance, np.diag(eigenvalues))
    assert eigenvalues.sum() == pytest.approx(30.0 if trace is None else trace, rel=1e-13)
    slopes = np.diff(np.log(eigenvalues)) / np.diff(np.log(np.arange(1, 31)))
    assert np.abs(slopes + exponent).max() < 1e-12


def test_spikes_stand_on_the_identity():
    assert np.diag(spiked_covariance(5, spikes=[9.0, -0.5])).tolist() == [10.0, 0.5, 1.0, 1.0, 1.0]
    assert np.array_equal(spiked_covariance(3, spikes=[]), np.eye(3))
    assert np.diag(spiked_covariance(2, spikes=[-1.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("spectrum", [[1.0, 2.0, 3.0, 4.0], [1e-8, 1.0, 1e8, 0.0], [2.0, 2.0, 2.0, 2.0]])
def test_spectrum_and_eigenvectors_are_the_ones_asked_for(spectrum):
    rotation = make_rotation(np.random.default_rng(0), n_features=4)
    covariance = covariance_with_spectrum(spectrum, rotation=rotation)
    assert np.array_equal(covariance, covariance.T)
    assert np.abs(np.linalg.eigvalsh(covariance) - np.sort(spectrum)).max() < 1e-14 * max(spectrum)
    residual = covariance @ rotation.T - rotation.T * spectrum
    assert np.abs(residual).max() < 1e-14 * max(spectrum)
    assert np.array_equal(covariance_with_spectrum(spectrum), np.diag(spectrum))


def test_rotation_turns_the_covariance_of_the_rows_of_xq():
    rng = np.random.default_rng(1)
    x, q = rng.standard_normal((50, 6)), make_rotation(rng, n_features=6)
    assert np.abs(rotate_covariance(x.T @ x / 50, q) - (x @ q).T @ (x @ q) / 50).max() < 1e-13


def test_rotations_compose_and_undo():
    rng = np.random.default_rng(2)
    sigma = power_law_covariance(5, exponent=1.0)
    p, q = make_rotation(rng, n_features=5, n_tasks=2)
    once = rotate_covariance(rotate_covariance(sigma, p), q)
    assert np.abs(once - rotate_covariance(sigma, p @ q)).max() < 1e-13
    assert np.abs(rotate_covariance(once, (p @ q).T) - sigma).max() < 1e-13
    assert np.abs(once - sigma).max() > 0.1


def test_covariances_and_rotations_may_differ_from_task_to_task():
    rng = np.random.default_rng(3)
    rotations = make_rotation(rng, n_features=3, n_tasks=4)
    spectra = rng.uniform(0.5, 2.0, (4, 3))
    assert np.abs(rotations[0] - rotations[1]).max() > 0.1
    both = covariance_with_spectrum(spectra, rotation=rotations)
    shared_spectrum = covariance_with_spectrum(spectra[0], rotation=rotations)
    shared_rotation = covariance_with_spectrum(spectra, rotation=rotations[0])
    assert both.shape == shared_spectrum.shape == shared_rotation.shape == (4, 3, 3)
    for t in range(4):
        q = rotations[t]
        assert np.abs(both[t] - q.T @ np.diag(spectra[t]) @ q).max() < 1e-14
        assert np.abs(shared_spectrum[t] - q.T @ np.diag(spectra[0]) @ q).max() < 1e-14
        assert np.abs(shared_rotation[t] - rotations[0].T @ np.diag(spectra[t]) @ rotations[0]).max() < 1e-14


EYE = np.eye(3)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: isotropic_covariance(0), "n_features must be an integer of at least 1, got 0"),
        (lambda: isotropic_covariance(3, 0.0), "variance must be positive and finite, got 0.0"),
        (lambda: isotropic_covariance(3, np.inf), "variance must be positive and finite, got inf"),
        (lambda: power_law_covariance(3, exponent=-1.0), r"exponent must lie in \[0, inf\], got -1.0"),
        (
            lambda: power_law_covariance(3, exponent=1.0, trace=-2.0),
            "trace must be positive and finite, got -2.0",
        ),
        (
            lambda: power_law_covariance(-3, exponent=1.0),
            "n_features must be an integer of at least 1, got -3",
        ),
        (lambda: spiked_covariance(2, spikes=[1.0] * 3), "got 3 spikes for n_features=2; pass at most one"),
        (lambda: spiked_covariance(2, spikes=[-1.5]), "spikes holds -1.5: .* pass spikes of at least -1"),
        (lambda: spiked_covariance(2, spikes=3.0), r"spikes has shape \(\): expected 1 dim"),
        (lambda: covariance_with_spectrum([1.0, -1.0]), "spectrum holds -1: .* clip them at 0"),
        (lambda: covariance_with_spectrum([]), r"spectrum has shape \(0,\); pass at least one"),
        (lambda: covariance_with_spectrum([1.0, np.nan]), "spectrum holds NaN"),
        (
            lambda: covariance_with_spectrum([1.0, 1.0], rotation=EYE),
            r"rotation \(3, 3\) does not fit .* \(2, 2\)",
        ),
        (lambda: rotate_covariance(EYE, 2 * EYE), "rotation is not orthogonal: .* by 3; orthonormalise it"),
        (
            lambda: rotate_covariance(EYE, np.ones((2, 3))),
            r"rotation has shape \(2, 3\): pass square matrices",
        ),
        (lambda: rotate_covariance(EYE, EYE[0]), r"rotation has shape \(3,\): expected 2 or 3 dimensions"),
        (lambda: rotate_covariance(np.triu(np.ones((3, 3))), EYE), "covariance is not symmetric"),
        (
            lambda: rotate_covariance([EYE] * 2, [EYE] * 4),
            r"rotation \(4, 3, 3\) does not fit covariance \(2, 3, 3\)",
        ),
        (lambda: make_rotation(np.random.default_rng(0), n_features=0), "n_features must be an integer"),
        (
            lambda: make_rotation(np.random.default_rng(0), n_features=2, n_tasks=0),
            "n_tasks must be an integer",
        ),
    ],
)
def test_bad_requests_say_what_is_feasible(call, message):
    with pytest.raises(ValueError, match=message):
        call()
