r"""Exact finite-sample laws for Gaussian designs: replicates of estimators without drawing data.

Every function draws from the law that its result has when the rows of $X_t$ are $N(0, \Sigma_t)$ and the
label noise is Gaussian, at every sample size. For other inputs or label noise, draw the data itself.
"""

from mtl_simulators.exact._least_squares import draw_least_squares
from mtl_simulators.exact._moments import draw_moments
from mtl_simulators.exact._representation import RepresentationDraws, draw_truncated_svd

__all__ = ["RepresentationDraws", "draw_least_squares", "draw_moments", "draw_truncated_svd"]
