"""The words of each runtime, as a table: its kinds of track and which of them schedule others, and what is said of its
waits and wakes.

A runtime that another package brings writes its own words into the header of the trace (trace/FORMAT.md): so they are
there wherever the trace is read, and to read one runs no code of anybody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from visualizer.trace import words
from visualizer.trace.events import Header


class Runtime(NamedTuple):
    """A row of the table."""

    name: str
    #: The kinds of its tracks, and those of them that schedule others: such a one waits whenever somebody else runs.
    kinds: frozenset[str]
    schedulers: frozenset[str] = frozenset()
    #: Reason of a wait -> what whoever ends it has done.
    reasons: Mapping[str, str] = {}
    #: Cause of a wake by something that the trace does not see -> what has happened.
    causes: Mapping[str, str] = {}


RUNTIMES = (
    Runtime("threads", frozenset((words.THREAD,))),
    Runtime("generators", frozenset((words.GENERATOR, words.COROUTINE))),
    Runtime("greenlets", frozenset((words.GREENLET,))),
    Runtime(
        "gevent",
        frozenset((words.GREENLET, words.HUB)),
        frozenset((words.HUB,)),
        {
            words.EVENT: "set the event it was waiting for",
            words.RESULT: "set the result it was waiting for",
            words.SEMAPHORE: "released the semaphore it was waiting for",
            words.LOCK: "released the lock it was waiting for",
            words.CONDITION: "notified the condition it was waiting for",
            words.CHANNEL: "came to the channel it was waiting at",
            words.POOL: "left it room in the pool",
        },
        {
            words.DNS: "the name that it asked for was looked up",
            words.THREADPOOL: "a thread of the pool has done its work",
            words.SUBPROCESS: "the process that it waited for has changed state",
            words.ASYNC: "somebody called its hub from outside",
        },
    ),
)


class Vocabulary:
    """The words of all runtimes that one trace may speak of."""

    def __init__(self, header: Header | None = None) -> None:
        """`header`: of the trace; it may bring words, but changes none that stand in the table."""
        self.schedulers = frozenset[str]().union(*(runtime.schedulers for runtime in RUNTIMES))
        self.reasons: dict[str, str] = {}
        self.causes: dict[str, str] = {}
        brought = [
            Runtime(
                name,
                frozenset(told.kinds),
                frozenset(kind for kind, role in told.kinds.items() if role == words.SCHEDULER),
                told.reasons,
                told.causes,
            )
            for name, told in (header.runtimes if header is not None else {}).items()
        ]
        known = frozenset[str]().union(*(runtime.kinds for runtime in RUNTIMES))
        for runtime in (*brought, *RUNTIMES):
            self.reasons.update(runtime.reasons)
            self.causes.update(runtime.causes)
        self.schedulers |= frozenset[str]().union(*(runtime.schedulers for runtime in brought)) - known
