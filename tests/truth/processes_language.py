"""Random programs of processes that share locks, semaphores, events, conditions and queues of multiprocessing.

Whatever waits has a time limit, or ends by itself. Each process logs for itself, on the one clock of the system; the
first one, which joins all others, puts their logs together.
"""

from __future__ import annotations

from random import Random

from tests.truth.program import Meaning, Program, several

#: word, and which of two objects, or a number of milliseconds.
Op = tuple[str, int]

_WORDS = [
    "sleep", "hold", "hold_again", "try", "put", "put1", "get", "get1", "set", "clear", "wait", "acquire", "release",
    "notify", "wait_condition",
]
_TINY, _LIMIT = "0.002", "0.02"


def draw(chance: Random) -> list[list[Op]]:
    def op() -> Op:
        return chance.choice(_WORDS), chance.randrange(4)

    return several(chance, 2, 4, lambda: several(chance, 1, 6, op))


_PRELUDE = """\
import os, queue, threading
from multiprocessing import get_context
fork = get_context("fork")
lock0, lock1, rlock, condition, semaphore = fork.Lock(), fork.Lock(), fork.RLock(), fork.Condition(), fork.Semaphore(1)
event0, event1, unbounded, bounded = fork.Event(), fork.Event(), fork.Queue(), fork.Queue(1)
def run(work):
    LOG.clear()
    work()
    for one in (unbounded, bounded):
        one.cancel_join_thread()
    with open(f"{sys.argv[1]}.{work.__name__}", "w") as file:
        json.dump(LOG, file)
"""


def _render(program: Program, who: str, op: Op) -> None:
    word, number = op
    lock, event = f"lock{number % 2}", f"event{number % 2}"
    value = 100 * len(program.lines) + number

    def step(
        code: str, thing: str = "", *, suspensions: str = "None", catches: str = "", timed: bool = True
    ) -> None:
        """Who waits for a thing has its lock for a moment, and gives that back."""
        meaning = Meaning(thing, thing, timed)
        program.step(who, code, suspensions=suspensions, catches=catches, indent=8, meaning=meaning)

    if word == "sleep":
        step(f"time.sleep({number} * {_TINY} + {_TINY})", suspensions="True")
    elif word == "hold":
        step(f"with {lock}: time.sleep({_TINY})", lock, suspensions="True")
    elif word == "hold_again":
        step(f"with rlock: rlock.acquire(); time.sleep({_TINY}); rlock.release()", "rlock", suspensions="True")
    elif word == "try":
        step(f"r = {lock}.acquire(timeout={_LIMIT}) and {lock}.release()", lock)
    elif word == "put":
        step(f"unbounded.put({value})", "unbounded", timed=False)
    elif word == "put1":
        step(f"bounded.put({value}, timeout={_LIMIT})", "bounded", catches="queue.Full")
    elif word == "get":
        step(f"r = unbounded.get(timeout={_LIMIT})", "unbounded", catches="queue.Empty")
    elif word == "get1":
        step(f"r = bounded.get(timeout={_LIMIT})", "bounded", catches="queue.Empty")
    elif word == "set":
        step(f"{event}.set()", event, timed=False)
    elif word == "clear":
        step(f"{event}.clear()", event, timed=False)
    elif word == "wait":
        step(f"r = {event}.wait({_LIMIT})", event)
    elif word == "acquire":
        step(f"r = semaphore.acquire(timeout={_LIMIT})", "semaphore")
    elif word == "release":
        step("semaphore.release()", "semaphore", timed=False)
    elif word == "notify":
        step("with condition: condition.notify()", "condition", timed=False)
    elif word == "wait_condition":
        step(f"with condition: r = condition.wait({_LIMIT})", "condition")
    else:
        raise AssertionError(word)


def render(processes: list[list[Op]]) -> Program:
    """The program of these processes: what each does."""
    program = Program()
    program.repeatable = False
    program.add(_PRELUDE)
    names = [f"a{index}" for index in range(len(processes))]
    for who, ops in zip(names, processes, strict=True):
        program.worker(who)
        for op in ops:
            _render(program, who, op)
        program.end_worker(who)
    program.add(f"works = [{', '.join(names)}]")
    program.add("children = [fork.Process(target=run, args=(one,), name=one.__name__) for one in works]")
    program.add("for child in children:\n    child.start()\nfor child in children:\n    child.join()")
    program.add("LOG.clear()\nfor child in children:\n    LOG += json.load(open(f'{sys.argv[1]}.{child.name}'))")
    program.add('with open(sys.argv[1], "w") as file:\n    json.dump(LOG, file)')
    return program
