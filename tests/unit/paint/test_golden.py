"""Recordings of four scenarios as text, compared whole. `UPDATE_GOLDEN=1 pytest ...` writes what is painted now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.paint.drawn import panel
from visualizer.analysis.load.loader import load
from visualizer.paint.axis.viewport import BOTH

GOLDEN = Path(__file__).parents[2] / "golden"
SCENARIOS = ("gevent_sleeps", "ping_pong", "producer_consumer", "sync_vs_async")


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_recording_as_text(name: str) -> None:
    timeline, notices = load(str(GOLDEN / f"{name}.trace"))
    assert notices == []
    painted = "\n".join(
        f"{axis.value}, {cells} cells{', ASCII' if ascii else ''}\n{panel(timeline, axis, cells, ascii)}"
        for axis in BOTH
        for cells, ascii in ((100, False), (60, False), (24, False), (60, True))
    )
    expected = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(painted, encoding="utf-8")
    assert painted == expected.read_text(encoding="utf-8")
    assert all(panel(timeline, axis, 60, ascii=True).isascii() for axis in BOTH)
