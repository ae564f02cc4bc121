"""Files that appear together and whole, or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged_files(directory: Path) -> Iterator[Callable[[str, bytes], Path]]:
    """Collect files under temporary names, and give them their own names when the block ends well.

    The block receives `add(name, content) -> path`, where `name` is relative to `directory`. When it ends in
    an error (a full disk, say), the temporary files are removed and what stood in the folder before still
    stands.
    """
    staged: list[tuple[Path, Path]] = []

    def add(name: str, content: bytes) -> Path:
        final = directory / name
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
        staged.append((temporary, final))
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return final

    try:
        yield add
        for temporary, final in staged:
            os.replace(temporary, final)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
