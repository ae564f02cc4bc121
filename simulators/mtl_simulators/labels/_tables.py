r"""Tables of label counts that have a requested AMI in the sample itself, not only on average.

The channel is solved for the sample's own label shares, its expected counts are rounded row by row, and
single tokens are then moved within their row to where they bring the AMI, correction for chance included,
closest to the target. Where no move helps, a few random ones are made and the descent goes on from there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_simulators._validation import in_interval, positive_int
from mtl_simulators.labels._adjusted import Average, adjusted_mutual_information, arithmetic_average
from mtl_simulators.labels._channel import Channel
from mtl_simulators.labels._contingency import count_table
from mtl_simulators.labels._families import ChannelFamily
from mtl_simulators.labels._information import (
    entropy,
    expected_cells,
    expected_mutual_information,
    mutual_information,
)
from mtl_simulators.labels._solving import feasible_ami, solve_channel

# Most random moves before a restart. With 8, 5 of 80 samples of 200 tokens with five labels stay more than
# 1e-3 from AMI 0.95, with 24 none: near the ends few tables exist, and they lie far apart.
LONGEST_KICK = 24


def exact_table(
    rng: np.random.Generator,
    *,
    label_counts: npt.ArrayLike,
    family: ChannelFamily,
    ami: float,
    average: Average = arithmetic_average,
    tolerance: float = 1e-4,
    n_restarts: int = 100,
) -> IntArray:
    """Return counts of main against auxiliary labels, `(k, m)`, whose adjusted AMI is `ami`.

    The rows sum to `label_counts`, and the counts are those of a channel of the family up to a few tokens
    (some tens where it takes restarts), with none where the channel has probability zero. How close the AMI
    comes depends on how many tables there are: five labels reach the default tolerance from about 500 tokens
    on, two labels from about 20,000; at 1,000 tokens two labels reach 1e-3.

    Parameters
    ----------
    rng
        Drawn from in restarts only: where the first descent succeeds, every seed gives the same table.
    label_counts
        Tokens of every main label, `(k,)`; labels that do not occur have a row of zeros.
    family
        Channels to choose from.
    ami
        Target in [0, 1]. The range of a sample is not that of the population: the correction for chance
        lowers the ceiling of `Merge`, for instance.
    average
        Average of the two entropies.
    tolerance
        Largest distance from the target.
    n_restarts
        Descents from a perturbed table before giving up.

    Raises
    ------
    ValueError
        Where no table within `tolerance` was found: the message has the nearest AMI and the ranges of the
        family. On main labels of a single kind, and on counts that are not integers of at least 0.

    >>> from mtl_simulators.labels._families import Resample
    >>> rng = np.random.default_rng(0)
    >>> table = exact_table(rng, label_counts=[350, 100, 50], family=Resample(), ami=0.4)
    >>> table.sum(axis=1).tolist(), round(float(adjusted_mutual_information(table)), 3)
    ([350, 100, 50], 0.4)
    """
    rows = count_table("label_counts", np.asarray(label_counts)[..., None])[:, 0]
    in_interval("ami", ami, 0.0, 1.0)
    in_interval("tolerance", tolerance, 0.0, 1.0)
    positive_int("n_restarts", n_restarts, at_least=0)
    channel = _sample_channel(rows, family, ami, average)
    moves = _Moves(allowed=channel.transition > 0, rows=rows, average=average)
    best = _descend(moves, _rounded(rows, channel), ami, tolerance)
    for _ in range(n_restarts):
        if best.distance <= tolerance or not moves.possible(best.table).any():
            break
        # From the best table, not from the last: the counts stay near those of the channel.
        kicked = _descend(moves, moves.random(rng, best.table), ami, tolerance)
        best = min(best, kicked, key=lambda found: found.distance)
    if best.distance > tolerance:
        raise ValueError(_unreached(best, rows, family, ami, average, tolerance))
    return best.table


def _sample_channel(rows: IntArray, family: ChannelFamily, ami: float, average: Average) -> Channel:
    """Return the channel whose expected counts have the adjusted AMI `ami`, or the nearest one."""
    prior = rows / rows.sum()
    low, high = feasible_ami(family, prior=prior, average=average)
    plain = solve_channel(family, prior=prior, ami=min(max(ami, low), high), average=average)
    table = _rounded(rows, plain)
    # A = (I - E) / (M - E) means I / M = A + (1 - A) E / M, and a channel is solved for I / M.
    bound = average(entropy(rows), entropy(table.sum(axis=0)))
    chance = float(expected_mutual_information(table) / bound) if bound > 0 else 0.0
    corrected = min(max(ami + (1.0 - ami) * chance, low), high)
    return solve_channel(family, prior=prior, ami=corrected, average=average)


def _rounded(rows: IntArray, channel: Channel) -> IntArray:
    """Round the expected counts down and give the tokens left over in a row to the largest remainders."""
    expected = rows[:, None] * channel.transition
    table = np.floor(expected).astype(np.int64)
    rank = np.argsort(np.argsort(table - expected, axis=1, kind="stable"), axis=1)
    rounded: IntArray = table + (rank < (rows - table.sum(axis=1))[:, None])
    return rounded


@dataclass(frozen=True, kw_only=True)
class _Moves:
    """The single moves of a token within its row, and the AMI that each leads to."""

    allowed: BoolArray
    rows: IntArray
    average: Average
    # Expected information of a column with 0..n tokens: evaluated where needed, for the rows stay the same.
    chance: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chance", np.full(int(self.rows.sum()) + 1, np.nan))

    def possible(self, table: IntArray) -> BoolArray:
        """Whether a token of row i can go from column j to column l, `(k, m, m)`."""
        moves: BoolArray = (table > 0)[:, :, None] & self.allowed[:, None, :]
        return moves & ~np.eye(table.shape[1], dtype=np.bool_)

    def random(self, rng: np.random.Generator, table: IntArray) -> IntArray:
        """Make up to `LONGEST_KICK` random moves, each possible one equally likely."""
        for _ in range(rng.integers(1, LONGEST_KICK + 1)):
            table = _move(table, rng.choice(np.argwhere(self.possible(table))))
        return table

    def ami(self, table: IntArray) -> FloatArray:
        """Return the AMI after every move, `(k, m, m)`; infinite where there is none.

        A move changes two cells and two column sums, so all moves together cost one update each.
        """
        n, columns = len(self.chance) - 1, table.sum(axis=0)
        # Clipped where a column is empty or full: no possible move leaves the one or enters the other.
        fewer, same, more = self._column_chance(np.clip(columns + np.array([[-1], [0], [1]]), 0, n))
        cells, sums = _pair_sum(*_unit_changes(table)), _pair_sum(*_unit_changes(columns))
        information = mutual_information(table) + (cells - sums) / n
        expected = same.sum() + _pair_sum(fewer - same, more - same)
        output = np.maximum(entropy(columns) - sums / n, 0.0)
        bound = self.average(np.broadcast_to(entropy(self.rows), output.shape), output)
        scale = bound - expected
        usable = self.possible(table) & (scale > 1e-12 * bound)
        return np.where(usable, (information - expected) / np.where(usable, scale, 1.0), np.inf)

    def _column_chance(self, columns: IntArray) -> FloatArray:
        missing = np.unique(columns[np.isnan(self.chance[columns])])
        if missing.size:
            cells = expected_cells(self.rows[:, None], missing, len(self.chance) - 1)
            self.chance[missing] = cells.sum(axis=0)
        values: FloatArray = self.chance[columns]
        return values


class _Found(NamedTuple):
    table: IntArray
    distance: float


def _descend(moves: _Moves, table: IntArray, ami: float, tolerance: float) -> _Found:
    """Make the best single move until the AMI is within `tolerance`, or no move brings it closer."""
    distance = abs(float(adjusted_mutual_information(table, average=moves.average)) - ami)
    while distance > tolerance:
        distances = np.abs(moves.ami(table) - ami)
        best = int(distances.argmin())
        if not distances.flat[best] < distance:
            break
        table = _move(table, np.unravel_index(best, distances.shape))
        distance = float(distances.flat[best])
    return _Found(table, distance)


def _move(table: IntArray, move: Iterable[np.integer[Any]]) -> IntArray:
    row, source, target = move
    moved = table.copy()
    moved[row, source] -= 1
    moved[row, target] += 1
    return moved


def _unit_changes(counts: IntArray) -> tuple[FloatArray, FloatArray]:
    r"""Return the changes of $x \ln x$ when one token leaves, and when one enters."""
    here = special.xlogy(counts, counts)
    fewer = np.maximum(counts - 1, 0)
    return special.xlogy(fewer, fewer) - here, special.xlogy(counts + 1, counts + 1) - here


def _pair_sum(leaving: FloatArray, entering: FloatArray) -> FloatArray:
    """Return the sum for every column that is left and every one that is entered, `(..., m, m)`."""
    pairs: FloatArray = leaving[..., :, None] + entering[..., None, :]
    return pairs


def _unreached(
    best: _Found, rows: IntArray, family: ChannelFamily, ami: float, average: Average, tolerance: float
) -> str:
    prior = rows / rows.sum()
    ends = [_rounded(rows, family.channel(end, prior=prior)) for end in family.bounds(prior)]
    low, high = (float(adjusted_mutual_information(table, average=average)) for table in ends)
    population = feasible_ami(family, prior=prior, average=average)
    return (
        f"found no labels of these {rows.sum()} tokens with an AMI within {tolerance:g} of {ami:g} under "
        f"{family}: the nearest has {float(adjusted_mutual_information(best.table, average=average)):.6f}. "
        f"Corrected for chance, the family reaches about [{low:.4f}, {high:.4f}] in this sample, and "
        f"[{population[0]:.4f}, {population[1]:.4f}] in the population; ask for an AMI in the sample's "
        "range, allow a larger tolerance, or take more tokens."
    )
