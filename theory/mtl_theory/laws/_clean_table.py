"""From a table as it came to the rows that a law can be fitted to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_theory.laws._conditions import Condition

if TYPE_CHECKING:
    import pandas as pd

# Below these a search only finds coincidences.
FEWEST_ROWS, ROWS_A_FEATURE = 10, 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Rows that a law can be fitted to.

    Parameters
    ----------
    fitted, held_out
        Data frames with the columns `features`, `target`, and `weights` and `group` where given, all numbers
        but the groups.
    features
        Columns that a law may depend on.
    notes
        One sentence for everything that was left out.
    """

    fitted: "pd.DataFrame"
    held_out: "pd.DataFrame"
    features: tuple[str, ...]
    target: str
    weights: str | None
    group: str | None
    notes: tuple[str, ...]


def clean_table(
    frame: "pd.DataFrame",
    *,
    target: str,
    features: Mapping[str, str],
    weights: str | None = None,
    group: str | None = None,
    where: Sequence[Condition] = (),
    holdout: Condition | None = None,
) -> Table:
    """Return the rows and columns that a law can be fitted to.

    Rows in which a needed number is missing are dropped, as are features that are constant or repeat another
    one; `notes` says so.

    Parameters
    ----------
    target
        Column that the law describes.
    features
        Name in the law -> column of the table.
    where
        Only rows in which all of these hold are used.
    holdout
        Rows in which this holds are kept apart.

    Raises
    ------
    ValueError
        On columns that are missing or hold words, on weights below zero, on a constant target, and where no
        row or no feature is left.
    """
    names = {**features, target: target}
    _check_names(frame, features, target, [name for name in (weights, group) if name])
    # A condition may name a feature by its name in the law.
    named = frame.assign(**{name: frame[column] for name, column in features.items()})
    keep: BoolArray = np.ones(len(frame), dtype=np.bool_)
    for condition in where:
        keep &= condition.holds(named)
    out = np.zeros(len(frame), dtype=np.bool_) if holdout is None else holdout.holds(named)
    numbers = {name: _numbers(frame[column][keep], column) for name, column in names.items()}
    if weights is not None:
        numbers[weights] = _weights(frame[weights][keep], weights)
    complete, notes = _complete(numbers, names)
    rows = frame[keep].assign(**numbers)[[*dict.fromkeys([*numbers, *([group] if group else [])])]]
    fitted, held_out = rows[complete & ~out[keep]], rows[complete & out[keep]]
    _check_rows(fitted, held_out, target, keep, holdout)
    used, dropped = _distinct(fitted, tuple(features))
    return Table(
        fitted=fitted.reset_index(drop=True),
        held_out=held_out.reset_index(drop=True),
        features=used,
        target=target,
        weights=weights,
        group=group,
        notes=(*notes, *dropped),
    )


def _check_names(frame: "pd.DataFrame", features: Mapping[str, str], target: str, others: list[str]) -> None:
    from difflib import get_close_matches

    known = [str(name) for name in frame]
    for column in (target, *features.values(), *others):
        if column not in known:
            close = get_close_matches(column, known, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(known)}."
            raise ValueError(f"the table has no column {column!r}; {hint}")
    if target in features or target in features.values():
        raise ValueError(f"{target} is the target; leave it out of the features.")


def _numbers(column: "pd.Series", name: str) -> FloatArray:
    """Return a column as float64, NaN where there is no finite number."""
    import pandas as pd

    dates = pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if dates or (len(values) and np.isnan(values).all()):
        example = "nothing" if column.isna().all() else f"values such as {column.dropna().iloc[0]!r}"
        raise ValueError(f"{name} holds {example}, not numbers; choose another column.")
    return np.where(np.isfinite(values), values, np.nan)


def _weights(column: "pd.Series", name: str) -> FloatArray:
    """Return weights, NaN where a row has none."""
    values = _numbers(column, name)
    if (values < 0).any():
        raise ValueError(
            f"the weights in {name} go down to {np.nanmin(values):g}; they must not be negative."
        )
    return np.where(values > 0, values, np.nan)


def _complete(numbers: Mapping[str, FloatArray], names: Mapping[str, str]) -> tuple[BoolArray, list[str]]:
    """Return the rows in which no number is missing, and which columns the others lack."""
    missing = {names.get(name, name): np.isnan(values) for name, values in numbers.items()}
    incomplete = np.any(list(missing.values()), axis=0)
    if not incomplete.any():
        return ~incomplete, []
    counts = ", ".join(f"{name} in {absent.sum():,}" for name, absent in missing.items() if absent.any())
    return ~incomplete, [f"{incomplete.sum():,} rows were dropped, for they lack a finite number: {counts}."]


def _check_rows(
    fitted: "pd.DataFrame", held_out: "pd.DataFrame", target: str, keep: BoolArray, holdout: Condition | None
) -> None:
    if not keep.any():
        raise ValueError("no row meets the conditions; loosen them.")
    if holdout is not None and held_out.empty:
        raise ValueError(f"no row has {holdout}, so nothing would be held out; change the condition.")
    if fitted.empty:
        raise ValueError("no row is left to fit; hold out fewer rows, or choose other columns.")
    if fitted[target].nunique() == 1:
        raise ValueError(f"{target} is {fitted[target].iloc[0]:g} in all rows; there is nothing to explain.")


def _distinct(fitted: "pd.DataFrame", features: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the features that vary and repeat no other one, and what was dropped."""
    used: list[str] = []
    notes = []
    for name in features:
        values = fitted[name].to_numpy()
        twins = [other for other in used if np.array_equal(values, fitted[other].to_numpy())]
        if np.ptp(values) == 0:
            notes.append(f"{name} was dropped: it is {values[0]:g} in all rows.")
        elif twins:
            notes.append(f"{name} was dropped: it repeats {twins[0]}.")
        else:
            used.append(name)
    if not used:
        raise ValueError(f"no feature varies: {' '.join(notes)} Choose other columns.")
    return tuple(used), notes + _aliases(fitted, used)


def _aliases(fitted: "pd.DataFrame", used: Sequence[str]) -> list[str]:
    """Say which features determine each other in these rows, so that laws in either fit alike."""
    notes = []
    for i, first in enumerate(used):
        for second in used[:i]:
            n_pairs = len(fitted[[first, second]].drop_duplicates())
            if n_pairs == fitted[first].nunique() == fitted[second].nunique():
                notes.append(
                    f"{first} and {second} determine each other in these rows: laws in either fit alike."
                )
    return notes


def enough_rows(table: Table) -> None:
    """Refuse to search in a table of too few rows.

    Raises
    ------
    ValueError
        On fewer than ten rows, or than five a feature.
    """
    found, needed = len(table.fitted), max(FEWEST_ROWS, ROWS_A_FEATURE * len(table.features))
    if found < needed:
        raise ValueError(
            f"{found} rows are too few to search in {len(table.features)} features; measure {needed} or "
            "more, use fewer features, or fit a given law."
        )
