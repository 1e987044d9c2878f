"""Source files as they are shown: found, decoded, and coloured."""

from __future__ import annotations

import io
import os
import stat
import tokenize
from dataclasses import dataclass
from functools import lru_cache

from textual.content import Content
from textual.highlight import highlight

from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_lines import SourceLines, source_lines

#: A larger file is not a script; a trace may name any file.
_LARGEST_BYTES = 2_000_000
#: Colouring more would be felt.
_COLOURED_LINES = 5_000


@dataclass(frozen=True, slots=True)
class SourceText(SourceLines):
    """A source file: its lines, also coloured."""

    lines: tuple[Content, ...]


def read(file: str, cwd: str, carried: str | None = None, only_carried: bool = False) -> SourceText | str:
    """The source file of that name, relative to `cwd`; or one sentence on why it cannot be shown.

    `carried` is its text as the trace has it, which is what ran, whatever has become of the file since. `only_carried`:
    no file is read, since a trace may name any.
    """
    if carried is not None:
        return _carried(carried)
    if not file:
        return "The trace does not say which file this is."
    if file.startswith("<"):
        return f"The source of {plain(file)} is not in a file."
    if only_carried:
        return f"The source is not in the trace: {plain(file)}"
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
    known = source_lines(text)
    shown = known.shown
    if len(shown) > _COLOURED_LINES:
        lines = [Content(line) for line in shown]
    else:
        lines = highlight("\n".join(shown), language="python").split("\n", allow_blank=True)
        # The lexer must not have added or removed lines: marks are found by line number.
        lines = lines[: len(shown)] + [Content(line) for line in shown[len(lines) :]]
    return SourceText(known.raw, shown, known.functions, known.heads, tuple(lines))
