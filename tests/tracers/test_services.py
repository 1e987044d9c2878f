"""Services with a hog, a lock held across a wait, a starved worker, a leak and a busy loop, each told in one line.

Whether a machine that is busy lets the hog, the loop and the starved worker be seen as such is not asked for here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from visualizer.analysis.findings import findings, grouped

SERVICES = Path(__file__).with_name("services")


@pytest.mark.parametrize(
    ("service", "held", "leaks"),
    [
        pytest.param("accounts", "self.lock (BoundedSemaphore ", "Accounts.expire", id="gevent"),
        pytest.param("store", "self.write_lock (Lock ", "subscription key", id="asyncio"),
        pytest.param("chat", "self.lock (lock ", "keep_alive", id="threads"),
    ],
)
def test_each_fault_is_one_line(trace_source: TraceSource, service: str, held: str, leaks: str) -> None:
    timeline = trace_source((SERVICES / f"{service}.py").read_text()).timeline
    told: dict[str, list[str]] = {"lock_held": [], "leak": []}
    for group in grouped(timeline, findings(timeline)):
        told.setdefault(group.worst.kind, []).append(group.sentence)
    [[lock], [leak]] = told["lock_held"], told["leak"]
    assert f" kept {held}" in lock
    assert f" × {leaks}, spawned in " in leak
    assert not told.keys() & {"never_resumed", "deadlock", "unretrieved", "slow_track", "never_started"}
    assert len(told.get("busy_poll", ())) <= 1
