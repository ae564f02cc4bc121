"""Tables of measurements: read from a file or a sweep, cleaned, with a word on everything left out."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_PARQUET = (".parquet", ".pq")
_SEPARATORS = ",;\t|"


def read_table(path: Path) -> "pd.DataFrame":
    """Return the rows of a CSV file, a Parquet file or the folder of a sweep.

    The separator of a CSV file is the one of comma, semicolon, tab and bar that its first line has most of.

    Raises
    ------
    ValueError
        On files that cannot be read as such a table, and on tables without rows.
    """
    from mtl_simulators.sweep import Store, StoreError

    try:
        if path.is_dir():
            frame = Store(path).frame()
        elif path.suffix.lower() in _PARQUET:
            frame = _read_parquet(path)
        else:
            frame = _read_csv(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}; give a table that you may read.") from error
    except StoreError as error:
        raise ValueError(f"{path}: {error}") from error
    if frame.empty:
        raise ValueError(f"{path} has no rows; give a table with a header and a row for every measurement.")
    return frame


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except pa.ArrowException as error:
        raise ValueError(f"{path} is not a Parquet file that can be read: {error}.") from error


def _read_csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        with open(path, encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(_SEPARATORS, key=header.count)
        names = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str, encoding="utf-8-sig")
        frame = pd.read_csv(path, sep=separator, skipinitialspace=True, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path} is not a CSV file that can be read: {error}.") from error
    given = [str(name).strip() for name in names.iloc[0]]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise ValueError(f"{path} has more than one column called {twice}; rename all but one.")
    return frame.rename(columns=lambda name: str(name).strip())
