import math

import numpy as np
import pytest

from mtl_theory.report import format_measurement, format_number
from mtl_theory.report._markup import slug
from mtl_theory.report._numbers import format_beside


@pytest.mark.parametrize(
    "value, stderr, text",
    [
        (0.674401, 0.000451, "0.67440 ± 0.00045"),
        (-98.93, 0.18, "-98.93 ± 0.18"),
        (1234.5, 67.0, "1234 ± 67"),
        (0.0, 0.02, "0.000 ± 0.020"),
        (1e-9, 2e-10, "(1.00 ± 0.20)e-9"),
        (3.21e8, 1e6, "(3.210 ± 0.010)e8"),
        (2 / 3, 0.0, "0.666667"),
        (0.5, 1e-17, "0.5"),
        (math.nan, 0.1, "–"),
        (None, None, "–"),
        (math.inf, 0.1, "∞"),
    ],
)
def test_measurements(value, stderr, text):
    assert format_measurement(value, stderr) == text


def test_digits_never_hide_more_than_a_tenth_of_a_standard_error():
    rng = np.random.default_rng(0)
    for value, scale in zip(rng.standard_normal(300), 10.0 ** rng.uniform(-12, 10, 300), strict=True):
        value, stderr = value * scale, abs(rng.standard_normal()) * scale * 0.05
        text = format_measurement(value, stderr)
        mantissa, _, exponent = text.removeprefix("(").partition(")e")
        shown, error = (float(part) * 10.0 ** float(exponent or 0) for part in mantissa.split(" ± "))
        assert abs(shown - value) <= 0.051 * stderr
        assert error == pytest.approx(stderr, rel=0.051)


def test_a_prediction_has_the_decimals_of_its_measurement():
    assert format_beside(0.633587, 0.00043) == "0.63359"
    assert format_beside(1.23456e-9, 2e-10) == "1.23e-9"
    assert format_beside(math.nan, math.nan) == "–"


@pytest.mark.parametrize("value, text", [(0.0, "0"), (1e-7, "1e-7"), (12345.6, "1.235e4"), (-math.inf, "-∞")])
def test_numbers(value, text):
    assert format_number(value) == text


def test_slugs_are_safe_names():
    assert slug("robustness/gaussian-2.7", "R(T) über ../x") == "robustness-gaussian-2.7-R-T-ber-..-x"
