"""Where a track raised, by what it printed of that."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from visualizer.analysis.model.timeline import Place, Timeline, Track
from visualizer.trace import words

#: A line of a printed traceback, as the traceback module writes it.
_FRAME = re.compile(r'^ *File "([^"\n]+)", line (\d{1,9}), in (.+)$', re.MULTILINE)
_OF_STREAMS = "Unhandled exception in client_connected_cb"
_TRACEBACK = "Traceback (most recent call last)"
#: What multiprocessing prints of an exception that ends a child. A logged one, of a task that failed, has other heads.
_CHILD = re.compile(r"^Process [^\n]+:\n[^\n]*" + re.escape(_TRACEBACK), re.MULTILINE)
#: Files of which a line says less than one of the program's own: a runtime's least of all.
_RUNTIME = re.compile(r"(?:^|[/\\])(?:gevent|greenlet)[/\\]")
_LIBRARY = re.compile(r"[/\\](?:site|dist)-packages[/\\]|[/\\]lib[/\\]python\d|^<frozen ")
#: What asyncio prints of a callback that raised.
_CALLBACK = re.compile(r"Exception in callback ([\w.<>]+)")
#: A traceback is searched for in this many of the last outputs.
_MOST_OUTPUTS = 100


def frames(timeline: Timeline, track: Track) -> list[Place]:
    """Where it raised, by the traceback that it printed as it ended, the outermost first; empty if there is none."""
    return _frames(_traceback(timeline, track))


def exception(timeline: Timeline, track: Track) -> str:
    """What that says that it raised, as "KeyError: 'port'"; "" if there is none."""
    return _raised(_traceback(timeline, track))


def ended_process(timeline: Timeline, track: Track) -> bool:
    """Whether the exception ended its process, as multiprocessing printed."""
    return _CHILD.search(_printed(timeline, track)) is not None


def _traceback(timeline: Timeline, track: Track) -> str:
    # Of several the last is that of the end.
    printed = _printed(timeline, track)
    return printed.rpartition(_TRACEBACK)[2] if printed else _printed_by_hub(timeline, track)


def _printed(timeline: Timeline, track: Track) -> str:
    """What it wrote to stderr since it ran last."""
    # A thread may have run without being switched to.
    since_ns = timeline.switch(track.steps[-1]).t_ns if len(track.steps) else track.spawn_ns
    outputs = timeline.outputs
    last = bisect_right(outputs, track.exit_ns, key=lambda output: output.t_ns)
    texts = []
    for index in range(last - 1, max(-1, last - 1 - _MOST_OUTPUTS), -1):
        output = outputs[index]
        if output.t_ns < since_ns:
            break
        if output.track == track.id and output.stream == words.STDERR:
            texts.append(output.text)
    return "".join(reversed(texts))


def in_callbacks(timeline: Timeline) -> Iterator[tuple[int, int, str, str, Place | None]]:
    """What loops of asyncio's printed of exceptions that callbacks raised: when, the loop, the callback's name, the
    exception, and the innermost place that is the program's own, or else a library's."""
    for output in timeline.outputs:
        known = timeline.tracks.get(output.track)
        if output.stream != words.STDERR or known is None or not known.schedules:
            continue
        pieces = _CALLBACK.split(output.text)
        for callback, told in zip(pieces[1::2], pieces[2::2], strict=True):
            traceback = told.partition(_TRACEBACK)[2]
            places = _frames(traceback)
            if raised := _raised(traceback):
                place = min(reversed(places), key=lambda frame: strangeness(frame.file), default=None)
                yield output.t_ns, output.track, callback, raised, place


def in_streams(timeline: Timeline) -> Iterator[tuple[int, int, str]]:
    """The same of what the tasks raised that `asyncio.start_server` makes of connections: when, the loop, and what."""
    for output in timeline.outputs:
        if output.stream == words.STDERR and output.text.startswith(_OF_STREAMS):
            yield output.t_ns, output.track, _raised(output.text.partition(_TRACEBACK)[2])


def _frames(traceback: str) -> list[Place]:
    found = _FRAME.findall(traceback)
    return [Place(file, function, int(line), int(line), -1, -1) for file, line, function in found]


def _raised(traceback: str) -> str:
    lines = [line for line in traceback.splitlines() if line and not line[0].isspace()]
    # The first is the rest of the head.
    return lines[1] if len(lines) > 1 else ""


def _printed_by_hub(timeline: Timeline, track: Track) -> str:
    """What its hub printed of it next after its end: that of a callback of `link`, a bare greenlet, or
    what serves a connection of asyncio's."""
    exception = (track.value or "").partition("(")[0]
    outputs = timeline.outputs
    first = bisect_right(outputs, track.exit_ns, key=lambda output: output.t_ns)
    text = ""
    for output in outputs[first : first + _MOST_OUTPUTS]:
        if output.track != track.parent or output.stream != words.STDERR:
            break
        text += output.text
    traceback = text.partition(_TRACEBACK)[2].partition(_TRACEBACK)[0]
    of_stream = text.startswith(_OF_STREAMS) and _raised(traceback).partition(":")[0].rpartition(".")[2] == exception
    return traceback if of_stream or f"failed with {exception}" in traceback else ""


def printed(timeline: Timeline, track: Track) -> Place | None:
    """The innermost of these that is the program's own, or else a library's; None if there is none."""
    place = min(reversed(frames(timeline, track)), key=lambda frame: strangeness(frame.file), default=None)
    return None if place is None or _RUNTIME.search(place.file) else place


def strangeness(file: str) -> int:
    """How little a line of that file tells of the program: its own code, a library, a runtime."""
    return 2 if _RUNTIME.search(file) else 1 if _LIBRARY.search(file) else 0
