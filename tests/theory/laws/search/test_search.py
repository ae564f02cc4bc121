"""The search as users meet it: laws found again, nothing found in noise, ties said, the same front twice."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from mtl_theory.laws._engines._engine import Budget, EngineUnavailable
from mtl_theory.laws._errors import FitError
from mtl_theory.laws._limits import Bounded
from mtl_theory.laws._search._kinds import GuessedKind, infer_kind
from mtl_theory.laws._search_estimator import LawSearch
from mtl_theory.laws._variables import Kind

KINDS = {"n": Kind.POSITIVE, "T": Kind.POSITIVE, "ami": Kind.UNIT}


def frame(seed: int, n_rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n, T = np.round(10 ** rng.uniform(1, 3, n_rows)), np.round(rng.uniform(2, 32, n_rows))
    return pd.DataFrame({"n": n, "T": T, "ami": rng.uniform(0, 1, n_rows)})


def law_a(X: pd.DataFrame) -> np.ndarray:
    return (0.9 - 1.2 / np.sqrt(X["n"]) - 0.5 * np.sqrt(X["ami"] / X["T"])).to_numpy()


def law_i(X: pd.DataFrame) -> np.ndarray:
    return (0.05 + 3 / np.sqrt(X["n"] * (1 + 0.5 * X["ami"] * X["T"]))).to_numpy()


def noisy(y: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return y + noise * y.std() * np.random.default_rng(seed).standard_normal(len(y))


@pytest.mark.parametrize(("law", "names"), [(law_a, {"n", "T", "ami"}), (law_i, {"n", "T", "ami"})])
def test_a_planted_law_comes_back_and_extrapolates(law, names) -> None:
    X = frame(0)
    search = LawSearch(kinds=KINDS).fit(X, noisy(law(X), 0.05, 1))
    assert {v.name for v in search.best_.variables} == names
    assert search.best_.scores.n_constants == 3
    beyond = pd.DataFrame({"n": [2e3, 5e3, 1e4], "T": [40.0, 80.0, 128.0], "ami": [0.1, 0.5, 0.9]})
    np.testing.assert_allclose(search.predict(beyond), law(beyond), rtol=0.03)


def test_nothing_is_found_in_noise() -> None:
    X = frame(2)
    search = LawSearch(kinds=KINDS).fit(X, np.random.default_rng(3).standard_normal(300))
    assert not search.best_.variables
    assert search.front_[0].complexity == 1


def test_exponents_that_the_rows_cannot_tell_apart_are_ties() -> None:
    X = frame(0, 60)
    search = LawSearch(kinds=KINDS).fit(X, noisy(law_a(X), 0.4, 5))
    tied = {str(other.text()) for one in search.front_ for other in one.ties}
    assert tied
    assert "tie: the data cannot tell it from" in search.report()
    sharp = LawSearch(kinds=KINDS).fit(X, noisy(law_a(X), 0.001, 5))
    best = next(one for one in sharp.front_ if one.law is sharp.best_)
    assert not best.ties


def test_same_rows_and_seed_give_the_same_front_bit_for_bit() -> None:
    X = frame(0, 100)
    y = noisy(law_a(X), 0.05, 6)
    first, second = (LawSearch(kinds=KINDS, random_state=4).fit(X, y) for _ in range(2))
    assert [one.law.to_json() for one in first.front_] == [one.law.to_json() for one in second.front_]
    assert first.report() == second.report()


def test_front_grows_shorter_or_extrapolates_better() -> None:
    X = frame(0, 150)
    search = LawSearch(kinds=KINDS).fit(X, noisy(law_a(X), 0.05, 7))
    sizes = [one.complexity for one in search.front_]
    assert sizes == sorted(sizes)
    for i, one in enumerate(search.front_[1:], start=1):
        simpler = search.front_[:i]
        assert one.description_length < min(s.description_length for s in simpler) or (
            one.law.scores.extrapolation < min(s.law.scores.extrapolation for s in simpler)
        )


def test_weights_and_groups_are_used() -> None:
    X, rng = frame(0, 200), np.random.default_rng(8)
    spread = np.where(rng.random(200) < 0.5, 0.001, 1.0)
    y = law_a(X) + spread * rng.standard_normal(200)
    weighted = LawSearch(kinds=KINDS).fit(X, y, sample_weight=spread**-2, groups=np.arange(200) // 10)
    assert np.abs(weighted.predict(X) - law_a(X)).max() < 0.005


def test_limits_drop_laws() -> None:
    X = frame(0, 100)
    y = noisy(law_a(X), 0.05, 9)
    assert LawSearch(kinds=KINDS, limits=[Bounded(low=-10.0, high=10.0)]).fit(X, y).best_.variables
    with pytest.raises(FitError, match="limits"):
        LawSearch(kinds=KINDS, limits=[Bounded(low=5.0, high=10.0)]).fit(X, y)


def test_kinds_are_guessed_with_a_warning() -> None:
    assert infer_kind(np.array([1.0, 20.0])) is Kind.POSITIVE
    assert infer_kind(np.array([-0.5, 0.5])) is Kind.SIGNED
    assert infer_kind(np.array([-3.0, 0.5])) is Kind.REAL
    X = frame(0, 30)
    with pytest.warns(GuessedKind, match="ami"):
        LawSearch().fit(X, np.ones(30))


def test_wrong_calls_say_what_to_do() -> None:
    X, y = frame(0, 30), np.arange(30.0)
    with pytest.raises(ValueError, match="no columns"):
        LawSearch(kinds={"m": Kind.POSITIVE}).fit(X, y)
    with pytest.raises(ValueError, match="not from 0 to 1"):
        LawSearch(kinds={"n": Kind.UNIT}).fit(X, y)
    with pytest.raises(ValueError, match="choose from"):
        LawSearch(kinds=KINDS, engine="guess").fit(X, y)
    with pytest.raises(ValueError, match="effort"):
        Budget(effort=0.0)


def test_an_engine_that_cannot_run_says_so() -> None:
    class Absent:
        name = "absent"

        def available(self) -> str | None:
            return "nothing here; install something"

    with pytest.raises(EngineUnavailable, match="install something"):
        LawSearch(kinds=KINDS, engine=Absent()).fit(frame(0, 30), np.arange(30.0))


@pytest.mark.slow
def test_scikit_learn_agrees() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for estimator, check in estimator_checks_generator(LawSearch()):
            try:
                check(estimator)
            except Exception as error:
                if type(error).__name__ != "SkipTest":
                    raise
