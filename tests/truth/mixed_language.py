"""Random programs in which generators, coroutines, asynchronous generators, raw greenlets, and gevent's greenlets or
asyncio's tasks run in one another: each resumes, switches to, throws into and ends any of the others of its thread."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from random import Random

from tests.truth.program import SIDES, Meaning, Program, own_name, several

#: code, which other worker (one more than there are: the thread's main greenlet), value, whether errors are caught
Op = tuple[str, int, int, bool]
#: kind, whether a `try` is around its steps, whether it is made in the beginning, steps
Worker = tuple[str, bool, bool, list[Op]]
#: who schedules, what is done by the thread itself, its workers
Side = tuple[str, list[Op], list[Worker]]

GENERATOR, COROUTINE, ASYNC, RAW = "generator", "coroutine", "asynchronous generator", "raw greenlet"
GEVENT, TASK, NOBODY = "gevent", "asyncio", "nobody"
#: Who goes on in a child: from 3.14 on a task does not, since asyncio forgets there which loop runs.
_GO_ON = (NOBODY, GEVENT, TASK) if sys.version_info < (3, 14) else (NOBODY, GEVENT)
#: The thread's own task, which ends by itself, whatever the others wait for.
FIRST = "first task"
_GENERATORS = (GENERATOR, COROUTINE, ASYNC)

#: What anybody does with one of a kind. `{o}` is that one, `{n}` its name, `{v}` a value.
_TO = {
    GENERATOR: [
        "r = next({o})", "r = {o}.send({v})", "r = {o}.send(None)", "r = {o}.throw(KeyError({v}))", "{o}.close()",
        "for r in {o}: break", "r = list({o})", "{o} = None",
    ],
    COROUTINE: ["r = {o}.send(None)", "r = {o}.send({v})", "r = {o}.throw(KeyError({v}))", "{o}.close()"],
    ASYNC: [
        "r = {o}.asend(None).send(None)", "r = {o}.asend({v}).send(None)", "r = {o}.athrow(KeyError({v})).send(None)",
        "r = {o}.aclose().send(None)",
    ],
    RAW: ["r = {o}.switch({v})", "r = {o}.switch()", "r = {o}.switch('<{v}>')", "r = {o}.throw(KeyError({v}))"],
    GEVENT: ["{o}.kill(block=False)", "{o}.join()"],
    TASK: ["{o}.cancel()"],
}
#: What one of a kind does by itself.
_BY = {
    NOBODY: [],
    FIRST: ["await asyncio.sleep(0)"],
    GENERATOR: ["r = yield {v}", "r = yield {v}", "r = yield '<{v}>'", "r = yield", "return {v}"],
    COROUTINE: ["r = await {s}_leaf({v})", "r = await {s}_leaf({v})", "return {v}"],
    ASYNC: ["r = yield {v}", "r = yield '<{v}>'", "r = await {s}_leaf({v})"],
    RAW: ["return {v}"],
    GEVENT: ["return {v}"],
    TASK: ["await asyncio.sleep(0)", "r = await {s}_event.wait()", "return {v}"],
}
#: What one of a kind does with one of another.
_BY_TO = {
    (GENERATOR, GENERATOR): ["r = yield from {o}"],
    (COROUTINE, COROUTINE): ["r = await {o}"],
    (COROUTINE, ASYNC): ["r = await {o}.asend({v})"],
    (ASYNC, COROUTINE): ["r = await {o}"],
    (TASK, TASK): ["await asyncio.wait([{o}])"],
}
#: What anybody does on the thread of a scheduler.
_ON = {
    NOBODY: ["raise LookupError({v})"],
    GEVENT: ["gevent.sleep(0)", "gevent.sleep(0)", "{s}_event.set()", "{s}_event.clear()", "r = {s}_event.wait()"],
    TASK: ["{s}_event.set()", "raise LookupError({v})"],
}
_MAKE = {
    **dict.fromkeys(_GENERATORS, "{o} = {n}()"),
    RAW: "{o} = greenlet({n})",
    GEVENT: "{o} = gevent.spawn({n})",
    TASK: '{o} = asyncio.create_task({n}(), name="{n}")',
}
#: Whoever makes that step, and all that are in the middle of it, are suspended.
_AWAY = "r = {s}_own.switch({v})"
#: Steps that suspend whoever makes them.
_SUSPENDS = ("r = yield", "gevent.sleep", "await asyncio.sleep")

_PRELUDE = """\
import asyncio, gevent, re, types, warnings
from gevent._hub_local import set_hub
from gevent.event import Event
from greenlet import getcurrent, greenlet
warnings.simplefilter("ignore")
sys.unraisablehook = lambda unraisable: None
gevent.hub.Hub.NOT_ERROR = (BaseException,)
"""
#: At the end of a thread. A greenlet that is given up with it leaves to a generator that runs there a frame that is
#: freed: the interpreter crashes as soon as it collects (greenlet 3.5).
_LEAVE = """\
    for one in list({s}_g.values()):
        while isinstance(one, greenlet) and not one.dead:
            try:
                one.throw()
            except BaseException:
                pass
"""
#: In the children that are forked everything goes on as in the process that waits for their ends; and they fork, too.
_FORKS = """\
import os
FORKS = 0
def fork():
    global CHILD, FORKS
    if FORKS == 3:
        return None
    FORKS += 1
    pid = {fork}()
    number = f"@{{FORKS}}"
    if pid == 0:
        CHILD = number
        LOG.clear()
        return "child"
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with open(sys.argv[1] + number) as file:
        FORKS, steps = json.load(file)
    LOG.extend(steps)
    return code
"""
_CHILD_ENDS = """\
if CHILD:
    with open(sys.argv[1] + CHILD, "w") as file:
        json.dump((FORKS, LOG), file)
    (os._exit if CHILD == "@1" else sys.exit)(int(CHILD[1:]) + 6)
"""
_SWEEP = """\
def sweep():
    for _ in range(100):
        living = [one for one in a_g.values() if isinstance(one, gevent.Greenlet) and not one.dead]
        gevent.killall(living, block=False)
        try:
            gevent.sleep(0)
        except BaseException:
            pass
    if gevent.get_hub().dead:
        set_hub(None)
"""


def draw(chance: Random) -> list[Side]:
    hosts = [chance.choice((NOBODY, GEVENT, GEVENT))]
    hosts += chance.choice(([], [], [NOBODY], [GEVENT], [TASK], [GEVENT, TASK]))
    return [_side(chance, host) for host in hosts]


def draw_forks(chance: Random) -> list[Side]:
    """In half of them a greenlet is in the middle of a generator as the thread forks, and goes on behind that."""
    host, more = chance.choice(_GO_ON), ["r = fork()", _AWAY]
    if chance.random() < 0.5:
        return [_side(chance, host, more)]
    inner = chance.choice(_GENERATORS)
    side = _, own, workers = _side(chance, host, more, [inner, RAW])
    _insert(chance, workers[0][3], (_AWAY, 0, 1, True))
    _insert(chance, workers[1][3], (_TO[inner][0], 0, 2, True))
    at = _insert(chance, own, ("r = {o}.switch()", 1, 3, True))
    at = _insert(chance, own, ("r = fork()", 0, 4, True), at + 1)
    _insert(chance, own, ("r = {o}.switch()", 1, 5, True), at + 1)
    return [side]


def _insert(chance: Random, ops: list[Op], op: Op, first: int = 0) -> int:
    """Put it in somewhere, not in front of that place; return where."""
    at = chance.randint(first, len(ops))
    ops.insert(at, op)
    return at


def _side(chance: Random, host: str, more: Sequence[str] = (), first: Sequence[str] = ()) -> Side:
    """`more`: codes that anybody may run. `first`: kinds of workers that are there whatever else is."""
    kinds = [*_GENERATORS, RAW, RAW, *([host, host] if host != NOBODY else [])]
    of = [*first, *several(chance, 2, 6, lambda: chance.choice(kinds))]

    def op(by: str) -> Op:
        number = chance.randrange(len(of) + 1)
        to = [*of, RAW][number]
        codes = [_TO[to], _TO[to], _BY[by], _BY[by], _BY_TO.get((by, to), []), _ON[host], [*more]]
        if number < len(of):
            codes.append([_MAKE[to]])
        code = chance.choice(chance.choice([some for some in codes if some]))
        return code, number, chance.randint(0, 9), chance.random() < 0.6

    def worker(kind: str) -> Worker:
        tries = kind not in _GENERATORS or chance.random() < 0.5
        return kind, tries, chance.random() < 0.7, several(chance, 1, 6, lambda: op(kind))

    own = FIRST if host == TASK else NOBODY
    return host, several(chance, 2, 8, lambda: op(own)), [worker(kind) for kind in of]


def _render(program: Program, who: str, side: str, op: Op, workers: list[Worker], indent: int) -> None:
    code, number, value, catches = op
    number %= len(workers) + 1
    name = f"{side}{number}" if number < len(workers) else f"{side}_own"
    other = f'{side}_g["{name}"]' if number < len(workers) else name
    meaning, guard = Meaning(), ""
    if code in _MAKE.values():
        guard = f'"{name}" not in {side}_g'
        if workers[number][0] in (GEVENT, TASK):
            meaning = Meaning(spawns=name)
    elif ".kill(" in code or ".cancel(" in code:
        meaning = Meaning(gives=f"kill {name}")
    suspends = str(True if code.startswith(_SUSPENDS) and "from" not in code else None)
    if code.startswith("gevent.sleep"):
        # What is thrown into a hub that was left with nothing may have ended it; a switch to it is none then.
        suspends = "not gevent.get_hub().dead or None"
    code = code.format(o=other, n=name, s=side, v=value)
    if code.startswith("return"):
        code = f'log("{who}", 0, "end"); {code}'
    caught = "BaseException" if indent == 4 else "Exception" if catches else ""
    program.step(who, code, suspensions=suspends, meaning=meaning, guard=guard, catches=caught, indent=indent)


def render(sides: list[Side], forks: bool = False) -> Program:
    """The program of these sides."""
    program = Program()
    program.add(_PRELUDE)
    if forks:
        program.add(_FORKS.format(fork="gevent.os.fork" if sides[0][0] == GEVENT else "os.fork"))
    names = SIDES[: len(sides)]
    for side, (host, own, workers) in zip(names, sides, strict=True):
        program.add(f"{side}_g, {side}_own = {{}}, None")
        program.add(f"@types.coroutine\ndef {side}_leaf(value):\n    return (yield value)")
        for index, (kind, tries, _, ops) in enumerate(workers):
            who, is_async = f"{side}{index}", kind in (COROUTINE, ASYNC, TASK)
            takes = "*args" if kind == RAW else ""
            received = "repr(args[0] if len(args) == 1 else args)" if kind == RAW else "None"
            program.worker(who, takes, received, head="async def" if is_async else "def", tries=tries)
            for op in ops:
                _render(program, who, side, op, workers, 8)
            if kind in (GENERATOR, ASYNC):
                program.add("        if False:\n            yield")
            program.end_worker(who, repr(f"end of {who}"), tries=tries, returns=kind != ASYNC)
        main, who = own_name(side), f"{side}_first" if host == TASK else own_name(side)
        program.add(f"{'async ' if host == TASK else ''}def {who}():\n    global {side}_own, {side}_event")
        event = "asyncio.Event()" if host == TASK else "Event()"
        program.add(f"    r = None\n    {side}_own, {side}_event = getcurrent(), {event}")
        if host == TASK:
            program.add("    asyncio.get_running_loop().set_exception_handler(lambda *_: None)")
        for index, (kind, _, is_first, _) in enumerate(workers):
            if is_first:
                _render(program, who, side, (_MAKE[kind], index, 0, True), workers, 4)
        for op in own:
            _render(program, who, side, op, workers, 4)
        if host == TASK:
            code = "for _ in range(30): await asyncio.sleep(0)"
            program.step(who, code, catches="BaseException")
            program.add(f'    log("{who}", 0, "end")\ndef {main}():\n    asyncio.run({who}())')
            # It cancels all others in the order of a set of them: of their addresses.
            program.last = who
        elif host == GEVENT:
            # It ends with a LoopExit, as nobody is left who could wake anybody.
            program.step(who, f"{side}_event.clear(); {side}_event.wait()", catches="BaseException")
        if side != "a":
            program.add(_LEAVE.format(s=side))
            if host == GEVENT:
                program.add("    gevent.get_hub().destroy(destroy_loop=True)")
    program.add(_SWEEP)
    program.run(list(names), _CHILD_ENDS if forks else "")
    return program
