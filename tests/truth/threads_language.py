"""Random programs of threads that sleep, hold locks, hand over, and wait for one another.

Whatever waits has a time limit, or ends by itself: no program stands still.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from tests.truth.program import Meaning, Program, limited, several

#: word, and a number: of a worker, of milliseconds, or of one of two objects.
Op = tuple[str, int]
#: What the main thread does, and what each worker does.
Threads = tuple[list[Op], list[list[Op]]]


class _Call(NamedTuple):
    """A call with a limit: of which method of which thing. `code` has it, as `{}`; `first` and `flag` stand before its
    limit (program.limited). `late`: how the `repr` begins of what it gives, or raises, if that is over, where it tells.

    `gives`: whoever does it has the thing's lock for a moment, and gives that back.
    """

    thing: str
    method: str
    late: str = ""
    catches: str = ""
    code: str = "r = {}"
    first: str = ""
    flag: str = "True, "
    gives: bool = True


_CALLS = {
    "try": _Call("lock", "acquire", "False", code="r = {call} and ({thing}.release() or True)"),
    "try_again": _Call("rlock", "acquire", "False", code="r = {call} and ({thing}.release() or True)"),
    "put1": _Call("bounded", "put", catches="queue.Full", first="{value}, "),
    "get": _Call("unbounded", "get", catches="queue.Empty"),
    "get1": _Call("bounded", "get", catches="queue.Empty"),
    "get_last": _Call("lifo", "get", catches="queue.Empty"),
    "get_first": _Call("priority", "get", catches="queue.Empty"),
    "simple_get": _Call("simple", "get", "Empty(", "queue.Empty", gives=False),
    "wait": _Call("event", "wait", "False", flag=""),
    "acquire": _Call("semaphore", "acquire"),
    "acquire_two": _Call("two", "acquire"),
    "wait_condition": _Call("condition", "wait", "False", code="with {thing}: r = {call}", flag=""),
    "wait_for": _Call("condition", "wait_for", code="with {thing}: r = {call}", first="NOTIFIED.copy, ", flag=""),
    "meet": _Call("barrier", "wait", catches="BrokenBarrierError", flag=""),
    "result": _Call("future", "result", "TimeoutError(", "TimeoutError", "r = {call} and 'either'", flag=""),
}
_GIVES = {
    "put": "unbounded.put({value})", "put_last": "lifo.put({value})", "put_first": "priority.put({value})",
    "simple_put": "simple.put({value})", "set": "{event}.set()", "clear": "{event}.clear()",
    "notify": "with condition: condition.notify()", "notify_all": "with condition: condition.notify_all()",
    "notify_for": "with condition: NOTIFIED.append(1); condition.notify(2)",
    "release": "semaphore.release()", "reset": "barrier.reset()",
}
_WORDS = [*_CALLS, *_GIVES, "sleep", "hold", "hold_again", "future_set", "release_two", "spawn", "spawn_later", "join"]
_TINY = 0.0005
_THINGS = {
    "lock0": "Lock()", "lock1": "Lock()", "rlock": "RLock()", "condition": "Condition()", "semaphore": "Semaphore(1)",
    "two": "BoundedSemaphore(2)", "event0": "Event()", "event1": "Event()", "barrier": "Barrier(2)",
    "unbounded": "queue.Queue()", "bounded": "queue.Queue(1)", "simple": "queue.SimpleQueue()",
    "lifo": "queue.LifoQueue()", "priority": "queue.PriorityQueue()", "future": "Future()",
}


def draw(chance: Random) -> Threads:
    def op() -> Op:
        return chance.choice(_WORDS), chance.randrange(64)

    return several(chance, 0, 4, op), several(chance, 1, 4, lambda: several(chance, 0, 6, op))


_PRELUDE = """\
import queue
from concurrent.futures import Future, InvalidStateError
from threading import (
    Barrier, BoundedSemaphore, BrokenBarrierError, Condition, Event, Lock, RLock, Semaphore, Thread, Timer
)
NOTIFIED, THREADS = [], {}
def has_begun(who):
    return isinstance(THREADS.get(who), Thread) and THREADS[who]._started.is_set()
def named(thread, name):
    thread.name = name
    return thread
sys.setswitchinterval(0.00001)
"""
#: At the end of the main thread. One that is just being started is waited for by who starts it. `get` of a SimpleQueue
#: may wait for good (up to 3.13): as somebody else has taken what it was woken for, and its time was over by then.
_JOIN = """\
    while (alive := [THREADS[who] for who in list(THREADS) if has_begun(who) and THREADS[who].is_alive()]):
        alive[0].join(5)
        if alive[0].is_alive():
            simple.put("at last")
"""


def _render(program: Program, who: str, op: Op, workers: int, indent: int) -> None:
    word, number = op
    lock, event, other = f"lock{number % 2}", f"event{number % 2}", f"a{number % workers}"
    there = f'has_begun("{other}")' if other != who else "False"
    value = 100 * len(program.lines) + number
    s = (number % 4 + 1) * _TINY

    def step(code: str, suspensions: str = "None", guard: str = "", catches: str = "", **meaning: Any) -> None:
        program.step(
            who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent, meaning=Meaning(**meaning),
        )

    if word in _CALLS:
        call = _CALLS[word]
        thing = {"lock": lock, "event": event}.get(call.thing, call.thing)
        s, first = 4 * s, call.first.format(value=value)
        code = limited(f"{thing}.{call.method}", s, number // 4, first, call.flag)
        code = call.code.format(code, call=code, thing=thing)
        late = (call.late,) if call.late else ()
        gives = thing if call.gives else ""
        step(code, catches=call.catches, waits_for=thing, gives=gives, timed=True, limit=s, late=late)
    elif word in _GIVES:
        code = _GIVES[word].format(value=value, event=event)
        thing = "condition" if "condition" in code else code.partition(".")[0]
        item = str(value) if "put" in word else ""
        step(code, waits_for="" if word == "simple_put" else thing, gives=thing, item=item)
    elif word == "sleep":
        step(f"time.sleep({s:g})", "True", timed=True, limit=s)
    elif word == "hold":
        step(f"with {lock}: time.sleep({s:g})", "True", waits_for=lock, gives=lock, timed=True, limit=None)
    elif word == "hold_again":
        again = f"rlock.acquire(); time.sleep({s:g}); rlock.release()"
        step(f"with rlock: {again}", "True", waits_for="rlock", gives="rlock", timed=True, limit=None)
    elif word == "future_set":
        step(f"future.set_result({value})", catches="InvalidStateError", waits_for="future", gives="future")
    elif word == "release_two":
        step("two.release()", catches="ValueError", waits_for="two", gives="two")
    elif word in ("spawn", "spawn_later"):
        made = f'Thread(target={other}, name="{other}")'
        if word == "spawn_later":
            made = f'named(Timer({s:g}, {other}), "{other}")'
        guard = f'THREADS.setdefault("{other}", "{who}") == "{who}"'
        step(f'THREADS["{other}"] = {made}; THREADS["{other}"].start()', guard=guard, spawns=other)
    elif word == "join":
        thread, s = f'THREADS["{other}"]', 4 * s
        code = f"r = {limited(f'{thread}.join', s, number // 4, flag='')} or not {thread}.is_alive() and 'either'"
        step(code, guard=there, waits_for=f"end of {other}", timed=True, limit=s, late=("False",))
    else:
        raise AssertionError(word)


def render(threads: Threads) -> Program:
    """The program of these threads."""
    own, workers = threads
    program = Program()
    program.repeatable = False
    program.add(_PRELUDE)
    program.things = {name: made.rpartition(".")[2].partition("(")[0] for name, made in _THINGS.items()}
    program.things |= {"lock0": "lock", "lock1": "lock"}
    for name, made in _THINGS.items():
        program.add(f"{name} = {made}")
    for index, ops in enumerate(workers):
        who = f"a{index}"
        program.worker(who)
        for op in ops:
            _render(program, who, op, len(workers), 8)
        program.end_worker(who)
    program.add("def main():\n    r = None")
    for index in range((len(workers) + 1) // 2):
        _render(program, "main", ("spawn", index), len(workers), 4)
    for op in own:
        _render(program, "main", op, len(workers), 4)
    program.add(_JOIN)
    program.run(["a"])
    return program
