"""Random programs of eventlet's green threads that sleep, hand over, wait for and kill one another."""

from __future__ import annotations

from tests.truth.program import Meaning, Op, Program, Side

#: Of an `Op`.
WORDS = [
    "sleep0", "sleep", "put", "put1", "get", "get1", "get_timeout", "send", "wait", "wait_timeout", "timeout",
    "acquire", "acquire_timeout", "release", "spawn", "spawn_n", "spawn_after", "join", "kill", "survive",
]
_TINY = "0.0005"
_THINGS = {
    "a_event0": "Event()", "a_event1": "Event()", "a_queue": "Queue()", "a_bounded": "Queue(1)",
    "a_semaphore": "Semaphore(1)",
}

_PRELUDE = """\
import warnings
warnings.simplefilter("ignore")
import eventlet
from eventlet.event import Event
from eventlet.queue import Empty, Queue
from eventlet.semaphore import Semaphore
from greenlet import GreenletExit
def parks(semaphore):
    return bool(semaphore.counter <= 0 or semaphore._waiters)
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

    def step(code: str, suspensions: str, guard: str = "", catches: str = "", **meaning: str | bool) -> None:
        program.step(
            who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent, meaning=Meaning(**meaning),  # type: ignore[arg-type]
        )

    if word == "sleep0":
        step("eventlet.sleep(0)", "True", timed=True)
    elif word == "sleep":
        step(f"eventlet.sleep({number} * {_TINY} + {_TINY})", "True", timed=True)
    elif word == "survive":
        step(f"eventlet.sleep({_TINY})", "True", catches="GreenletExit", timed=True)
    elif word == "put":
        step(f"a_queue.put({value})", "False", gives="a_queue")
    elif word == "put1":
        step(f"a_bounded.put({value})", "a_bounded.full()", waits_for="a_bounded", gives="a_bounded")
    elif word == "get":
        # Who waits, and is thrown into, wakes the next if there is an item.
        step("r = a_queue.get()", "a_queue.empty()", waits_for="a_queue", gives="a_queue")
    elif word == "get1":
        step("r = a_bounded.get()", "a_bounded.empty()", waits_for="a_bounded", gives="a_bounded")
    elif word == "get_timeout":
        code = f"r = a_queue.get(timeout={_TINY})"
        step(code, "a_queue.empty()", catches="Empty", waits_for="a_queue", gives="a_queue", timed=True)
    elif word == "send":
        step(f"{event}.send({value})", "False", f"not {event}.ready()", gives=event)
    elif word == "wait":
        step(f"r = {event}.wait()", f"not {event}.ready()", waits_for=event)
    elif word == "wait_timeout":
        step(f"r = {event}.wait({_TINY})", f"not {event}.ready()", waits_for=event, timed=True)
    elif word == "timeout":
        limited = f"eventlet.with_timeout({_TINY}, {event}.wait, timeout_value='late')"
        step(f"r = {limited}", f"not {event}.ready()", waits_for=event, timed=True)
    elif word == "acquire":
        step("a_semaphore.acquire()", "parks(a_semaphore)", waits_for="a_semaphore")
    elif word == "acquire_timeout":
        limited = f"a_semaphore.acquire(timeout={_TINY})"
        step(f"r = {limited}", "None", waits_for="a_semaphore", timed=True)
    elif word == "release":
        step("a_semaphore.release()", "False", gives="a_semaphore")
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
        step(f"eventlet.kill({the_other})", "None", there, gives=f"kill {other}", timed=True)
    else:
        raise AssertionError(word)


def render(sides: list[Side]) -> Program:
    """The program of one side: what the thread does itself, and what each of its workers does."""
    program = Program()
    program.add(_PRELUDE)
    program.add("a_g = {}")
    ((own, workers),) = sides
    for index, ops in enumerate(workers):
        who = f"a{index}"
        program.worker(who)
        for op in ops:
            _render(program, who, op, len(workers), 8)
        program.end_worker(who)
    program.add("def main():\n    r = None")
    for name, made in _THINGS.items():
        program.add(f"    global {name}\n    {name} = {made}")
    for index in range((len(workers) + 1) // 2):
        _render(program, "main", ("spawn", index), len(workers), 4)
    # A hub that has nothing left to wake anybody for waits all the same.
    program.add("    with eventlet.Timeout(0.02, False):\n        pass")
    for op in own:
        _render(program, "main", op, len(workers), 8)
    every_op = [*own, *(op for worker in workers for op in worker)]
    if any(word in ("sleep", "survive") or "timeout" in word or "after" in word for word, _ in every_op):
        program.repeatable = False
    # Without a timer all is done after so many turns.
    ends = "for _ in range(50): eventlet.sleep(0)" if program.repeatable else "eventlet.sleep(0.03)"
    program.step("main", ends, suspensions="True", meaning=Meaning(timed=True))
    program.add(_SWEEP)
    program.run(["a"])
    return program
