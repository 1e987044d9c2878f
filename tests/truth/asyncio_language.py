"""Random programs of asyncio's tasks that sleep, hand over, wait for and cancel one another."""

from __future__ import annotations

from tests.truth.program import Meaning, Op, Program, Side, own_name

#: Of an `Op`.
WORDS = [
    "sleep0", "sleep", "put", "put1", "get", "get1", "get_limit", "set", "clear", "wait", "wait_limit", "acquire",
    "release", "future_set", "future", "spawn", "group", "join", "gather", "shield", "cancel", "survive", "thread",
    "condition", "notify", "deep", "eager",
]
_TINY = "0.0005"
_THINGS = {
    "event0": "asyncio.Event()", "event1": "asyncio.Event()", "queue": "asyncio.Queue()",
    "bounded": "asyncio.Queue(1)", "semaphore": "asyncio.Semaphore(1)", "condition": "asyncio.Condition()",
    "future": "asyncio.get_running_loop().create_future()",
}

_PRELUDE = f"""\
import asyncio, sys
EAGER = dict(eager_start=True) if sys.version_info >= (3, 12) else dict()
async def deep(event):
    return await event.wait()
async def waits(condition):
    async with condition:
        return await asyncio.wait_for(condition.wait(), {_TINY})
async def notifies(condition):
    async with condition:
        condition.notify_all()
"""


def _render(program: Program, who: str, side: str, op: Op, workers: int, indent: int) -> None:
    word, number = op
    event, queue, bounded = f"{side}_event{number % 2}", f"{side}_queue", f"{side}_bounded"
    semaphore, future, condition, tasks = f"{side}_semaphore", f"{side}_future", f"{side}_condition", f"{side}_g"
    other = f"{side}{number % workers}"
    the_other = f'{tasks}["{other}"]'
    there = f'"{other}" in {tasks}' if other != who else "False"
    # An eager one runs before it is among the tasks.
    made_before = f'{side}_made.add("{other}")'
    value = 100 * len(program.lines) + number

    def step(code: str, suspensions: str, guard: str = "", catches: str = "", **meaning: str | bool) -> None:
        program.step(
            who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent,
            meaning=Meaning(**meaning),  # type: ignore[arg-type]
        )

    if word == "sleep0":
        step("await asyncio.sleep(0)", "True", timed=True)
    elif word == "sleep":
        step(f"await asyncio.sleep({number} * {_TINY} + {_TINY})", "True", timed=True)
    elif word == "survive":
        step(f"await asyncio.sleep({_TINY})", "True", catches="asyncio.CancelledError", timed=True)
        program.add(f"{' ' * indent}if {side}_over: raise asyncio.CancelledError")
    elif word == "put":
        step(f"await {queue}.put({value})", "False", gives=queue)
    elif word == "put1":
        step(f"await {bounded}.put({value})", f"{bounded}.full()", waits_for=bounded, gives=bounded)
    elif word == "get":
        # Who is cancelled although there is an item wakes the next.
        step(f"r = await {queue}.get()", f"{queue}.empty()", waits_for=queue, gives=queue)
    elif word == "get1":
        step(f"r = await {bounded}.get()", f"{bounded}.empty()", waits_for=bounded, gives=bounded)
    elif word == "get_limit":
        code = f"r = await asyncio.wait_for({queue}.get(), {_TINY})"
        step(code, "None", catches="TimeoutError", waits_for=queue, gives=queue, timed=True)
    elif word == "set":
        step(f"{event}.set()", "False", gives=event)
    elif word == "clear":
        step(f"{event}.clear()", "False")
    elif word == "wait":
        step(f"r = await {event}.wait()", f"not {event}.is_set()", waits_for=event)
    elif word == "deep":
        step(f"r = await deep({event})", f"not {event}.is_set()", waits_for=event)
    elif word == "wait_limit":
        limited = f"r = await asyncio.wait_for({event}.wait(), {_TINY})"
        step(limited, "None", catches="TimeoutError", waits_for=event, timed=True)
    elif word == "acquire":
        step(f"await {semaphore}.acquire()", "None", waits_for=semaphore, gives=semaphore)
    elif word == "release":
        step(f"{semaphore}.release()", "False", gives=semaphore)
    elif word == "future_set":
        step(f"{future}.set_result({value})", "False", f"not {future}.done()", gives=future)
    elif word == "future":
        step(f"r = await asyncio.shield({future})", f"not {future}.done()", waits_for=future)
    elif word == "spawn":
        made = f'asyncio.create_task({other}(), name="{other}")'
        step(f"{made_before}; {the_other} = {made}", "False", f'"{other}" not in {side}_made', spawns=other)
    elif word == "eager":
        # It makes its first step in the middle of this one.
        made = f'asyncio.Task({other}(), name="{other}", loop=asyncio.get_running_loop(), **EAGER)'
        step(f"{made_before}; {the_other} = {made}", "bool(EAGER)", f'"{other}" not in {side}_made', spawns=other)
    elif word == "join":
        step(f"await asyncio.wait([{the_other}])", "True", there, waits_for=f"end of {other}")
    elif word == "gather":
        code = f"await asyncio.gather({the_other}, return_exceptions=True)"
        # Never two by each other: to cancel one cancels the other, which cancels it, until the stack is full.
        guard = there if other > who else "False"
        step(code, "None", guard, waits_for=f"end of {other}", gives=f"kill {other}")
    elif word == "shield":
        code = f"await asyncio.shield({the_other})"
        step(code, "None", there, "BaseException", waits_for=f"end of {other}")
        program.add(f"{' ' * indent}if {side}_over: raise asyncio.CancelledError")
    elif word == "cancel":
        step(f"r = {the_other}.cancel()", "False", there, gives=f"kill {other}")
    elif word == "thread":
        step("r = await asyncio.to_thread(int, 7)", "None", timed=True, waits_for="thread")
    elif word == "condition":
        code = f"r = await waits({condition})"
        # Before 3.12 a limit or a cancel that comes as the lock is taken back leaves the block without it.
        caught = "(TimeoutError, RuntimeError)"
        step(code, "None", catches=caught, waits_for=condition, gives=condition, timed=True)
        program.add(f"{' ' * indent}if {side}_over: raise asyncio.CancelledError")
    elif word == "notify":
        step(f"r = await notifies({condition})", "None", gives=condition, waits_for=condition)
    elif word == "group":
        step("async with asyncio.TaskGroup(): await asyncio.sleep(0)", "True", timed=True)
    else:
        raise AssertionError(word)


def render(sides: list[Side]) -> Program:
    """The program of these sides: (what one worker does, what each of the others does)."""
    program = Program()
    program.add(_PRELUDE)
    names = "ab"[: len(sides)]
    timed = ("sleep", "survive", "thread", "condition")
    every_op = [op for own, others in sides for worker in (own, *others) for op in worker]
    if any(word in timed or "limit" in word for word, _ in every_op):
        program.repeatable = False
    for side, (own, others) in zip(names, sides, strict=True):
        # The thread's first task ends by itself, whatever the others wait for.
        workers = [own, *others]
        program.add(f"{side}_g, {side}_made, {side}_over = {{}}, set(), False")
        for index, ops in enumerate(workers):
            who = f"{side}{index}"
            program.worker(who, head="async def")
            for op in ops:
                _render(program, who, side, op, len(workers), 8)
            program.end_worker(who)
        first = f"{side}_first"
        program.worker(first, head="async def")
        for name, made in _THINGS.items():
            program.add(f"        global {side}_{name}\n        {side}_{name} = {made}")
        program.add(f"        global {side}_over")
        for index in range((len(workers) + 1) // 2):
            _render(program, first, side, ("spawn", index), len(workers), 8)
        code = f"await asyncio.wait(list({side}_g.values()), timeout=0.03)"
        if program.repeatable:
            # What is not timed has done all that it can after so many turns.
            code = "for _ in range(100): await asyncio.sleep(0)"
        program.step(first, code, meaning=Meaning("every end", timed=True), indent=8)
        program.add(f"        {side}_over = True")
        program.end_worker(first)
        # `asyncio.run` cancels who is left in the order of a set of tasks, which is that of their addresses.
        program.last = first
        program.add(f"def {own_name(side)}():\n    asyncio.run({first}())")
    program.run(list(names))
    return program
