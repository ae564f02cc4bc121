"""Shared directions found one after another, each the best for what the earlier ones leave."""

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._alternating import descend_from
from mtl_simulators.solvers._solution import Outcome, SolveError

ROUNDING = 1e-12  # share of a Gram matrix's trace below which an eigenvalue counts as zero
PAIRED_TASKS = 8  # up to so many tasks, starts between two tasks are tried too


def greedy_directions(
    data: Dataset | Moments,
    *,
    n_directions: int | None = None,
    max_sweeps: int = 5000,
    tolerance: float = 1e-9,
) -> tuple[FloatArray, FloatArray]:
    r"""Find $W_1 = \arg\max_w \sum_t \langle X_t w / \lVert X_t w \rVert, y_t \rangle^2$, project, repeat.

    After each direction the columns of every $X_t$ are projected off $X_t W_i$. Each step is a problem of
    capacity 1, which has local maxima when the designs differ. Alternating least squares starts from every
    task's own solution, from what lies halfway between two of them, and from the solutions for equal designs,
    and the best end is taken; nothing is drawn at random.

    Weights enter through the data: pass `weighted_moments(data, task_weights)`.

    Parameters
    ----------
    n_directions
        k, at most d; None for all.
    max_sweeps, tolerance
        As in `AlternatingLeastSquares`.

    Returns
    -------
    directions
        Orthonormal rows in the order found, shape `(B, k, d)`.
    gains
        $\lambda_i$, shape `(B, k)`: the energy that each adds. The loss at capacity r is at most the
        single-task loss plus $\lambda_{r+1} + \dots + \lambda_d$, its value at the first r directions.

    Raises
    ------
    ValueError
        On more directions than features.
    SolveError
        When the best start of a step still moves at the last sweep.

    Source: Wu, Zhang and Ré (2020), Proposition 6.

    >>> cross = np.diag([3.0, 2.0, 1.0])[None]
    >>> toy = Moments(gram=np.eye(3)[None], cross=cross, energy=[[9, 4, 1]], n_samples=[3, 3, 3])
    >>> greedy_directions(toy)[1].round(6).tolist()
    [[9.0, 4.0, 1.0]]
    """
    moments = data.moments() if isinstance(data, Dataset) else data
    d = moments.n_features
    count = d if n_directions is None else positive_int("n_directions", n_directions)
    if count > d:
        raise ValueError(f"n_directions={count} exceeds the {d} features; pass at most that many.")
    directions: FloatArray = np.zeros((moments.n_replicates, 0, d))
    gains = []
    for step in range(count):
        rest, complement = _projected(moments, directions)
        ends = descend_from(rest, _starts(rest), max_sweeps=max_sweeps, tolerance=tolerance)
        best = ends.loss.argmin(axis=1)
        replicates = np.arange(len(best))
        if not ends.converged[replicates, best].all():
            raise SolveError(
                f"direction {step + 1}: {Outcome.NOT_CONVERGED.value} (max_sweeps = {max_sweeps})."
            )
        found = ends.representation[replicates, best] @ complement.mT
        directions = np.concatenate([directions, found], axis=1)
        gains.append(rest.energy.sum(axis=1) - ends.loss[replicates, best])
    return directions, np.stack(gains, axis=1)


def _starts(moments: Moments) -> FloatArray:
    """Return directions that are best for a task, for two, or for equal designs; shape `(B, S, 1, d)`."""
    gram = moments.gram_per_task
    total = gram.sum(axis=1)
    own = (np.linalg.pinv(gram, rcond=1e-13, hermitian=True) @ moments.cross[..., None])[..., 0]
    length = np.sqrt(np.maximum(np.einsum("bti,bij,btj->bt", own, total, own), 0.0))
    own = own / np.where(length > 0, length, 1.0)[..., None]
    values, vectors = np.linalg.eigh(total)
    seen = values > values.shape[-1] * np.finfo(values.dtype).eps * values[:, -1:]
    root = (vectors * np.where(seen, 1.0 / np.sqrt(np.where(seen, values, 1.0)), 0.0)[:, None]) @ vectors.mT
    parts = [own, np.linalg.svd(moments.cross @ root, full_matrices=False)[2] @ root]
    if moments.n_tasks <= PAIRED_TASKS:
        first, second = np.triu_indices(moments.n_tasks, 1)
        parts += [own[:, first] + own[:, second], own[:, first] - own[:, second]]
    starts = np.concatenate(parts, axis=1)
    size = np.linalg.norm(starts, axis=-1, keepdims=True)
    # Tasks without labels or with the same solution leave zeros, for which any direction stands in.
    return np.where(size > 1e-12 * size.max(axis=1, keepdims=True), starts, 1.0)[:, :, None]


def _projected(moments: Moments, directions: FloatArray) -> tuple[Moments, FloatArray]:
    """Return the moments after projection, on a basis `(B, d, d - i)` of the directions' complement."""
    step, gram = directions.shape[1], moments.gram_per_task
    if not step:
        basis = np.broadcast_to(np.eye(moments.n_features), gram.shape[:1] + gram.shape[2:])
        return moments, basis
    complement = np.linalg.qr(directions.mT, mode="complete")[0][..., step:]
    image = directions[:, None] @ gram
    inverse = np.linalg.pinv(image @ directions.mT[:, None], rcond=1e-13, hermitian=True)
    removed = inverse @ image
    signal = directions @ moments.cross.mT
    cross = moments.cross - np.einsum("btkd,bkt->btd", removed, signal)
    left = complement.mT[:, None] @ (gram - image.mT @ removed) @ complement[:, None]
    # What a task has left may be rounding alone, which the search would take for a signal.
    values, axes = np.linalg.eigh((left + left.mT) / 2)
    seen = values > ROUNDING * np.einsum("btii->bt", gram)[..., None]
    coordinates = (((cross @ complement)[..., None, :] @ axes)[..., 0, :]) * seen
    # The energy of each task that is left to explain, so that losses keep their digits.
    explained = np.einsum("bkt,btkl,blt->bt", signal, inverse, signal)
    return (
        Moments(
            gram=(axes * (values * seen)[..., None, :]) @ axes.mT,
            cross=(axes @ coordinates[..., None])[..., 0],
            energy=moments.energy - explained,
            n_samples=moments.n_samples,
        ),
        complement,
    )
