"""Random programs of generators, coroutines and asynchronous generators.

They resume, throw into, close, await and delegate to one another, are made late and dropped at any time.
"""

from __future__ import annotations

from random import Random

from tests.truth.program import END, Program, own_name, several

#: word, which generator, value, whether errors are caught
Op = tuple[str, int, int, bool]
#: kind, whether a `try` is around its steps, steps
Worker = tuple[str, bool, list[Op]]
#: what its thread does itself, its generators, how many of them are made at the beginning
Side = tuple[list[Op], list[Worker], int]

PLAIN, COROUTINE, ASYNC = "generator", "coroutine", "asynchronous generator"
_RESUMING = [
    "next", "next_or", "send", "send_none", "throw", "throw_exit", "close", "for", "list", "make", "drop",
]
_INSIDE = {
    PLAIN: [*_RESUMING, "yield", "yield", "yield_text", "yield_none", "yield_from", "ignore", "raise", "return"],
    COROUTINE: [*_RESUMING, "pause", "pause", "pause", "ignore_pause", "await", "await", "raise", "return"],
    ASYNC: [*_RESUMING, "yield", "yield", "yield_text", "pause", "ignore_pause", "await", "raise"],
}


def _side(chance: Random, *kinds: str) -> Side:
    def op(of: list[str]) -> Op:
        return chance.choice(of), chance.randint(0, 3), chance.randint(0, 9), chance.random() < 0.5

    def worker() -> Worker:
        kind = chance.choice(kinds)
        return kind, chance.random() < 0.5, several(chance, 0, 6, lambda: op(_INSIDE[kind]))

    return several(chance, 1, 8, lambda: op(_RESUMING)), several(chance, 1, 4, worker), chance.randint(1, 4)


def one_thread(chance: Random) -> list[Side]:
    return [_side(chance, PLAIN)]


def two_threads(chance: Random) -> list[Side]:
    return [_side(chance, PLAIN), _side(chance, PLAIN)]


def with_coroutines(chance: Random) -> list[Side]:
    return [_side(chance, PLAIN, COROUTINE, ASYNC, COROUTINE, ASYNC)]


def _code(who: str, side: str, op: Op, workers: list[Worker]) -> str:
    word, number, value, _ = op
    number %= len(workers)
    is_async = workers[number][0] == ASYNC
    other = f'{side}_g["{side}{number}"]'
    return {
        "next": f"r = {other}.asend(None).send(None)" if is_async else f"r = next({other})",
        "next_or": f"r = next({other}, 'none')",
        "send": f"r = {other}.asend({value}).send(None)" if is_async else f"r = {other}.send({value})",
        "send_none": f"r = {other}.send(None)",
        "throw": f"r = {other}.athrow(KeyError({value})).send(None)" if is_async else f"r = {other}.throw(KeyError(1))",
        "throw_exit": f"r = {other}.throw(GeneratorExit())",
        "close": f"r = {other}.aclose().send(None)" if is_async else f"{other}.close()",
        "for": f"for r in {other}: break",
        "list": f"r = list({other})",
        "make": f'if "{side}{number}" not in {side}_g: {other} = {side}{number}()',
        "drop": f"{other} = None",
        "yield": f"r = yield {value}",
        "yield_text": f"r = yield '<{value}>'",
        "yield_none": "r = yield",
        "yield_from": f"r = yield from {other}",
        "ignore": f"r = yield {value}",
        "pause": f"r = await {side}_leaf({value})",
        "ignore_pause": f"r = await {side}_leaf({value})",
        "await": f"r = await {other}.asend({value})" if is_async else f"r = await {other}",
        "raise": f"raise LookupError({value})",
        "return": f'log("{who}", 0, "{END}"); return {value}',
    }[word]


def _render(program: Program, who: str, side: str, op: Op, workers: list[Worker], indent: int) -> None:
    everything = indent == 4 or op[0].startswith("ignore")
    caught = "(Exception, GeneratorExit)" if everything else "Exception" if op[3] else ""
    program.step(who, _code(who, side, op, workers), catches=caught, indent=indent)


def render(sides: list[Side]) -> Program:
    """The program of these sides."""
    program = Program()
    names = "ab"[: len(sides)]
    # What would be printed of an exception names addresses.
    program.add("import types, warnings\nwarnings.simplefilter('ignore')")
    program.add("sys.unraisablehook = lambda unraisable: None")
    for side, (own, workers, made) in zip(names, sides, strict=True):
        program.add(f"{side}_g = {{}}\n@types.coroutine\ndef {side}_leaf(value):\n    return (yield value)")
        for index, (kind, tries, ops) in enumerate(workers):
            who = f"{side}{index}"
            program.worker(who, head="def" if kind == PLAIN else "async def", tries=tries)
            for op in ops:
                _render(program, who, side, op, workers, 8)
            if kind != COROUTINE:
                # It is a generator whatever its steps are.
                program.add("        if False:\n            yield")
            # An asynchronous generator returns nothing.
            program.end_worker(who, repr(f"end of {who}"), tries=tries, returns=kind != ASYNC)
        main = own_name(side)
        program.add(f"def {main}():\n    r = None")
        for index in range(min(made, len(workers))):
            program.add(f'    {side}_g["{side}{index}"] = {side}{index}()')
        for op in own:
            _render(program, main, side, op, workers, 4)
    program.run(list(names))
    return program
