"""A form as a scikit-learn regressor."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils import estimator_checks as checks

from mtl_theory.laws import Variable, fit_law, parse_form
from mtl_theory.laws._estimator import law_regressor

LINE = parse_form("a + b*u + c*w", [Variable(name="u"), Variable(name="w")])
# check_estimator as a whole feeds any number of columns, and a form has as many as it has variables: these
# are the checks whose data fit, or that need none.
CHECKS = (
    checks.check_no_attributes_set_in_init,
    checks.check_get_params_invariance,
    checks.check_set_params,
    checks.check_estimator_repr,
    checks.check_estimators_unfitted,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_regressor_passes_the_checks_that_leave_its_columns_alone(check):
    check("LawRegressor", law_regressor(LINE))


def test_regressor_refits_the_form(power):
    form, rows = power
    points = rows(0)
    law = fit_law(points, form, target="y")
    regressor = law.estimator()
    X = points["n"][:, None]
    with pytest.raises(NotFittedError):
        regressor.predict(X)
    assert (regressor.fit(X, points["y"]).predict(X) == law.predict(points)).all()
    assert regressor.law_.estimates == law.estimates
    assert regressor.score(X, points["y"]) == pytest.approx(law.scores.r2, abs=1e-12)
    assert not hasattr(clone(regressor), "law_")
    assert (pickle.loads(pickle.dumps(regressor)).predict(X) == law.predict(points)).all()


def test_regressor_goes_through_cross_validation_and_takes_weights(power):
    form, rows = power
    points = rows(1)
    X, y = points["n"][:, None], points["y"]
    assert (
        cross_val_score(law_regressor(form), X, y, cv=[(np.arange(0, 40, 2), np.arange(1, 40, 2))])[0] > 0.9
    )
    weights = np.linspace(1, 3, 40)
    weighted = law_regressor(form).fit(X, y, sample_weight=weights)
    assert weighted.law_.estimates == fit_law(points, form, target="y", weights=weights).estimates


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"X has 3 columns, expected 2: \['u', 'w'\]"):
        law_regressor(LINE).fit(np.ones((5, 3)), np.ones(5))
