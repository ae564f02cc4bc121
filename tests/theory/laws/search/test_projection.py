"""Batched variable projection against SciPy, one structure at a time."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from mtl_simulators._typing import FloatArray
from mtl_theory.laws._search._grammar import Decay, Effective, Logarithm, Power
from mtl_theory.laws._search._projection import Table, evaluate, fit_structures, parameters_of, stack
from mtl_theory.laws._search._structure import Start, Structure, canonical


@pytest.fixture
def X() -> FloatArray:
    rng = np.random.default_rng(0)
    return np.column_stack([10 ** rng.uniform(1, 3, 120), rng.uniform(2, 32, 120), rng.uniform(0, 1, 120)])


def job(terms, starts, kappa=None) -> tuple[Structure, Start]:
    found = canonical(terms, starts, kappa)
    assert found is not None
    return found


def test_the_optimum_is_that_of_scipy(X: FloatArray) -> None:
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.5, 2.0, 120)
    weights /= weights.mean()
    y = 0.3 + 2 * X[:, 0] ** -0.4 + 0.6 * X[:, 2] ** 0.7 / X[:, 1] + 0.02 * rng.standard_normal(120)
    terms = [(Power(0),), (Power(2), Power(1))]
    (fitted,) = fit_structures([job(terms, [(-0.5,), (0.5, -0.5)])], Table(X, y, weights), n_steps=60)

    def residual(p: FloatArray) -> FloatArray:
        law = p[0] + p[1] * X[:, 0] ** p[2] + p[3] * X[:, 2] ** p[4] * X[:, 1] ** p[5]
        return np.sqrt(weights) * (y - law)

    direct = least_squares(residual, [0.3, 2, -0.4, 0.6, 0.7, -1.0], xtol=1e-14, ftol=1e-14, gtol=1e-14)
    mean = weights @ y / weights.sum()
    scale = weights @ (y - mean) ** 2 / weights.sum()
    assert fitted.rss == pytest.approx(2 * direct.cost / scale, rel=1e-8)
    by_factor = dict(zip((f for _, f in fitted.structure.exponents), fitted.exponents, strict=True))
    assert [by_factor[Power(i)] for i in (0, 2, 1)] == pytest.approx(direct.x[[2, 4, 5]], rel=1e-4)


@pytest.mark.parametrize(
    ("terms", "starts", "kappa", "law"),
    [
        ([(Power(0), Logarithm(1))], [(-0.9,)], None, lambda n, T, a: 0.1 + 1.2 * np.log(T) / np.sqrt(n)),
        ([(Decay(0),)], [(0.05,)], None, lambda n, T, a: 0.9 - 0.6 * np.exp(-n / 100)),
        (
            [(Power(0), Effective((1, 2)))],
            [(-1.0, -0.8)],
            0.2,
            lambda n, T, a: 0.05 + 3 / np.sqrt(n * (1 + 0.5 * a * T)),
        ),
        ([(Power(2, 1, -1),)], [(0.5,)], None, lambda n, T, a: 0.2 + (1 - a) ** 0.8),
    ],
)
def test_noise_free_laws_come_back_to_rounding(X, terms, starts, kappa, law) -> None:
    y = law(*X.T)
    (fitted,) = fit_structures([job(terms, starts, kappa)], Table(X, y, np.ones(120)), n_steps=60)
    assert fitted.rss < 120 * 1e-18


def test_the_jacobian_is_kaufmans(X: FloatArray) -> None:
    """At a perfect fit Kaufman's Jacobian is exact: compare with differences of the residual."""
    y = 0.05 + 3 / np.sqrt(X[:, 0] * (1 + 0.5 * X[:, 2] * X[:, 1]))
    table = Table(X, y, np.ones(120))
    structure, start = job([(Power(0), Effective((1, 2)))], [(-0.5, -0.5)], 0.5)
    batch = stack([structure], table)
    at = parameters_of(batch, [start], [structure])
    jacobian = evaluate(batch, table, at).jacobian[0]
    for p in range(at.shape[1]):
        step = np.zeros_like(at)
        step[0, p] = 1e-6
        ahead, behind = (evaluate(batch, table, at + s).residual[0] for s in (step, -step))
        np.testing.assert_allclose((behind - ahead) / 2e-6, jacobian[p], atol=1e-7)


def test_a_batch_changes_no_fit(X: FloatArray) -> None:
    y = 0.3 + 2 * X[:, 0] ** -0.4 + 0.02 * np.random.default_rng(2).standard_normal(120)
    table = Table(X, y, np.ones(120))
    jobs = [
        job([(Power(0),)], [(-0.5,)]),
        job([(Power(1),), (Power(0), Power(2))], [(-0.5,), (-0.5, 0.5)]),
        job([(Effective((0,)),)], [(-0.5,)], 0.1),
    ]
    together = fit_structures(jobs, table)
    for one, fitted in zip(jobs, together, strict=True):
        assert fit_structures([one], table)[0].rss == pytest.approx(fitted.rss, rel=1e-9)


def test_terms_that_cancel_are_refused(X: FloatArray) -> None:
    y = np.log(X[:, 1])
    (fitted,) = fit_structures(
        [job([(Power(1),), (Power(1),)], [(0.02,), (0.01,)])], Table(X, y, np.ones(120))
    )
    assert fitted.rss == np.inf
