import json


def test_list_names_every_theorem_and_experiment(run, ledger_of):
    ledger_of("holds", "bound")
    result = run("list")
    assert result.exit_code == 0
    for word in (
        "coins/holds",
        "coins/bound",
        "daras/fake",
        "experiment",
        "Papers for `mtlaws reproduce`: daras",
    ):
        assert word in result.stdout


def test_list_json_is_one_array_with_the_promised_keys(run, ledger_of):
    ledger_of("holds", "bound")
    entries = json.loads(run("list", "--json").stdout)
    assert [entry["id"] for entry in entries] == ["coins/holds", "coins/bound", "daras/fake"]
    assert [entry["kind"] for entry in entries] == ["equality", "bound", "experiment"]
    assert all(set(entry) == {"id", "paper", "title", "kind"} for entry in entries)
    assert {entry["paper"] for entry in entries} == {"Daras et al. 2022"}
