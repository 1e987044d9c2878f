"""Random programs of gevent greenlets that sleep, hand over, wait for and kill one another."""

from __future__ import annotations

from tests.truth.program import Meaning, Op, Program, Side, own_name

#: Of an `Op`.
WORDS = [
    "sleep0", "sleep", "put", "put1", "get", "get1", "get_timeout", "set", "clear", "wait", "wait_timeout", "timeout",
    "ar_set", "ar_get", "acquire", "release", "spawn", "spawn_later", "join", "kill", "kill_wait", "channel_put",
    "channel_get", "survive",
]
_TINY = "0.0005"
_THINGS = {
    "event0": "Event()", "event1": "Event()", "queue": "Queue()", "bounded": "Queue(1)", "channel": "Channel()",
    "result": "AsyncResult()", "semaphore": "Semaphore(1)",
}

_PRELUDE = """\
from contextlib import suppress
from gc import get_referents
import gevent
from gevent.event import AsyncResult, Event
from gevent.exceptions import LoopExit
from gevent.lock import Semaphore
from gevent.queue import Channel, Empty, Queue
def parks(event):
    # Of an event that is set one waits, too, for one's turn, while those who waited before are notified.
    notified = [bool(held) for held in get_referents(event) if type(held).__name__ == "callback"]
    return not event.is_set() or True in notified
"""

_SWEEP = """\
def sweep():
    while living := [one for one in a_g.values() if not one.dead]:
        gevent.killall(living, block=False)
        gevent.sleep(0.001)
"""


def _render(program: Program, who: str, side: str, op: Op, workers: int, indent: int) -> None:
    word, number = op
    two = number % 2
    event, queue, bounded, result = f"{side}_event{two}", f"{side}_queue", f"{side}_bounded", f"{side}_result"
    semaphore, channel, greenlets = f"{side}_semaphore", f"{side}_channel", f"{side}_g"
    other = f"{side}{number % workers}"
    the_other = f'{greenlets}["{other}"]'
    there = f'"{other}" in {greenlets}' if other != who else "False"
    value = 100 * len(program.lines) + number

    def step(code: str, suspensions: str, guard: str = "", catches: str = "", **meaning: str | bool) -> None:
        program.step(
            who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent, meaning=Meaning(**meaning),  # type: ignore[arg-type]
        )

    if word == "sleep0":
        step("gevent.sleep(0)", "True", timed=True)
    elif word == "sleep":
        step(f"gevent.sleep({number} * {_TINY} + {_TINY})", "True", timed=True)
    elif word == "survive":
        step(f"gevent.sleep({_TINY})", "True", catches="gevent.GreenletExit", timed=True)
    elif word == "put":
        step(f"{queue}.put({value})", "False", gives=queue)
    elif word == "put1":
        step(f"{bounded}.put({value})", f"{bounded}.full()", waits_for=bounded, gives=bounded)
    elif word == "get":
        step(f"r = {queue}.get()", f"{queue}.empty()", waits_for=queue)
    elif word == "get1":
        step(f"r = {bounded}.get()", f"{bounded}.empty()", waits_for=bounded, gives=bounded)
    elif word == "get_timeout":
        step(f"r = {queue}.get(timeout={_TINY})", f"{queue}.empty()", catches="Empty", waits_for=queue, timed=True)
    elif word == "set":
        step(f"{event}.set()", "False", gives=event)
    elif word == "clear":
        step(f"{event}.clear()", "False")
    elif word == "wait":
        step(f"r = {event}.wait()", f"parks({event})", waits_for=event)
    elif word == "wait_timeout":
        step(f"r = {event}.wait({_TINY})", f"parks({event})", waits_for=event, timed=True)
    elif word == "timeout":
        limited = f"gevent.with_timeout({_TINY}, {event}.wait, timeout_value='late')"
        step(f"r = {limited}", f"parks({event})", waits_for=event, timed=True)
    elif word == "ar_set":
        step(f"{result}.set({value})", "False", gives=result)
    elif word == "ar_get":
        step(f"r = {result}.get()", f"not {result}.ready()", waits_for=result)
    elif word == "acquire" and who == own_name("b"):
        # Beside the main thread gevent raises no LoopExit here: it waits for ever, since another thread might release.
        step(f"{semaphore}.acquire(timeout={_TINY})", f"{semaphore}.locked()", waits_for=semaphore, timed=True)
    elif word == "acquire":
        step(f"{semaphore}.acquire()", f"{semaphore}.locked()", waits_for=semaphore)
    elif word == "release":
        step(f"{semaphore}.release()", "False", gives=semaphore)
    elif word in ("spawn", "spawn_later"):
        absent = f'"{other}" not in {greenlets}'
        spawned = f"gevent.spawn({other})" if word == "spawn" else f"gevent.spawn_later({_TINY}, {other})"
        step(f"{the_other} = {spawned}", "False", absent, spawns=other)
    elif word == "join":
        step(f"{the_other}.join()", f"not {the_other}.ready()", there, waits_for=f"end of {other}")
    elif word == "kill":
        step(f"{the_other}.kill(block=False)", "False", there, gives=f"kill {other}")
    elif word == "kill_wait":
        step(f"{the_other}.kill()", "None", there, gives=f"kill {other}", waits_for=f"end of {other}")
    elif word == "channel_put":
        step(f"{channel}.put({value})", "None", gives=channel, waits_for=channel)
    elif word == "channel_get":
        step(f"r = {channel}.get()", "None", gives=channel, waits_for=channel)
    else:
        raise AssertionError(word)


def render(sides: list[Side]) -> Program:
    """The program of these sides: (what its thread does itself, what each of its workers does)."""
    program = Program()
    program.add(_PRELUDE)
    names = "ab"[: len(sides)]
    every_op = [op for own, workers in sides for ops in (own, *workers) for op in ops]
    timed = any(word in ("sleep", "survive") or "timeout" in word or "later" in word for word, _ in every_op)
    program.repeatable = len(sides) == 1 and not timed
    for side, (own, workers) in zip(names, sides, strict=True):
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
        joins = f"gevent.joinall({every}, timeout=0.03)"
        if program.repeatable:
            joins = f"with suppress(LoopExit): gevent.joinall({every})"
        program.step(main, joins, meaning=Meaning("every end", timed=True))
        if side != "a":
            program.add("    gevent.get_hub().destroy(destroy_loop=True)")
    program.add(_SWEEP)
    program.run(list(names))
    return program
