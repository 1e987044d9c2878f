"""Chrome's trace events (JSON), for older viewers, speedscope and whatever else reads them.

A track is a thread, its states are its slices, of which no two overlap, and a wake is a flow. Times are microseconds.
The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.text.printable import plain
from visualizer.export.bars import for_viewers
from visualizer.export.formats import Format
from visualizer.export.settings import Settings
from visualizer.paint.text import caption
from visualizer.trace import words


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The trace, or the part of it, as one JSON object, with an event on each line."""
    part = settings.part_of(timeline)
    every = for_viewers(part, settings.rows, settings.tell)
    # A process and a thread need a number, and that of a process is not always known.
    pid = {bars.track.id: timeline.process_of(bars.track.id).number + 1 for bars in every}
    of = {track: f'"pid":{process},"tid":{track}' for track, process in pid.items()}
    lines = list(_described(timeline, pid, settings.title))
    wakes = timeline.columns.wakeups
    quoted: dict[str, str] = {}
    for bars in every:
        here = of[bars.track.id]
        for start_ns, end_ns, label, state, wakeup in zip(
            bars.start_ns, bars.end_ns, bars.label, bars.state, bars.woken_by, strict=True
        ):
            name = quoted.get(label) or quoted.setdefault(label, _quoted(label))
            us, took_us = f'"ts":{start_ns / 1e3:.3f},{here}', f"{(end_ns - start_ns) / 1e3:.3f}"
            waker = wakes.waker[wakeup] if wakeup >= 0 else words.NOBODY
            told = f',"args":{{"woken by":"{wakes.causes.known[wakes.cause[wakeup]]}"}}' if wakeup >= 0 else ""
            lines.append(f'{{"ph":"X","name":{name},"cat":"{_STATES[state]}","dur":{took_us},{us}{told}}}')
            if wakeup >= 0 and waker in pid and wakes.ns[wakeup] >= part.start_ns:
                flow = f'"name":"wakes","cat":"wakes","id":{wakeup}'
                lines.append(f'{{"ph":"s",{flow},"ts":{wakes.ns[wakeup] / 1e3:.3f},{of[waker]}}}')
                lines.append(f'{{"ph":"f","bp":"e",{flow},{us}}}')
    events = ",\n".join(lines)
    ours = '"displayTimeUnit":"ns","otherData":{"recorded by":"visualizer"}'
    return f'{{{ours},"traceEvents":[\n{events}\n]}}\n'.encode()


def _described(timeline: Timeline, pid: dict[int, int], title: str) -> Iterator[str]:
    """Events that name processes and tracks, and put these in order."""
    first = {number: track for track, number in reversed(pid.items())}
    for track in first.values():
        process = timeline.process_of(track)
        name = process.name if process.number else title or caption.title(timeline)
        yield _meta("process_name", track, pid[track], name=plain(name))
    for rank, track in enumerate(pid):
        yield _meta("thread_name", track, pid[track], name=plain(timeline.name(track)))
        yield _meta("thread_sort_index", track, pid[track], sort_index=rank)


def _meta(what: str, track: int, process: int, **told: object) -> str:
    return _quoted({"ph": "M", "name": what, "pid": process, "tid": track, "args": told})


def _quoted(value: object) -> str:
    return msgspec.json.encode(value).decode()


_STATES = [state.name.lower() for state in State]
FORMAT = Format(".json", make, (), frozenset(("rows", "title")))
