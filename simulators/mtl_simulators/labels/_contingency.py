"""Tables that count how often two labels meet."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import IntArray
from mtl_simulators._validation import label_codes, positive_int


def contingency_table(
    first: npt.ArrayLike, second: npt.ArrayLike, *, n_first: int | None = None, n_second: int | None = None
) -> IntArray:
    r"""Return $n_{ij} = \#\{t : u_t = i, v_t = j\}$ of two labellings, shape `(..., k, m)`.

    Parameters
    ----------
    first, second
        Codes 0, 1, ... of the labels $u$ and $v$, shapes `(..., n)`; their leading axes broadcast.
    n_first, n_second
        Numbers of labels $k$ and $m$; default one more than the largest code.

    Raises
    ------
    ValueError
        On labels that are not integer codes in range, or on labellings of different lengths.

    >>> contingency_table([0, 0, 1, 1], [0, 2, 2, 2]).tolist()
    [[1, 0, 1], [0, 0, 2]]
    """
    u, k = _codes("first", first, n_first)
    v, m = _codes("second", second, n_second)
    if u.shape[-1] != v.shape[-1]:
        raise ValueError(
            f"first has {u.shape[-1]} labels and second {v.shape[-1]}; label the same tokens twice."
        )
    cells = u * m + v
    batch, n = cells.shape[:-1], cells.shape[-1]
    n_tables = int(np.prod(batch))
    offsets = np.arange(n_tables)[:, None] * (k * m)
    counts = np.bincount((cells.reshape(n_tables, n) + offsets).ravel(), minlength=n_tables * k * m)
    return counts.reshape(*batch, k, m)


def count_table(name: str, table: npt.ArrayLike) -> IntArray:
    """Return `table` as integer counts `(..., k, m)`, none negative and no table of the batch empty."""
    array = np.asarray(table)
    if array.ndim < 2:
        raise ValueError(f"{name} has shape {array.shape}: expected counts (..., k, m); reshape it.")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"{name} must hold integer counts, got dtype {array.dtype}; cast whole counts with astype(int), "
            "and use normalized_information for probabilities."
        )
    if array.size and array.min() < 0:
        raise ValueError(f"{name} holds the negative count {array.min()}; pass counts of at least 0.")
    if not array.any(axis=(-2, -1)).all():
        raise ValueError(f"{name} holds a table without any count; leave empty tables out.")
    return array.astype(np.int64, copy=False)


def _codes(name: str, labels: npt.ArrayLike, n_labels: int | None) -> tuple[IntArray, int]:
    """Return the labels as int64 codes `(..., n)` and their number, one above the largest by default."""
    size = None if n_labels is None else positive_int(f"n_{name}", n_labels)
    codes = label_codes(name, labels, n_labels=size, ndim=range(1, max(np.ndim(labels), 1) + 1))
    return codes.astype(np.int64, copy=False), int(codes.max()) + 1 if size is None else size
