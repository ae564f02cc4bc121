"""Lines that cannot be read, and what to do about them."""

from dataclasses import dataclass
from enum import Enum

SHOWN = 3  # malformed lines that an error message repeats


class Malformed(Enum):
    """What a malformed line does to the reading of a file; the values say what happens."""

    SKIP = "its sentence is left out, and the line is listed in the corpus"
    FAIL = "reading ends with an error that names the first lines"


@dataclass(frozen=True, kw_only=True)
class MalformedLine:
    """A line that could not be read.

    >>> print(MalformedLine(file="en.conllu", line=7, reason="has 9 fields, not 10"))
    en.conllu, line 7: has 9 fields, not 10
    """

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


def refuse(malformed: list[MalformedLine]) -> ValueError:
    """Return the error that tells of malformed lines."""
    first = "; ".join(map(str, malformed[:SHOWN]))
    more = f" and {len(malformed) - SHOWN} more" if len(malformed) > SHOWN else ""
    return ValueError(
        f"{first}{more}; correct the file, or pass malformed=Malformed.SKIP to leave such sentences out."
    )
