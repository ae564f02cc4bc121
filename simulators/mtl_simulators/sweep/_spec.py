"""What a sweep is: something to run, the factors that vary, and how often."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from mtl_simulators._validation import positive_int
from mtl_simulators.sweep._design import Design, Grid
from mtl_simulators.sweep._factors import Factor, Point, Value

Measured: TypeAlias = Mapping[str, npt.ArrayLike]
"""Columns that a run returns for one point: numbers or words, or arrays of one length, a row an entry."""

RESERVED = frozenset({"point", "row", "point_seed", "error"})
"""Columns that the sweep itself writes."""


class Run(Protocol):
    """What is run at every point of a sweep; frozen and picklable."""

    def content(self) -> dict[str, Any]:
        """Return what makes this run different from others, as JSON: it enters every point's seed."""
        ...

    def check(self, names: frozenset[str]) -> None:
        """Raise `ValueError` where the factors and constants do not fit this run."""
        ...

    def __call__(self, rng: np.random.Generator, point: Point, *, n_replicates: int) -> Measured:
        """Measure one point."""
        ...


@dataclass(frozen=True, kw_only=True)
class SweepSpec:
    """A sweep: a run at every point of a design over factors.

    The generator of a point comes from the hash of the point's own content (what is run, factors, constants,
    repeats, seed), so that order, blocks, workers and interruptions cannot change a result.

    Parameters
    ----------
    run
        What is measured at a point.
    factors
        What varies, by the name that the run knows it by.
    constants
        What is given to every point.
    design
        `Grid()` for all combinations, `SpaceFilling(n_points=...)` for a sample of them.
    repeats
        Replicates a point, solved as one batch.
    seed
        Root of every generator.

    Raises
    ------
    ValueError
        On names that the run does not know, names that stand twice, and sizes that are not positive.
    """

    run: Run
    factors: Mapping[str, Factor]
    constants: Mapping[str, Value] = field(default_factory=dict)
    design: Design = field(default_factory=Grid)
    repeats: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the names against the run."""
        positive_int("repeats", self.repeats)
        positive_int("seed", self.seed, at_least=0)
        if not self.factors:
            raise ValueError("factors is empty; name at least one variable and its values.")
        twice = sorted(set(self.factors) & set(self.constants))
        if twice:
            raise ValueError(f"{twice[0]} is a factor and a constant; keep one of the two.")
        reserved = sorted(RESERVED & {*self.factors, *self.constants})
        if reserved:
            raise ValueError(f"{reserved[0]} is a column that every sweep writes; rename the factor.")
        self.run.check(frozenset({*self.factors, *self.constants} - {"seed"}))
        self.design.check(self.factors)

    @cached_property
    def n_points(self) -> int:
        """Number of points."""
        return self.design.size(self.factors)

    @cached_property
    def content(self) -> dict[str, Any]:
        """The whole sweep as JSON: two specs with the same content give the same table."""
        return {
            **self._shared_content,
            # A list, for their order numbers the points.
            "factors": [
                {"name": name, "type": type(f).__name__, **vars(f)} for name, f in self.factors.items()
            ],
            "design": {"type": type(self.design).__name__, **vars(self.design)},
        }

    @cached_property
    def digest(self) -> str:
        """A name for the content, 32 hexadecimal digits."""
        return hashlib.blake2b(canonical_json(self.content), digest_size=16).hexdigest()

    def points(self, indices: npt.NDArray[np.int64]) -> list[Point]:
        """Return the factors of the points at these places of the design."""
        return self.design.points(self.factors, indices)

    def point_seed(self, point: Point) -> int:
        """Return the seed of a point, in [0, 2^63): `np.random.default_rng(seed)` is its generator."""
        digest = self._hash.copy()
        digest.update(repr(sorted(point.items())).encode())  # ten times faster than JSON, and as exact
        return int.from_bytes(digest.digest(), "big") >> 1

    @cached_property
    def _shared_content(self) -> dict[str, Any]:
        return {
            "run": self.run.content(),
            "constants": dict(self.constants),
            "repeats": self.repeats,
            "seed": self.seed,
        }

    @cached_property
    def _hash(self) -> "hashlib.blake2b":
        return hashlib.blake2b(canonical_json(self._shared_content), digest_size=8)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the running hash behind, which cannot be pickled."""
        return {name: value for name, value in vars(self).items() if name != "_hash"}


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(content: object) -> bytes:
    """Return JSON bytes that depend on the content alone, not on the order of its keys."""
    return _ENCODER.encode(content).encode()
