"""Symbols that the statements on high-dimensional limits share."""

import sympy as sp

n, n1, n2, N, p, T = sp.symbols("n n_1 n_2 N p T", positive=True)
r, j, i = sp.symbols("r j i", integer=True, positive=True)
a, w, sigma, mu, D, lam = sp.symbols("a w sigma mu D lambda", positive=True)
L1, L2, h = (sp.Function(name, positive=True) for name in ("L_1", "L_2", "h"))
risk = sp.Function("L", positive=True)
eigenvalue = sp.IndexedBase("lambda", positive=True)
