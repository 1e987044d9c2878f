"""Random programs of gevent greenlets that sleep, hand over, wait for and kill one another."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.truth.program import Meaning, Op, Program, Side, limited, own_name


class _Call(NamedTuple):
    """A call that waits: of which method of which thing, where it waits, and what its limit makes of it.

    `parks` is an expression, `{}` the thing. `flag` stands before a limit by position. `late`: how the `repr` begins
    that it gives, or of what it raises, if it is over. `puts`: it gives an item.
    """

    thing: str
    method: str
    parks: str
    late: str
    catches: str = ""
    flag: str = "True, "
    gives: bool = False
    puts: bool = False
    waits_for: str = "{}"


_CALLS = {
    "get": _Call("queue", "get", "{}.empty()", "Empty(", "Empty"),
    "peek": _Call("queue", "peek", "{}.empty()", "Empty(", "Empty"),
    "get1": _Call("bounded", "get", "{}.empty()", "Empty(", "Empty", gives=True),
    "put1": _Call("bounded", "put", "{}.full()", "Full(", "Full", gives=True, puts=True),
    "get_simple": _Call("simple", "get", "{}.empty()", "Empty(", "Empty"),
    "get_lifo": _Call("lifo", "get", "{}.empty()", "Empty(", "Empty"),
    "get_first": _Call("priority", "get", "{}.empty()", "Empty(", "Empty"),
    "channel_put": _Call("channel", "put", "None", "Full(", "Full", gives=True, puts=True),
    "channel_get": _Call("channel", "get", "None", "Empty(", "Empty", gives=True),
    "tasks": _Call("queue", "join", "{}.unfinished_tasks > 0 or None", "False", flag="", waits_for="{} tasks"),
    "wait": _Call("event", "wait", "parks({})", "False", flag=""),
    "ar_get": _Call("result", "get", "not {}.ready()", "<Timeout", "gevent.Timeout"),
    "ar_wait": _Call("result", "wait", "parks({})", "None", flag=""),
    "acquire": _Call("semaphore", "acquire", "{}.locked()", "False"),
    "acquire_two": _Call("two", "acquire", "{}.locked()", "False"),
}
#: With a gevent.Timeout around a call: {s} is its limit. Those that have no limit are in the end.
_AROUND = (
    "with gevent.Timeout({s}): r = {called}({args}) or True",
    "with gevent.Timeout({s}, False): r = {called}({args}) or True",
    "with gevent.Timeout({s}, KeyError('late')): r = {called}({args}) or True",
    "with gevent.Timeout(9), gevent.Timeout({s}): r = {called}({args}) or True",
    "with gevent.Timeout({s}, False), gevent.Timeout(9): r = {called}({args}) or True",
    "with gevent.Timeout({s}), gevent.Timeout(None): r = {called}({args}) or True",
    "r = gevent.with_timeout({s}, {called}, {args}) or True",
    "r = gevent.with_timeout({s}, {called}, {args}timeout_value='late') or True",
    "r = started({s}, {called}, {args})",
    "r = restarted({s}, {called}, {args})",
    "with gevent.Timeout(None): r = {called}({args}) or True",
    "r = cancelled({s}, {called}, {args})",
)
_UNLIMITED = 2
_LATE = ("<Timeout", "None", "KeyError(", "'late'")

#: Of an `Op`; and those that have a timer.
WORDS = [
    "sleep0", "put", "put_simple", "put_lifo", "put_first", "task_done", "set", "clear", "ar_set", "release",
    "release_two", "spawn", "join", "kill", "kill_wait", *_CALLS,
]
TIMED = [
    "sleep", "survive", "spawn_later", "hold", "try", "join limit", "get_end limit", "joinall limit", "any limit",
    "all limit", "each limit", "sleep around", *(f"{word} {how}" for how in ("limit", "around") for word in _CALLS),
]
_TINY = 0.0005
_THINGS = {
    "event0": "Event()", "event1": "Event()", "queue": "Queue()", "bounded": "Queue(1)", "channel": "Channel()",
    "result": "AsyncResult()", "semaphore": "Semaphore(1)", "two": "BoundedSemaphore(2)", "rlock": "RLock()",
    "simple": "SimpleQueue()", "lifo": "LifoQueue()", "priority": "PriorityQueue()",
}
_PUTS = {"put": "queue", "put_simple": "simple", "put_lifo": "lifo", "put_first": "priority"}

_PRELUDE = """\
from contextlib import suppress
from gc import get_referents
import gevent
from gevent.event import AsyncResult, Event
from gevent.exceptions import LoopExit
from gevent.lock import BoundedSemaphore, RLock, Semaphore
from gevent.queue import Channel, Empty, Full, LifoQueue, PriorityQueue, Queue, SimpleQueue
def parks(event):
    # Of an event that is set, or a result, one waits, too, for one's turn, while those who waited before are notified.
    notified = [bool(held) for held in get_referents(event) if type(held).__name__ == "callback"]
    return not event.ready() or True in notified
def started(s, called, *args):
    timeout = gevent.Timeout.start_new(s)
    try:
        return called(*args) or True
    finally:
        timeout.close()
def restarted(s, called, *args):
    timeout = gevent.Timeout(s)
    timeout.start()
    timeout.cancel()
    timeout.start()
    try:
        return called(*args) or True
    finally:
        timeout.cancel()
def cancelled(s, called, *args):
    timeout = gevent.Timeout.start_new(s)
    timeout.cancel()
    return called(*args) or True
"""

_SWEEP = """\
def sweep():
    while living := [one for one in a_g.values() if not one.dead]:
        gevent.killall(living, block=False)
        gevent.sleep(0.001)
"""


def _render(program: Program, who: str, side: str, op: Op, workers: int, indent: int) -> None:
    word, number = op
    events = f"{side}_event0", f"{side}_event1"
    event, queue, rlock, greenlets = events[number % 2], f"{side}_queue", f"{side}_rlock", f"{side}_g"
    other = f"{side}{number % workers}"
    the_other = f'{greenlets}["{other}"]'
    there = f'"{other}" in {greenlets}' if other != who else "False"
    value = 100 * len(program.lines) + number
    s = (number % 4 + 1) * _TINY
    others = f'[one for name, one in {greenlets}.items() if name != "{who}"]'

    def step(code: str, suspensions: str, guard: str = "", catches: str = "", **meaning: Any) -> None:
        program.step(
            who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent, meaning=Meaning(**meaning),
        )

    word, _, how = word.partition(" ")
    if word == "acquire" and who == own_name("b") and not how:
        # Beside the main thread gevent raises no LoopExit here: it waits for ever, since another thread might release.
        how = "limit"
    if word in _CALLS:
        call = _CALLS[word]
        thing = event if call.thing == "event" else f"{side}_{call.thing}"
        called, args, parks = f"{thing}.{call.method}", f"{value}, " if call.puts else "", call.parks.format(thing)
        meaning: dict[str, Any] = {
            "waits_for": call.waits_for.format(thing), "gives": thing if call.gives else "",
            "item": str(value) if call.puts else "",
        }
        if how == "limit":
            code = limited(called, s, number // 4, args, call.flag)
            meaning |= {"timed": True, "limit": s, "late": (call.late,), "named": "partial" not in code}
            step(f"r = {code}", parks, catches=call.catches, **meaning)
        elif how == "around":
            way = number // 4 % len(_AROUND)
            code = _AROUND[way].format(s=f"{s:g}", called=called, args=args)
            if way < len(_AROUND) - _UNLIMITED:
                meaning |= {"timed": True, "limit": s, "late": _LATE}
            step(code, parks, catches="(gevent.Timeout, KeyError)", named=f"{called}(" in code, **meaning)
        else:
            step(f"r = {called}({args})", parks, **meaning)
    elif word == "sleep0":
        step("gevent.sleep(0)", "True", timed=True, limit=0)
    elif word == "sleep" and how:
        code = f"with gevent.Timeout({s:g}, False): gevent.sleep({2 * s:g}); r = 1"
        step(code, "True", timed=True, limit=s, late=("None",))
    elif word == "sleep":
        step(f"gevent.sleep({s:g})", "True", timed=True, limit=s)
    elif word == "survive":
        step(f"gevent.sleep({_TINY})", "True", catches="gevent.GreenletExit", timed=True, limit=_TINY)
    elif word in _PUTS:
        thing = f"{side}_{_PUTS[word]}"
        step(f"{thing}.put({value})", "False", gives=thing, item=str(value))
    elif word == "task_done":
        step(f"{queue}.task_done()", "False", f"{queue}.unfinished_tasks > 0", gives=f"{queue} tasks")
    elif word == "set":
        step(f"{event}.set()", "False", gives=event)
    elif word == "clear":
        step(f"{event}.clear()", "False")
    elif word == "ar_set":
        step(f"{side}_result.set({value})", "False", gives=f"{side}_result", item=str(value))
    elif word in ("release", "release_two"):
        thing, guard = f"{side}_semaphore", ""
        if word == "release_two":
            thing, guard = f"{side}_two", f"{side}_two.counter < 2"
        step(f"{thing}.release()", "False", guard, gives=thing)
    elif word == "hold":
        step(f"with {rlock}: gevent.sleep({s:g})", "True", waits_for=rlock, gives=rlock, timed=True, limit=None)
    elif word == "try":
        code = limited(f"{rlock}.acquire", s, number // 4)
        late, named = ("False",), "partial" not in code
        code = f"r = {code} and ({rlock}.release() or True)"
        step(code, "None", waits_for=rlock, gives=rlock, timed=True, limit=s, late=late, named=named)
    elif word in ("spawn", "spawn_later"):
        absent = f'"{other}" not in {greenlets}'
        spawned = f"gevent.spawn({other})" if word == "spawn" else f"gevent.spawn_later({_TINY}, {other})"
        step(f"{the_other} = {spawned}", "False", absent, spawns=other)
    elif word == "join" and how:
        code = f"r = {limited(f'{the_other}.join', s, number // 4, flag='')} or {the_other}.ready() and 'either'"
        meaning = {"waits_for": f"end of {other}", "timed": True, "limit": s, "late": ("False",)}
        step(code, f"not {the_other}.ready()", there, named="partial" not in code, **meaning)
    elif word == "get_end":
        code = f"r = {limited(f'{the_other}.get', s, number // 4)}"
        meaning = {"waits_for": f"end of {other}", "timed": True, "limit": s, "late": ("<Timeout",)}
        step(code, f"not {the_other}.ready()", there, "gevent.Timeout", named="partial" not in code, **meaning)
    elif word == "joinall":
        code = limited("gevent.joinall", s, number // 4, f"every := {others}, ", "")
        step(f"r = len({code}) == len(every)", "None", waits_for="every end", timed=True, limit=s, late=("False",))
    elif word in ("any", "all", "each"):
        what = f"[{events[0]}, {events[1]}]"
        waits_for = " or ".join(events)
        if word == "each":
            code = f"len(list({limited('gevent.iwait', s, number // 4, f'{what}, ', '')})) == 2"
        elif word == "all":
            code = f"len({limited('gevent.wait', s, number // 4, f'{what}, ', '')}) == 2"
        else:
            code = f"len(gevent.wait({what}, {s:g}, 1)) == 1"
        step(f"r = {code}", "None", waits_for=waits_for, timed=True, limit=s, late=("False",), named=False)
    elif word == "join":
        step(f"{the_other}.join()", f"not {the_other}.ready()", there, waits_for=f"end of {other}")
    elif word == "kill":
        step(f"{the_other}.kill(block=False)", "False", there, gives=f"kill {other}")
    elif word == "kill_wait":
        step(f"{the_other}.kill()", "None", there, gives=f"kill {other}", waits_for=f"end of {other}")
    else:
        raise AssertionError(word)


def render(sides: list[Side]) -> Program:
    """The program of these sides: (what its thread does itself, what each of its workers does)."""
    program = Program()
    program.add(_PRELUDE)
    names = "ab"[: len(sides)]
    every_op = [op for own, workers in sides for ops in (own, *workers) for op in ops]
    program.repeatable = len(sides) == 1 and not any(word in TIMED for word, _ in every_op)
    for side, (own, workers) in zip(names, sides, strict=True):
        program.things |= {f"{side}_{name}": made.partition("(")[0] for name, made in _THINGS.items()}
        program.add(f"{side}_g = {{}}")
        for index, ops in enumerate(workers):
            who = f"{side}{index}"
            program.worker(who)
            for op in ops:
                _render(program, who, side, op, len(workers), 8)
            program.end_worker(who)
        main = own_name(side)
        program.add(f"def {main}():\n    r = None")
        # A queue belongs to the hub of the thread that makes it: gevent has it used from no other.
        for name, made in _THINGS.items():
            program.add(f"    global {side}_{name}\n    {side}_{name} = {made}")
        for index in range((len(workers) + 1) // 2):
            _render(program, main, side, ("spawn", index), len(workers), 4)
        program.add("    try:\n        pass")
        for op in own:
            _render(program, main, side, op, len(workers), 8)
        program.add(f'    except LoopExit:\n        log("{main}", 0, "start", "LoopExit")')
        # Without a timer it is over when nobody is left who could wake anybody.
        every = f"list({side}_g.values())"
        joins, limit = f"gevent.joinall({every}, timeout=0.03)", 0.03
        if program.repeatable:
            joins, limit = f"with suppress(LoopExit): gevent.joinall({every})", -1
        program.step(main, joins, meaning=Meaning("every end", timed=True, limit=limit))
        if side != "a":
            program.add("    gevent.get_hub().destroy(destroy_loop=True)")
    program.add(_SWEEP)
    program.run(list(names))
    return program
