"""The averages of two entropies, in which every normalised information is tested."""

import pytest

from mtl_simulators.labels import arithmetic_average, geometric_average, maximum_average, minimum_average

AVERAGES = {
    "arithmetic": arithmetic_average,
    "geometric": geometric_average,
    "max": maximum_average,
    "min": minimum_average,
}


@pytest.fixture(params=AVERAGES)
def method(request):
    """Return the name that scikit-learn gives to the average."""
    return request.param


@pytest.fixture
def average(method):
    return AVERAGES[method]
