"""Numbers and paragraphs as they stand in a report."""

import math
from typing import TYPE_CHECKING, Any

from mtl_theory.experiments._selection import only_row

if TYPE_CHECKING:
    import pandas as pd


def prose(text: str) -> str:
    """Return an indented text as one paragraph.

    >>> prose('''One line,
    ...          and another.''')
    'One line, and another.'
    """
    return " ".join(text.split())


def with_error(value: float, stderr: float) -> str:
    """Return a number with its standard error, both to two digits of the error.

    >>> with_error(116.372, 2.7372), with_error(0.25, 0.0), with_error(0.61904, 0.0131)
    ('116.4 ± 2.7', '0.25', '0.619 ± 0.013')
    """
    # An error in the sixth digit or beyond says nothing to a reader.
    if not (math.isfinite(stderr) and stderr > 1e-5 * abs(value)):
        return f"{value:.5g}"
    digits = max(0, 1 - math.floor(math.log10(stderr)))
    return f"{value:.{digits}f} ± {stderr:.{digits}f}"


def measured(rows: "pd.DataFrame", **conditions: Any) -> str:
    """Return the one number that fits the conditions, with its standard error."""
    found = only_row(rows, **conditions)
    return with_error(float(found["value"]), float(found["stderr"]))


def largest_score(rows: "pd.DataFrame") -> float:
    """Return the largest deviation from the prediction in standard errors, over rows that have an error."""
    random = rows[rows["stderr"] > 1e-12 * rows["value"].abs()]
    return float(((random["value"] - random["predicted"]) / random["stderr"]).abs().max())
