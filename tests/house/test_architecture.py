"""The border, the import direction, and the size of files."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "mtl_simulators": ROOT / "simulators" / "mtl_simulators",
    "mtl_theory": ROOT / "theory" / "mtl_theory",
}
# Each room may import from rooms above it, and from itself.
ROOMS = {
    "mtl_simulators": (
        "_typing",
        "_validation",
        "geometry",
        "labels",
        "problems",
        "exact",
        "solvers",
        "perturb",
        "metrics",
        "sweep",
    ),
    "mtl_theory": (
        "spectral",
        "asymptotics",
        "theorem",
        "ledger",
        "transfer",
        "laws",
        "experiments",
        "report",
        "cli",
    ),
}
HEAVY = {"torch", "pysr", "juliacall", "transformers"}
LAZY = {"sympy", "sklearn", "pandas", "matplotlib", "pyarrow", "pyoperon"}
MAX_LINES = 400


def modules() -> list[tuple[str, Path]]:
    return [(name, path) for name, folder in PACKAGES.items() for path in sorted(folder.rglob("*.py"))]


def label(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else ""


def room_of(package: str, path: Path) -> str:
    return path.relative_to(PACKAGES[package]).parts[0].removesuffix(".py")


def imported(path: Path, *, top_level: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes: list[ast.stmt] = tree.body if top_level else [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            # `from package import room` names the room, not only the package.
            names |= {f"{base}.{alias.name}" if base in PACKAGES else base for alias in node.names}
    return names


@pytest.mark.parametrize(("package", "path"), modules(), ids=label)
def test_simulators_know_no_theory(package: str, path: Path) -> None:
    if package == "mtl_simulators":
        assert not any(name.split(".")[0] == "mtl_theory" for name in imported(path))


@pytest.mark.parametrize(("package", "path"), modules(), ids=label)
def test_rooms_import_only_rooms_above(package: str, path: Path) -> None:
    room = room_of(package, path)
    if room == "__init__":
        return
    order = ROOMS[package]
    assert room in order, f"{room} is not in the plan of the house; add it to ROOMS where it belongs"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == package and len(parts) > 1 and parts[1] in order:
            assert order.index(parts[1]) <= order.index(room), f"{room} imports {name}, a room below it"


def test_no_import_circles_between_modules() -> None:
    graph = {}
    for package, path in modules():
        parts = path.relative_to(PACKAGES[package].parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        graph[module] = path
    edges = {
        module: {name for name in imported(path, top_level=True) if name in graph and name != module}
        for module, path in graph.items()
    }
    # A package's __init__ gathers its own modules; only edges between leaf modules can form a circle there.
    leaves = {m: {n for n in out if not m.startswith(n + ".")} for m, out in edges.items()}
    state: dict[str, int] = {}

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert state.get(module) != 1, "import circle: " + " -> ".join((*trail, module))
        if state.get(module) == 2:
            return
        state[module] = 1
        for name in sorted(leaves[module]):
            visit(name, (*trail, module))
        state[module] = 2

    for module in leaves:
        visit(module, ())


@pytest.mark.parametrize(("package", "path"), modules(), ids=label)
def test_heavy_imports_are_not_at_the_top(package: str, path: Path) -> None:
    top = {name.split(".")[0] for name in imported(path, top_level=True)}
    allowed = {"sympy"} if room_of(package, path) in ("ledger", "laws", "report") else set()
    late = (top & (HEAVY | LAZY)) - allowed
    assert not late, f"import {sorted(late)} inside the function that needs it"


@pytest.mark.parametrize("path", [p for _, p in modules()], ids=label)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_tests_and_benchmarks_stay_small() -> None:
    paths = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]
    long = [p for p in paths if len(p.read_text(encoding="utf-8").splitlines()) > MAX_LINES]
    assert not long, f"over {MAX_LINES} lines: {long}"


def test_imports_load_neither_torch_nor_julia_nor_other_slow_packages() -> None:
    code = "import sys, mtl_simulators, mtl_theory; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    roots = {name.split(".")[0] for name in loaded}
    assert not roots & (HEAVY | LAZY)


def test_every_room_declares_what_is_public() -> None:
    for folder in PACKAGES.values():
        for path in folder.rglob("__init__.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
            names = {
                target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)
            }
            assert "__all__" in names, f"{path.relative_to(ROOT)} has no __all__"


def test_both_packages_are_typed() -> None:
    assert all((folder / "py.typed").exists() for folder in PACKAGES.values())
