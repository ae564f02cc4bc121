"""The laws that are compared, from baselines to the best form known for the published points."""

from collections.abc import Mapping

from mtl_theory.experiments.bettgenhaeuser._labels import (
    B_PLAIN,
    FREE,
    LINEAR,
    MAURER_FORM,
    MISMATCH,
    ONES,
    POOLED_FORM,
    B,
)
from mtl_theory.laws import B_FORM, MAURER, POOLED, Form, Kind, Parameter, Variable, parse_form

VARIABLES = (
    Variable(name="n", kind=Kind.POSITIVE, unit="thousand samples per task"),
    Variable(name="T", kind=Kind.POSITIVE, unit="tasks"),
    Variable(name="A", kind=Kind.UNIT, unit="AMI"),
)
EXPONENTS = {"n": "p", "T": "q", "A": "r"}

# A power near 0 cannot be told from a constant; (T^-q - 1)/q goes over into -log T there, as A's does.
FREE_FORM = parse_form(
    "a + n**-p*(b + c*(T**-q - 1)/q) + e*(A**r - 1)/r",
    VARIABLES,
    name=FREE,
    parameters=[Parameter(name=name, low=-3.0, high=3.0, start=0.5) for name in EXPONENTS.values()],
    source="the B-form with its three roots freed",
)

MISMATCH_FORM = parse_form(
    "f0 - b*(n*(1 + (T - 1)*k*A))**-p - g*(T - 1)/T*(1 - A**r)",
    VARIABLES,
    name=MISMATCH,
    parameters=[
        Parameter(name="k", low=0.0, high=100.0),
        Parameter(name="p", low=0.0, high=10.0),
        Parameter(name="r", low=0.0, high=20.0),
    ],
    source="pooled samples, and a loss that grows with the share of other tasks and with their distance",
)

FORMS: Mapping[str, Form] = {
    LINEAR: parse_form("a + b*n + c*T + e*A", VARIABLES, name=LINEAR),
    MAURER_FORM: MAURER,
    ONES: parse_form("a + b/n + c/(n*T) + e*A", VARIABLES, name=ONES),
    B_PLAIN: parse_form("a + b/sqrt(n) + c/sqrt(n*T) + e*A", VARIABLES, name=B_PLAIN),
    B: B_FORM,
    FREE: FREE_FORM,
    POOLED_FORM: POOLED,
    MISMATCH: MISMATCH_FORM,
}
"""By the names in the rows, the simplest first."""
