"""From the words of `mtlaws fit` to a table, a form and limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtl_theory.cli._failures import WrongCall

if TYPE_CHECKING:
    import pandas as pd

    from mtl_theory.laws import Form, Kind, Limit, Table

# Name on the command line -> name of the constant in `mtl_theory.laws`.
NAMED_FORMS = {
    "maurer": "MAURER",
    "b-form": "B_FORM",
    "pooled": "POOLED",
    "unbalanced": "UNBALANCED",
    "chinchilla": "CHINCHILLA",
    "pooled-pair": "POOLED_PAIR",
    "weight-noise": "WEIGHT_NOISE",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What `mtlaws fit` was asked: rows, and either a form or what a search needs."""

    table: "Table"
    form: "Form | None"
    kinds: "Mapping[str, Kind]"
    limits: "tuple[Limit, ...]"


def read_arguments(
    data: Path,
    *,
    target: str,
    features: str | None,
    law: str | None,
    where: Sequence[str],
    holdout: str | None,
    group: str | None,
    weights: str | None,
    kinds: str | None,
    limits: str | None,
) -> Asked:
    """Read the table and the words; a mistake in either is a wrong call."""
    from mtl_theory.laws import clean_table, enough_rows, parse_condition, parse_limits, read_table

    try:
        conditions = [parse_condition(text) for text in where]
        apart = None if holdout is None else parse_condition(holdout)
        obeyed = parse_limits(limits or "", target=target)
        frame = read_table(data)
        form, columns = None, _columns(features)
        if law is not None:
            form, columns = _form(law, frame, columns, target=target)
        elif not columns:
            raise WrongCall(
                "--features is missing; name the columns that the law may depend on, or give --law."
            )
        table = clean_table(
            frame,
            target=target,
            features=columns,
            weights=weights,
            group=group,
            where=conditions,
            holdout=apart,
        )
        _check_limits(obeyed, columns)
        given = _kinds(kinds or "", table)
        if form is None:
            enough_rows(table)
            table = _noting_guesses(given, table)
        else:
            form = replace(_with_kinds(form, given, table, named=law in NAMED_FORMS), limits=obeyed)
    except ValueError as error:
        raise WrongCall(str(error)) from error
    return Asked(table=table, form=form, kinds=given, limits=obeyed)


def _columns(features: str | None) -> dict[str, str]:
    """Read `a,n=b c` as {"a": "a", "n": "b c"}; names in the law are words."""
    columns: dict[str, str] = {}
    for text in (features or "").split(","):
        name, _, column = (part.strip() for part in text.partition("="))
        if not name:
            continue
        name, column = (name, column) if column else (re.sub(r"\W+", "_", name), name)
        if name in columns:
            raise WrongCall(f"--features names {name} twice; leave one out.")
        columns[name] = column
    return columns


def _form(
    law: str, frame: "pd.DataFrame", columns: dict[str, str], *, target: str
) -> "tuple[Form, dict[str, str]]":
    """Return the form of a name or a formula, and the columns that it needs."""
    from mtl_theory import laws
    from mtl_theory.laws import Variable, parse_form

    known = {**{str(name): str(name) for name in frame if str(name) != target}, **columns}
    if law.lower() in NAMED_FORMS:
        form = getattr(laws, NAMED_FORMS[law.lower()])
    elif re.fullmatch(r"[A-Za-z]+(-[A-Za-z]+)*", law) and law not in known:
        raise WrongCall(
            f"no law is called {law!r}; choose one of {', '.join(NAMED_FORMS)}, or type a formula."
        )
    else:
        form = parse_form(law, [Variable(name=name) for name in known], name="the law")
    used = {variable.name: known.get(variable.name, variable.name) for variable in form.variables}
    missing = [name for name in used if used[name] not in map(str, frame)]
    if missing:
        raise WrongCall(
            f"{form.name} needs {', '.join(used)}; say which columns {', '.join(missing)} are: "
            f"--features {','.join(f'{name}=COLUMN' for name in missing)}."
        )
    return form, used


def _check_limits(limits: "Sequence[Limit]", columns: Mapping[str, str]) -> None:
    """Refuse limits on what is no variable of the law."""
    from mtl_theory.laws import Coincides, Equals, Monotone, Tends

    for limit in limits:
        match limit:
            case Monotone(variable=name) | Tends(variable=name):
                named = [name]
            case Equals(at=place) | Coincides(elsewhere=place):
                named = list(place)
            case _:
                named = []
        unknown = [name for name in named if name not in columns]
        if unknown:
            raise WrongCall(
                f"--limits speaks of {', '.join(unknown)}, but the features are {', '.join(columns)}."
            )


def _kinds(text: str, table: "Table") -> "dict[str, Kind]":
    """Read `A=unit,s=positive`."""
    from mtl_theory.laws import Kind

    found: dict[str, Kind] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, kind = (word.strip() for word in part.partition("="))
        if kind.upper() not in Kind.__members__ or name not in table.fitted:
            raise WrongCall(
                f"cannot read --kinds {part!r}; write NAME=KIND with a name of {', '.join(table.features)} "
                f"and a kind of {', '.join(member.lower() for member in Kind.__members__)}."
            )
        found[name] = Kind[kind.upper()]
    return found


def _noting_guesses(given: "Mapping[str, Kind]", table: "Table") -> "Table":
    """Return the table with a note on the features whose kind will be guessed."""
    from mtl_theory.laws import Kind, infer_kind

    guessed = {
        name: infer_kind(table.fitted[name].to_numpy()) for name in table.features if name not in given
    }
    narrow = {name: kind for name, kind in guessed.items() if kind in (Kind.UNIT, Kind.SIGNED)}
    notes = [
        f"{name} was taken for a number {kind.value.partition(':')[0]}, by its values; "
        f"--kinds {name}=positive or {name}=real says otherwise."
        for name, kind in narrow.items()
    ]
    return replace(table, notes=(*table.notes, *notes))


def _with_kinds(form: "Form", given: "Mapping[str, Kind]", table: "Table", *, named: bool) -> "Form":
    """Return the form with variables of the kinds given, else of those that the values suggest."""
    from mtl_theory.laws import infer_kind

    if named and not given:
        return form
    kinds = {v.name: given.get(v.name, infer_kind(table.fitted[v.name].to_numpy())) for v in form.variables}
    variables = (replace(v, kind=kinds[v.name], guessed=v.name not in given) for v in form.variables)
    return replace(form, variables=tuple(variables))
