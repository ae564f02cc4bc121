"""Linear multitask problems with a known truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, positive_int
from mtl_simulators.geometry import make_equicorrelated_tasks, make_low_rank_tasks, square_root
from mtl_simulators.problems._dataset import Dataset
from mtl_simulators.problems._problem import Problem
from mtl_simulators.problems._truth import Truth


def make_linear(
    rng: np.random.Generator,
    *,
    n_samples: int | Sequence[int],
    n_tasks: int | None = None,
    n_features: int | None = None,
    weights: npt.ArrayLike | None = None,
    alignment: float | None = None,
    rank: int | None = None,
    covariance: npt.ArrayLike | None = None,
    noise: float | Sequence[float] = 1.0,
    n_replicates: int = 1,
    shared_design: bool = False,
    n_test: int = 0,
) -> Problem:
    r"""Draw Gaussian linear regression tasks $y_t = X_t w_t + \sigma_t \varepsilon_t$.

    The task vectors are given (`weights`), or unit vectors with the pairwise cosine `alignment`, or of a
    requested `rank`: exactly one of the three. `alignment=0.3` measures 0.3 because the task vectors are
    built from a Gram matrix with 0.3 off its diagonal.

    Parameters
    ----------
    n_samples
        Training samples per task: one number, or one a task.
    weights
        Task vectors, `(T, d)` or `(B, T, d)`; then `n_tasks` and `n_features` are read off them, and `B`
        is the number of replicates.
    covariance
        Input covariance, `(d, d)` or `(T, d, d)`; default identity.
    noise
        Standard deviation of the label noise: one number, or one a task.
    shared_design
        Whether all tasks see the same inputs.
    n_test
        Held-out samples per task; 0 for none.

    Raises
    ------
    ValueError
        When not exactly one of `weights`, `alignment`, `rank` is given, on shapes and sizes that do not fit,
        on a covariance that is not positive semidefinite, and on an infeasible alignment or rank.

    >>> problem = make_linear(np.random.default_rng(0), alignment=0.3, n_tasks=4, n_features=10, n_samples=50)
    >>> w = problem.truth.weights[0]
    >>> float(round(w[0] @ w[1], 12)), problem.train.inputs.shape
    (0.3, (1, 4, 50, 10))
    """
    positive_int("n_replicates", n_replicates)
    positive_int("n_test", n_test, at_least=0)
    rng_tasks, rng_train, rng_test = rng.spawn(3)
    tasks = _task_vectors(rng_tasks, n_tasks, n_features, weights, alignment, rank, n_replicates)
    _, n_tasks, n_features = tasks.shape
    truth = Truth(
        weights=tasks,
        covariance=np.eye(n_features) if covariance is None else np.asarray(covariance, dtype=np.float64),
        noise=_per_task("noise", np.asarray(noise, dtype=np.float64), n_tasks),
    )
    train = draw_dataset(rng_train, truth, n_samples=n_samples, shared_design=shared_design)
    test = draw_dataset(rng_test, truth, n_samples=n_test, shared_design=shared_design) if n_test else None
    return Problem(train=train, test=test, truth=truth)


def draw_dataset(
    rng: np.random.Generator, truth: Truth, *, n_samples: npt.ArrayLike, shared_design: bool
) -> Dataset:
    r"""Draw $X_t = Z_t \Sigma_t^{1/2}$, $Z_t$ standard normal, and $y_t = X_t w_t + \sigma_t \varepsilon_t$.

    Parameters
    ----------
    n_samples
        Samples per task: one number, or one a task, `(T,)`; tasks with fewer samples than the largest are
        padded with zero rows.
    shared_design
        Whether all tasks see the same inputs, `(B, n, d)`, instead of their own, `(B, T, n, d)`.

    Raises
    ------
    ValueError
        On counts that are not positive integers, and on a shared design with several covariances or counts.

    >>> truth = Truth(weights=np.ones((1, 2, 3)), covariance=np.eye(3), noise=np.zeros(2))
    >>> data = draw_dataset(np.random.default_rng(0), truth, n_samples=[4, 2], shared_design=False)
    >>> data.inputs.shape, bool(np.allclose(data.targets, data.inputs.sum(axis=-1)))
    ((1, 2, 4, 3), True)
    """
    counts = _per_task("n_samples", np.asarray(n_samples), truth.n_tasks)
    for count in counts:
        positive_int("n_samples", count.item())
    if shared_design and not truth.shares_covariance:
        raise ValueError("tasks with different covariances cannot share a design; pass shared_design=False.")
    if shared_design and (counts != counts[0]).any():
        raise ValueError(f"tasks that share a design need equal sample counts, got {counts.tolist()}.")
    n_replicates, n_tasks, d = truth.weights.shape
    n = int(counts.max())
    tasks = () if shared_design else (n_tasks,)
    inputs = rng.standard_normal((n_replicates, *tasks, n, d)) @ square_root(truth.covariance)
    noise = truth.noise[:, None] * rng.standard_normal((n_replicates, n_tasks, n))
    if shared_design:
        targets = truth.weights @ np.swapaxes(inputs, -1, -2) + noise
    else:
        observed = np.arange(n) < counts[:, None]
        inputs = inputs * observed[..., None]
        targets = ((inputs @ truth.weights[..., None])[..., 0] + noise) * observed
    return Dataset(inputs=inputs, targets=targets, n_samples=counts)


def _task_vectors(
    rng: np.random.Generator,
    n_tasks: int | None,
    n_features: int | None,
    weights: npt.ArrayLike | None,
    alignment: float | None,
    rank: int | None,
    n_replicates: int,
) -> FloatArray:
    given = [
        name
        for name, value in (("weights", weights), ("alignment", alignment), ("rank", rank))
        if value is not None
    ]
    if len(given) != 1:
        raise ValueError(f"pass exactly one of weights, alignment and rank, got {given or 'none'}.")
    if weights is not None:
        vectors = finite_array("weights", weights, ndim=(2, 3))
        return _given_vectors(vectors, n_tasks, n_features, n_replicates)
    if n_tasks is None or n_features is None:
        raise ValueError(f"{given[0]} needs n_tasks and n_features; pass both.")
    if alignment is not None:
        return make_equicorrelated_tasks(
            rng, n_tasks=n_tasks, n_features=n_features, cosine=alignment, n_replicates=n_replicates
        )
    assert rank is not None
    return make_low_rank_tasks(
        rng, n_tasks=n_tasks, n_features=n_features, rank=rank, n_replicates=n_replicates
    )


def _given_vectors(
    weights: FloatArray, n_tasks: int | None, n_features: int | None, n_replicates: int
) -> FloatArray:
    """Return given task vectors as `(B, T, d)`, refusing sizes that contradict them."""
    tasks = weights if weights.ndim == 3 else weights[None]
    # One set of task vectors serves any number of replicates, and 1 is the default that asks for nothing.
    replicates = n_replicates if len(tasks) > 1 and n_replicates > 1 else len(tasks)
    sizes = {"n_replicates": replicates, "n_tasks": n_tasks, "n_features": n_features}
    for (name, asked), size in zip(sizes.items(), tasks.shape, strict=True):
        if asked not in (None, size):
            raise ValueError(f"{name}={asked} contradicts weights of shape {weights.shape}; leave it out.")
    return np.broadcast_to(tasks, (max(n_replicates, len(tasks)), *tasks.shape[1:]))


def _per_task(name: str, values: npt.NDArray[Any], n_tasks: int) -> npt.NDArray[Any]:
    """Return one value a task, `(T,)`, from one number or `(T,)` numbers."""
    if values.shape not in ((), (n_tasks,)):
        raise ValueError(
            f"{name} has shape {values.shape} for {n_tasks} tasks; pass one number, or one a task."
        )
    return np.broadcast_to(values, (n_tasks,))
