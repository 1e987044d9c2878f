"""Random programs of asyncio's tasks that sleep, hand over, wait for and cancel one another."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.truth.program import Meaning, Op, Program, Side, limited, own_name


class _Call(NamedTuple):
    """A call that is awaited: of which method of which thing, and where it waits (`parks`, an expression of `{}`)."""

    thing: str
    method: str
    parks: str
    catches: str = ""
    gives: bool = False
    first: str = ""
    waits_for: str = "{}"


_CALLS = {
    # Who is cancelled although there is an item wakes the next.
    "get": _Call("queue", "get", "{}.empty()", gives=True),
    "get1": _Call("bounded", "get", "{}.empty()", gives=True),
    "put1": _Call("bounded", "put", "{}.full()", gives=True, first="{value}"),
    "get_last": _Call("lifo", "get", "{}.empty()", gives=True),
    "get_first": _Call("priority", "get", "{}.empty()", gives=True),
    "tasks": _Call("queue", "join", "{}._unfinished_tasks > 0", waits_for="{} tasks"),
    "wait": _Call("event", "wait", "not {}.is_set()"),
    "acquire": _Call("semaphore", "acquire", "None", gives=True),
    "acquire_two": _Call("two", "acquire", "None", gives=True),
    "meet": _Call("barrier", "wait", "None", "asyncio.BrokenBarrierError, ", gives=True),
}
#: With a limit around a call, of {s}; those that have none are in the end.
_AROUND = (
    "async with asyncio.timeout({s}): r = await {call} or True",
    "async with asyncio.timeout(9), asyncio.timeout({s}): r = await {call} or True",
    "async with asyncio.timeout({s}), asyncio.timeout(9): r = await {call} or True",
    "async with asyncio.timeout_at(now() + {s}): r = await {call} or True",
    "async with asyncio.timeout(9) as limit: limit.reschedule(now() + {s}); r = await {call} or True",
    "r = await within({s}, {call})",
    "async with asyncio.timeout(None): r = await {call} or True",
    "async with asyncio.timeout({s}) as limit: limit.reschedule(None); r = await {call} or True",
    "r = await asyncio.wait_for({call}, None) or True",
)
_UNLIMITED = 3
_LATE = ("TimeoutError(",)

#: Of an `Op`; and those that have a timer.
WORDS = [
    "sleep0", "put", "put_last", "put_first", "task_done", "set", "clear", "release", "release_two", "future_set",
    "future", "spawn", "group", "join", "gather", "shield", "cancel", "notify", "deep", "eager", *_CALLS,
]
TIMED = [
    "sleep", "survive", "thread", "condition", "hold", "first", "every", "completed", "call_later", "join limit",
    "future limit", *(f"{word} {how}" for how in ("limit", "around") for word in _CALLS),
]
_TINY = 0.0005
_THINGS = {
    "event0": "asyncio.Event()", "event1": "asyncio.Event()", "queue": "asyncio.Queue()",
    "bounded": "asyncio.Queue(1)", "lifo": "asyncio.LifoQueue()", "priority": "asyncio.PriorityQueue()",
    "semaphore": "asyncio.Semaphore(1)", "two": "asyncio.BoundedSemaphore(2)", "lock": "asyncio.Lock()",
    "barrier": "asyncio.Barrier(2)", "condition": "asyncio.Condition()",
    "future": "asyncio.get_running_loop().create_future()",
}
_PUTS = {"put": "queue", "put_last": "lifo", "put_first": "priority"}

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
async def within(s, awaited):
    async with asyncio.timeout(s):
        return await awaited or True
def now():
    return asyncio.get_running_loop().time()
"""


def _render(program: Program, who: str, side: str, op: Op, workers: int, indent: int) -> None:
    word, number = op
    event, queue = f"{side}_event{number % 2}", f"{side}_queue"
    semaphore, future, condition, tasks = f"{side}_semaphore", f"{side}_future", f"{side}_condition", f"{side}_g"
    other = f"{side}{number % workers}"
    the_other = f'{tasks}["{other}"]'
    there = f'"{other}" in {tasks}' if other != who else "False"
    # An eager one runs before it is among the tasks.
    made_before = f'{side}_made.add("{other}")'
    value = 100 * len(program.lines) + number
    s = (number % 4 + 1) * _TINY
    others = f'[one for name, one in {tasks}.items() if name != "{who}"]'
    some = f'set({tasks}) - {{"{who}"}}'

    def step(code: str, suspensions: str, guard: str = "", catches: str = "", **meaning: Any) -> None:
        program.step(
            who, code, suspensions=suspensions, guard=guard, catches=catches, indent=indent,
            meaning=Meaning(**meaning),
        )

    word, _, how = word.partition(" ")
    if word in _CALLS:
        call = _CALLS[word]
        thing = event if call.thing == "event" else f"{side}_{call.thing}"
        called = f"{thing}.{call.method}({call.first.format(value=value)})"
        meaning: dict[str, Any] = {
            "waits_for": call.waits_for.format(thing), "gives": thing if call.gives else "",
            "item": str(value) if call.first else "",
        }
        limits: dict[str, Any] = {"timed": True, "limit": s, "late": _LATE}
        if how == "limit":
            code = limited("asyncio.wait_for", s, number // 4, f"{called}, ", "")
            step(f"r = await {code}", "None", catches=f"({call.catches}TimeoutError)", **limits, **meaning)
        elif how == "around":
            way = number // 4 % len(_AROUND)
            code = _AROUND[way].format(s=f"{s:g}", call=called)
            meaning |= limits if way < len(_AROUND) - _UNLIMITED else {}
            step(code, "None", catches=f"({call.catches}TimeoutError)", **meaning)
        else:
            step(f"r = await {called}", call.parks.format(thing), catches=call.catches.rstrip(", "), **meaning)
    elif word == "sleep0":
        step("await asyncio.sleep(0)", "True", timed=True, limit=0)
    elif word == "sleep":
        step(f"await asyncio.sleep({s:g})", "True", timed=True, limit=s)
    elif word == "survive":
        step(f"await asyncio.sleep({_TINY})", "True", catches="asyncio.CancelledError", timed=True, limit=_TINY)
        program.add(f"{' ' * indent}if {side}_over: raise asyncio.CancelledError")
    elif word in _PUTS:
        thing = f"{side}_{_PUTS[word]}"
        step(f"await {thing}.put({value})", "False", gives=thing, item=str(value))
    elif word == "task_done":
        step(f"{queue}.task_done()", "False", f"{queue}._unfinished_tasks > 0", gives=f"{queue} tasks")
    elif word == "hold":
        lock = f"{side}_lock"
        code = f"async with {lock}: await asyncio.sleep({s:g})"
        step(code, "True", waits_for=lock, gives=lock, timed=True, limit=None)
    elif word in ("first", "every"):
        done = limited("asyncio.wait", s, number // 4, f"{others}, return_when=asyncio.FIRST_COMPLETED, ", None)
        code = f"r = bool((await {done})[0]) and 'either'"
        if word == "every":
            code = f"r = not (await {limited('asyncio.wait', s, number // 4, f'{others}, ', None)})[1] and 'either'"
        step(code, "None", some, waits_for="every end", timed=True, limit=s, late=("False",))
    elif word == "completed":
        code = f"for one in {limited('asyncio.as_completed', s, number // 4, f'{others}, ', None)}: await one"
        step(code, "None", some, "BaseException", waits_for="every end", timed=True, limit=s, late=_LATE)
        program.add(f"{' ' * indent}if {side}_over: raise asyncio.CancelledError")
    elif word == "call_later":
        step(f"asyncio.get_running_loop().call_later({s:g}, {event}.set)", "False", gives=event)
    elif word == "set":
        step(f"{event}.set()", "False", gives=event)
    elif word == "clear":
        step(f"{event}.clear()", "False")
    elif word == "deep":
        step(f"r = await deep({event})", f"not {event}.is_set()", waits_for=event)
    elif word == "release":
        step(f"{semaphore}.release()", "False", gives=semaphore)
    elif word == "release_two":
        step(f"{side}_two.release()", "False", catches="ValueError", gives=f"{side}_two")
    elif word == "future_set":
        step(f"{future}.set_result({value})", "False", f"not {future}.done()", gives=future)
    elif word == "future" and how:
        code = limited("asyncio.wait_for", s, number // 4, f"asyncio.shield({future}), ", "")
        step(f"r = await {code}", "None", "", "TimeoutError", waits_for=future, timed=True, limit=s, late=_LATE)
    elif word == "future":
        step(f"r = await asyncio.shield({future})", f"not {future}.done()", waits_for=future)
    elif word == "spawn":
        made = f'asyncio.create_task({other}(), name="{other}")'
        step(f"{made_before}; {the_other} = {made}", "False", f'"{other}" not in {side}_made', spawns=other)
    elif word == "eager":
        # It makes its first step in the middle of this one.
        made = f'asyncio.Task({other}(), name="{other}", loop=asyncio.get_running_loop(), **EAGER)'
        step(f"{made_before}; {the_other} = {made}", "bool(EAGER)", f'"{other}" not in {side}_made', spawns=other)
    elif word == "join" and how:
        code = limited("asyncio.wait_for", s, number // 4, f"asyncio.shield({the_other}), ", "")
        step(f"r = await {code}", "None", there, "BaseException", waits_for=f"end of {other}", timed=True, limit=s)
        program.add(f"{' ' * indent}if {side}_over: raise asyncio.CancelledError")
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
        step("r = await asyncio.to_thread(int, 7)", "None", timed=True, waits_for="thread", limit=None)
    elif word == "condition":
        code = f"r = await waits({condition})"
        # Before 3.12 a limit or a cancel that comes as the lock is taken back leaves the block without it.
        caught = "(TimeoutError, RuntimeError)"
        step(code, "None", catches=caught, waits_for=condition, gives=condition, timed=True, limit=None)
        program.add(f"{' ' * indent}if {side}_over: raise asyncio.CancelledError")
    elif word == "notify":
        step(f"r = await notifies({condition})", "None", gives=condition, waits_for=condition)
    elif word == "group":
        step("async with asyncio.TaskGroup(): await asyncio.sleep(0)", "True", timed=True, limit=None)
    else:
        raise AssertionError(word)


def render(sides: list[Side]) -> Program:
    """The program of these sides: (what one worker does, what each of the others does)."""
    program = Program()
    program.add(_PRELUDE)
    names = "ab"[: len(sides)]
    every_op = [op for own, others in sides for worker in (own, *others) for op in worker]
    if any(word in TIMED for word, _ in every_op):
        program.repeatable = False
    for side, (own, others) in zip(names, sides, strict=True):
        # The thread's first task ends by itself, whatever the others wait for.
        workers = [own, *others]
        program.things |= {
            f"{side}_{name}": made.rpartition("asyncio.")[2].partition("(")[0] for name, made in _THINGS.items()
        }
        program.things[f"{side}_future"] = "Future"
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
        program.step(first, code, meaning=Meaning("every end", timed=True, limit=None), indent=8)
        program.add(f"        {side}_over = True")
        program.end_worker(first)
        # `asyncio.run` cancels who is left in the order of a set of tasks, which is that of their addresses.
        program.last = first
        program.add(f"def {own_name(side)}():\n    asyncio.run({first}())")
    program.run(list(names))
    return program
