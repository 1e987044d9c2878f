"""What there is to say of a process: how it was started, by whom, as what, and how it ended."""

from __future__ import annotations

import ntpath

from visualizer.analysis.model.timeline import Process, Timeline
from visualizer.trace import words

#: How a process was started, behind "forked" or "started by ...".
_HOW = {
    words.BY_SUBPROCESS: " with subprocess", words.BY_SPAWN: " with multiprocessing (spawn)",
    words.BY_FORKSERVER: " with multiprocessing (forkserver)",
    words.BY_ITSELF: " with multiprocessing, for its own use",
}


def title(timeline: Timeline, process: Process) -> str:
    """What a process is called, by its main thread or the script: "cook-1 (4711)"; and how it ended, unless all went
    well."""
    name = process.name
    if process.track in timeline.tracks:
        name = timeline.own_name(process.track)
    elif not process.number and timeline.header is not None and timeline.header.target:
        script = ntpath.basename(timeline.header.target)
        name = f"{script} ({process.pid})" if process.pid > 0 else script
    return f"{name}, {process.end}" if has_failed(process) else name


def has_failed(process: Process) -> bool:
    """Whether it is known to have ended otherwise than it should."""
    return process.signal is not None or bool(process.exit_code)


def origin(timeline: Timeline, process: Process) -> str:
    """Who started it, how and where: "started by main with subprocess (demo.py:12)"; "" of the first one."""
    if not process.number:
        return ""
    main = timeline.tracks.get(process.track)
    creator = main.creator if main is not None else words.NOBODY
    by = timeline.name(creator) if creator in timeline.tracks else f"process {process.parent}"
    place = main.place if main is not None else None
    where = f" ({ntpath.basename(place.file)}:{place.line})" if place is not None else ""
    if process.how == words.BY_EXEC:
        return f"goes on where {by} was (exec)"
    return f"{'forked' if process.how == words.BY_FORK else 'started'} by {by}{_HOW.get(process.how, '')}{where}"


def about(timeline: Timeline, process: Process) -> str:
    """All of that: "4711: python child.py, started by main with subprocess (demo.py:12), exit code 1"."""
    known = (process.command, origin(timeline, process), process.end)
    said = ", ".join(part for part in known if part)
    return f"{process.pid}: {said}" if said else str(process.pid)
