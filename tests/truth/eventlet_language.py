"""Random programs of eventlet's green threads that sleep, hand over, wait for and kill one another."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.soak import SOAK
from tests.truth.program import Meaning, Op, Program, Side, limited


class _Call(NamedTuple):
    """A call that waits: of which method of which thing, where (`parks`, an expression of `{}`), and how the `repr`
    begins of what it gives, or raises, if its limit is over; `flag` stands before a limit by position."""

    thing: str
    method: str
    parks: str
    late: str
    catches: str = ""
    flag: str = "True, "
    gives: bool = False
    first: str = ""


_CALLS = {
    # Who waits, and is thrown into, wakes the next if there is an item.
    "get": _Call("queue", "get", "{}.empty()", "Empty(", "Empty", gives=True),
    "get1": _Call("bounded", "get", "{}.empty()", "Empty(", "Empty", gives=True),
    "put1": _Call("bounded", "put", "{}.full()", "Full(", "Full", gives=True, first="{value}, "),
    "get_last": _Call("lifo", "get", "{}.empty()", "Empty(", "Empty", gives=True),
    "get_first": _Call("priority", "get", "{}.empty()", "Empty(", "Empty", gives=True),
    "wait": _Call("event", "wait", "not {}.ready()", "None", flag=""),
    "acquire": _Call("semaphore", "acquire", "parks({})", "False"),
    "acquire_two": _Call("two", "acquire", "parks({})", "False"),
}
#: With an eventlet.Timeout around a call, whose limit is {s}.
_AROUND = (
    "with eventlet.Timeout({s}): r = {called}({first}) or True",
    "with eventlet.Timeout({s}, False): r = {called}({first}) or True",
    "with eventlet.Timeout({s}, KeyError('late')): r = {called}({first}) or True",
    "with eventlet.Timeout(9), eventlet.Timeout({s}): r = {called}({first}) or True",
    "with eventlet.Timeout({s}, False), eventlet.Timeout(9): r = {called}({first}) or True",
    "r = eventlet.with_timeout({s}, {called}, {first}) or True",
    "r = eventlet.with_timeout({s}, {called}, {first}timeout_value='late') or True",
    "r = started({s}, {called}, {first})",
    "with eventlet.Timeout(None): r = {called}({first}) or True",
    "r = cancelled({s}, {called}, {first})",
)
_UNLIMITED = 2
_LATE = ("<Timeout", "None", "KeyError(", "'late'")

#: Of an `Op`; and those that have a timer.
WORDS = [
    "sleep0", "put", "put_last", "put_first", "send", "release", "release_two", "spawn", "spawn_n", "join", "kill",
    *_CALLS,
]
TIMED = [
    "sleep", "survive", "spawn_after", "sleep around",
    *(f"{word} {how}" for how in ("limit", "around") for word in _CALLS),
]
_TINY = 0.0005
_THINGS = {
    "event0": "Event()", "event1": "Event()", "queue": "Queue()", "bounded": "Queue(1)", "lifo": "LifoQueue()",
    "priority": "PriorityQueue()", "semaphore": "Semaphore(1)", "two": "BoundedSemaphore(2)",
}
_PUTS = {"put": "a_queue", "put_last": "a_lifo", "put_first": "a_priority"}

_PRELUDE = """\
import warnings
from contextlib import suppress
warnings.simplefilter("ignore")
import eventlet
from eventlet.event import Event
from eventlet.queue import Empty, Full, LifoQueue, PriorityQueue, Queue
from eventlet.semaphore import BoundedSemaphore, Semaphore
from greenlet import GreenletExit
class Over(BaseException):
    pass
def parks(semaphore):
    return bool(semaphore.counter <= 0 or semaphore._waiters)
def started(s, called, *args):
    timeout = eventlet.Timeout(s)
    try:
        return called(*args) or True
    finally:
        timeout.cancel()
def cancelled(s, called, *args):
    timeout = eventlet.Timeout(s)
    timeout.cancel()
    return called(*args) or True
"""

_SWEEP = """\
def sweep():
    while living := [one for one in a_g.values() if not one.dead]:
        for one in living:
            eventlet.kill(one)
        eventlet.sleep(0)
"""


def _render(program: Program, who: str, op: Op, workers: int, indent: int) -> None:
    word, number = op
    event = f"a_event{number % 2}"
    other = f"a{number % workers}"
    the_other = f'a_g["{other}"]'
    there = f'"{other}" in a_g' if other != who else "False"
    value = 100 * len(program.lines) + number
    s = (number % 4 + 1) * _TINY

    def step(code: str, suspensions: str, guard: str = "", catches: str = "", **meaning: Any) -> None:
        if who == "main":
            # It has another limit around all that it does.
            meaning |= {"limit": None, "late": ()}
        program.step(
            who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent, meaning=Meaning(**meaning),
        )

    word, _, how = word.partition(" ")
    if word in _CALLS:
        call = _CALLS[word]
        thing = event if call.thing == "event" else f"a_{call.thing}"
        called, first, parks = f"{thing}.{call.method}", call.first.format(value=value), call.parks.format(thing)
        meaning: dict[str, Any] = {
            "waits_for": thing, "gives": thing if call.gives else "", "item": str(value) if first else "",
        }
        if how == "limit":
            code = f"r = {limited(called, s, number // 4, first, call.flag)}"
            step(code, parks, catches=call.catches, timed=True, limit=s, late=(call.late,), **meaning)
        elif how == "around":
            way = number // 4 % len(_AROUND)
            if way < len(_AROUND) - _UNLIMITED:
                meaning |= {"timed": True, "limit": s, "late": _LATE}
            code = _AROUND[way].format(s=f"{s:g}", called=called, first=first)
            step(code, parks, catches="(eventlet.Timeout, KeyError)", **meaning)
        else:
            step(f"r = {called}({first})", parks, **meaning)
    elif word == "sleep0":
        step("eventlet.sleep(0)", "True", timed=True, limit=0)
    elif word == "sleep" and how:
        code = f"with eventlet.Timeout({s:g}, False): eventlet.sleep({2 * s:g}); r = 1"
        step(code, "True", timed=True, limit=s)
    elif word == "sleep":
        step(f"eventlet.sleep({s:g})", "True", timed=True, limit=s)
    elif word == "survive":
        step(f"eventlet.sleep({_TINY})", "True", catches="GreenletExit", timed=True, limit=_TINY)
    elif word in _PUTS:
        step(f"{_PUTS[word]}.put({value})", "False", gives=_PUTS[word], item=str(value))
    elif word == "send":
        step(f"{event}.send({value})", "False", f"not {event}.ready()", gives=event, item=str(value))
    elif word == "release":
        step("a_semaphore.release()", "False", gives="a_semaphore")
    elif word == "release_two":
        step("a_two.release()", "False", catches="ValueError", gives="a_two")
    elif word in ("spawn", "spawn_n", "spawn_after"):
        first = f"{_TINY}, " if word == "spawn_after" else ""
        step(f"{the_other} = eventlet.{word}({first}{other})", "False", f'"{other}" not in a_g', spawns=other)
    elif word == "join":
        waits = f'hasattr({the_other}, "wait")'
        step(
            f"r = {the_other}.wait()", f"not {the_other}._exit_event.ready()", f"{there} and {waits}", "GreenletExit",
            waits_for=f"end of {other}",
        )
    elif word == "kill":
        # The one is thrown into at once, and the other has itself called back by the hub.
        step(f"eventlet.kill({the_other})", "None", there, gives=f"kill {other}", timed=True, limit=None)
    else:
        raise AssertionError(word)


def render(sides: list[Side]) -> Program:
    """The program of one side: what the thread does itself, and what each of its workers does."""
    program = Program()
    program.add(_PRELUDE)
    program.add("a_g = {}")
    program.things = {f"a_{name}": made.partition("(")[0] for name, made in _THINGS.items()}
    ((own, workers),) = sides
    for index, ops in enumerate(workers):
        who = f"a{index}"
        program.worker(who)
        for op in ops:
            _render(program, who, op, len(workers), 8)
        program.end_worker(who)
    program.add("def main():\n    r = None")
    for name, made in _THINGS.items():
        program.add(f"    global a_{name}\n    a_{name} = {made}")
    for index in range((len(workers) + 1) // 2):
        _render(program, "main", ("spawn", index), len(workers), 4)
    every_op = [*own, *(op for worker in workers for op in worker)]
    if any(word in TIMED for word, _ in every_op):
        program.repeatable = False
    # A hub that has nothing left to wake anybody for waits all the same. What is repeated has to be over before that,
    # and a busy machine stops a program for longer than a test should wait.
    limit = (2 if SOAK else 0.1) if program.repeatable else 0.02
    program.add(f"    with suppress(Over), eventlet.Timeout({limit}, Over()):\n        pass")
    for op in own:
        _render(program, "main", op, len(workers), 8)
    # Without a timer all is done after so many turns.
    ends = "for _ in range(50): eventlet.sleep(0)" if program.repeatable else "eventlet.sleep(0.03)"
    program.step("main", ends, suspensions="True", meaning=Meaning(timed=True, limit=None))
    program.add(_SWEEP)
    program.run(["a"])
    return program
