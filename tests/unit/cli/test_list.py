from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT, Visualizer
from visualizer.session.catalogue import scenarios

#: Runs the command line and then says on stderr what was imported for it.
IMPORTED = """
import sys
from visualizer.cli import main
try:
    main()
finally:
    known = (name.split(".") for name in sys.modules)
    print(*sorted({parts[0] if parts[0] != "visualizer" else ".".join(parts[:3]) for parts in known}), file=sys.stderr)
"""


def test_one_line_for_each_scenario(visualizer: Visualizer) -> None:
    done = visualizer("list")
    assert (done.returncode, done.stderr) == (0, "")
    found = scenarios()
    assert {"ping_pong", "deadlock"} < {scenario.name for scenario in found if scenario.tour is not None}
    assert {"crawler", "hog"} < {scenario.name for scenario in found if scenario.tour is None}
    assert [line.split() for line in done.stdout.splitlines()] == [
        [scenario.name, scenario.runtime, *["tour"] * (scenario.tour is not None), *scenario.sentence.split()]
        for scenario in found
    ]


def test_without_a_subcommand_and_a_terminal_it_is_the_list(visualizer: Visualizer) -> None:
    assert visualizer().stdout == visualizer("list").stdout


def test_listing_imports_neither_a_tui_nor_a_runtime() -> None:
    command = [sys.executable, "-c", IMPORTED, "list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert {"click", "visualizer"} <= imported
    assert not imported & {"asyncio", "gevent", "greenlet", "msgspec", "rich", "textual"}


def test_showing_a_trace_looks_for_no_problems_and_needs_no_tables_of_characters() -> None:
    command = [sys.executable, "-c", IMPORTED, "show", str(ROOT / "tests" / "golden" / "gevent_sleeps.trace")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert {"numpy", "visualizer.analysis.text"} <= imported
    assert not imported & {"visualizer.analysis.findings", "visualizer.tui", "wcwidth", "textual"}


def test_a_reader_that_goes_away_is_no_error(process: Visualizer) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = process("list", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_told_in_one_sentence(process: Visualizer) -> None:
    with open("/dev/full", "w") as full:
        done = process("list", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, "visualizer: No space left on device.\n")
