"""The instance that most robustness theorems speak of: a linear network whose shared map is damaged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb import AdditiveNoise, Corruption
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import Factorization, SharedRepresentation, Solver, orthonormal_rows, solve
from mtl_theory.spectral import clean_error, noise_slope, singular_values
from mtl_theory.theorem import Assumption, Source

PAPER = "Daras et al. 2022"
Instance = TypeVar("Instance")


def source(where: str) -> Source:
    """Return a place in Daras, Raoof, Gkalitsiou, Dimakis (NeurIPS 2022, arXiv:2210.11618)."""
    return Source(paper=PAPER, where=where)


@dataclass(frozen=True, kw_only=True)
class Network:
    r"""Tasks, the network that represents them, and the failures that strike its shared map.

    Parameters
    ----------
    weights
        True task vectors, the rows of $C^\top$, shape `(T, d)`.
    covariance
        Second moment of the inputs, `(d, d)`; its trace is $\kappa = E \lVert x \rVert^2$.
    representation
        Shared map $W$, `(k, d)`.
    heads
        $\gamma_t$, `(T, k)`.
    corruptions
        Failures of $W$, one a level; every level gets draws of its own.
    head_noise
        Standard deviation of Gaussian noise on the heads.
    """

    weights: FloatArray
    covariance: FloatArray
    representation: FloatArray
    heads: FloatArray
    corruptions: tuple[Corruption, ...] = ()
    head_noise: float = 0.0

    @property
    def kappa(self) -> float:
        """Expected squared norm of an input."""
        return float(np.trace(self.covariance))

    @property
    def product(self) -> FloatArray:
        """Represented task vectors, `(T, d)`."""
        return self.heads @ self.representation

    @property
    def head_gram(self) -> FloatArray:
        r"""Average head energy $\Gamma \Gamma^\top / T$, `(k, k)`; its trace is the slope."""
        gram: FloatArray = self.heads.T @ self.heads / len(self.heads)
        return gram

    @property
    def slope(self) -> float:
        r"""Slope $\lVert \Gamma \rVert_F^2 / T$ of the error in the noise variance."""
        return float(np.trace(self.head_gram))

    @property
    def clean(self) -> float:
        """Mean squared error over tasks of the intact network."""
        return float(self.errors(self.product).mean())

    @property
    def mean_energy(self) -> float:
        r"""$\nu = \operatorname{tr}(C^\top \Sigma C) / T$, the error of predicting zero."""
        return float(self.errors(np.zeros_like(self.weights)).mean())

    def errors(self, product: FloatArray) -> FloatArray:
        """Return the squared error per task, `(..., T)`, of represented task vectors `(..., T, d)`."""
        difference = product - self.weights
        return np.asarray(np.einsum("...td,...td->...t", difference @ self.covariance, difference))


def make_network(
    weights: FloatArray,
    capacity: int,
    *,
    covariance: FloatArray | None = None,
    factorization: Factorization = orthonormal_rows,
    solver: Solver | None = None,
    corruptions: Sequence[Corruption] = (),
    head_noise: float = 0.0,
) -> Network:
    """Represent tasks `(T, d)` by the population optimum of capacity k (or by another solver)."""
    covariance = np.eye(weights.shape[1]) if covariance is None else covariance
    truth = Truth(weights=weights[None], covariance=covariance, noise=np.zeros(len(weights)))
    chosen = solver or SharedRepresentation(capacity=capacity, factorization=factorization)
    solution = solve(truth.population_moments(), chosen, rng=np.random.default_rng(0))
    return Network(
        weights=weights,
        covariance=covariance,
        representation=solution.representation[0],
        heads=solution.heads[0],
        corruptions=tuple(corruptions),
        head_noise=head_noise,
    )


def gaussian_tasks(
    rng: np.random.Generator, *, n_tasks: int, n_features: int, std: float = 1.0
) -> FloatArray:
    """Return iid Gaussian task vectors, `(T, d)`."""
    return std * rng.standard_normal((n_tasks, n_features))


def damaged_task_errors(rng: np.random.Generator, network: Network, n_draws: int) -> FloatArray:
    """Strike the map (and heads) afresh for every level and draw: errors `(n_draws, levels, T)`.

    Works on the damaged weights themselves, so it shares no formula with the closed forms.
    """
    levels = []
    for corruption, child in zip(network.corruptions, rng.spawn(len(network.corruptions)), strict=True):
        rng_map, rng_heads = child.spawn(2)
        maps = corruption.draw(rng_map, network.representation, n_draws=n_draws)
        heads = AdditiveNoise(std=network.head_noise).draw(rng_heads, network.heads, n_draws=n_draws)
        levels.append(network.errors(heads @ maps))
    return np.stack(levels, axis=1)


def damaged_errors(rng: np.random.Generator, network: Network, n_draws: int) -> FloatArray:
    """Return the mean error over tasks, `(n_draws, levels)`."""
    return np.asarray(damaged_task_errors(rng, network, n_draws).mean(axis=-1))


def noise_variance(network: Network) -> float:
    """Return the variance of the only level's equal-variance noise."""
    corruption = network.corruptions[0]
    assert isinstance(corruption, AdditiveNoise)
    return float(np.asarray(corruption.std) ** 2)


def task_slope(tasks: FloatArray, capacity: int) -> float:
    """Return R of tasks `(T, d)` from their spectrum alone, for isotropic inputs."""
    return float(noise_slope(tasks[None], capacity)[0])


def _stationary(network: Network) -> bool:
    residual = (network.product - network.weights) @ network.covariance
    normal = np.abs(network.heads.T @ residual).max()
    # Relative to the heads and the tasks, so that the answer does not depend on the units of either.
    size = np.abs(network.heads).max() * np.abs(network.weights @ network.covariance).max()
    return bool(normal <= 1e-8 * len(network.weights) * size)


def _optimal(network: Network) -> bool:
    least = float(clean_error(network.weights[None], len(network.representation), network.covariance)[0])
    return _stationary(network) and bool(network.clean - least <= 1e-10 * network.mean_energy)


def _diagonal_heads(network: Network) -> bool:
    gram = network.head_gram
    return bool(np.abs(gram - np.diag(np.diag(gram))).max() <= 1e-8 * np.abs(gram).max())


def _isotropic(network: Network) -> bool:
    return bool(np.allclose(network.covariance, np.eye(len(network.covariance))))


def _orthonormal_rows(network: Network) -> bool:
    gram = network.representation @ network.representation.T
    return bool(np.allclose(gram, np.eye(len(gram)), atol=1e-8))


def _distinct_cut(network: Network) -> bool:
    spectrum = singular_values(network.weights[None], network.covariance)[0]
    cut = len(network.representation)
    return cut >= len(spectrum) or bool(spectrum[cut - 1] - spectrum[cut] > 1e-6 * spectrum[0])


def lifted(
    assumption: Assumption[Network], network_of: Callable[[Instance], Network]
) -> Assumption[Instance]:
    """Return the assumption for instances that hold a network."""
    return Assumption(
        name=assumption.name,
        statement=assumption.statement,
        holds=lambda instance: assumption.holds(network_of(instance)),
    )


STATIONARY = Assumption[Network](
    name="stationary map",
    statement="W minimises the error for its heads: the gradient in W vanishes",
    holds=_stationary,
)
OPTIMAL = Assumption[Network](
    name="optimal map",
    statement="no map of this capacity has a smaller error (stationary maps include saddle points)",
    holds=_optimal,
)
DIAGONAL_HEADS = Assumption[Network](
    name="uncorrelated heads",
    statement="the head Gram matrix is diagonal, as in the SVD solution",
    holds=_diagonal_heads,
)
ISOTROPIC = Assumption[Network](
    name="isotropic inputs",
    statement="the input second moment is the identity",
    holds=_isotropic,
)
ORTHONORMAL_ROWS = Assumption[Network](
    name="orthonormal rows",
    statement="the rows of W are orthonormal, as in the SVD solution",
    holds=_orthonormal_rows,
)
DISTINCT_CUT = Assumption[Network](
    name="distinct singular values at the cut",
    statement="s_k > s_{k+1}: the optimal subspace is unique",
    holds=_distinct_cut,
)
