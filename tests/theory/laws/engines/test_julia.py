"""Where Julia is looked for: in the places that the installed juliapkg looks in, and nowhere else."""

import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mtl_theory.laws._engines import EngineUnavailable, _julia
from mtl_theory.laws._engines._julia import why_no_julia
from mtl_theory.laws._engines._pysr import PySR


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty project folder on a machine without Julia, without settings, without network."""
    for name in [name for name in os.environ if "JULIA" in name]:
        monkeypatch.delenv(name)
    project = tmp_path / "project"
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(project))
    monkeypatch.setattr(_julia, "_answers", lambda address: False)
    return project


def make_julia(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho julia version 1.11.5\n")
    path.chmod(0o755)
    return str(path)


def resolve(project: Path) -> None:
    (project / "pyjuliapkg").mkdir(parents=True, exist_ok=True)
    (project / "pyjuliapkg" / "meta.json").write_text("{}")


def test_without_julia_one_line_says_what_to_do(bare):
    for fetch, words in [(False, "by name"), (True, "does not answer")]:
        reason = why_no_julia(fetch=fetch)
        assert words in reason and "julialang.org/downloads" in reason and "\n" not in reason


def test_julia_is_fetched_only_when_asked_for_and_reachable(bare, monkeypatch):
    asked = []
    monkeypatch.setattr(_julia, "_answers", lambda address: asked.append(address) or True)
    assert why_no_julia(fetch=False) is not None and not asked
    assert why_no_julia(fetch=True) is None
    assert asked == ["https://julialang-s3.julialang.org/bin/versions.json"]


def test_julia_with_its_packages_needs_no_network(bare, tmp_path):
    make_julia(tmp_path / "bin" / "julia")
    assert "packages" in why_no_julia(fetch=False)
    resolve(bare)
    assert why_no_julia(fetch=False) is None


def test_packages_come_from_the_server_that_is_set(bare, monkeypatch, tmp_path):
    make_julia(tmp_path / "bin" / "julia")
    monkeypatch.setenv("JULIA_PKG_SERVER", "mirror.example.org")
    assert "https://mirror.example.org/registries does not answer" in why_no_julia(fetch=True)


def test_offline_is_obeyed(bare, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHON_JULIAPKG_OFFLINE", "yes")
    assert "PYTHON_JULIAPKG_OFFLINE=yes" in why_no_julia(fetch=True)
    make_julia(tmp_path / "bin" / "julia")
    assert why_no_julia(fetch=False) is None
    monkeypatch.setenv("PYTHON_JULIAPKG_OFFLINE", "true")
    assert "yes or no" in why_no_julia(fetch=True)


@pytest.mark.parametrize("package", ["juliacall", "juliapkg"])
def test_a_julia_that_is_set_must_exist(bare, monkeypatch, package):
    monkeypatch.setenv(f"PYTHON_{package.upper()}_EXE", "/nonexistent/julia")
    assert "/nonexistent/julia is not an executable" in why_no_julia(fetch=True)


def test_juliacalls_own_julia_needs_its_project(bare, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHON_JULIACALL_EXE", make_julia(tmp_path / "own" / "julia"))
    assert "go together" in why_no_julia(fetch=True)
    monkeypatch.setenv("PYTHON_JULIACALL_PROJECT", str(tmp_path))
    assert why_no_julia(fetch=False) is None


@pytest.mark.parametrize("missing", ["pysr", "juliacall"])
def test_a_missing_package_is_named(bare, monkeypatch, missing):
    found = _julia.find_spec
    monkeypatch.setattr(_julia, "find_spec", lambda name: None if name == missing else found(name))
    assert why_no_julia(fetch=True).startswith(f"{missing} not installed: run `pip install pysr`")


@pytest.mark.parametrize("place", ["settings", "own install", "path"])
def test_the_same_julia_as_juliapkg_takes(bare, monkeypatch, tmp_path, place):
    from juliapkg.find_julia import find_julia
    from juliapkg.state import STATE, reset_state

    paths = {
        "settings": tmp_path / "set" / "julia",
        "own install": bare / "pyjuliapkg" / "install" / "bin" / "julia",
        "path": tmp_path / "bin" / "julia",
    }
    for later in list(paths)[list(paths).index(place) :]:
        make_julia(paths[later])
    if place == "settings":
        monkeypatch.setenv("PYTHON_JULIAPKG_EXE", str(paths[place]))
    # juliaup keeps Julias of its own; there are none here.
    monkeypatch.setenv("JULIAUP_DEPOT_PATH", str(tmp_path))
    reset_state()
    theirs, _ = find_julia(prefix=STATE["install"])
    assert _julia._julia() == theirs == str(paths[place])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"PYTHON_JULIAPKG_PROJECT": "/set/project"},
        {"JULIA_DEPOT_PATH": "/depot/a:/depot/b"},
        {"CONDA_PREFIX": "/conda"},
    ],
)
@pytest.mark.parametrize("virtual", [True, False])
def test_the_same_folder_as_juliapkg_uses(bare, monkeypatch, settings, virtual):
    from juliapkg.state import STATE, reset_state

    for name in ("PYTHON_JULIAPKG_PROJECT", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "base_prefix", "/base" if virtual else sys.prefix)
    reset_state()
    assert str(_julia._prefix()) == STATE["prefix"]
    assert str(_julia._prefix() / "meta.json") == STATE["meta"]


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_only_an_answer_counts(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert _julia._answers(address)
        assert not _julia._answers(f"{address}/missing")
        server.shutdown()
        thread.join()
    assert not _julia._answers(address)


def test_a_silent_network_is_not_waited_for(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    # Below the two seconds that are promised; without the limit the question would never end.
    assert _julia._NETWORK_SECONDS <= 1.0
    monkeypatch.setattr(_julia, "_NETWORK_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not _julia._answers(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_without_julia_nothing_is_imported_printed_or_left_behind(bare, capfd):
    before, folder = dict(os.environ), sorted(bare.parent.iterdir())
    for fetch in (False, True):
        with pytest.raises(EngineUnavailable) as error:
            PySR(fetch=fetch).candidates(None, None, None, (), budget=None, seed=0)
        assert "\n" not in str(error.value)
    assert dict(os.environ) == before and sorted(bare.parent.iterdir()) == folder
    assert capfd.readouterr() == ("", "")
    assert "juliacall" not in sys.modules


def test_importing_the_engines_loads_neither_library():
    code = (
        "import sys; from mtl_theory.laws._engines import _operon, _pysr; "
        "_operon.Operon().available(), _pysr.PySR().available(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"pysr", "juliacall", "juliapkg", "pyoperon"} & set(loaded.split())
