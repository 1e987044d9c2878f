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
    #: The kinds of its tracks, and those of them that schedule others: such a one waits whenever another track runs.
    kinds: frozenset[str]
    schedulers: frozenset[str] = frozenset()
    #: Those that a program has run by themselves, each a piece of its work.
    spawned: frozenset[str] = frozenset()
    #: Reason of a wait -> what the waker did. `{}` is the woken track.
    reasons: Mapping[str, str] = {}
    #: Cause of a wake by something outside of the trace -> what happened there.
    causes: Mapping[str, str] = {}


RUNTIMES = (
    Runtime("threads", frozenset((words.THREAD,))),
    Runtime("generators", frozenset((words.GENERATOR, words.COROUTINE)), spawned=frozenset((words.COROUTINE,))),
    Runtime("greenlets", frozenset((words.GREENLET,)), spawned=frozenset((words.GREENLET,))),
    Runtime(
        "gevent",
        frozenset((words.GREENLET, words.HUB)),
        frozenset((words.HUB,)),
        frozenset((words.GREENLET,)),
        {
            words.EVENT: "set the event {} was waiting for",
            words.RESULT: "set the result {} was waiting for",
            words.SEMAPHORE: "released the semaphore {} was waiting for",
            words.LOCK: "released the lock {} was waiting for",
            words.CONDITION: "notified the condition {} was waiting for",
            words.CHANNEL: "arrived at the channel {} was waiting on",
            words.POOL: "made room in the pool {} was waiting for",
        },
        {
            words.DNS: "the name lookup finished",
            words.THREADPOOL: "a pool thread finished its work",
            words.SUBPROCESS: "the child process changed state",
            words.ASYNC: "an async watcher of the hub fired",
        },
    ),
    Runtime(
        "asyncio",
        frozenset((words.TASK, words.LOOP)),
        frozenset((words.LOOP,)),
        frozenset((words.TASK,)),
        {
            words.FUTURE: "set the result of the future {} was waiting for",
            words.BARRIER: "came to the barrier {} was waiting at",
        },
    ),
)


class Vocabulary:
    """The words of all runtimes that one trace may speak of."""

    def __init__(self, header: Header | None = None) -> None:
        """`header`: of the trace; it may bring words, but changes none that stand in the table."""
        self.schedulers = frozenset[str]().union(*(runtime.schedulers for runtime in RUNTIMES))
        self.spawned = frozenset[str]().union(*(runtime.spawned for runtime in RUNTIMES))
        self.reasons: dict[str, str] = {}
        self.causes: dict[str, str] = {}
        brought = [
            Runtime(
                name,
                frozenset(described.kinds),
                frozenset(kind for kind, role in described.kinds.items() if role == words.SCHEDULER),
                frozenset(kind for kind, role in described.kinds.items() if role != words.SCHEDULER),
                described.reasons,
                described.causes,
            )
            for name, described in (header.runtimes if header is not None else {}).items()
        ]
        known = frozenset[str]().union(*(runtime.kinds for runtime in RUNTIMES))
        for runtime in (*brought, *RUNTIMES):
            self.reasons.update(runtime.reasons)
            self.causes.update(runtime.causes)
        self.schedulers |= frozenset[str]().union(*(runtime.schedulers for runtime in brought)) - known
        self.spawned |= frozenset[str]().union(*(runtime.spawned for runtime in brought)) - known
