"""The tooltip: what a cell of a track's row means."""

from __future__ import annotations

from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import FINAL, SUMMED, State, Timeline, Track
from visualizer.analysis.text.durations import duration, in_seconds
from visualizer.analysis.text.hot_lines import hot_line, mostly
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.process_words import about
from visualizer.analysis.text.sentences import describe_state
from visualizer.analysis.text.upcoming import what_next
from visualizer.paint.axis.viewport import Viewport
from visualizer.paint.text.legend import meaning

#: A cell with more slices shows only shares.
_LEAST_SHARE = 0.005


def pointed(timeline: Timeline, track: int, viewport: Viewport, cell: int, now_ns: int) -> list[str]:
    """Printable lines on what `track` does in cell number `cell`: what, since when, for how long, and what comes next.

    `now_ns`: up to when the timeline is known. A few binary searches, whatever its length. Raise KeyError if there is
    no such track.
    """
    known = timeline.tracks[track]
    start_ns = viewport.time_at(timeline, cell)
    end_ns = max(start_ns, viewport.time_at(timeline, cell + 1) - 1)
    if start_ns > now_ns or not len(known.slices):
        return []
    first, last = known.slices.at(start_ns), known.slices.at(end_ns)
    lines = [describe_state(timeline, track, end_ns) + _where(timeline, known)]
    if last < 0:
        return lines
    if first < last:
        lines.append(_shares(timeline, known, start_ns, end_ns + 1, last - max(first, 0) + 1))
    elif State(known.slices.state[last]) not in FINAL:
        lines.append(_extent(known, last, now_ns))
        lines += _seen(timeline, known, last, now_ns)
    following = what_next(timeline, track, end_ns)
    return [*lines, following] if following else lines


def _where(timeline: Timeline, track: Track) -> str:
    """Whether it is a daemon; in which process a track is, where there are several, and what it was before the fork."""
    daemon = " (a daemon: the program does not wait for its end)" if track.id in timeline.daemons else ""
    if len(timeline.processes) == 1:
        return daemon
    process = timeline.process_of(track.id)
    if track.id == process.track and process.number:
        return f" ({plain(about(timeline, process))})"
    copied = f", copy of {plain(timeline.name(track.copy_of))}" if track.copy_of in timeline.tracks else ""
    return f" ({process.name}{copied}){daemon}"


def _extent(track: Track, index: int, now_ns: int) -> str:
    starts_ns = track.slices.start_ns
    begin_ns = starts_ns[index]
    if index + 1 < len(starts_ns):
        end_ns = starts_ns[index + 1]
        return f"from {in_seconds(begin_ns)} to {in_seconds(end_ns)}: {duration(end_ns - begin_ns)}"
    return f"since {in_seconds(begin_ns)}, to the end: {duration(max(0, now_ns - begin_ns))}"


def _seen(timeline: Timeline, track: Track, index: int, now_ns: int) -> list[str]:
    """Where the track that runs in that slice, or waits in a call, was sampled most often; nothing if it was not."""
    slices = track.slices
    state = State(slices.state[index])
    if state not in (State.RUNNING, State.IDLE, State.BLOCKED):
        return []
    who = slices.about[index] if state is State.BLOCKED else track.id
    end_ns = slices.start_ns[index + 1] if index + 1 < len(slices) else now_ns
    sampled = mostly(timeline, who, slices.start_ns[index], end_ns)
    return [hot_line(timeline, sampled)] if sampled is not None else []


def _shares(timeline: Timeline, track: Track, start_ns: int, end_ns: int, count: int) -> str:
    lasted_ns = max(1, end_ns - start_ns)
    slices = called(timeline, track)
    spent = {state: slices.spent_ns(state, end_ns, start_ns) / lasted_ns for state in SUMMED}
    states = sorted((state for state in SUMMED if spent[state] >= _LEAST_SHARE), key=lambda state: -spent[state])
    meanings = {state: meaning(state) for state in states}
    if slices is track.slices:
        meanings[State.IDLE] = "idle (polling)" if track.schedules else "idle (in a call)"
    shares = ", ".join(f"{spent[state]:.0%} {meanings[state]}" for state in states)
    return f"{count} states in {duration(lasted_ns)} here{f': {shares}' if shares else ''}"
