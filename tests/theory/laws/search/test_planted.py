"""A reduced table of the benchmark's planted laws: found again, and nothing found where there is nothing."""

import pytest
from benchmarks.laws.planted import INSIDE, SEQUENCE
from benchmarks.laws.runs import irrelevant_run, planted_run, pure_noise_run, sequence_run

# Free exponents, a cosine, a logarithm, and an effective sample size.
EVERYDAY = ("B", "F", "H", "I")


@pytest.mark.parametrize("name", EVERYDAY)
def test_laws_come_back_at_one_percent_noise(name) -> None:
    found = planted_run(name, 0.01, 0, "structured", n_rows=100)
    assert found["recovered"], found["law"]
    assert found["extrapolation_r2"] > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("name", [planted.name for planted in INSIDE])
def test_laws_come_back(name, noise) -> None:
    found = planted_run(name, noise, 1, "structured")
    assert found["recovered"], found["law"]
    # At 5 % the constants of the right structure may be too uncertain for a tenfold extrapolation.
    assert found["extrapolation_r2"] > 0.99 or noise == 0.05


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_a_constant(seed) -> None:
    found = pure_noise_run(seed, n_rows=60)
    assert found["right"], found["law"]


def test_columns_that_do_not_matter_are_left_out() -> None:
    found = irrelevant_run(0, n_rows=100)
    assert found["right"], found["law"]


def check_sequence(which, sd, seed, **options):
    """Check the error, and that the planted form is the best law or tied with it."""
    found = sequence_run(which, sd, seed, **options)
    assert found["right"], found["error"]
    assert found["tied"], found["law"]
    return found


@pytest.mark.parametrize("which", SEQUENCE)
def test_laws_of_sequence_labelling(which) -> None:
    """The error against the truth, and the skeleton of P; of B the two roots, as T passes for a ratio."""
    found = check_sequence(which, 0.01, 0, n_rows=150)
    assert found["formed"], found["law"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sd", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("which", SEQUENCE)
def test_laws_of_sequence_labelling_at_every_noise(which, sd, seed) -> None:
    check_sequence(which, sd, seed)
