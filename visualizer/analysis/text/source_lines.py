"""A source text as it is shown: lines without anything a terminal could obey, and where in them an expression is."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from visualizer.analysis.model.types import Place
from visualizer.analysis.text.printable import plain

#: First line, byte in it, last line, byte in it, as `ast` and a `Place` have them.
Span = tuple[int, int, int, int]
_TAB_SIZE = 4
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class SourceLines:
    """`raw` holds the lines as they are, `shown` as they are shown; line 1 is the first of both."""

    raw: tuple[str, ...]
    shown: tuple[str, ...]
    #: (first line, last line, name) of each function, to find the one that contains a line.
    functions: tuple[tuple[int, int, str], ...]
    #: Where a `for` or `with` begins and ends -> where what it goes through or enters does: only that waits.
    heads: Mapping[Span, Span]

    def span(self, place: Place, line: int) -> tuple[int, int] | None:
        """From which to which character of line number `line`, as it is shown, the expression of `place` goes."""
        of = place.line, place.column, place.end_line, place.end_column
        if of in self.heads:
            begin, column, end, end_column = self.heads[of]
            place = place._replace(line=begin, column=column, end_line=end, end_column=end_column)
        last = max(place.line, place.end_line)
        if place.column < 0 or not place.line <= line <= last or not 0 < line <= len(self.raw):
            return None
        text = self.raw[line - 1]
        start = _shown_length(text, place.column) if line == place.line else _indentation(text)
        end = _shown_length(text, place.end_column) if line == last else _shown_length(text, None)
        return (start, end) if end > start else None

    def first_line_of(self, place: Place) -> int:
        """Line of the `def` of the function that `place` is in; its own line if there is none of that name."""
        name = place.function.rpartition(".")[2]
        around = [first for first, last, known in self.functions if first <= place.line <= last and known == name]
        return max(around, default=place.line)


def source_lines(text: str) -> SourceLines:
    """The lines of a source text."""
    # Not splitlines(): Python does not end a line at a form feed, nor at U+2028.
    raw = tuple(_NEWLINE.split(text))
    if len(raw) > 1 and not raw[-1]:
        raw = raw[:-1]
    shown = tuple(plain(line.expandtabs(_TAB_SIZE)) for line in raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = [*ast.walk(ast.parse(text))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return SourceLines(raw, shown, (), {})
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = tuple(
        (node.lineno, node.end_lineno or node.lineno, node.name) for node in nodes if isinstance(node, kinds)
    )
    return SourceLines(raw, shown, functions, dict(_heads(nodes)))


def _heads(nodes: Iterable[ast.AST]) -> Iterator[tuple[Span, Span]]:
    """Where each `for` and `with` is, and where what it goes through, or enters."""
    for node in nodes:
        if isinstance(node, ast.For | ast.AsyncFor):
            yield _span(node, node.iter, node.iter)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield _span(node, node.items[0].context_expr, node.items[-1].context_expr)


def _span(node: ast.stmt, first: ast.expr, last: ast.expr) -> tuple[Span, Span]:
    """Where a statement is, and where its expressions from `first` to `last` are."""
    whole = node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0
    return whole, (first.lineno, first.col_offset, last.end_lineno or last.lineno, last.end_col_offset or 0)


def _shown_length(text: str, column: int | None) -> int:
    """How many characters the first `column` UTF-8 bytes of `text` have on the screen."""
    if column is not None:
        text = text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace")
    return len(plain(text.expandtabs(_TAB_SIZE)))


def _indentation(text: str) -> int:
    return len(text.expandtabs(_TAB_SIZE)) - len(text.expandtabs(_TAB_SIZE).lstrip())
