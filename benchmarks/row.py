"""One line of the benchmark, and how it is measured."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from time import process_time

NO_TARGET = "none"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A ratio (or another number) against what it should reach.

    Parameters
    ----------
    name, peer
        What was measured, and against what.
    ratio, spread
        The median over rounds, and the smallest and largest of them.
    at_least, at_most
        The target; None where there is none on that side.
    unit
        Printed after the numbers.
    binding
        Whether missing the target fails the run; rows that are not binding inform.
    """

    name: str
    peer: str
    ratio: float
    spread: tuple[float, float]
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"
    binding: bool = True

    @classmethod
    def of(
        cls,
        values: Iterable[float],
        *,
        name: str,
        peer: str,
        at_least: float | None = None,
        at_most: float | None = None,
        unit: str = "x",
        binding: bool = True,
    ) -> "Row":
        """Summarise one value a round."""
        rounds = [float(value) for value in values]
        return cls(
            name=name,
            peer=peer,
            ratio=median(rounds),
            spread=(min(rounds), max(rounds)),
            at_least=at_least,
            at_most=at_most,
            unit=unit,
            binding=binding,
        )

    @property
    def met(self) -> bool:
        """Whether the median reaches the target."""
        above = self.at_least is None or self.ratio >= self.at_least
        return above and (self.at_most is None or self.ratio <= self.at_most)

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:g} to {self.at_most:g}{self.unit}"
        if self.at_least is not None:
            return f">= {self.at_least:g}{self.unit}"
        return NO_TARGET if self.at_most is None else f"<= {self.at_most:g}{self.unit}"

    @property
    def verdict(self) -> str:
        """The outcome: met, missed, or for information."""
        if self.target == NO_TARGET:
            return "for information"
        outcome = "met" if self.met else "missed"
        return outcome if self.binding else f"{outcome} (for information)"

    @property
    def failed(self) -> bool:
        """Whether this row fails the run."""
        return self.binding and not self.met


def cpu_seconds_each(work: Callable[[int], object], count: int) -> float:
    """Return the CPU seconds that `work(count)` takes, divided by `count`.

    CPU time, because on one thread it equals wall time on a quiet machine and is the steadier of the two on
    one that is shared.
    """
    start = process_time()
    work(count)
    return (process_time() - start) / count
