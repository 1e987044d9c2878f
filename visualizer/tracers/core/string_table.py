"""What is written to the file once, and then referred to by number: texts, places, and the text of source files."""

from __future__ import annotations

from visualizer.trace.words import NOTHING
from visualizer.tracers.core import code as code_objects
from visualizer.tracers.core.ids import Ids

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType

try:
    from _json import encode_basestring_ascii as _quote
except ImportError:
    from json.encoder import py_encode_basestring_ascii as _quote

#: At most this many characters go into the trace of one source file, and of all together.
LARGEST_SOURCE = 256 << 10
SOURCE_IN_ALL = 4 << 20
#: After this many texts or places they are numbered anew, so that memory does not grow with the trace.
_INTERNED = 8192
_LONGEST_EXPRESSION = 60


def quote(text: str) -> str:
    """`text` as JSON; a lone surrogate, which is no text that a reader would accept, becomes a question mark."""
    return _quote(text if text.isascii() else text.encode("utf-8", "replace").decode())


class Interning:
    """Gives the numbers while lines are made, and makes the lines that say what they stand for."""

    def __init__(self, ids: Ids, clock: Callable[[], int]) -> None:
        self.ids = ids
        self.clock = clock
        self.start_ns = clock()
        self._texts: dict[str, int] = {}
        self._places: dict[tuple[int, int], tuple[int, CodeType]] = {}
        self._calls: dict[tuple[int, int], tuple[str, str, CodeType]] = {}
        self._listed: set[str] = set()
        #: Lines to be written before the one that is being made.
        self._new: list[str] = []
        #: How many characters of source text may still go into the trace.
        self.source_room = SOURCE_IN_ALL

    def text(self, text: str) -> int:
        """The id of `text`, interned by a line of its own when it is new."""
        known = self._texts.get(text)
        if known is None:
            if len(self._texts) >= _INTERNED:
                self._texts.clear()
            known = self._texts[text] = self.ids.text()
            self._new.append(f'["text",{known},{quote(text)}]\n')
        return known

    def place(self, code: CodeType | None, offset: int) -> int:
        """The id of the place at `offset` of `code`."""
        if code is None:
            return NOTHING
        key = (id(code), offset)
        known = self._places.get(key)
        if known is None:
            if len(self._places) >= _INTERNED:
                self._places.clear()
            file, function, *numbers = code_objects.place(code, offset)
            file_id, function_id = self.text(file), self.text(function)
            if file not in self._listed:
                self._list(file, file_id)
            # The code object is kept so that its id stays its own.
            known = self._places[key] = (self.ids.place(), code)
            self._new.append(f'["place",{known[0]},{file_id},{function_id},{",".join(map(str, numbers))}]\n')
        return known[0]

    def call(self, code: CodeType | None, offset: int) -> tuple[str, int]:
        """The expression at `offset` of `code`: the last name of what it calls ("" if unknown), and its text's id."""
        if code is None:
            return "", NOTHING
        key = (id(code), offset)
        known = self._calls.get(key)
        if known is None:
            if len(self._calls) >= _INTERNED:
                self._calls.clear()
            text = code_objects.segment(code_objects.place(code, offset)) or ""
            called = (code_objects.called(text) if text else None) or ""
            text = " ".join(text.split())
            if len(text) > _LONGEST_EXPRESSION:
                text = text[: _LONGEST_EXPRESSION - 1] + "…"
            known = self._calls[key] = (called, text, code)
        return known[0], self.text(known[1]) if known[1] else NOTHING

    def _list(self, file: str, file_id: int) -> None:
        """Put a source file that is named for the first time into the trace, as far as there is room."""
        self._listed.add(file)
        text = code_objects.source(file) if self.source_room else None
        if text is None:
            return
        if len(text) > min(self.source_room, LARGEST_SOURCE):
            self._new.append(f'["note",{self.clock() - self.start_ns},{quote(f"Too large for the trace: {file}")}]\n')
            return
        self.source_room -= len(text)
        self._new.append(f'["listing",{file_id},{quote(text)}]\n')
