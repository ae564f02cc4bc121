"""Labelled images from scikit-learn and from IDX files."""

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import finite_array, positive_int

UNSIGNED_BYTE = 0x08  # the type code of the IDX format that the MNIST files use


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images as rows of pixels, with their class labels, in file order.

    Parameters
    ----------
    pixels
        `(n, d)`, in float64.
    labels
        Class of each image, shape `(n,)`, integers.
    n_train
        Number of leading images that the source sets aside for training, the others being its test set;
        None where the source has no split of its own.

    Raises
    ------
    ValueError
        On NaN or infinity, shapes that do not fit, labels that are not integers, or a split that leaves
        one side empty.
    """

    pixels: FloatArray
    labels: IntArray
    n_train: int | None = None

    def __post_init__(self) -> None:
        """Check shapes against each other."""
        pixels = finite_array("pixels", self.pixels, ndim=2).astype(np.float64, copy=False)
        labels = np.asarray(self.labels)
        if not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(f"labels must be integers, got dtype {labels.dtype}; number the classes.")
        if labels.shape != (len(pixels),) or 0 in pixels.shape:
            raise ValueError(
                f"pixels {pixels.shape} and labels {labels.shape} do not fit: expected (n, d) and (n,), "
                "not empty."
            )
        if self.n_train is not None and positive_int("n_train", self.n_train) >= len(labels):
            raise ValueError(
                f"n_train = {self.n_train} of {len(labels)} images leaves no test set; pass None."
            )
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "labels", labels.astype(np.int64, copy=False))

    @property
    def classes(self) -> IntArray:
        """The labels that occur, in increasing order."""
        return np.unique(self.labels)


def load_digits_images() -> Images:
    """Return the 1,797 digits of 8 x 8 pixels that come with scikit-learn, pixels scaled to [0, 1].

    Source: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, its test part.

    >>> digits = load_digits_images()
    >>> digits.pixels.shape, digits.classes.tolist(), float(digits.pixels.max())
    ((1797, 64), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 1.0)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Images(pixels=bunch.data / 16.0, labels=bunch.target)


def load_mnist(folder: str | Path) -> Images:
    """Read MNIST from IDX files, plain or gzip, pixels scaled to [0, 1].

    `folder` holds `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each with or without `.gz` (plain is
    preferred), and may hold the `train-` pair; then training images come first and `n_train` counts them.

    Raises
    ------
    FileNotFoundError
        When the folder or one of its files is missing; says which names were looked for.
    ValueError
        When a file is not IDX of the expected kind, is truncated or too long, is damaged gzip, or when
        images and labels differ in number; names the file and the remedy.

    Source: LeCun, Cortes and Burges 1998.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not a folder; pass the one that holds t10k-images-idx3-ubyte.gz."
        )
    test_pixels, test_labels = _read_part(folder, "t10k")
    if not any(folder.glob("train-*-ubyte*")):
        return Images(pixels=test_pixels, labels=test_labels)
    pixels, labels = _read_part(folder, "train")
    if pixels.shape[1] != test_pixels.shape[1]:
        raise ValueError(
            f"{folder}: training images have {pixels.shape[1]} pixels, test images {test_pixels.shape[1]}; "
            "take all four files from one source."
        )
    return Images(
        pixels=np.concatenate([pixels, test_pixels]),
        labels=np.concatenate([labels, test_labels]),
        n_train=len(labels),
    )


def _read_part(folder: Path, part: str) -> tuple[FloatArray, IntArray]:
    images = _find(folder, f"{part}-images-idx3-ubyte")
    labels = _find(folder, f"{part}-labels-idx1-ubyte")
    pixels = _read_idx(images, n_axes=3)
    classes = _read_idx(labels, n_axes=1)
    if len(pixels) != len(classes):
        raise ValueError(
            f"{images.name} holds {len(pixels)} images, but {labels.name} holds {len(classes)} labels; "
            "take both files from one source."
        )
    return pixels.reshape(len(pixels), -1) / 255.0, classes.astype(np.int64)


def _find(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"{folder} holds neither {name} nor {name}.gz; put one of them there.")


def _read_idx(path: Path, *, n_axes: int) -> IntArray:
    """Read an IDX file: two zero bytes, a type code, the number of axes, big-endian sizes, values."""
    content = _content(path)
    header = 4 + 4 * n_axes
    expected = bytes((0, 0, UNSIGNED_BYTE, n_axes))
    if content[:4] != expected:
        raise ValueError(
            f"{path.name} starts with {content[:4].hex() or 'nothing'}, an IDX file of unsigned bytes with "
            f"{n_axes} axes with {expected.hex()}; check that the file is not another one or a web page."
        )
    sizes = [int.from_bytes(content[start : start + 4], "big") for start in range(4, header, 4)]
    if 0 in sizes or len(content) != header + math.prod(sizes):
        raise ValueError(
            f"{path.name} announces sizes {sizes}, but holds {max(len(content) - header, 0)} values: it is "
            "truncated or damaged; fetch it again."
        )
    return np.frombuffer(content[header:], dtype=np.uint8).reshape(sizes)


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            return file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} is not an intact gzip file ({error}); fetch it again.") from error
