"""Laws as JSON and back, bit by bit, without executing what is read."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.numbers import Float

from mtl_theory.laws._form import Form
from mtl_theory.laws._law import Estimate, Law
from mtl_theory.laws._limits import Bounded, Coincides, Equals, Limit, Monotone, Tends
from mtl_theory.laws._scores import Scores
from mtl_theory.laws._variables import Kind, Parameter, Variable

FORMAT = "mtlaws-law-1"
HEADS = {
    head.__name__: head
    for head in (sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.tanh, sp.Abs, sp.Min, sp.Max, sp.sin, sp.cos)
}
CONSTANTS = {"pi": sp.pi, "e": sp.E, "oo": sp.oo}
LIMITS = {limit.__name__: limit for limit in (Tends, Equals, Coincides, Monotone, Bounded)}


def encode_law(law: Law) -> str:
    """Return the law as JSON text."""
    return json.dumps(
        {
            "format": FORMAT,
            "form": _encode_form(law.form),
            "target": law.target,
            "estimates": {name: _floats(estimate) for name, estimate in law.estimates.items()},
            "covariance": [[value.hex() for value in row] for row in law.covariance.tolist()],
            "noise": law.noise.hex(),
            "noise_is_relative": law.noise_is_relative,
            "degrees_of_freedom": float(law.degrees_of_freedom).hex(),
            "scores": _floats(law.scores),
            "points_hash": law.points_hash,
            "n_points": law.n_points,
            "domain": {name: [low.hex(), high.hex()] for name, (low, high) in law.domain.items()},
            "level": law.level.hex(),
            "engine": law.engine,
        },
        indent=2,
    )


def decode_law(text: str) -> Law:
    """Read a law from JSON text."""
    try:
        record = json.loads(text)
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']!r}, expected {FORMAT!r}")
        form = _decode_form(record["form"])
        scores = {name: _number(value) for name, value in record["scores"].items()}
        return Law(
            form=form,
            estimates={
                name: Estimate(**{k: float.fromhex(v) for k, v in numbers.items()})
                for name, numbers in record["estimates"].items()
            },
            covariance=np.array(
                [[float.fromhex(value) for value in row] for row in record["covariance"]]
            ).reshape(len(form.parameters), len(form.parameters)),
            noise=float.fromhex(record["noise"]),
            degrees_of_freedom=float.fromhex(record["degrees_of_freedom"]),
            scores=Scores(**scores),
            domain={
                name: (float.fromhex(ends[0]), float.fromhex(ends[1]))
                for name, ends in record["domain"].items()
            },
            level=float.fromhex(record["level"]),
            **{k: record[k] for k in ("target", "noise_is_relative", "points_hash", "n_points", "engine")},
        )
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise ValueError(f"this is not a saved law: {error}; write one with Law.to_json.") from error


def _encode_form(form: Form) -> dict[str, Any]:
    return {
        "name": form.name,
        "source": form.source,
        "expression": _encode(form.expression),
        "variables": [
            {"name": v.name, "kind": v.kind.name, "unit": v.unit, "guessed": v.guessed}
            for v in form.variables
        ],
        "parameters": [{"name": p.name, **_floats(p, skip="name")} for p in form.parameters],
        "limits": [_encode_limit(limit) for limit in form.limits],
    }


def _decode_form(record: Mapping[str, Any]) -> Form:
    variables = tuple(
        Variable(name=v["name"], kind=Kind[v["kind"]], unit=v["unit"], guessed=v["guessed"])
        for v in record["variables"]
    )
    parameters = tuple(
        Parameter(name=p["name"], **{k: _number(p[k]) for k in ("low", "high", "start")})
        for p in record["parameters"]
    )
    items: tuple[Variable | Parameter, ...] = (*variables, *parameters)
    symbols = {item.name: item.symbol for item in items}
    return Form(
        name=record["name"],
        source=record["source"],
        expression=_decode(record["expression"], symbols),
        variables=variables,
        parameters=parameters,
        limits=tuple(_decode_limit(limit, symbols) for limit in record["limits"]),
    )


def _encode_limit(limit: Limit) -> dict[str, Any]:
    name = type(limit).__name__
    if name not in LIMITS:
        raise ValueError(f"cannot save a limit of type {name}; save the law without it.")
    return {"limit": name, **{f.name: _encode_value(getattr(limit, f.name)) for f in fields(LIMITS[name])}}


def _decode_limit(record: Mapping[str, Any], symbols: Mapping[str, Any]) -> Limit:
    values = {name: _decode_value(value, symbols) for name, value in record.items() if name != "limit"}
    limit: Limit = LIMITS[record["limit"]](**values)
    return limit


def _encode_value(value: Any) -> Any:
    """Return a limit's field: text and truth as they are, numbers in hexadecimal, expressions as trees."""
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, Mapping):
        return {"at": {name: _encode_value(item) for name, item in value.items()}}
    if isinstance(value, (int, float)):
        return {"number": float(value).hex()}
    return {"expression": _encode(value)}


def _decode_value(value: Any, symbols: Mapping[str, Any]) -> Any:
    match value:
        case {"at": items}:
            return {name: _decode_value(item, symbols) for name, item in items.items()}
        case {"number": number}:
            return float.fromhex(number)
        case {"expression": tree}:
            return _decode(tree, symbols)
    return value


def _encode(expression: Any) -> Any:
    """Return an expression as a tree of lists: the head's name, then its arguments."""
    if expression.is_Symbol:
        return ["symbol", expression.name]
    if expression.is_Rational:
        return ["fraction", str(expression.p), str(expression.q)]
    if expression.is_Float:
        sign, mantissa, exponent, bits = expression._mpf_
        return ["decimal", int(sign), str(mantissa), int(exponent), int(bits), int(expression._prec)]
    for name, constant in CONSTANTS.items():
        if expression == constant:
            return [name]
    head = type(expression).__name__
    if head not in HEADS:
        raise ValueError(f"cannot save the function {head}; write the law with {', '.join(sorted(HEADS))}.")
    return [head, *(_encode(part) for part in expression.args)]


def _decode(tree: Any, symbols: Mapping[str, Any]) -> Any:
    match tree:
        case ["symbol", name]:
            return symbols.get(name, sp.Symbol(name, real=True))
        case ["fraction", above, below]:
            return sp.Rational(int(above), int(below))
        case ["decimal", sign, mantissa, exponent, bits, precision]:
            return Float._new((sign, int(mantissa), exponent, bits), precision)
        case [name] if name in CONSTANTS:
            return CONSTANTS[name]
        case [head, *parts] if head in HEADS:
            return HEADS[head](*(_decode(part, symbols) for part in parts))
    raise ValueError(f"unknown expression {tree!r}")


def _floats(record: Any, *, skip: str = "") -> dict[str, Any]:
    """Return the numbers of a record by field, decimals in hexadecimal."""
    values = {f.name: getattr(record, f.name) for f in fields(record) if f.name != skip}
    return {name: value.hex() if isinstance(value, float) else value for name, value in values.items()}


def _number(value: Any) -> Any:
    return float.fromhex(value) if isinstance(value, str) else value
