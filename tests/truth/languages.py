"""The languages of random programs, and what must hold of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, NamedTuple

from tests.tracers.traced import SEES_WAITS
from tests.truth import (
    asyncio_language,
    checks,
    eventlet_language,
    fault_language,
    generator_language,
    gevent_language,
    greenlet_language,
    mixed_language,
    processes_language,
    threads_language,
)
from tests.truth.process_checks import OF_PROCESSES
from tests.truth.program import Program, draw_sides
from tests.truth.thread_checks import OF_THREADS
from tests.truth.wait_checks import OF_THREADS_WAITS, OF_WAITS


class Language(NamedTuple):
    """`draw` makes the sides of a program, which `render` writes."""

    draw: Callable[[Random], Any]
    render: Callable[[Any], Program]
    checks: tuple[Callable[[checks.Truth], None], ...]
    of_process: tuple[Callable[[checks.Recorded], None], ...] = checks.OF_PROCESS
    #: Whether each program has a process to itself, and logs nothing.
    alone: bool = False

    def program(self, seed: str) -> Program:
        """The one of this seed, whatever the interpreter."""
        return self.render(self.sides(seed))

    def sides(self, seed: str) -> Any:
        return self.draw(Random(seed))


_GENERATORS, _GREENLETS = generator_language.render, greenlet_language.render
_GEVENT, _ASYNCIO = gevent_language.render, asyncio_language.render
_OF_GEVENT = partial(draw_sides, gevent_language.WORDS, gevent_language.TIMED)
_OF_EVENTLET = partial(draw_sides, eventlet_language.WORDS, eventlet_language.TIMED)
_ASYNCIOS = partial(draw_sides, asyncio_language.WORDS, asyncio_language.TIMED)
_OF_ASYNCIO = (*checks.ALWAYS, *checks.OF_ASYNCIO, *OF_WAITS)
LANGUAGES = {
    "generators": Language(generator_language.one_thread, _GENERATORS, checks.OF_GENERATORS),
    "coroutines": Language(generator_language.with_coroutines, _GENERATORS, checks.OF_GENERATORS),
    "generators in two threads": Language(generator_language.two_threads, _GENERATORS, checks.OF_GENERATORS),
    "greenlets": Language(greenlet_language.one_thread, _GREENLETS, checks.ALWAYS),
    "greenlets in two threads": Language(greenlet_language.two_threads, _GREENLETS, checks.ALWAYS),
    "gevent": Language(partial(_OF_GEVENT, 1), _GEVENT, (*checks.EVERY_CHECK, *OF_WAITS)),
    "gevent in two threads": Language(partial(_OF_GEVENT, 2), _GEVENT, (*checks.EVERY_CHECK, *OF_WAITS)),
    "eventlet": Language(partial(_OF_EVENTLET, 1), eventlet_language.render, (*checks.EVERY_CHECK, *OF_WAITS)),
    "asyncio": Language(partial(_ASYNCIOS, 1), _ASYNCIO, _OF_ASYNCIO),
    "asyncio in two threads": Language(partial(_ASYNCIOS, 2), _ASYNCIO, _OF_ASYNCIO),
    "mixed": Language(mixed_language.draw, mixed_language.render, checks.OF_MIXTURES),
    "forks": Language(mixed_language.draw_forks, partial(mixed_language.render, forks=True), checks.OF_FORKS, ()),
    **{
        f"faults of {runtime}": Language(
            partial(fault_language.draw, runtime), fault_language.render, (checks.check_fault,), (), True
        )
        for runtime in fault_language.PIECES
    },
}
if SEES_WAITS:
    LANGUAGES["threads"] = Language(threads_language.draw, threads_language.render, (*OF_THREADS, *OF_THREADS_WAITS))
    LANGUAGES["processes"] = Language(processes_language.draw, processes_language.render, OF_PROCESSES, ())
