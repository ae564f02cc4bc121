import json
import math

import pytest
import sympy as sp
from threadpoolctl import threadpool_info

from mtl_theory.theorem import Case, Verification

KEYS = set("id paper title kind verdict expected predicted measured stderr trials seconds".split())


def strict(text):
    """Parse JSON, refusing the NaN and Infinity that Python would let pass."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_json_is_one_array_with_exactly_the_contracts_keys(run, ledger_of):
    ledger_of("holds", "refuted", "bound", "excluded")
    result = run("verify", "--json")
    records = strict(result.stdout)
    assert result.exit_code == 0
    assert [set(record) for record in records] == [KEYS] * 4
    assert [r["verdict"] for r in records] == ["holds", "refuted", "holds", "does not apply"]
    assert [r["expected"] for r in records] == ["holds", "refuted", "holds", "does not apply"]
    assert records[0]["trials"] == 400
    assert abs(records[0]["measured"] - 1) < 5 * records[0]["stderr"] < 5 * 0.06
    assert records[3]["predicted"] is None and records[3]["stderr"] is None


def test_numbers_that_json_cannot_write_become_null(run, ledger_of, monkeypatch):
    monkeypatch.setattr(Verification, "headline", property(lambda self: (math.inf, math.nan, -math.inf)))
    ledger_of("holds")
    (record,) = strict(run("verify", "--json").stdout)
    assert [record[key] for key in ("predicted", "measured", "stderr")] == [None, None, None]


def test_same_seed_same_numbers_and_another_seed_other_numbers(run, ledger_of):
    ledger_of("holds", "bound")

    def measured(*arguments):
        return [r["measured"] for r in strict(run("verify", "--json", *arguments).stdout)]

    assert measured("--seed", 3) == measured("--seed", 3)
    assert measured("--seed", 3) != measured("--seed", 4)
    assert measured("coins/bound", "--seed", 3) == measured("--seed", 3)[1:]


def test_quick_takes_fewer_draws(run, ledger_of):
    ledger_of("holds")
    assert strict(run("verify", "--quick", "--json").stdout)[0]["trials"] < 400


def test_table_shows_statement_numbers_and_verdict_and_the_expected_counterexample(run, ledger_of):
    ledger_of("holds", "refuted", "bound")
    result = run("verify")
    assert result.exit_code == 0
    assert "E(x) = μ₀" in result.stdout
    assert "x ≤ 9" in result.stdout
    assert "±" in result.stdout
    assert (
        "coins/wrong-as-printed is refuted, as expected: case 'unit variance': predicted 2.0" in result.stdout
    )
    assert "3 theorems checked: every verdict is the expected one." in result.stdout
    assert result.stderr == ""


def test_wide_statements_give_way_to_the_title(run, ledger_of, monkeypatch, catalogue):
    wide = sp.Eq(sum(sp.symbols("x0:40")), 0)
    theorem = catalogue["make_theorem"]("coins/wide", title="A long sum", statement=wide)
    monkeypatch.setitem(catalogue, "wide", theorem)
    ledger_of("wide")
    assert "A long sum" in run("verify").stdout


def test_verbose_shows_every_case_and_the_reason(run, ledger_of):
    ledger_of("holds", "excluded")
    plain, verbose = run("verify"), run("verify", "--verbose")
    assert "unit variance" not in plain.stdout
    assert verbose.stdout.count("unit variance") == 2
    assert "violates the assumption" in verbose.stdout
    assert run("verify", "-v").exit_code == 0


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_verdict_that_is_not_expected_exits_with_one_and_is_named(run, ledger_of, as_json):
    ledger_of("holds", "broken")
    result = run("verify", *as_json)
    assert result.exit_code == 1
    assert "dice/broken: case 'unit variance': predicted 2.0" in result.stderr
    assert "coins/holds" not in result.stderr
    if as_json:
        assert [r["verdict"] for r in strict(result.stdout)] == ["holds", "refuted"]


def test_a_theorem_that_should_be_refuted_and_is_not_exits_with_one(run, ledger_of):
    ledger_of("unrefuted")
    result = run("verify")
    assert result.exit_code == 1
    assert "dice/not-refuted: verdict: holds, expected: refuted" in result.stderr


def test_a_false_derivation_is_named(run, ledger_of, monkeypatch, catalogue):
    theorem = catalogue["make_theorem"]("coins/underived", derive=lambda: (sp.Integer(1),))
    monkeypatch.setitem(catalogue, "underived", theorem)
    ledger_of("underived")
    result = run("verify")
    assert result.exit_code == 1
    assert "coins/underived: the symbolic derivation leaves a residual" in result.stderr


def test_names_select_ids_and_topics_each_once(run, ledger_of):
    ledger_of("holds", "excluded", "refuted", "bound")
    records = strict(run("verify", "coins", "coins/holds", "--json").stdout)
    assert [r["id"] for r in records] == ["coins/holds", "coins/wrong-as-printed", "coins/bound"]


@pytest.mark.parametrize(
    "typed, suggested",
    [("coins/hold", "coins/holds"), ("holds", "coins/holds"), ("Coin", "coins"), ("coins/wrong", "wrong-as")],
)
def test_a_mistyped_name_is_a_wrong_call_with_a_suggestion(run, ledger_of, typed, suggested):
    ledger_of("holds", "refuted", "excluded")
    result = run("verify", typed, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "Did you mean" in result.stderr and suggested in result.stderr


def test_a_name_like_no_other_points_to_the_list(run, ledger_of):
    ledger_of("holds")
    result = run("verify", "zzzzzz")
    assert result.exit_code == 2
    assert "mtlaws list" in result.stderr


def test_an_experiment_is_not_verified(run, ledger_of):
    ledger_of("holds")
    result = run("verify", "daras/fake")
    assert result.exit_code == 2
    assert "mtlaws reproduce" in result.stderr


@pytest.mark.parametrize("wrong", [["--fast"], ["--seed", "-1"], ["--seed", "x"]])
def test_wrong_options_are_wrong_calls_in_one_line(run, ledger_of, wrong):
    ledger_of("holds")
    result = run("verify", *wrong)
    assert result.exit_code == 2
    assert result.stderr.startswith("mtlaws: ") and result.stderr.count("\n") == 1
    assert "mtlaws verify --help" in result.stderr


def test_a_theorem_that_breaks_is_named_in_one_line_and_debug_shows_the_traceback(
    run, ledger_of, monkeypatch, catalogue
):
    def fail(rng):
        raise RuntimeError("no instance")

    theorem = catalogue["make_theorem"]("coins/breaks", cases=(Case(name="none", build=fail),))
    monkeypatch.setitem(catalogue, "breaks", theorem)
    ledger_of("breaks")
    result = run("verify", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("mtlaws: coins/breaks could not be verified: no instance")
    assert result.stderr.count("\n") == 1
    for arguments in (["--debug", "verify"], ["verify", "--debug"]):
        assert "Traceback" in run(*arguments).stderr


def test_work_runs_on_one_blas_thread(run, ledger_of, monkeypatch, catalogue):
    seen = []

    def spy(rng):
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return 1.0

    theorem = catalogue["make_theorem"]("coins/spy", cases=(Case(name="spy", build=spy),), trials=1)
    monkeypatch.setitem(catalogue, "spy", theorem)
    ledger_of("spy")
    assert run("verify").exit_code == 0
    assert seen and set(seen) == {1}


def test_an_interrupt_is_one_line_and_its_own_code(run, ledger_of, monkeypatch, catalogue):
    def interrupt(rng):
        raise KeyboardInterrupt

    theorem = catalogue["make_theorem"]("coins/long", cases=(Case(name="long", build=interrupt),))
    monkeypatch.setitem(catalogue, "long", theorem)
    ledger_of("long")
    result = run("verify", "--json")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "mtlaws: interrupted; no result was written.\n"
