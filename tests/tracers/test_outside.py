"""A package of somebody else's brings a runtime and a format, and nothing here is changed for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tracers.outside import install
from tests.tracers.traced import environment
from visualizer.analysis.load.loader import load

VISUALIZER = Path(sys.executable).parent / "visualizer"


def run(folder: Path, *command: str | os.PathLike[str], expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `visualizer COMMAND...` where the package is installed."""
    env = environment() | {"PYTHONPATH": str(folder / "site"), "COLUMNS": "120"}
    done = subprocess.run(
        [VISUALIZER, *command],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == expect, done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with the package, a script that uses it, and the trace of that."""
    folder = tmp_path_factory.mktemp("outside")
    recorded = run(folder, "record", install(folder), "-o", "ticking.trace")
    # What watches the program is not there for the program, nor is what found it.
    assert recorded.stdout == "[]\n"
    assert recorded.stderr == ""
    return folder


def test_the_tracks_of_another_packages_runtime_are_shown_in_its_own_words(folder: Path) -> None:
    stats = run(folder, "stats", "ticking.trace").stdout
    rows = [line.split()[:4] for line in stats.splitlines()]
    assert ["wheel", "wheel", "DONE", "4"] in rows
    assert ["one", "tick", "DONE", "2"] in rows
    assert ["two", "tick", "DONE", "1"] in rows
    reported = [
        line.partition("  ")[2].partition("  ")[2] for line in run(folder, "show", "ticking.trace").stdout.splitlines()
    ]
    assert "wheel spawned one → one runs for the first time" in reported
    assert "one waits for its turn → wheel runs" in reported
    assert "the wheel has come round (its turn) → one runs" in reported


def test_what_a_trace_says_of_its_runtimes_is_known_where_they_are_not_installed(folder: Path) -> None:
    timeline, notices = load(str(folder / "ticking.trace"))
    assert notices == []
    assert {timeline.name(track.id) for track in timeline.tracks.values() if track.schedules} == {"wheel"}
    assert timeline.words.causes["round"] == "the wheel has come round"


def test_another_packages_format_is_one_to_export_to(folder: Path) -> None:
    run(folder, "export", "ticking.trace", "-o", "tracks.names")
    assert (folder / "tracks.names").read_text().split() == ["main", "wheel", "one", "two"]
    refused = run(folder, "export", "ticking.trace", "-o", "tracks.other", expect=2).stderr
    assert refused.endswith(" or .names.\n")


def test_a_runtime_that_cannot_be_loaded_is_named_and_the_program_runs(tmp_path: Path) -> None:
    script = install(tmp_path)
    (tmp_path / "site" / "ticker" / "tracer.py").write_text("raise RuntimeError('broken')")
    run(tmp_path, "record", script, "-o", "again.trace")
    shown = run(tmp_path, "show", "again.trace").stdout
    assert "The tracer of ticker did not work: refused: RuntimeError('broken')" in shown
