"""What a trace lacks: lines that could not be read, and what the program's side had to leave out."""

from __future__ import annotations

from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.events import Dropped

#: What a trace, or its reader, counts -> how one of them is called, and how it is told what became of them.
_ONE = {
    "unreadable lines": "unreadable line",
    "rows that could not be read": "row that could not be read",
    "events": "event",
    "events that found no stack or memory left": "event that found no stack or memory left",
    "events interrupted by a signal's handler": "event interrupted by a signal's handler",
    "characters of output": "character of output",
    "marks": "mark",
}
_LOST = {
    "unreadable lines": ("line", "could not be read"),
    "rows that could not be read": ("row", "could not be read"),
    "events": ("event", "could not be written"),
    "events that found no stack or memory left": ("event", "found no stack or memory left"),
    "events interrupted by a signal's handler": ("event", "came to nothing as a signal's handler raised then"),
}
#: Without these nothing else is known less.
_NO_LOSS = ("characters of output", "marks")


def left_out(timeline: Timeline) -> list[tuple[int, str]]:
    """How many of what, as (1, "unreadable line"). What a trace calls it is untrusted text."""
    return [(count, _ONE.get(what, what) if count == 1 else what) for what, count in timeline.dropped.items() if count]


def is_loss(remark: object) -> bool:
    """Whether a remark of the trace tells of something missing that conclusions might have needed."""
    return isinstance(remark, Dropped) and remark.count > 0 and remark.what not in _NO_LOSS


def missing(timeline: Timeline) -> str | None:
    """What of the trace is missing for who draws conclusions from it, in a sentence; None if nothing is."""
    parts, lost = [], 0
    for what, count in timeline.dropped.items():
        if count > 0 and what not in _NO_LOSS:
            one, became = _LOST.get(what, ("", "were left out"))
            lost += count
            parts.append(f"{count} {one + ('' if count == 1 else 's') if one else what} {became}")
    return f"{' and '.join(parts)}: {'its' if lost == 1 else 'their'} events are missing here" if parts else None
