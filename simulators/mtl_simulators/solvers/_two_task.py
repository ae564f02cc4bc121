"""Two tasks that share one vector: the global minimum, by a search over one number."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._shared import TIE
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit
from mtl_simulators.solvers._weighting import weighted_moments

PEAKS = 4  # local maxima of the grid that are refined
MARGIN = 9.0  # log head ratios searched beyond those at which anything happens; further out lies a plateau
BLOCK_ENTRIES = 2**20
GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, kw_only=True)
class TwoTaskGlobal:
    r"""Global minimum of $\sum_{t=1}^2 \alpha_t \lVert \gamma_t X_t w - y_t \rVert^2$: capacity 1, two tasks.

    For heads in the proportion $1 : a$ the shared vector is linear and the explained energy is
    $h(a) = v^\top (C_1 + a^2 C_2)^{-1} v$, $v = X_1^\top y_1 + a X_2^\top y_2$. In coordinates where $C_1$
    and $C_2$ are both diagonal it costs O(d), and its poles are all at distance $\pi / 2$ from the real axis
    of $\log |a|$: an even grid there, for either sign of a, sees every hump however unlike the Gram matrices
    are. The best humps are refined by golden-section search and Newton's method.

    The shared vector has length 1 and the first head is not negative. Ends with `TIED_SPECTRUM` where
    another pair of heads explains as much (opposite signs for orthogonal tasks), and with `RANK_DEFICIENT`
    where the two designs together do not determine every direction.

    Parameters
    ----------
    task_weights
        $\alpha_t > 0$: `(2,)` or `(B, 2)`; default ones.
    n_grid
        Grid points for each sign of a.

    Raises
    ------
    ValueError
        On another number of tasks.

    Source: Wu, Zhang and Ré (2020), equation (4).

    >>> from mtl_simulators.problems import Truth
    >>> from mtl_simulators.solvers import solve
    >>> truth = Truth(weights=np.array([[[3.0, 0.0], [-1.0, 0.0]]]), covariance=np.eye(2), noise=np.zeros(2))
    >>> rng = np.random.default_rng(0)
    >>> solution = solve(truth.population_moments(), TwoTaskGlobal(), rng=rng)
    >>> solution.heads.round(6).ravel().tolist()
    [3.0, -1.0]
    """

    task_weights: npt.ArrayLike | None = None
    n_grid: int = 200

    def __post_init__(self) -> None:
        """Refuse grids too coarse to bracket a maximum."""
        positive_int("n_grid", self.n_grid, at_least=20)

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Search over the head ratio; `rng` is not used."""
        if data.n_tasks != 2:
            raise ValueError(f"got {data.n_tasks} tasks; for more than two use AlternatingLeastSquares.")
        moments = weighted_moments(data, self.task_weights)
        pencil = _simultaneously_diagonal(moments)
        first, second = _candidates(pencil, self.n_grid)
        values = pencil.explained(first, second)
        best = np.argmax(values, axis=1)[:, None]
        chosen_first, chosen_second = (np.take_along_axis(h, best, 1)[:, 0] for h in (first, second))
        vector = pencil.shared_vector(chosen_first, chosen_second)
        length = np.linalg.norm(vector, axis=-1, keepdims=True)
        vector, heads = _with_best_heads(moments, vector / np.where(length > 0, length, 1.0))
        top = np.take_along_axis(values, best, 1)
        # Heads that differ by less are the same hump, met twice.
        apart = np.abs(first * chosen_second[:, None] - second * chosen_first[:, None]) > 1e-3
        tied: BoolArray = np.asarray((apart & (values >= top * (1 - TIE))).any(axis=1))
        return Fit(
            representation=vector[:, None],
            heads=heads[..., None],
            outcomes=tuple(
                Outcome.RANK_DEFICIENT if not ok else Outcome.TIED_SPECTRUM if tie else Outcome.SUCCESS
                for ok, tie in zip(pencil.full_rank, tied, strict=True)
            ),
        )


@dataclass(frozen=True)
class _Pencil:
    r"""Two Gram matrices made diagonal at once.

    $C_1 = R^{-\top} \operatorname{diag}(\mu) R^{-1}$ and $C_2 = R^{-\top} \operatorname{diag}(1 - \mu)
    R^{-1}$, once the second task is brought to the units of the first: $X_2 \to u X_2$,
    $\operatorname{tr} u^2 C_2 = \operatorname{tr} C_1$.

    Parameters
    ----------
    axes
        R, `(B, d, d)`; zero columns for directions that neither design sees.
    share
        $\mu$ in [0, 1], shape `(B, d)`.
    first, second
        $R^\top X_t^\top y_t$, shape `(B, d)`; zero where the task sees nothing.
    full_rank
        Whether the two designs together see every direction, shape `(B,)`.
    """

    axes: FloatArray
    share: FloatArray
    first: FloatArray
    second: FloatArray
    full_rank: BoolArray

    def explained(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Return the explained energy for pairs of heads, `(B, k)` each; any common scale of a pair."""
        n_pairs, d = first.shape[1], self.share.shape[1]
        block = max(1, BLOCK_ENTRIES // (len(first) * d))
        parts = []
        for start in range(0, n_pairs, block):
            c, s = first[:, start : start + block, None], second[:, start : start + block, None]
            signal = c * self.first[:, None] + s * self.second[:, None]
            gram = c**2 * self.share[:, None] + s**2 * (1 - self.share[:, None])
            parts.append((signal**2 / np.where(gram > 0, gram, np.inf)).sum(axis=-1))
        return np.concatenate(parts, axis=1)

    def slopes(self, ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the first two derivatives of the explained energy in log |a|, `(B, k)` each."""
        a = ratio[..., None]
        signal = self.first[:, None] + a * self.second[:, None]
        gram = self.share[:, None] + a**2 * (1 - self.share[:, None])
        inverse = np.where(gram > 0, 1.0 / np.where(gram > 0, gram, 1.0), 0.0)
        d_signal, d_gram = a * self.second[:, None], 2 * a**2 * (1 - self.share[:, None])
        fit = signal * inverse
        rate = d_signal - fit * d_gram / 2
        slope = 2 * fit * rate
        d_fit = (d_signal - fit * d_gram) * inverse
        curvature = 2 * d_fit * rate + 2 * fit * (d_signal - d_fit * d_gram / 2 - fit * d_gram)
        return slope.sum(axis=-1), curvature.sum(axis=-1)

    def shared_vector(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Return the best shared vector for heads `(B,)`, shape `(B, d)`."""
        signal = first[:, None] * self.first + second[:, None] * self.second
        gram = first[:, None] ** 2 * self.share + second[:, None] ** 2 * (1 - self.share)
        scaled = np.where(gram > 0, signal / np.where(gram > 0, gram, 1.0), 0.0)
        return np.asarray((self.axes @ scaled[..., None])[..., 0])

    @cached_property
    def log_range(self) -> tuple[FloatArray, FloatArray]:
        """Log head ratios between which the explained energy varies, `(B, 1)` each."""
        seen_first, seen_second = self.share > 0, self.share < 1
        both = seen_first & seen_second
        odds = np.where(both, self.share, 0.5) / np.where(both, 1 - self.share, 0.5)
        # The poles lie at a^2 = -mu / (1 - mu); long task vectors move the best ratio away from them.
        pole = np.log(odds) / 2
        lengths = (
            np.linalg.norm(signal / np.where(seen, gram, np.inf), axis=1)
            for signal, seen, gram in (
                (self.first, seen_first, self.share),
                (self.second, seen_second, 1 - self.share),
            )
        )
        lengths_first, lengths_second = lengths
        known = (lengths_first > 0) & (lengths_second > 0)
        scale = np.where(known, lengths_second, 1.0) / np.where(known, lengths_first, 1.0)
        margin = MARGIN + np.abs(np.log(scale))
        return (pole.min(axis=1) - margin)[:, None], (pole.max(axis=1) + margin)[:, None]


def _simultaneously_diagonal(moments: Moments) -> _Pencil:
    traces = np.einsum("btii->bt", moments.gram)
    unit = np.sqrt(traces[:, 0] / np.where(traces[:, 1] > 0, traces[:, 1], 1.0))
    unit = np.where(unit > 0, unit, 1.0)
    gram_first, gram_second = moments.gram[:, 0], unit[:, None, None] ** 2 * moments.gram[:, 1]
    values, vectors = np.linalg.eigh(gram_first + gram_second)
    tolerance = values.shape[-1] * np.finfo(values.dtype).eps
    seen = values > tolerance * values[:, -1:]
    whitening = vectors * np.where(seen, 1.0 / np.sqrt(np.where(seen, values, 1.0)), 0.0)[:, None]
    share, rotation = np.linalg.eigh(whitening.mT @ gram_first @ whitening)
    # Rounding of a share of 0 or 1, of a direction that one task does not see.
    share = np.where(share <= tolerance, 0.0, np.where(share >= 1 - tolerance, 1.0, share))
    axes = whitening @ rotation
    signals = moments.cross @ axes
    return _Pencil(
        axes=axes,
        share=share,
        first=np.where(share > 0, signals[:, 0], 0.0),
        second=np.where(share < 1, unit[:, None] * signals[:, 1], 0.0),
        full_rank=seen.all(axis=1),
    )


def _with_best_heads(moments: Moments, vector: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the vector `(B, d)` with the sign that makes its least-squares heads `(B, 2)` start positive.

    A task whose labels are far smaller than the other's hardly shows in the explained energy, so the search
    leaves digits of its head open that least squares gives.
    """
    seen = np.einsum("bi,btij,bj->bt", vector, moments.gram, vector)
    signal = np.einsum("bi,bti->bt", vector, moments.cross)
    heads = np.where(seen > 0, signal / np.where(seen > 0, seen, 1.0), 0.0)
    sign = np.where(heads[:, :1] < 0, -1.0, 1.0)
    return sign * vector, sign * heads


def _candidates(pencil: _Pencil, n_grid: int) -> tuple[FloatArray, FloatArray]:
    """Return pairs of heads, `(B, k)` each: the refined humps, and each task learned alone."""
    low, high = pencil.log_range
    logs = low + (high - low) * np.linspace(0.0, 1.0, n_grid)
    both = np.concatenate([logs, logs], axis=1)
    signs = np.repeat([1.0, -1.0], n_grid)
    values = pencil.explained(*_heads(signs * np.exp(both))).reshape(-1, 2, n_grid)
    edge = np.full((*values.shape[:2], 1), -np.inf)
    padded = np.concatenate([edge, values, edge], axis=-1)
    hump = (values >= padded[..., :-2]) & (values >= padded[..., 2:])
    order = np.argsort(np.where(hump, values, -np.inf).reshape(len(values), -1), axis=1)[:, -PEAKS:]
    start = np.take_along_axis(both, order, 1)
    ratio = _refine(pencil, start, signs[order], (high - low) / (n_grid - 1))
    first, second = _heads(ratio)
    alone = np.broadcast_to(np.eye(2), (len(values), 2, 2))
    return np.concatenate([first, alone[:, 0]], axis=1), np.concatenate([second, alone[:, 1]], axis=1)


def _refine(pencil: _Pencil, start: FloatArray, sign: FloatArray, step: FloatArray) -> FloatArray:
    """Return the head ratios of the maxima within one grid step of the start, `(B, k)`."""
    low, high = start - step, start + step
    # Golden section to a ten-thousandth of a step, where Newton's method has long been quadratic.
    for _ in range(22):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        f_left, f_right = (pencil.explained(*_heads(sign * np.exp(w))) for w in (left, right))
        low, high = np.where(f_left < f_right, left, low), np.where(f_left < f_right, high, right)
    logs = (low + high) / 2
    for _ in range(4):
        slope, curvature = pencil.slopes(sign * np.exp(logs))
        move = np.where(curvature < 0, -slope / np.where(curvature < 0, curvature, -1.0), 0.0)
        # A hump flatter than rounding has no Newton step that means anything.
        logs = logs + np.where(np.abs(move) < 1e-3 * step, move, 0.0)
    return np.asarray(sign * np.exp(logs))


def _heads(ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    first = 1.0 / np.hypot(1.0, ratio)
    return first, ratio * first
