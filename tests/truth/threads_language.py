"""Random programs of threads that sleep, hold locks, hand over, and wait for one another.

Whatever waits has a time limit, or ends by itself: no program stands still.
"""

from __future__ import annotations

from random import Random

from tests.truth.program import Meaning, Program, several

#: word, and a number: of a worker, of milliseconds, or of one of two objects.
Op = tuple[str, int]
#: What the main thread does, and what each worker does.
Threads = tuple[list[Op], list[list[Op]]]

_WORDS = [
    "sleep", "hold", "hold_again", "try", "put", "put1", "get", "get1", "simple_put", "simple_get", "set", "clear",
    "wait", "acquire", "release", "notify", "wait_condition", "meet", "spawn", "join",
]
_TINY, _LIMIT = "0.0005", "0.004"


def draw(chance: Random) -> Threads:
    def op() -> Op:
        return chance.choice(_WORDS), chance.randrange(4)

    return several(chance, 0, 4, op), several(chance, 1, 4, lambda: several(chance, 0, 6, op))


_PRELUDE = """\
import queue
from threading import Barrier, BrokenBarrierError, Condition, Event, Lock, RLock, Semaphore, Thread
lock0, lock1, rlock, condition, semaphore = Lock(), Lock(), RLock(), Condition(), Semaphore(1)
event0, event1, barrier = Event(), Event(), Barrier(2)
unbounded, bounded, simple = queue.Queue(), queue.Queue(1), queue.SimpleQueue()
THREADS = {}
def has_begun(who):
    return isinstance(THREADS.get(who), Thread) and THREADS[who]._started.is_set()
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

    def step(
        code: str, waits_for: str = "", gives: str = "", *, suspensions: str = "None", guard: str = "",
        catches: str = "", timed: bool = False, spawns: str = "",
    ) -> None:
        meaning = Meaning(waits_for, gives, timed, spawns)
        program.step(who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent, meaning=meaning)

    def limited(code: str, thing: str, catches: str = "", gives: bool = True) -> None:
        """It waits for a thing up to the limit; whoever does has its lock for a moment, if it `gives` that back."""
        step(code, thing, thing if gives else "", catches=catches, timed=True)

    if word == "sleep":
        step(f"time.sleep({number} * {_TINY} + {_TINY})", suspensions="True", timed=True)
    elif word == "hold":
        step(f"with {lock}: time.sleep({_TINY})", lock, lock, suspensions="True", timed=True)
    elif word == "hold_again":
        again = f"rlock.acquire(); time.sleep({_TINY}); rlock.release()"
        step(f"with rlock: {again}", "rlock", "rlock", suspensions="True", timed=True)
    elif word == "try":
        limited(f"r = {lock}.acquire(timeout={_LIMIT}) and {lock}.release()", lock)
    elif word == "put":
        step(f"unbounded.put({value})", gives="unbounded")
    elif word == "put1":
        limited(f"bounded.put({value}, timeout={_LIMIT})", "bounded", "queue.Full")
    elif word == "get":
        limited(f"r = unbounded.get(timeout={_LIMIT})", "unbounded", "queue.Empty")
    elif word == "get1":
        limited(f"r = bounded.get(timeout={_LIMIT})", "bounded", "queue.Empty")
    elif word == "simple_put":
        step(f"simple.put({value})", gives="simple")
    elif word == "simple_get":
        limited(f"r = simple.get(timeout={_LIMIT})", "simple", "queue.Empty", gives=False)
    elif word == "set":
        step(f"{event}.set()", gives=event)
    elif word == "clear":
        step(f"{event}.clear()", gives=event)
    elif word == "wait":
        limited(f"r = {event}.wait({_LIMIT})", event)
    elif word == "acquire":
        limited(f"r = semaphore.acquire(timeout={_LIMIT})", "semaphore")
    elif word == "release":
        step("semaphore.release()", "semaphore", "semaphore")
    elif word == "notify":
        step("with condition: condition.notify()", "condition", "condition")
    elif word == "wait_condition":
        limited(f"with condition: r = condition.wait({_LIMIT})", "condition")
    elif word == "meet":
        limited(f"r = barrier.wait({_LIMIT})", "barrier", "BrokenBarrierError")
    elif word == "spawn":
        made = f'THREADS["{other}"] = Thread(target={other}, name="{other}"); THREADS["{other}"].start()'
        step(made, guard=f'THREADS.setdefault("{other}", "{who}") == "{who}"', spawns=other)
    elif word == "join":
        step(f'r = THREADS["{other}"].join({_LIMIT})', f"end of {other}", guard=there, timed=True)
    else:
        raise AssertionError(word)


def render(threads: Threads) -> Program:
    """The program of these threads."""
    own, workers = threads
    program = Program()
    program.repeatable = False
    program.add(_PRELUDE)
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
