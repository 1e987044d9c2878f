"""The slowest of the answers that a program waited for at the same line, and why it was slow."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from visualizer.analysis.findings.answer_times import Answer, Line
from visualizer.analysis.findings.base import (
    LONG_ANSWER_NS,
    SLOW_FACTOR,
    SLOW_NS,
    SLOW_OF,
    Finding,
    at,
    finding,
    listed,
    spot,
)
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.findings.held_locks import held_too_long
from visualizer.analysis.findings.hog_turns import hogs
from visualizer.analysis.findings.kept_off import kept_off
from visualizer.analysis.model.connections import across, times_asked
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

#: At most this many characters of what it printed then are quoted.
_MOST_TOLD = 40
#: At most this many slices are searched for what it did before.
_MOST_SLICES = 1_000


@once
def slow_answer(timeline: Timeline, observed: Observed) -> list[Finding]:
    """Of SLOW_OF or more answers at a line one took much longer than they did on average, or all took long since who
    gave them slept. One for each line."""
    found = []
    for line in observed.answers.lines.values():
        one = _slowest(timeline, observed, line) or _all_slow(timeline, line) if line.answers >= SLOW_OF else None
        if one is not None:
            found.append(one)
    return found


def _slowest(timeline: Timeline, observed: Observed, line: Line) -> Finding | None:
    """One took much longer than they did on average."""
    count, waited_ns, slowest, _ = line
    longest_ns = slowest.waited_ns
    suspension = slowest.suspension
    if longest_ns < max(waited_ns / count + SLOW_NS, waited_ns / count * SLOW_FACTOR):
        return None
    explained_ns = _hogged_ns(timeline, observed, slowest) + _kept_off_ns(timeline, observed, slowest)
    if 2 * explained_ns > longest_ns - waited_ns // count:
        # That it took longer than most is the doing of a hog, and told there; or of the machine.
        return None
    name = timeline.name(suspension.track)
    giver, outside = slowest.giver, ""
    seen = across(timeline, suspension, slowest.came_ns) if suspension.peer else words.NOBODY
    if slowest.is_seen:
        seen = giver
    elif seen != words.NOBODY:
        giver = seen
    elif suspension.peer:
        servers = _servers(timeline, suspension.peer)
        giver = giver if giver in servers else words.NOBODY
        # What a thread, or a protocol, does without waiting for the connection is not seen.
        if not servers and timeline.tracks[suspension.track].kind != words.THREAD:
            outside = f"; it came from outside: nothing recorded has the other end, {suspension.peer}"
    best = _waited_most(timeline, slowest, giver)
    if best is not None and best[1].object in held_too_long(timeline, observed):
        return None  # The `lock_held` tells of it.
    why = _why(timeline, slowest, giver, best, seen != words.NOBODY)
    sentence = (
        f"{why}{name} waited {duration(longest_ns, 2)} for the slowest of {count} answers{at(suspension.place)}, "
        f"{duration(waited_ns // count, 2)} on average{outside}{_printed(timeline, slowest)}"
    )
    tracks = (suspension.track, giver) if why else (suspension.track,)
    since_ns, place = suspension.t_ns, suspension.place
    return finding("slow_answer", sentence, tracks, since_ns, place, longest_ns, tracks[:1])


def _all_slow(timeline: Timeline, line: Line) -> Finding | None:
    """All took long: whoever has the other ends slept that long for each that was asked of them."""
    count, waited_ns, slowest, over = line
    if waited_ns < count * LONG_ANSWER_NS:
        return None
    who, gave, slept, places, asked = [], [], [], set(), 0.0
    for ends, (answers, answer) in over.items():
        giver = across(timeline, answer.suspension, answer.came_ns)
        best = _waited_most(timeline, answer, giver)
        if best is None or best[1].reason != words.SLEEP:
            return None
        asked += times_asked(timeline, ends) - answers / 2
        who.append(answer.suspension.track)
        gave.append(giver)
        slept.append(best[1].sleep_ns if best[1].sleep_ns > 0 else best[0])
        places.add(best[1].place)
    if asked < 0:
        return None  # Whoever is not asked for most of it tells what happens of its own accord.
    place = slowest.suspension.place
    where = at(places.pop()) if len(places) == 1 else ""
    who, gave = sorted({*who}), sorted({*gave})
    givers, askers = (listed([timeline.name(one) for one in tracks]) for tracks in (gave, who))
    sentence = (
        f"{givers}, at the other end{'s' * (len(gave) > 1)}, slept {duration(sum(slept) // len(slept), 2)} for each"
        f"{where} → {askers} waited for {count} answers{at(place)}, {duration(waited_ns // count, 2)} each on average"
    )
    since_ns = min(answer.suspension.t_ns for _, answer in over.values())
    return finding("slow_answer", sentence, (*who, *gave), since_ns, place, waited_ns, who)


def _hogged_ns(timeline: Timeline, observed: Observed, answer: Answer) -> int:
    """How much of the wait a track ran without yielding."""
    since_ns, until_ns = answer.suspension.t_ns, answer.came_ns
    turns = (turn for _, turn in hogs(timeline, observed))
    return sum(max(0, min(turn.end_ns, until_ns) - max(turn.start_ns, since_ns)) for turn in turns)


def _kept_off_ns(timeline: Timeline, observed: Observed, answer: Answer) -> int:
    """How much of the wait the thread of its track may have been kept off from running."""
    parent = timeline.tracks[answer.suspension.track].parent
    hub = parent if parent in timeline.tracks else answer.suspension.track
    since_ns, until_ns = answer.suspension.t_ns, answer.came_ns
    return kept_off(timeline, observed).for_ns(hub, since_ns, until_ns)


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


def _servers(timeline: Timeline, peer: str) -> set[int]:
    """The tracks that may serve connections to that address without ever being seen to wait for one: the handlers that
    a hub spawned for one of gevent's servers, and whatever a track that accepts connections there has spawned."""
    columns, texts = timeline.columns.suspensions, timeline.columns.texts
    port = peer.rpartition(":")[2]
    accepting = set()
    for number, (_, asked, _) in enumerate(columns.details.known):
        *_, direction, local, _ = columns.asked.known[asked] if asked >= 0 else ("", -1, -1)
        if direction == words.ACCEPT and texts.get(local, "").rpartition(":")[2] == port:
            index = np.flatnonzero(np.asarray(columns.detail) == number)
            accepting.update(columns.whose(index)[1].tolist())
    spawn = accepting | {*timeline.hubs}
    return accepting | {track.id for track in timeline.tracks.values() if track.creator in spawn}


def _waited_most(timeline: Timeline, answer: Answer, giver: int) -> tuple[int, Suspension] | None:
    """What the track that gave the answer had waited for most of that time, and how long; None if that is unknown."""
    if giver not in timeline.tracks:
        return None
    track = timeline.tracks[giver]
    slices = track.slices
    best: tuple[int, Suspension] | None = None
    first = max(0, slices.at(answer.suspension.t_ns))
    for index in range(first, min(first + _MOST_SLICES, len(slices) - 1)):
        start_ns = max(slices.start_ns[index], answer.suspension.t_ns)
        end_ns = min(slices.start_ns[index + 1], answer.came_ns)
        if start_ns >= answer.came_ns:
            break
        if slices.state[index] == State.WAITING and (best is None or end_ns - start_ns > best[0]):
            waited = timeline.suspensions[slices.about[index]]
            # To wait for what it is asked is not why it answers late.
            if not waited.local or waited.local != answer.suspension.peer:
                best = end_ns - start_ns, waited
    return best if best is not None and 2 * best[0] >= answer.waited_ns else None


def _why(
    timeline: Timeline, answer: Answer, giver: int, best: tuple[int, Suspension] | None, is_seen: bool
) -> str:
    """The same as a cause; "" if that is unknown."""
    if best is None:
        return ""
    name = timeline.name(giver, answer.suspension.t_ns, answer.came_ns)
    if is_seen:
        return f"{name}, at the other end, {_did(best[1], best[0])} → "
    return f"{name} {_did(best[1], best[0])} and ran just before the answer came (inferred: it gave the answer) → "


def _did(suspension: Suspension, lasted_ns: int) -> str:
    place: Place | None = suspension.place
    if suspension.reason == words.SLEEP:
        return f"slept {duration(lasted_ns, 2)}{at(place)}"
    what = f" in {suspension.on}" if "(" in suspension.on else ""
    return f"waited {duration(lasted_ns, 2)}{what}{at(place) if spot(place) else ''}"
