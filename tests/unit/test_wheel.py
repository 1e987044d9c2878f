"""What is installed: built as `pip install .` does, from the tree and by way of an sdist."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from visualizer.session.catalogue import scenarios
from visualizer.tracers.core.compiled import WANTED

SCENARIOS = {f"visualizer/scenarios/{one.name}" for known in scenarios() for one in (known.path, known.tour) if one}


def build(kind: str, source: Path, into: Path) -> Path:
    # Where these tests are to do without the recorder in C, this checkout keeps it all the same.
    env = {name: value for name, value in os.environ.items() if name != WANTED}
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)]
    subprocess.run(command, cwd=source, env=env, check=True)
    [built] = into.iterdir()
    return built


@pytest.fixture(scope="module", params=["tree", "sdist"])
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = ROOT
    if request.param == "sdist":
        unpacked = tmp_path_factory.mktemp("unpacked")
        with tarfile.open(build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))) as archive:
            # The first patch releases of 3.11 have no filters (PEP 706).
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
            archive.extractall(unpacked)
        [source] = unpacked.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


def test_the_scenarios_lie_inside_the_package_and_nothing_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {"visualizer", "visualizer-0.1.0.dist-info"}
    assert {name for name in names if name.startswith("visualizer/scenarios/")} == SCENARIOS
    assert {"visualizer/py.typed", "visualizer/tracers/boot/sitecustomize.py"} <= set(names)
    assert {f"visualizer/export/player/{name}" for name in ("page.html", "player.css", "player.js")} <= set(names)
    assert "visualizer-0.1.0.dist-info/licenses/LICENSE" in names
    # One in C is for this interpreter only; one in Python for all.
    compiled = any(name.startswith("visualizer/tracers/_recorder.cpython") for name in names)
    assert compiled != wheel.name.endswith("-py3-none-any.whl")


def test_it_works_where_there_is_no_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    command = [sys.executable, "-m", "visualizer", "record", "ping_pong", "-o", "t"]
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "12\n56\n34\n78\n", "")
    assert str(site / "visualizer" / "scenarios" / "ping_pong.py") in (tmp_path / "t").read_text()
