"""Symbols that the robustness statements share."""

import sympy as sp

k, T, d, t = sp.symbols("k T d t", integer=True, positive=True)
i = sp.Symbol("i", integer=True, positive=True)
sigma, tau, kappa, nu, p, v, step = sp.symbols("sigma tau kappa nu p v Delta", positive=True)
s = sp.IndexedBase("s", positive=True)
clean = sp.Symbol("MSE_0", nonnegative=True)
slope = sp.Function("R", nonnegative=True)
error = sp.Function("MSE", nonnegative=True)
head_energy = sp.Symbol(r"\|\Gamma\|_F^2", nonnegative=True)
kept_energy = sp.Sum(s[i] ** 2, (i, 1, k))
