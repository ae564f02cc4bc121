"""Windows of neighbouring tokens."""

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import positive_int


def token_windows(words: IntArray, *, context: int, padding: int) -> IntArray:
    r"""Return each token with `context` neighbours on either side, `(N, 2 context + 1)`.

    Windows run across the ends of sentences; the code `padding` stands only beyond the ends of the stream.

    >>> token_windows(np.array([5, 6, 7]), context=1, padding=9).tolist()
    [[9, 5, 6], [5, 6, 7], [6, 7, 9]]

    Source: Bettgenhäuser, Hedderich and Klakow 2020.
    """
    positive_int("context", context, at_least=0)
    padded = np.pad(np.asarray(words), context, constant_values=padding)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * context + 1).copy()


def embed_windows(windows: IntArray, embeddings: FloatArray) -> FloatArray:
    r"""Return the embeddings of each window side by side: `(..., w)` and `(V, e)` give `(..., w e)`.

    The code V, which stands for padding, is embedded as zero.

    >>> embed_windows(np.array([[1, 0, 2]]), np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0, 1.0, 2.0, 0.0, 0.0]]
    """
    table = np.concatenate([embeddings, np.zeros((1, embeddings.shape[1]))])
    return table[windows].reshape(*windows.shape[:-1], -1)
