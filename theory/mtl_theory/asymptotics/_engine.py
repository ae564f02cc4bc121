"""The exact high-dimensional risk of pooled ridge regression, for any tasks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, positive_int, spd_matrix
from mtl_simulators.problems import Truth
from mtl_theory.asymptotics._arguments import RiskParts, number_array

TOLERANCE = 1e-9  # relative change at which Newton's method stops: the next would be below rounding
MAX_STEPS = 100  # ten are enough away from the edge of feasibility
GROWTH = 4.0  # factor on an iterate that is too small for Newton's method


def asymptotic_risk(
    truth: Truth,
    *,
    n_samples: npt.ArrayLike,
    target: int,
    heads: npt.ArrayLike = 1.0,
    task_weights: npt.ArrayLike = 1.0,
    ridge: float = 0.0,
    metric: npt.ArrayLike | None = None,
) -> RiskParts:
    r"""Return the deterministic equivalent of the risk of many tasks that share one unit.

    The unit is fitted at given heads, $K = (\sum_i c_i S_i + \lambda I)^{-1}$, $c_i = \alpha_i a_i^2$, and
    target t is estimated by $\hat\beta_t = a_t K \sum_i \alpha_i a_i X_i^\top y_i$. With the fixed point

    $$Q = \Bigl(\sum_i \frac{n_i c_i}{e_i} \Sigma_i + \lambda I\Bigr)^{-1}, \quad
    d_i = \operatorname{tr} \Sigma_i Q, \quad e_i = 1 + c_i d_i,$$

    its response to $\lambda I \to \lambda I + s A$,
    $d_i' = -\operatorname{tr} \Sigma_i Q A Q + \sum_j w_j \operatorname{tr}(\Sigma_i Q \Sigma_j Q) d_j'$ and
    $Q' = -Q (A - \sum_j w_j d_j' \Sigma_j) Q$ with $w_j = n_j c_j^2 / e_j^2$, and
    $u_i = \alpha_i a_i (a_t \beta_i - a_i \beta_t)$, $b = \sum_i (n_i / e_i) \Sigma_i u_i - \lambda \beta_t$,

    $$\text{bias} = -\frac{d}{ds} \Bigl[b^\top Q b
    + \sum_i n_i \frac{d_i}{e_i} u_i^\top \Sigma_i u_i\Bigr], \quad
    \text{variance} = -a_t^2 \sum_i (\alpha_i a_i)^2 \sigma_i^2 \frac{n_i d_i'}{e_i^2}.$$

    For Gaussian inputs (or iid entries) with samples and features in proportion; relative errors are of
    order 1/d. Source: derived; it contains the two-task limits of Yang, Zhang, Wu, Su, Ré 2020.

    Parameters
    ----------
    truth
        Task vectors `(B, T, d)`, covariances and noise of the tasks.
    n_samples
        One number, or one a task, `(T,)`; zero leaves a task out.
    target
        Task t whose risk is wanted.
    heads
        $a_i$: one number, or one a task, of either sign. `limit_head_ratio` gives those that training fits
        to two tasks.
    task_weights
        $\alpha_i \ge 0$ of the squared losses.
    ridge
        $\lambda \ge 0$ on the shared unit.
    metric
        A `(d, d)` of the risk $(\hat\beta_t - \beta_t)^\top A (\hat\beta_t - \beta_t)$; default $\Sigma_t$.

    Returns
    -------
    RiskParts
        Bias `(B,)`, variance `(B,)`.

    Raises
    ------
    ValueError
        On shapes that do not fit the tasks, and without ridge on fewer samples (of tasks with a weight and a
        head) than features.
    RuntimeError
        When the fixed point does not converge: the pooled inputs do not determine the unit.

    Examples
    --------
    >>> truth = Truth(weights=np.eye(2, 50)[None], covariance=np.eye(50), noise=np.full(2, 0.5))
    >>> parts = asymptotic_risk(truth, n_samples=[100, 100], target=1)
    >>> parts.bias.round(4), parts.variance.round(4)  # |b1 - b2|^2 L_2(1), sigma^2 p / (N - p)
    (array([0.6667]), array([0.0833]))
    """
    setting = _Pooled.of(truth, n_samples, heads, task_weights, ridge)
    positive_int("target", target, at_least=0)
    if target >= truth.n_tasks:
        raise ValueError(f"target {target} is not among the {truth.n_tasks} tasks; count from 0.")
    risk_metric = setting.covariances[target] if metric is None else spd_matrix("metric", metric)
    if risk_metric.shape != setting.covariances[0].shape:
        raise ValueError(f"metric has shape {risk_metric.shape}, expected {setting.covariances[0].shape}.")
    point = _fixed_point(setting)
    response = _response(setting, point, risk_metric)
    return _risk(truth, setting, point, response, target)


@dataclass(frozen=True, kw_only=True)
class _Pooled:
    """Checked design of the pooled estimator: one entry a task."""

    covariances: FloatArray  # (T, d, d)
    counts: FloatArray
    heads: FloatArray
    weights: FloatArray
    ridge: float

    @property
    def shares(self) -> FloatArray:
        """Weight of a task's Gram matrix, alpha a^2."""
        return np.asarray(self.weights * self.heads**2)

    @classmethod
    def of(
        cls,
        truth: Truth,
        n_samples: npt.ArrayLike,
        heads: npt.ArrayLike,
        task_weights: npt.ArrayLike,
        ridge: float,
    ) -> "_Pooled":
        values = {"n_samples": n_samples, "heads": heads, "task_weights": task_weights}
        arrays = []
        for name, value in values.items():
            array = number_array(name, value, low=-np.inf if name == "heads" else 0.0)
            if array.shape not in ((), (truth.n_tasks,)):
                raise ValueError(f"{name} has shape {array.shape}: pass one number or {truth.n_tasks}.")
            arrays.append(np.broadcast_to(array, (truth.n_tasks,)))
        counts, head_values, weights = arrays
        penalty = float(number_array("ridge", ridge, low=0.0))
        pooled = float(counts[(weights > 0) & (head_values != 0)].sum())
        if penalty == 0 and pooled <= truth.n_features:
            raise ValueError(
                f"{pooled:g} pooled samples do not determine {truth.n_features} features: pass more samples, "
                "or a positive ridge."
            )
        return cls(
            covariances=finite_array("covariance", truth.covariance_per_task, ndim=3),
            counts=counts,
            heads=head_values,
            weights=weights,
            ridge=penalty,
        )


@dataclass(frozen=True, kw_only=True)
class _Point:
    """The fixed point, and the inner products tr(Sigma_i Q Sigma_j Q) of its tasks."""

    resolvent: FloatArray  # Q, (d, d)
    traces: FloatArray  # d_i
    stretch: FloatArray  # e_i
    coupling: FloatArray  # tr(Sigma_i Q Sigma_j Q) w_j, (T, T)


def _at(setting: _Pooled, traces: FloatArray) -> tuple[_Point, FloatArray]:
    """Return the quantities at d_i, and the right side tr(Sigma_i Q) of its equation."""
    stretch = 1 + setting.shares * traces
    load = np.tensordot(setting.counts * setting.shares / stretch, setting.covariances, axes=1)
    try:
        resolvent = np.linalg.inv(load + setting.ridge * np.eye(len(load)))
    except np.linalg.LinAlgError as error:
        raise RuntimeError(
            "the pooled covariances are singular, so the unit is not determined; add a ridge."
        ) from error
    filtered = setting.covariances @ resolvent
    products = np.einsum("aij,bji->ab", filtered, filtered, optimize=True)
    coupling = products * (setting.counts * setting.shares**2 / stretch**2)
    point = _Point(resolvent=resolvent, traces=traces, stretch=stretch, coupling=coupling)
    return point, np.trace(filtered, axis1=-2, axis2=-1)


def _fixed_point(setting: _Pooled) -> _Point:
    """Solve d_i = tr(Sigma_i Q(d)) by Newton's method.

    The right side rises in every d_j and is concave: where its slope is below one, Newton's method lands
    above the fixed point and descends to it. Where it is not (the step then leads down although the right
    side lies above), d is still too small: iterate once and enlarge.
    """
    traces: FloatArray = np.zeros(len(setting.counts))
    for _ in range(MAX_STEPS):
        point, image = _at(setting, traces)
        step = np.linalg.solve(np.eye(len(traces)) - point.coupling, image - traces)
        updated = traces + step
        newton = bool((updated > 0).all() and ((step >= 0) | (image < traces)).all())
        traces = updated if newton else GROWTH * image
        if newton and np.abs(step).max() <= TOLERANCE * traces.max():
            return _at(setting, traces)[0]
    raise RuntimeError(
        f"the fixed point did not converge in {MAX_STEPS} steps: the pooled samples hardly determine the "
        "unit; take more samples, or add a ridge."
    )


@dataclass(frozen=True, kw_only=True)
class _Response:
    """Derivatives of the fixed point when s times the metric is added to the ridge."""

    resolvent: FloatArray  # Q'
    traces: FloatArray  # d_i'


def _response(setting: _Pooled, point: _Point, metric: FloatArray) -> _Response:
    q = point.resolvent
    direct = np.einsum("aij,ji->a", setting.covariances @ q, metric @ q, optimize=True)
    traces = -np.linalg.solve(np.eye(len(direct)) - point.coupling, direct)
    pull = setting.counts * setting.shares**2 / point.stretch**2 * traces
    inner = metric - np.tensordot(pull, setting.covariances, axes=1)
    return _Response(resolvent=-q @ inner @ q, traces=traces)


def _risk(truth: Truth, setting: _Pooled, point: _Point, response: _Response, target: int) -> RiskParts:
    own = truth.weights[:, target]
    scale = (setting.weights * setting.heads)[:, None]
    pulls = scale * (setting.heads[target] * truth.weights - setting.heads[:, None] * own[:, None])
    images = np.einsum("tij,btj->bti", setting.covariances, pulls)
    # n_i d_i' / e_i^2, the common factor of all derivatives.
    rates = setting.counts * response.traces / point.stretch**2
    source = np.einsum("t,bti->bi", setting.counts / point.stretch, images) - setting.ridge * own
    drift = -np.einsum("t,bti->bi", setting.shares * rates, images)
    energies = np.vecdot(pulls, images)
    bias = -(
        2 * np.vecdot(drift @ point.resolvent, source)
        + np.vecdot(source @ response.resolvent, source)
        + energies @ rates
    )
    noise = setting.weights * setting.heads * truth.noise
    variance = -(setting.heads[target] ** 2) * float((noise**2 * rates).sum())
    return RiskParts(bias=np.asarray(bias), variance=np.full(len(bias), variance))
