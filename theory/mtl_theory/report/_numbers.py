"""Numbers as people read them: as many digits as the standard error supports."""

import math


def format_number(value: float | None, digits: int = 4) -> str:
    """Return `value` with `digits` significant digits; a dash where there is none.

    >>> format_number(0.0123456), format_number(float("nan")), format_number(2e-13)
    ('0.01235', '–', '2e-13')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e")


def format_beside(value: float | None, stderr: float | None) -> str:
    """Return `value` with the decimals of a measurement that has this standard error, to compare the two.

    >>> format_beside(0.633587, 0.00043), format_beside(9.367, 0.0)
    ('0.63359', '9.367')
    """
    text = format_measurement(value, stderr)
    if " ± " not in text:
        return text
    number, _, rest = text.lstrip("(").partition(" ± ")
    return number + (rest.partition(")")[2] if text.startswith("(") else "")


def format_measurement(value: float | None, stderr: float | None) -> str:
    """Return `value ± stderr`, both cut where the second digit of the standard error stands.

    A standard error of zero (a deterministic quantity) or below rounding is left out.

    >>> format_measurement(0.674401, 0.000451), format_measurement(98.93, 0.18), format_measurement(0.5, 0.0)
    ('0.67440 ± 0.00045', '98.93 ± 0.18', '0.5')
    """
    if value is None or stderr is None or not math.isfinite(value) or not math.isfinite(stderr):
        return format_number(value)
    if stderr <= 1e-12 * max(abs(value), 1e-300):
        return format_number(value, 6)
    size = max(abs(value), stderr)
    if not 1e-4 <= size < 1e6:
        exponent = math.floor(math.log10(size))
        scaled = format_measurement(value / 10.0**exponent, stderr / 10.0**exponent)
        return f"({scaled})e{exponent}"
    decimals = min(12, max(0, 1 - math.floor(math.log10(stderr))))
    return f"{value:.{decimals}f} ± {stderr:.{decimals}f}"
