"""Random programs of raw greenlets that switch to one another, throw into one another, return and raise."""

from __future__ import annotations

from random import Random

from tests.truth.program import Program, own_name, several

#: word, which greenlet (one more than the workers is the side's main greenlet), value, whether errors are caught
Op = tuple[str, int, int, bool]
#: number of the parent (one more than the workers: the main greenlet), steps
Worker = tuple[int, list[Op]]
Side = tuple[list[Op], list[Worker]]

_WORDS = [
    "switch", "switch_two", "switch_none", "switch_text", "switch_name", "switch_sum", "throw", "throw_exit", "raise",
]


def _side(chance: Random) -> Side:
    def op() -> Op:
        return chance.choice(_WORDS), chance.randint(0, 4), chance.randint(0, 9), chance.random() < 0.5

    def worker() -> Worker:
        return chance.randint(0, 4), several(chance, 0, 6, op)

    return several(chance, 1, 6, op), several(chance, 1, 4, worker)


def one_thread(chance: Random) -> list[Side]:
    return [_side(chance)]


def two_threads(chance: Random) -> list[Side]:
    return [_side(chance), _side(chance)]


def _render(program: Program, who: str, side: str, op: Op, workers: int, indent: int) -> None:
    word, number, value, catches = op
    number %= workers + 1
    other = f'{side}_g["{side}{number}"]' if number < workers else f"{side}_own"
    code = {
        "switch": f"r = {other}.switch({value})",
        "switch_two": f"r = {other}.switch({value}, None)",
        "switch_none": f"r = {other}.switch()",
        "switch_text": f"r = {other}.switch('<{value}>')",
        "switch_name": f"v = -{value}; r = {other}.switch(v)",
        "switch_sum": f"r = {other}.switch([{value}, {value} + 1])",
        "throw": f"r = {other}.throw(KeyError({value}))",
        "throw_exit": f"r = {other}.throw()",
        "raise": f"raise LookupError({value})",
    }[word]
    caught = "BaseException" if indent == 4 else "Exception" if catches else ""
    program.step(who, code, catches=caught, indent=indent)


def render(sides: list[Side]) -> Program:
    """The program of these sides: (what its main greenlet does, each worker's parent and steps)."""
    program = Program()
    program.add("from greenlet import getcurrent, greenlet")
    names = "ab"[: len(sides)]
    for side, (own, workers) in zip(names, sides, strict=True):
        program.add(f"{side}_g = {{}}\n{side}_own = None")
        for index, (_, ops) in enumerate(workers):
            who = f"{side}{index}"
            program.worker(who, "*args", "repr(args[0] if len(args) == 1 else args)")
            for op in ops:
                _render(program, who, side, op, len(workers), 8)
            program.end_worker(who, repr(f"end of {who}"))
        main = own_name(side)
        program.add(f"def {main}():\n    global {side}_own\n    r = None\n    {side}_own = getcurrent()")
        for index, (parent, _) in enumerate(workers):
            after = f', {side}_g["{side}{parent}"]' if parent < index else ""
            program.add(f'    {side}_g["{side}{index}"] = greenlet({side}{index}{after})')
        for op in own:
            _render(program, main, side, op, len(workers), 4)
    program.run(list(names))
    return program
