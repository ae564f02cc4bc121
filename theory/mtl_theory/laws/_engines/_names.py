"""Engines by the names that users type."""

from collections.abc import Callable, Sequence
from functools import partial

from mtl_theory.laws._engines._engine import Engine, EngineUnavailable

ALL = "all"


def _structured() -> Engine:
    from mtl_theory.laws._search._structured import Structured

    return Structured()


def _operon() -> Engine:
    from mtl_theory.laws._engines._operon import Operon

    return Operon()


def _pysr(*, fetch: bool = True) -> Engine:
    from mtl_theory.laws._engines._pysr import PySR

    return PySR(fetch=fetch)


NAMED: dict[str, Callable[[], Engine]] = {"structured": _structured, "operon": _operon, "pysr": _pysr}
# "all" takes what is here; Julia is fetched only for who asks for PySR by name.
READY: dict[str, Callable[[], Engine]] = {**NAMED, "pysr": partial(_pysr, fetch=False)}


def resolve(engine: str | Engine | Sequence[str | Engine]) -> list[Engine]:
    """Return the engines meant: a name, an engine, several of them, or "all" that can run here.

    Raises
    ------
    ValueError
        On an unknown name.
    EngineUnavailable
        When an engine asked for by name cannot run.
    """
    if isinstance(engine, str) and engine == ALL:
        return [one for make in READY.values() if (one := make()).available() is None]
    asked = [engine] if isinstance(engine, str) or not isinstance(engine, Sequence) else list(engine)
    unknown = [one for one in asked if isinstance(one, str) and one not in NAMED]
    if unknown or not asked:
        raise ValueError(f"engine {unknown or asked} is unknown; choose from {[*NAMED, ALL]}.")
    engines = [NAMED[one]() if isinstance(one, str) else one for one in asked]
    for one in engines:
        reason = one.available()
        if reason is not None:
            raise EngineUnavailable(reason)
    return engines
