"""Source as it is shown: which characters an expression has there, whatever stands before it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.model.timeline import Place
from visualizer.tui.state.source_text import SourceText, listing, read


def place(line: int, column: int, end_column: int, end_line: int | None = None, function: str = "") -> Place:
    return Place("x.py", function, line, end_line or line, column, end_column)


def marked(source: str, where: Place, line: int | None = None) -> str:
    """The characters that are highlighted."""
    shown = listing(source.encode())
    number = line or where.line
    span = shown.span(where, number)
    return "" if span is None else shown.lines[number - 1].plain[slice(*span)]


@pytest.mark.parametrize(
    ("before", "expression"),
    [
        ("answer = ", "c.send(item)"),
        ("\t\tanswer = ", "c.send(item)"),
        ("übergröße = ", "größe(ß)"),
        ("名前 = ", "送る('値')"),
        ("x = '🥐', ", "go('🥐')"),
        ("x = '\x1b[31m', ", "go('\x1b[0m')"),
    ],
)
def test_columns_are_bytes_of_utf_8(before: str, expression: str) -> None:
    start = len(before.encode())
    where = place(2, start, start + len(expression.encode()))
    assert marked(f"# one\n{before}{expression}  # more\n", where) == expression.replace("\x1b", "␛")


def test_an_expression_over_several_lines() -> None:
    source = "go(\n    one,\n    two,\n)\n"
    where = place(1, 0, 1, end_line=4)
    assert [marked(source, where, line) for line in (1, 2, 3, 4, 5)] == ["go(", "one,", "two,", ")", ""]


def test_an_unknown_column_or_line_marks_nothing() -> None:
    assert marked("go()\n", place(1, -1, -1)) == ""
    assert listing(b"go()\n").span(place(7, 0, 4), 7) is None


def test_lines_are_those_of_python() -> None:
    # A form feed, a file separator and U+2028 do not end a line; CR and CR LF do.
    source = "a = 1\x0c\nb = '\u2028\x1c'\r\nc = 3\rd = 4\n"
    assert [line.plain for line in listing(source.encode()).lines] == ["a = 1␌", "b = '\ufffd␜'", "c = 3", "d = 4"]


def test_the_declared_encoding_is_used() -> None:
    assert listing("# coding: latin-1\nx = 'ü'\n".encode("latin-1")).lines[1].plain == "x = 'ü'"
    assert listing(b"# coding: nonsense\nx = '\xff'\n").lines[1].plain == "x = '\ufffd'"


def test_the_first_line_of_the_function() -> None:
    source = "def f():\n    def g():\n        yield 1\n    return g\n\nclass C:\n    def f(self):\n        yield 2\n"
    shown = listing(source.encode())
    assert shown.first_line_of(place(3, 0, 1, function="g")) == 2
    assert shown.first_line_of(place(4, 0, 1, function="f")) == 1
    assert shown.first_line_of(place(8, 0, 1, function="C.f")) == 7
    assert shown.first_line_of(place(8, 0, 1, function="unknown")) == 8
    assert listing(b"def f(:\n  pass\n").first_line_of(place(2, 0, 1, function="f")) == 2


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), st.data())
def test_every_span_is_within_its_line(text: str, data: st.DataObject) -> None:
    size = len(text.encode())
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size + 3))
    shown = listing(text.encode("utf-8") + b"\n")
    span = shown.span(place(1, start, end), 1)
    assert len(shown.lines) == 1
    assert "\n" not in shown.lines[0].plain
    if span is not None:
        assert 0 <= span[0] < span[1] <= len(shown.lines[0].plain)


def test_why_a_source_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large.py").write_bytes(b"#" * 3_000_000)
    assert isinstance(read("a.py", str(tmp_path)), SourceText)
    assert read("", "") == "The trace does not say which file this is."
    assert read("<string>", "") == "The source of <string> is not in a file."
    assert read("none.py", str(tmp_path)) == "The source is not on this machine: none.py"
    assert read("\0\x1b", str(tmp_path)) == "The source is not on this machine: ␀␛"
    for name in ("folder", "pipe", "large.py"):
        assert read(name, str(tmp_path)) == f"Not shown (not a source file, or too large): {name}"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    first = read(str(path), "")
    path.write_text("x = 23\n")
    second = read(str(path), "")
    assert isinstance(first, SourceText)
    assert isinstance(second, SourceText)
    assert (first.lines[0].plain, second.lines[0].plain) == ("x = 1", "x = 23")
