"""Sweeps as TOML files."""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtl_simulators.sweep._design import Design, Grid, SpaceFilling
from mtl_simulators.sweep._factors import Factor, Levels, Range, Value
from mtl_simulators.sweep._feasible import check_feasible
from mtl_simulators.sweep._function import FunctionRun
from mtl_simulators.sweep._recipe import Recipe
from mtl_simulators.sweep._solvers import NamedSolver
from mtl_simulators.sweep._spec import Run, SweepSpec

COMMON = ("factors", "constants", "repeats", "seed", "sample", "slurm")
RANGE = ("low", "high", "points", "log")
_KINDS = {str: "a word in quotes", list: "a list in brackets", dict: "a table", bool: "true or false"}


@dataclass(frozen=True, kw_only=True)
class RunKind:
    """One kind of thing that a spec can run, under a key of its own.

    Parameters
    ----------
    read
        Called with the value of that key and with the keys beside it, by name; returns the run.
    beside
        Keys that may stand beside it, and the type of each.
    """

    read: Callable[..., Run]
    beside: Mapping[str, type] = field(default_factory=dict)


def read_spec(path: Path | str, *, runs: Mapping[str, RunKind] | None = None) -> SweepSpec:
    """Read a sweep from a TOML file.

    The file names what to run (`problem` with `solvers` and `measures`, or `function`), `factors` as lists or
    ranges, and optionally `constants`, `repeats`, `seed` and `sample`::

        problem = "linear"
        solvers = ["pooled", { name = "truncated-svd", capacity = 2 }]
        factors.n_tasks = [2, 4, 8, 16]
        factors.n_samples = { low = 30, high = 3000, points = 12, log = true }
        constants = { n_features = 20, cosine = 0.9 }

    Parameters
    ----------
    path
        The file.
    runs
        What else a file may run, by its key.

    Raises
    ------
    ValueError
        On anything that is wrong in the file, naming the file, the key and the remedy.
    OSError
        Where the file cannot be read.
    """
    content = Path(path).read_bytes()
    with _at(f"{path}: "):
        return _spec(_parsed(content), {**_OWN_RUNS, **(runs or {})})


def read_slurm_settings(path: Path | str) -> dict[str, Any]:
    """Return the table `slurm` of a TOML file: where its jobs run, which changes no result.

    Raises
    ------
    ValueError
        Where the file is not TOML, or `slurm` is not a table.
    OSError
        Where the file cannot be read.
    """
    content = Path(path).read_bytes()
    with _at(f"{path}: "):
        settings: dict[str, Any] = _parsed(content).get("slurm", {})
        _check_type("slurm", settings, dict)
        return settings


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise ValueError("is not a text file in UTF-8; name a TOML file.") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is not TOML: {error}; words need quotes, tables a comma between keys.") from error


def _spec(table: dict[str, Any], kinds: Mapping[str, RunKind]) -> SweepSpec:
    key = _run_key(table, kinds)
    beside = kinds[key].beside
    _check_keys(table, (key, *beside, *COMMON), key, kinds)
    _check_type(key, table[key], str)
    for name, kind in beside.items():
        if name in table:
            _check_type(name, table[name], kind)
    spec = SweepSpec(
        run=kinds[key].read(table[key], **{name: table[name] for name in beside if name in table}),
        factors={name: _factor(name, value) for name, value in _subtable(table, "factors").items()},
        constants={name: _constant(name, value) for name, value in _subtable(table, "constants").items()},
        repeats=table.get("repeats", 1),
        seed=table.get("seed", 0),
        design=_design(table),
    )
    check_feasible(spec)
    return spec


def _run_key(table: Mapping[str, Any], kinds: Mapping[str, RunKind]) -> str:
    """Return the one key that says what is run."""
    given = [key for key in kinds if key in table]
    if len(given) == 1:
        return given[0]
    if given:
        raise ValueError(f"{' and '.join(given)} are both given; keep one, a sweep runs one thing.")
    mistyped = {key: difflib.get_close_matches(key, kinds, n=1, cutoff=0.7) for key in table}
    for key, near in mistyped.items():
        if near and key not in COMMON:
            raise ValueError(f"unknown key {key!r}; did you mean {near[0]!r}?")
    raise ValueError(f'nothing to run is named; add {_or(kinds)}, such as problem = "linear".')


def _check_keys(
    table: Mapping[str, Any], known: Iterable[str], run: str, kinds: Mapping[str, RunKind]
) -> None:
    """Refuse keys that a spec of this kind of run does not have."""
    for key in table.keys() - set(known):
        owners = [kind for kind in kinds if key in kinds[kind].beside]
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
        if owners:
            raise ValueError(f"{key} goes with {_or(owners)}, not with {run}; remove it.")
        if near:
            raise ValueError(f"unknown key {key!r}; did you mean {near[0]!r}?")
        place = "factors" if isinstance(table[key], list | dict) else "constants"
        raise ValueError(f"unknown key {key!r}; if the run knows it, write {place}.{key} = ...")


def _subtable(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return `factors` or `constants`; refuse keys of the spec that slipped below its `[header]`."""
    found: Mapping[str, Any] = table.get(key, {})
    _check_type(key, found, dict)
    for name in COMMON:
        if name in found and name != "seed":
            raise ValueError(f"{key}.{name}: move {name} above the line [{key}], or it counts as part of it.")
    return found


def _factor(name: str, value: object) -> Factor:
    key = f"factors.{name}"
    if isinstance(value, list):
        with _at(f"{key} "):
            return Levels(values=tuple(value))
    if isinstance(value, dict):
        with _at(f"{key} "):
            return _range(value)
    raise ValueError(
        f"{key} = {value!r} is one value; list the values that it takes, as in [1, 2], or give a range, as "
        f"in {{ low = 1, high = 9, points = 5 }}; what does not vary is constants.{name}."
    )


def _range(table: Mapping[str, Any]) -> Range:
    for name in table.keys() - set(RANGE):
        near = difflib.get_close_matches(name, RANGE, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"a range takes {', '.join(RANGE)}."
        raise ValueError(f"has an unknown key {name!r}; {hint}")
    for name in ("low", "high"):
        if name not in table:
            raise ValueError(f"has no {name}; a range needs low and high, for a grid also points.")
        if isinstance(table[name], bool) or not isinstance(table[name], int | float):
            raise ValueError(f"has {name} = {table[name]!r}; give a number.")
    if not isinstance(table.get("log", False), bool):
        raise ValueError(f"has log = {table['log']!r}; give true or false.")
    return Range(**table)


def _constant(name: str, value: Any) -> Value:
    if isinstance(value, list | dict):
        raise ValueError(f"constants.{name} has several values; write factors.{name} for what varies.")
    with _at(f"constants.{name} "):
        return Levels(values=(value,)).values[0]


def _design(table: Mapping[str, Any]) -> Design:
    if "sample" not in table:
        return Grid()
    return SpaceFilling(n_points=table["sample"], seed=table.get("seed", 0))


def _read_recipe(problem: str, *, solvers: Any = None, **measures: Any) -> Run:
    if solvers is None:
        raise ValueError('solvers is missing; say what is compared, as in solvers = ["pooled", "ridge"].')
    named = tuple(_solver(place, solver) for place, solver in enumerate(solvers))
    return Recipe(problem=problem, solvers=named, **{name: tuple(value) for name, value in measures.items()})


def _solver(place: int, value: Any) -> NamedSolver:
    with _at(f"solvers[{place}]: "):
        if isinstance(value, str):
            return NamedSolver(name=value)
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            raise ValueError(
                f'{value!r} names no solver; give a name, or {{ name = "truncated-svd", capacity = 2 }}.'
            )
        settings = {name: _setting(name, v) for name, v in value.items() if name != "name"}
        return NamedSolver(name=value["name"], settings=settings)


def _setting(name: str, value: Any) -> Value:
    if isinstance(value, list | dict):
        raise ValueError(f"{name} has several values; write factors.{name}, or name the solver twice.")
    with _at(f"{name} "):
        return Levels(values=(value,)).values[0]


_OWN_RUNS = {
    "problem": RunKind(read=_read_recipe, beside={"solvers": list, "measures": list}),
    "function": RunKind(read=lambda path: FunctionRun(path=path)),
}


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Put the place of an error before its message, which goes on from there."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{place}{error}") from error


def _check_type(key: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise ValueError(f"{key} = {value!r} must be {_KINDS[kind]}.")


def _or(names: Iterable[str]) -> str:
    return " or ".join(names)
