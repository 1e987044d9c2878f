"""Random programs of generators that resume, throw into, close and delegate to one another."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.truth.program import END, Program, own_name

#: word, which generator, value, whether errors are caught
Op = tuple[str, int, int, bool]
Side = tuple[list[Op], list[list[Op]]]

_RESUMING = ["next", "next_or", "send", "send_none", "throw", "throw_exit", "close", "for", "list"]
_INSIDE = [*_RESUMING, "yield", "yield", "yield_text", "yield_from", "raise", "return"]

_op = st.tuples(st.sampled_from(_RESUMING), st.integers(0, 3), st.integers(0, 9), st.booleans())
_inside = st.tuples(st.sampled_from(_INSIDE), st.integers(0, 3), st.integers(0, 9), st.booleans())
_side = st.tuples(
    st.lists(_op, min_size=1, max_size=6), st.lists(st.lists(_inside, max_size=6), min_size=1, max_size=4)
)
one_thread = st.lists(_side, min_size=1, max_size=1)
two_threads = st.lists(_side, min_size=2, max_size=2)


def _render(program: Program, who: str, side: str, op: Op, workers: int, indent: int) -> None:
    word, number, value, catches = op
    other = f'{side}_g["{side}{number % workers}"]'
    code = {
        "next": f"r = next({other})",
        "next_or": f"r = next({other}, 'none')",
        "send": f"r = {other}.send({value})",
        "send_none": f"r = {other}.send(None)",
        "throw": f"r = {other}.throw(KeyError({value}))",
        "throw_exit": f"r = {other}.throw(GeneratorExit())",
        "close": f"{other}.close()",
        "for": f"for r in {other}: break",
        "list": f"r = list({other})",
        "yield": f"r = yield {value}",
        "yield_text": f"r = yield '<{value}>'",
        "yield_from": f"r = yield from {other}",
        "raise": f"raise LookupError({value})",
        "return": f'log("{who}", 0, "{END}"); return {value}',
    }[word]
    caught = "(Exception, GeneratorExit)" if indent == 4 else "Exception" if catches else ""
    program.step(who, code, catches=caught, indent=indent)


def render(sides: list[Side]) -> Program:
    """The program of these sides: (what its thread does itself, what each of its generators does)."""
    program = Program()
    names = "ab"[: len(sides)]
    for side, (own, workers) in zip(names, sides, strict=True):
        program.add(f"{side}_g = {{}}")
        for index, ops in enumerate(workers):
            who = f"{side}{index}"
            program.worker(who)
            for op in ops:
                _render(program, who, side, op, len(workers), 8)
            # It is a generator whatever its steps are.
            program.add("        if False:\n            yield")
            program.end_worker(who, repr(f"end of {who}"))
        main = own_name(side)
        program.add(f"def {main}():\n    r = None")
        for index in range(len(workers)):
            program.add(f'    {side}_g["{side}{index}"] = {side}{index}()')
        for op in own:
            _render(program, main, side, op, len(workers), 4)
    program.run(list(names))
    return program
