"""Captures what the program prints, with the moment (and so the track) of each print.

The streams stay the objects they are; only their `write` is wrapped, as an attribute of the instance, which `print`,
`logging` and `traceback` all go through. `sys.stdout.buffer.write` is wrapped too, told apart from the text layer's
own flushes. What is written past Python's streams (os.write, child processes) is not seen.
"""

from __future__ import annotations

import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

#: At most this many characters are kept of one write, and of all writes together; the rest is counted.
LONGEST_WRITE = 4096
MOST_IN_ALL = 8 << 20
#: The functions by way of which the program prints.
PRINTS = ("visualizer_write", "visualizer_flush")


class OutputTracer:
    name = "output"
    modules: tuple[str, ...] = ()

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        self._kept = 0
        self._dropped = 0
        self._wrapped: list[tuple[Any, str, Any]] = []
        #: Depth of text-layer calls: a write of the layer below is then its own doing.
        self._inside = 0

    def install(self) -> str:
        self._recording.stream.pieces = lines.output
        for stream_name in (words.STDOUT, words.STDERR):
            stream = getattr(sys, stream_name)
            if stream is None:
                continue
            self._wrap(stream, "write", self._text_write(stream.write, stream_name))
            self._wrap(stream, "flush", self._text_flush(stream.flush))
            self._wrap(stream.buffer, "write", self._bytes_write(stream.buffer.write, stream_name))
        return "on: sys.stdout and sys.stderr"

    def imported(self, name: str, module: ModuleType) -> None:
        """No module is waited for."""

    def remove(self) -> None:
        for stream, attribute, ours in self._wrapped:
            if stream.__dict__.get(attribute) is ours:
                delattr(stream, attribute)
        self._wrapped.clear()

    def finish(self, t_ns: int) -> None:
        if self._dropped:
            self._recording.stream.extend((lines.dropped, t_ns, "characters of output", self._dropped, None, None, 0))

    def _wrap(self, stream: Any, attribute: str, ours: Any) -> None:
        setattr(stream, attribute, ours)
        self._wrapped.append((stream, attribute, ours))

    def _text_write(self, write: Callable[[str], int], stream_name: str) -> Callable[[str], int]:
        def visualizer_write(text: str) -> int:
            self._inside += 1
            try:
                written = write(text)
            finally:
                self._inside -= 1
            if type(text) is str and text:
                self._store(stream_name, text)
            return written

        return visualizer_write

    def _text_flush(self, flush: Callable[[], None]) -> Callable[[], None]:
        def visualizer_flush() -> None:
            self._inside += 1
            try:
                flush()
            finally:
                self._inside -= 1

        return visualizer_flush

    def _bytes_write(self, write: Callable[[bytes], int], stream_name: str) -> Callable[[bytes], int]:
        def visualizer_write(content: bytes) -> int:
            written = write(content)
            if not self._inside and type(content) is bytes and content:
                self._store(stream_name, content.decode("utf-8", "replace"))
            return written

        return visualizer_write

    def _store(self, stream_name: str, text: str) -> None:
        try:
            recording = self._recording
            t_ns = recording.stream.clock()
            room = min(LONGEST_WRITE, MOST_IN_ALL - self._kept)
            kept = text[:room] if room > 0 else ""
            cut = len(text) - len(kept)
            self._kept += len(kept)
            self._dropped += cut
            if kept:
                recording.stream.store(lines.output, t_ns, stream_name, kept, cut, None, 0)
        except Exception as error:
            self._recording.fail(self.name, error)
