"""Named laws against the theory and the simulations that they come from."""

import numpy as np

from mtl_simulators.perturb import AdditiveNoise, corrupt
from mtl_theory.asymptotics import pooled_risk
from mtl_theory.laws import POOLED_PAIR, WEIGHT_NOISE, fit_law


def test_the_pooled_pair_form_recovers_noise_and_distance_of_the_asymptotics():
    n1, n2 = np.meshgrid([50.0, 150, 400, 1000], [120.0, 200, 500])
    rows = {"n1": n1.ravel(), "n2": n2.ravel(), "p": np.full(n1.size, 100.0)}
    risk = pooled_risk(
        n_source=rows["n1"], n_target=rows["n2"], n_features=100, noise=0.5, squared_distance=0.18
    ).risk
    law = fit_law({**rows, "risk": risk}, POOLED_PAIR, target="risk")
    np.testing.assert_allclose(law.estimates["s"].value, 0.25, rtol=1e-9)
    np.testing.assert_allclose(law.estimates["m"].value, 0.18, rtol=1e-9)


def test_the_weight_noise_form_finds_the_capacity_in_simulated_damage():
    """Orthonormal tasks on k = 3 units, 400 draws a point; within 4 standard errors of the fit."""
    rng, d, k = np.random.default_rng(0), 20, 3
    rows = []
    for n_tasks in (4, 6, 9, 12):
        tasks = np.eye(d)[:n_tasks]
        shared, heads = tasks[:k], tasks @ tasks[:k].T
        for v in (0.2, 0.6, 1.0):
            damaged = corrupt(rng, np.broadcast_to(shared, (400, k, d)), AdditiveNoise(std=np.sqrt(v / d)))
            errors = ((heads @ damaged - tasks) ** 2).sum(axis=(-1, -2)) / n_tasks
            rows.append((n_tasks, v, errors.mean(), errors.std() / 20))
    columns = dict(zip(("T", "v", "error", "stderr"), np.array(rows).T, strict=True))
    law = fit_law(columns, WEIGHT_NOISE, target="error", noise="stderr")
    for name, expected in (("a", 1.0), ("b", k), ("g", k)):
        estimate = law.estimates[name]
        assert abs(estimate.value - expected) < 4 * estimate.stderr
        assert estimate.stderr < 0.2
