"""Reading labelled images: what comes back, and every way in which a file can be wrong."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from mtl_simulators._typing import IntArray
from mtl_simulators.problems import Images, load_digits_images, load_mnist

RNG = np.random.default_rng(3)
PIXELS = RNG.integers(0, 256, size=(12, 4, 5), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3


def idx_bytes(values: IntArray) -> bytes:
    """Lay out an array of bytes as IDX, written from the format's description."""
    header = bytes((0, 0, 8, values.ndim)) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.tobytes()


def write_part(folder: Path, part: str, pixels: IntArray, labels: IntArray, *, plain: bool = False) -> None:
    for kind, values in (("images-idx3", pixels), ("labels-idx1", labels)):
        name = f"{part}-{kind}-ubyte"
        if plain:
            (folder / name).write_bytes(idx_bytes(values))
        else:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(values)))


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "gzip"])
def test_idx_round_trip(tmp_path: Path, plain: bool) -> None:
    write_part(tmp_path, "t10k", PIXELS, LABELS, plain=plain)
    images = load_mnist(tmp_path)
    np.testing.assert_array_equal(images.pixels * 255.0, PIXELS.reshape(12, 20))
    np.testing.assert_array_equal(images.labels, LABELS)
    assert images.pixels.dtype == np.float64
    assert images.n_train is None


def test_training_files_come_first_and_are_counted(tmp_path: Path) -> None:
    write_part(tmp_path, "t10k", PIXELS[:5], LABELS[:5])
    write_part(tmp_path, "train", PIXELS[5:], LABELS[5:], plain=True)
    images = load_mnist(str(tmp_path))
    assert images.n_train == 7
    np.testing.assert_array_equal(images.labels, np.concatenate([LABELS[5:], LABELS[:5]]))
    np.testing.assert_array_equal(images.pixels[7] * 255.0, PIXELS[0].ravel())


def test_missing_folder_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        load_mnist(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="neither t10k-images-idx3-ubyte nor"):
        load_mnist(tmp_path)
    write_part(tmp_path, "t10k", PIXELS, LABELS)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(PIXELS)))
    with pytest.raises(FileNotFoundError, match="neither train-labels-idx1-ubyte nor"):
        load_mnist(tmp_path)


GOOD = idx_bytes(PIXELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing"),
        (b"<html>", "starts with 3c68746d"),
        (bytes((0, 0, 13, 3)) + GOOD[4:], "starts with 00000d03"),
        (idx_bytes(LABELS), "starts with 00000801"),
        (GOOD[:9], "truncated or damaged"),
        (GOOD[:-1], r"announces sizes \[12, 4, 5\], but holds 239 values"),
        (GOOD + b"\0", "holds 241 values"),
        (idx_bytes(PIXELS[:0]), "holds 0 values"),
    ],
    ids=["empty", "web page", "floats", "labels", "half a header", "short", "long", "no images"],
)
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "gzip"])
def test_damaged_image_files_are_refused(tmp_path: Path, content: bytes, message: str, plain: bool) -> None:
    write_part(tmp_path, "t10k", PIXELS, LABELS)
    name = tmp_path / "t10k-images-idx3-ubyte"
    if plain:
        name.write_bytes(content)
    else:
        name.with_name(f"{name.name}.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=f"t10k-images-idx3-ubyte.*{message}"):
        load_mnist(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "not gzip"])
def test_damaged_gzip_is_refused(tmp_path: Path, damage: str) -> None:
    write_part(tmp_path, "t10k", PIXELS, LABELS)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[:-20]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    else:
        content = bytearray(GOOD)
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte\.gz is not an intact gzip file.*fetch it"):
        load_mnist(tmp_path)


def test_counts_and_sizes_must_agree(tmp_path: Path) -> None:
    write_part(tmp_path, "t10k", PIXELS, LABELS[:11])
    with pytest.raises(ValueError, match=r"12 images, but t10k-labels-idx1-ubyte\.gz holds 11 labels"):
        load_mnist(tmp_path)
    write_part(tmp_path, "t10k", PIXELS, LABELS)
    write_part(tmp_path, "train", PIXELS[:, :2], LABELS)
    with pytest.raises(ValueError, match="training images have 10 pixels, test images 20"):
        load_mnist(tmp_path)


def test_digits_are_the_bundled_ones() -> None:
    digits = load_digits_images()
    assert digits.pixels.shape == (1797, 64)
    assert np.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (digits.pixels.min(), digits.pixels.max()) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("pixels", "labels", "n_train", "message"),
    [
        ([[1.0], [np.nan]], [0, 1], None, "NaN or infinity"),
        ([[1.0], [2.0]], [0, 1, 2], None, "do not fit"),
        ([[1.0], [2.0]], [0.0, 1.0], None, "must be integers"),
        (np.empty((0, 3)), np.empty(0, dtype=int), None, "not empty"),
        ([[1.0], [2.0]], [0, 1], 2, "no test set"),
        ([[1.0], [2.0]], [0, 1], 0, "at least 1"),
    ],
)
def test_images_check_themselves(pixels: object, labels: object, n_train: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Images(pixels=np.asarray(pixels), labels=np.asarray(labels), n_train=n_train)
