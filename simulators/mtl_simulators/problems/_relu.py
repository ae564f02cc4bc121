"""Regression tasks whose targets come from networks with one hidden ReLU layer."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mtl_simulators._validation import finite_array, positive_int
from mtl_simulators.problems._dataset import Dataset
from mtl_simulators.problems._linear import draw_dataset
from mtl_simulators.problems._problem import Problem
from mtl_simulators.problems._relu_truth import ReluTruth
from mtl_simulators.problems._truth import Truth


def make_relu(
    rng: np.random.Generator,
    *,
    n_samples: int | Sequence[int],
    neurons: npt.ArrayLike,
    amplitudes: npt.ArrayLike = 1.0,
    covariance: npt.ArrayLike | None = None,
    noise: float | Sequence[float] = 1.0,
    n_replicates: int = 1,
    shared_design: bool = False,
    n_test: int = 0,
) -> Problem:
    r"""Draw $y_t = \sum_j a_{tj} \operatorname{ReLU}(X_t \theta_{tj}) + \sigma_t \varepsilon_t$, Gaussian X.

    One unit neuron of amplitude $\sqrt 2$ makes $\mathbb{E} (a \operatorname{ReLU})^2 = 1$ at identity
    covariance.

    Parameters
    ----------
    n_samples
        Training samples per task: one number, or one a task.
    neurons
        $\theta_{tj}$, shape `(T, h, d)` or `(B, T, h, d)`, as from `make_neurons_at_angles`; for one neuron a
        task insert the axis, `weights[:, :, None]`.
    amplitudes
        $a_{tj}$: one number, `(T, h)` or `(B, T, h)`.
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
        On shapes that do not fit each other.

    Source: Wu, Zhang and Ré (2020), section 2.1; several neurons a task: figure 8.

    >>> rng = np.random.default_rng(0)
    >>> problem = make_relu(rng, n_samples=50, neurons=np.ones((2, 1, 4)), amplitudes=np.sqrt(2), noise=0.1)
    >>> problem.train.targets.shape, problem.truth.n_neurons
    ((1, 2, 50), 1)
    """
    positive_int("n_replicates", n_replicates)
    positive_int("n_test", n_test, at_least=0)
    truth = _truth(neurons, amplitudes, covariance, noise, n_replicates)
    rng_train, rng_test = rng.spawn(2)
    counts = np.broadcast_to(np.asarray(n_samples), (truth.n_tasks,))
    train = draw_relu_dataset(rng_train, truth, n_samples=counts, shared_design=shared_design)
    if not n_test:
        return Problem(train=train, truth=truth)
    test = draw_relu_dataset(rng_test, truth, n_samples=n_test, shared_design=shared_design)
    return Problem(train=train, test=test, truth=truth)


def draw_relu_dataset(
    rng: np.random.Generator, truth: ReluTruth, *, n_samples: npt.ArrayLike, shared_design: bool
) -> Dataset:
    """Draw samples of ReLU teachers.

    `n_samples` has shape `()` or `(T,)`; tasks with fewer samples than the largest are padded with zero rows.
    """
    silent = Truth(
        weights=np.zeros((truth.n_replicates, truth.n_tasks, truth.n_features)),
        covariance=truth.covariance,
        noise=truth.noise,
    )
    noise = draw_dataset(rng, silent, n_samples=n_samples, shared_design=shared_design)
    # Padding rows are zero, and so is what the teachers make of them.
    return Dataset(
        inputs=noise.inputs, targets=noise.targets + truth.predict(noise.inputs), n_samples=noise.n_samples
    )


def _truth(
    neurons: npt.ArrayLike,
    amplitudes: npt.ArrayLike,
    covariance: npt.ArrayLike | None,
    noise: float | Sequence[float],
    n_replicates: int,
) -> ReluTruth:
    units = finite_array("neurons", neurons, ndim=(3, 4)).astype(np.float64)
    units = units if units.ndim == 4 else units[None]
    if len(units) not in (1, n_replicates) and n_replicates != 1:
        raise ValueError(
            f"neurons holds {len(units)} replicates, n_replicates asks for {n_replicates}: pass neurons of "
            "one replicate, or leave n_replicates at 1."
        )
    shape = (max(n_replicates, len(units)), *units.shape[1:])
    heads = finite_array("amplitudes", amplitudes, ndim=(0, 2, 3)).astype(np.float64)
    if heads.ndim and heads.shape not in (shape[1:3], shape[:3], (1, *shape[1:3])):
        raise ValueError(
            f"amplitudes {heads.shape} do not fit neurons {units.shape}: pass one number, (T, h) or "
            "(B, T, h)."
        )
    spread = np.asarray(noise, dtype=np.float64)
    if spread.shape not in ((), (shape[1],)):
        raise ValueError(f"noise has shape {spread.shape}: pass one number, or one a task ({shape[1]}).")
    return ReluTruth(
        neurons=np.broadcast_to(units, shape),
        amplitudes=np.broadcast_to(heads, shape[:3]),
        covariance=np.eye(shape[-1]) if covariance is None else np.asarray(covariance, dtype=np.float64),
        noise=np.broadcast_to(spread, shape[1:2]),
    )
