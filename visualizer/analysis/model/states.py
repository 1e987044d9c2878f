"""What a track can do."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """What a track does during a slice. IDLE: a hub polls, or a track waits in a call, without giving way.

    A thread that waits in a select is WAITING here, and is called and drawn IDLE: see index/polls.py."""

    CREATED = 0
    READY = 1
    RUNNING = 2
    WAITING = 3
    IDLE = 4
    #: Only of a hub: it waits while a track of its thread runs for long without giving way, see blocking.py.
    BLOCKED = 5
    DONE = 6
    FAILED = 7
    UNKNOWN = 8
    #: It was cancelled or killed. A generator that is closed ends in health.
    STOPPED = 9


FINAL = (State.DONE, State.FAILED, State.STOPPED)
#: The states of a track whose turn it is.
RUNS = (State.RUNNING, State.IDLE)
#: The states whose share can be asked for, see `Slices.spent_ns`.
SUMMED = tuple(state for state in State if state not in FINAL)
