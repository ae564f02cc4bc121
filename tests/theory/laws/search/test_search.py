"""The search as users meet it: ties said, the same front twice, wrong calls and guesses explained."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import check_estimator

from mtl_theory.laws._engines import _pysr
from mtl_theory.laws._engines._engine import Budget, EngineUnavailable
from mtl_theory.laws._engines._names import resolve
from mtl_theory.laws._errors import FitError
from mtl_theory.laws._law import Law
from mtl_theory.laws._limits import Bounded
from mtl_theory.laws._search._kinds import GuessedKind, infer_kind
from mtl_theory.laws._search_estimator import LawSearch
from mtl_theory.laws._variables import Kind

KINDS = {"n": Kind.POSITIVE, "T": Kind.POSITIVE, "ami": Kind.UNIT}
# A narrow beam, for what does not depend on how good the laws are.
NARROW = 0.2


def frame(seed: int, n_rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n, T = np.round(10 ** rng.uniform(1, 3, n_rows)), np.round(rng.uniform(2, 32, n_rows))
    return pd.DataFrame({"n": n, "T": T, "ami": rng.uniform(0, 1, n_rows)})


def law_a(X: pd.DataFrame) -> np.ndarray:
    return (0.9 - 1.2 / np.sqrt(X["n"]) - 0.5 * np.sqrt(X["ami"] / X["T"])).to_numpy()


def noisy(y: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return y + noise * y.std() * np.random.default_rng(seed).standard_normal(len(y))


def test_exponents_that_the_rows_cannot_tell_apart_are_ties() -> None:
    X = frame(0, 60)
    search = LawSearch(kinds=KINDS, effort=NARROW).fit(X, noisy(law_a(X), 0.4, 5))
    tied = {str(other.text()) for one in search.front_ for other in one.ties}
    assert tied
    assert "tie: the data cannot tell it from" in search.report()
    sharp = LawSearch(kinds=KINDS, effort=NARROW).fit(X, noisy(law_a(X), 0.001, 5))
    best = next(one for one in sharp.front_ if one.law is sharp.best_)
    assert not best.ties


def test_same_rows_and_seed_give_the_same_front_bit_for_bit() -> None:
    X = frame(0, 60)
    y = noisy(law_a(X), 0.05, 6)
    first, second = (LawSearch(kinds=KINDS, effort=NARROW, random_state=4).fit(X, y) for _ in range(2))
    assert [one.law.to_json() for one in first.front_] == [one.law.to_json() for one in second.front_]
    assert first.report() == second.report()
    # Every law of the front is shorter, or extrapolates better, than all simpler ones.
    sizes = [one.complexity for one in first.front_]
    assert len(sizes) > 2 and sizes == sorted(sizes)
    for i, one in enumerate(first.front_[1:], start=1):
        simpler = first.front_[:i]
        assert one.description_length < min(s.description_length for s in simpler) or (
            one.law.scores.extrapolation < min(s.law.scores.extrapolation for s in simpler)
        )


def test_weights_and_groups_are_used() -> None:
    X, rng = frame(0, 120), np.random.default_rng(8)
    spread = np.where(rng.random(120) < 0.5, 0.001, 1.0)
    y = law_a(X) + spread * rng.standard_normal(120)
    search = LawSearch(kinds=KINDS, effort=NARROW)
    weighted = search.fit(X, y, sample_weight=spread**-2, groups=np.arange(120) // 10)
    assert np.abs(weighted.predict(X) - law_a(X)).max() < 0.005


def test_limits_drop_laws() -> None:
    X = frame(0, 40)
    y = noisy(law_a(X), 0.05, 9)
    search = LawSearch(kinds=KINDS, effort=NARROW, limits=[Bounded(low=-10.0, high=10.0)])
    assert search.fit(X, y).best_.variables
    with pytest.raises(FitError, match="limits"):
        search.set_params(limits=[Bounded(low=5.0, high=10.0)]).fit(X, y)


def test_kinds_are_guessed_with_a_warning() -> None:
    assert infer_kind(np.array([1.0, 20.0])) is Kind.POSITIVE
    assert infer_kind(np.array([-0.5, 0.5])) is Kind.SIGNED
    assert infer_kind(np.array([-3.0, 0.5])) is Kind.REAL
    X = frame(0, 30)
    with pytest.warns(GuessedKind, match="ami"):
        LawSearch().fit(X, np.ones(30))


def test_only_a_kind_that_was_given_forbids_to_extrapolate() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"n": np.round(10 ** rng.uniform(1, 3, 60)), "sigma": rng.uniform(0.05, 1, 60)})
    y = 0.1 + X["sigma"] / np.sqrt(X["n"])
    beyond = pd.DataFrame({"n": [2500.0], "sigma": [2.0]})
    with pytest.warns(GuessedKind, match="sigma"):
        guessed = LawSearch(effort=NARROW).fit(X, y)
    assert [v.kind for v in guessed.variables_] == [Kind.POSITIVE, Kind.UNIT]
    saved = Law.from_json(guessed.best_.to_json())
    for predicted in (guessed.predict(beyond), guessed.best_.predict(beyond), saved.predict(beyond)):
        assert predicted == pytest.approx([0.14], abs=1e-9)
    given = LawSearch(effort=NARROW, kinds={"n": Kind.POSITIVE, "sigma": Kind.UNIT}).fit(X, y)
    with pytest.raises(ValueError, match="sigma must be from 0 to 1"):
        given.predict(beyond)


def test_only_pysr_by_name_may_fetch_julia(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(_pysr, "why_no_julia", lambda *, fetch: asked.append(fetch) or "no Julia here")
    assert "pysr" not in [one.name for one in resolve("all")]
    with pytest.raises(EngineUnavailable, match="no Julia here"):
        resolve("pysr")
    assert asked == [False, True]


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
        check_estimator(LawSearch())
