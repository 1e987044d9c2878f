"""The parser of expressions that runs in the program: what it makes of Python's own library, ast makes of it too."""

from __future__ import annotations

import ast
import dis
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.soak import SOAK
from visualizer.tracers.core import code as code_objects
from visualizer.tracers.core import syntax

_FIELDS = {
    "Name": ("id",), "Attribute": ("value", "attr"), "Subscript": ("value", "slice"), "Constant": ("value",),
    "Call": ("func", "args", "keywords"), "Tuple": ("elts",), "List": ("elts",), "BinOp": ("left", "op", "right"),
    "Keyword": ("arg", "value"),
    "Starred": ("value",),
}
_FILES = ["ast.py", "queue.py", "selectors.py", "textwrap.py"]


def agree(ours: Any, its: Any, behind: int = 0) -> bool:
    """Whether our tree says the same as that of `ast`, as far as it says anything.

    `behind`: so many columns stand in front of the first line for `ast`.
    """
    if isinstance(its, list):
        return len(ours) == len(its) and all(agree(one, other, behind) for one, other in zip(ours, its, strict=True))
    kind = type(ours).__name__
    if kind == "Other":
        return True
    if not isinstance(its, ast.AST):
        return type(ours) is type(its) and bool(ours == its)
    if kind != type(its).__name__ and kind.lower() != type(its).__name__:
        return False
    if isinstance(its, ast.expr):
        its_range = [(its.lineno, its.col_offset), (its.end_lineno or 0, its.end_col_offset or 0)]
        # A segment is parsed behind a parenthesis, which moves its first line.
        its_range = [(line, column - (line == 1 and behind)) for line, column in its_range]
        if its_range != [(ours.lineno, ours.col_offset), (ours.end_lineno, ours.end_col_offset)]:
            return False
    return all(agree(getattr(ours, name), getattr(its, name), behind) for name in _FIELDS.get(kind, ()))


def files() -> list[Path]:
    folder = Path(ast.__file__).parent
    return sorted(folder.glob("*.py"))[::4] if SOAK else [folder / name for name in _FILES]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_call_is_read_as_the_interpreter_reads_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.encode().splitlines(keepends=True)
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    read = 0
    for call in calls:
        assert call.end_lineno is not None
        cut = lines[call.lineno - 1 : call.end_lineno]
        cut[-1] = cut[-1][: call.end_col_offset]
        cut[0] = cut[0][call.col_offset :]
        segment = b"".join(cut).decode()
        ours = syntax.expression(segment)
        assert ours is None or agree(ours, ast.parse(f"({segment}\n)", mode="eval").body, 1), segment
        read += type(ours).__name__ == "Call"
    assert read >= 0.9 * len(calls)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_with_statement_is_found_with_what_it_enters(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    its = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.With | ast.AsyncWith)]
    ours = {line.start: line for line in syntax.lines_of(text) if line.word == b"with"}
    assert len(ours) == len(its)
    for node in its:
        items = ours[node.lineno, node.col_offset].items()
        assert agree(items, [item.context_expr for item in node.items]), ast.unparse(node)


def test_a_text_is_read_only_as_far_as_its_lines_are_asked_for() -> None:
    lines = syntax.lines_of("with lock:\n    wait()\n)" + "x = 1\n" * 10)
    assert [line.word for line in lines] == [b"with", b"wait"]
    assert next(syntax.lines_of("with lock:\n" + "    x = 1\n" * 10_000)).word == b"with"


def test_only_the_function_that_waits_is_read_for_what_it_is_in(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    text = "x = 1\ndef run(a, b):\n    with a:\n        with b(\n            wait(),\n        ): pass\n"
    made: dict[str, Any] = {}
    exec(compile(text, str(file), "exec"), made)
    file.write_text(text + ")")
    code = made["run"].__code__
    call = next(one.offset for one in dis.get_instructions(code) if one.argval == "wait")
    assert [item.id for item in code_objects.entered(code, call)] == ["a"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a' \"b\"", "ab"), ("b'a'", b"a"), ("r'\\d'", "\\d"), ("0x_ff", 255), ("1e-3", 0.001), ("...", ...),
        ("'''a\nb'''", "a\nb"), ("''", ""), ("u'ä'", "ä"),
    ],
)
def test_constants(text: str, value: object) -> None:
    assert syntax.expression(text).value == value


@pytest.mark.parametrize("text", ["'\\d'", "f'{x}'", "-1", "not x", "a if b else c", "x[1:2]", "lambda a: 1", "x == 1"])
def test_what_is_not_known_has_no_value(text: str) -> None:
    tree = syntax.expression(text)
    assert tree is None or type(tree).__name__ == "Other" or type(tree.slice).__name__ == "Other"


@pytest.mark.parametrize("text", ["", "(", ")", "f(", "f(a b)", "'open", "a..b", "f(,)", "(" * 200 + ")" * 200, "\0"])
def test_what_is_no_expression(text: str) -> None:
    tree = syntax.expression(text)
    assert tree is None or type(tree).__name__ == "Other"


def test_lines_and_their_blocks() -> None:
    text = textwrap.dedent(
        """
        async with a as b, (c): x = lambda: 0
        with (d.e(f,
                  g) as h): pass
        y: int = {1: 2}[1]
        for i, j in zip(k, l):
            pass
        """
    )
    lines = list(syntax.lines_of(text))
    assert [(line.word, line.colon < len(line.tokens)) for line in lines] == [
        (b"with", True), (b"with", True), (b"y", True), (b"for", True), (b"pass", False),
    ]
    named = [[type(item).__name__ for item in line.items()] for line in lines]
    assert named == [["Name", "Name"], ["Call"], [], ["Call"], []]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[(name, pool.submit(name)) for name in iter(orders.get, None)]", "iter(orders.get, None)"),
        ("{name: 1 for name in iter(\n    orders.get, None) if name}", "iter(\n    orders.get, None)"),
        ("(name for name, _ in orders.items())", "orders.items()"),
        ("[name async for name in orders]", "orders"),
        # Which of them it waits for is not known.
        ("[name for order in orders for name in order]", None),
        ("[name, *(one for one in orders)]", None),
        ("(orders).get(name for name in orders)", None),
        ("[]", None),
        ("[name for name in orders", None),
    ],
)
def test_what_a_comprehension_goes_through(text: str, expected: str | None) -> None:
    found = syntax.goes_through(text)
    lines = text.split("\n")
    shown = None
    if found is not None:
        lines[found.end_lineno - 1] = lines[found.end_lineno - 1][: found.end_col_offset]
        shown = "\n".join([lines[0][found.col_offset :], *lines[1 : found.end_lineno]])
    assert shown == expected


@pytest.mark.parametrize("between", [0, 200], ids=["near", "far"])
def test_a_jump_without_a_line_is_at_the_head_of_its_loop(between: int) -> None:
    """3.11 and 3.12 make such, which several branches share; a loop is seen there whenever another thread is to run."""
    body = "        a.b = i\n" * between + "        if i % 3:\n            n += 1\n"
    made = compile(f"def run(n):\n\n    for i in n:\n{body}", "f.py", "exec")
    code = next(one for one in made.co_consts if hasattr(one, "co_code"))
    back = [one for one in dis.get_instructions(code) if one.opname == "JUMP_BACKWARD"]
    own = [None if one.positions is None else one.positions.lineno for one in back]
    assert [code_objects.place(code, one.offset)[2] for one in back] == [line or 3 for line in own]
    assert None in own or sys.version_info >= (3, 12), "it is of 3.11 that this is about"
