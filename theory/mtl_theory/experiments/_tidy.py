"""Rows of a dataclass as a table."""

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def tidy_table(rows: Iterable[Any], example: Any, **common: Any) -> "pd.DataFrame":
    """Return rows of one dataclass as a table, with `common` written into every row.

    Parameters
    ----------
    example
        Any row: columns and types are read off it, so that an empty table has those of a full one.
    """
    import pandas as pd

    names = [field.name for field in fields(example)]
    types = {name: np.asarray(getattr(example, name)).dtype for name in names}
    frame = pd.DataFrame([[getattr(row, name) for name in names] for row in rows], columns=names)
    frame = frame.assign(**common)
    return frame.astype({name: "str" if kind.kind == "U" else kind for name, kind in types.items()})
