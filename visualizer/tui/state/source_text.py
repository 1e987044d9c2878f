"""Source files as they are shown: lines without anything a terminal could obey, and where in them an expression is."""

from __future__ import annotations

import ast
import io
import os
import re
import stat
import tokenize
import warnings
from dataclasses import dataclass
from functools import lru_cache

from textual.content import Content
from textual.highlight import highlight

from visualizer.analysis.model.timeline import Place
from visualizer.analysis.text.printable import plain

TAB_SIZE = 4
#: A larger file is not a script; a trace may name any file.
_LARGEST_BYTES = 2_000_000
#: Colouring more would be felt.
_COLOURED_LINES = 5_000
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source file. `raw` holds its lines as they are, `lines` as they are shown; line 1 is the first of both."""

    raw: tuple[str, ...]
    lines: tuple[Content, ...]
    #: (first line, last line, name) of each function, to find the one that contains a line.
    functions: tuple[tuple[int, int, str], ...]

    def span(self, place: Place, line: int) -> tuple[int, int] | None:
        """From which to which character of line number `line`, as it is shown, the expression of `place` goes."""
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


def read(file: str, cwd: str, carried: str | None = None) -> SourceText | str:
    """The source file of that name, relative to `cwd`; or one sentence on why it cannot be shown.

    `carried` is its text as the trace has it, which is what ran, whatever has become of the file since.
    """
    if carried is not None:
        return _carried(carried)
    if not file:
        return "The trace does not say which file this is."
    if file.startswith("<"):
        return f"The source of {plain(file)} is not in a file."
    path = os.path.join(cwd, file)
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return f"The source is not on this machine: {plain(file)}"
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_BYTES:
        return f"Not shown (not a source file, or too large): {plain(file)}"
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _carried(text: str) -> SourceText:
    return _listing(text)


@lru_cache(maxsize=32)
def _read(path: str, _modified_ns: int, _size: int) -> SourceText | str:
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST_BYTES)
    except OSError as error:
        return f"The source cannot be read: {plain(path)}: {(error.strerror or str(error)).lower()}"
    return listing(content)


def listing(content: bytes) -> SourceText:
    """The text of a source file, by the encoding that it declares (PEP 263)."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding, "replace")
    except (SyntaxError, LookupError):
        text = content.decode("utf-8", "replace")
    return _listing(text)


def _listing(text: str) -> SourceText:
    # Not splitlines(): Python does not end a line at a form feed, nor at U+2028.
    raw = tuple(_NEWLINE.split(text))
    if len(raw) > 1 and not raw[-1]:
        raw = raw[:-1]
    shown = [plain(line.expandtabs(TAB_SIZE)) for line in raw]
    if len(shown) > _COLOURED_LINES:
        lines = [Content(line) for line in shown]
    else:
        lines = highlight("\n".join(shown), language="python").split("\n", allow_blank=True)
        # The lexer must not have added or removed lines: marks are found by line number.
        lines = lines[: len(shown)] + [Content(line) for line in shown[len(lines) :]]
    return SourceText(raw, tuple(lines), _functions(text))


def _functions(text: str) -> tuple[tuple[int, int, str], ...]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return tuple(
        (node.lineno, node.end_lineno or node.lineno, node.name) for node in ast.walk(tree) if isinstance(node, kinds)
    )


def _shown_length(text: str, column: int | None) -> int:
    """How many characters the first `column` UTF-8 bytes of `text` have on the screen."""
    if column is not None:
        text = text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace")
    return len(plain(text.expandtabs(TAB_SIZE)))


def _indentation(text: str) -> int:
    return len(text.expandtabs(TAB_SIZE)) - len(text.expandtabs(TAB_SIZE).lstrip())
