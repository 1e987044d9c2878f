"""`visualizer open`."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from visualizer.cli.parts import split_span, trace_argument
from visualizer.cli.streams import fail
from visualizer.cli.terminal import big_option, keys_from_terminal, need_terminal
from visualizer.session import why

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@click.command("open")
@trace_argument
@click.option(
    "--follow", is_flag=True, help="Follow a trace while it is being written, or wait for it to appear."
)
@big_option
def command(file: str, follow: bool, big: bool) -> None:
    """Replay a trace, forwards and backwards.

    FILE is a trace written by `record`; FILE@0.5-2 or FILE@#3-#17 shows that part of it at first; - reads one from
    stdin, while keys still come from the terminal. With --follow, FILE need not exist yet. Traces of
    Chrome, viztracer and Perfetto open as well, with what they know.

    \b
    Examples:
      visualizer open run.trace
      visualizer open run.trace@#1-#18          only the first switches
      visualizer open --follow run.trace        in a second terminal, while it is being recorded
      ssh server cat run.trace | visualizer open -
    """
    file, span = split_span(file)
    if span is not None and follow:
        raise click.UsageError("A part of a trace cannot be followed.")
    if file == "-":
        need_terminal("`visualizer show` prints a trace as text.")
        stream = keys_from_terminal()
        if stream is None:
            fail("`open -` reads a trace from stdin, but stdin is a terminal or closed.")
        _open_stream(stream, "stdin", follow, span, big)
        return
    from visualizer.trace.source import TraceError

    piped = None
    try:
        if follow and not os.path.exists(file):
            # The recording may start later, but not in a folder that does not exist.
            os.stat(os.path.dirname(file) or os.curdir)
        elif stat.S_ISFIFO(os.stat(file).st_mode):
            piped = open(file, "rb", buffering=0)
        else:
            check(file, follow)
    except TraceError as error:
        fail(str(error))
    except (OSError, ValueError) as error:
        fail(f"Cannot open the trace {file!r}: {why(error)}.")
    need_terminal(f"`visualizer show {file}` prints the timeline as text.")
    keys_from_terminal()
    if piped is not None:
        _open_stream(piped, file, follow, span, big)
        return
    from visualizer.tui.app import VisualizerApp

    VisualizerApp(open_path=Path(file), follow=follow, span=span, big=big).run()


def check(path: str, follow: bool = False) -> None:
    """Raise TraceError if this is not a trace. A trace that is still being written may be empty."""
    from visualizer.trace.source import Source

    with Source.open(path) as source:
        source.read()
        if source.header is None and not follow:
            source.finish()


def _open_stream(stream: BinaryIO, name: str, follow: bool, span: str | None, big: bool) -> None:
    from visualizer.trace.source import Source, TraceError

    head = stream.read(1 << 16)
    while head and b"\n" not in head and len(head) < 1 << 20 and (more := stream.read(1 << 16)):
        head += more
    try:
        source = Source(io.BytesIO(head), name)
        source.read()
        if source.header is None:
            source.finish()
    except TraceError as error:
        fail(str(error))
    from visualizer.tui.app import VisualizerApp

    VisualizerApp(stream=cast(BinaryIO, Rejoined(head, stream)), follow=follow, span=span, big=big).run()


class Rejoined(io.RawIOBase):
    """A pipe with the bytes already read from it put back in front. Like a pipe, it returns what is available."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        """The pipe's file descriptor; it does not cover the bytes held here."""
        return self._rest.fileno()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        chunk = self._head[: len(view)] or self._rest.read(len(view))
        self._head = self._head[len(chunk) :]
        view[: len(chunk)] = chunk
        return len(chunk)
