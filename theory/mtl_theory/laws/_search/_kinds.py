"""What kind a variable is, guessed from the values it takes."""

import warnings
from collections.abc import Sequence

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._variables import Kind, Variable


class GuessedKind(UserWarning):
    """A variable was taken for a share or a cosine because of its values alone."""


def infer_kind(values: FloatArray) -> Kind:
    """Return the narrowest kind that admits the values (N,); values all above 0 that pass 1 are sizes.

    >>> import numpy as np
    >>> infer_kind(np.array([10.0, 1000.0])), infer_kind(np.array([0.0, 0.7]))
    (<Kind.POSITIVE: ...>, <Kind.UNIT: ...>)
    """
    for kind in (Kind.UNIT, Kind.POSITIVE, Kind.SIGNED):
        if kind.admits(values):
            return kind
    return Kind.REAL


def infer_variables(names: Sequence[str], X: FloatArray) -> tuple[Variable, ...]:
    """Return the variables of the columns of X (N, d), warning of those guessed to be shares or cosines.

    Laws of a guessed variable extrapolate beyond its kind.
    """
    variables = tuple(Variable(name=n, kind=infer_kind(X[:, i]), guessed=True) for i, n in enumerate(names))
    guessed = [f"{v.name} ({v.kind.value})" for v in variables if v.kind in (Kind.UNIT, Kind.SIGNED)]
    if guessed:
        warnings.warn(
            f"taken by their values alone: {', '.join(guessed)}; pass kinds={{name: Kind}} to say otherwise.",
            GuessedKind,
            stacklevel=3,
        )
    return variables
