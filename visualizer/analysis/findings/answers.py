"""The slowest of the answers that a program waited for at the same line, and why it was slow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from visualizer.analysis.findings.answer_times import Answer
from visualizer.analysis.findings.base import SLOW_FACTOR, SLOW_NS, SLOW_OF, Finding, at, finding, spot
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.delays import hogs
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

#: At most this many characters of what it printed then are quoted.
_MOST_TOLD = 40
#: In place of a track: no track of the trace.
_OUTSIDE = -2
_FROM_OUTSIDE = "the answer came from outside (nobody in the trace serves it) → "
#: At most this many slices are searched for what it did before.
_MOST_SLICES = 1_000


def slow_answer(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Of SLOW_OF or more answers at a line one took SLOW_NS or longer, and longer than most. One for each line."""
    for count, waited_ns, slowest in observed.answers.lines.values():
        longest_ns = slowest.waited_ns
        if count < SLOW_OF or longest_ns < SLOW_NS or longest_ns * count < SLOW_FACTOR * waited_ns:
            continue
        suspension = slowest.suspension
        if 2 * _hogged_ns(timeline, observed, slowest) > longest_ns - waited_ns // count:
            # That it took longer than most is the doing of a hog, and told there.
            continue
        name = timeline.name(suspension.track)
        giver, is_observed = _giver(timeline, slowest)
        slowest = slowest._replace(giver=giver)
        why = _why(timeline, slowest, is_observed) if giver != _OUTSIDE else _FROM_OUTSIDE
        sentence = (
            f"{why}{name} waited {duration(longest_ns, 2)} for the slowest of {count} answers{at(suspension.place)}, "
            f"{duration(waited_ns // count, 2)} on average{_printed(timeline, slowest)}"
        )
        tracks = (suspension.track, giver) if why and giver in timeline.tracks else (suspension.track,)
        yield finding("slow_answer", sentence, tracks, suspension.t_ns, suspension.place, longest_ns, tracks[:1])


def _giver(timeline: Timeline, answer: Answer) -> tuple[int, bool]:
    """Who serves the other end of the connection, _OUTSIDE if nobody in the trace can; and whether that was observed.

    Where somebody accepts connections, but nobody is seen to read from this one, it is who ran just before the answer
    came, if that was spawned for a connection.
    """
    suspensions, texts = timeline.columns.suspensions, timeline.columns.texts
    local, peer = answer.suspension.local, answer.suspension.peer
    other, accepts = [], False
    for number, (*_, direction, here, there) in enumerate(suspensions.asked.known):
        if direction and texts.get(here, "") == peer and texts.get(there, "") == local:
            other.append(number)
        listens = direction == words.ACCEPT and texts.get(here, "").rpartition(":")[2] == peer.rpartition(":")[2]
        accepts = accepts or listens
    if not other:
        # The handlers of gevent's own servers are spawned by the hub.
        handlers = {track.id for track in timeline.tracks.values() if _is_hub(timeline, track.creator)}
        if not accepts and not handlers and peer:
            return _OUTSIDE, True
        return (answer.giver if accepts or answer.giver in handlers else words.NOBODY), False
    details = [number for number, (_, asked, _) in enumerate(suspensions.details.known) if asked in other]
    index = np.flatnonzero(np.isin(np.asarray(suspensions.detail), details))
    t_ns, tracks = suspensions.whose(index)
    before = tracks[t_ns <= answer.came_ns]
    return int(before[-1] if len(before) else tracks[0]), True


def _is_hub(timeline: Timeline, track: int) -> bool:
    known = timeline.tracks.get(track)
    return known is not None and known.schedules


def _hogged_ns(timeline: Timeline, observed: Observed, answer: Answer) -> int:
    """How much of the wait a track ran without yielding."""
    since_ns, until_ns = answer.suspension.t_ns, answer.came_ns
    turns = (turn for _, turn in hogs(timeline, observed))
    return sum(max(0, min(turn.end_ns, until_ns) - max(turn.start_ns, since_ns)) for turn in turns)


def _printed(timeline: Timeline, answer: Answer) -> str:
    """What the track printed after the answer, before it waited again: that often identifies the answer."""
    slices = timeline.tracks[answer.suspension.track].slices
    index = slices.at(answer.came_ns)
    while index < len(slices) and slices.state[index] == State.READY:
        index += 1
    if index >= len(slices) or slices.state[index] != State.RUNNING:
        return ""
    start_ns = slices.start_ns[index]
    end_ns = slices.start_ns[index + 1] if index + 1 < len(slices) else timeline.last_ns
    outputs = timeline.outputs
    for number in range(bisect_left(outputs, start_ns, key=lambda output: output.t_ns), len(outputs)):
        output = outputs[number]
        if output.t_ns > end_ns:
            break
        lines = output.text.split("\n", 1)
        if output.track == answer.suspension.track and lines[0].strip():
            text = lines[0].strip()
            return f'; then it printed "{text[:_MOST_TOLD]}{"…" if len(text) > _MOST_TOLD else ""}"'
    return ""


def _why(timeline: Timeline, answer: Answer, is_observed: bool) -> str:
    """What the track that gave the answer had waited for most of that time, as a cause; "" if unknown."""
    if answer.giver not in timeline.tracks:
        return ""
    track = timeline.tracks[answer.giver]
    slices = track.slices
    best: tuple[int, Suspension] | None = None
    first = max(0, slices.at(answer.suspension.t_ns))
    for index in range(first, min(first + _MOST_SLICES, len(slices) - 1)):
        start_ns = max(slices.start_ns[index], answer.suspension.t_ns)
        end_ns = min(slices.start_ns[index + 1], answer.came_ns)
        if start_ns >= end_ns:
            break
        if slices.state[index] == State.WAITING and (best is None or end_ns - start_ns > best[0]):
            waited = timeline.suspensions[slices.about[index]]
            # To wait for what it is asked is not why it answers late.
            if waited.local != answer.suspension.peer:
                best = end_ns - start_ns, waited
    name = timeline.name(track.id)
    if best is None or 2 * best[0] < answer.waited_ns:
        return ""
    how = "gave the answer" if is_observed else "ran just before the answer came (inferred: it gave the answer)"
    return f"{name} {_did(best[1], best[0])} and {how} → "


def _did(suspension: Suspension, lasted_ns: int) -> str:
    place: Place | None = suspension.place
    if suspension.reason == words.SLEEP:
        return f"slept {duration(lasted_ns, 2)}{at(place)}"
    what = f" in {suspension.on}" if "(" in suspension.on else ""
    return f"waited {duration(lasted_ns, 2)}{what}{at(place) if spot(place) else ''}"
