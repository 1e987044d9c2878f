"""Processes that the system ended: a fault in C code, or SIGKILL, as when memory is short."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding, spot, suspension_before, thread_waits
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.model.processes import Process
from visualizer.analysis.model.timeline import Place, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import sampled_at
from visualizer.trace import words

#: Nobody ends a program by these on purpose; the others are how programs are told to end.
_FAULTS = frozenset(
    number
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP", "SIGXCPU", "SIGXFSZ")
    if (number := getattr(signal, name, None)) is not None
)
#: Code that may have killed it on purpose; subprocess.run() does once its time limit is over. What the standard library
#: itself has of it is for others, and who kills itself was killed by nobody else.
_KILLS = re.compile(r"kill\w*\(|SIGKILL", re.IGNORECASE)
_LIMITS = re.compile(r"\btimeout\b")
_ITSELF = re.compile(r"\bkill\(\s*(?:os\.)?getpid\(\)\s*,\s*(?:signal\.)?(?:SIGKILL|9)\s*\)")
_STANDARD = re.compile(r"[/\\]lib[/\\]python\d[^/\\]*[/\\](?!(?:site|dist)-packages)|^<")


def process_died(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A process was ended by a fault, or a child by SIGKILL though nothing in the source of the trace kills one."""
    for process in timeline.processes:
        track = timeline.tracks.get(process.track) if process.number else next(iter(timeline.tracks.values()), None)
        number = process.signal if process.number else timeline.end.signal if timeline.end is not None else None
        if track is None or number is None:
            continue
        if number == getattr(signal, "SIGKILL", None) and process.number:
            if _may_be_killed(timeline, process):
                continue
        elif number not in _FAULTS:
            continue
        t_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
        name = signal.Signals(number).name
        sentence = f"{name} ended {timeline.name(track.id)}"
        place, seen = _last_known(timeline, track, t_ns)
        sentence += f", {seen}" if seen else ""
        starter = timeline.tracks.get(track.creator) if process.number else None
        waits = thread_waits(timeline, starter) if starter is not None and starter.exit_ns < 0 else None
        sentence += f" → the {'process' if process.number else 'program'} ended"
        if waits is not None:
            since = f"{waits.on}{at(waits.place)} since {duration(waits.t_ns, 3)}"
            sentence += f"; {timeline.name(waits.track)}, which had started it, waits in {since}"
        tracks = [track.id] if waits is None else [track.id, waits.track]
        yield finding("process_died", sentence, tracks, t_ns, place)


def _may_be_killed(timeline: Timeline, process: Process) -> bool:
    """Whether anything in the source of the trace may have killed it on purpose."""
    own = (_ITSELF.sub("", text) for file, text in timeline.sources.items() if not is_standard(file))
    has_limits = process.how in ("", words.BY_SUBPROCESS)
    return any(_KILLS.search(text) or (has_limits and _LIMITS.search(text)) for text in own)


def is_standard(file: str) -> bool:
    """Whether it is of the standard library."""
    return _STANDARD.search(file) is not None


def _last_known(timeline: Timeline, track: Track, t_ns: int) -> tuple[Place | None, str]:
    """Where its main thread was seen or waited last, and that in words."""
    waited = suspension_before(timeline, track, t_ns)
    samples = timeline.samples
    place = sampled_at(timeline, samples.latest(track.id, waited.t_ns if waited is not None else track.spawn_ns, t_ns))
    if place is None and waited is not None:
        place = waited.place
    return (place, f"last seen at {spot(place)}") if spot(place) else (track.place, "")
