"""The slowest of the answers that a program waited for at the same line, and why it was slow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from visualizer.analysis.findings.base import SLOW_FACTOR, SLOW_NS, SLOW_OF, Finding, at, finding, spot
from visualizer.analysis.model.timeline import Park, Place, State, Switch, Timeline, Wakeup
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

if TYPE_CHECKING:
    from visualizer.analysis.findings.collector import Observed

#: A track that ran at most this long before the answer came is assumed to have given it.
_JUST_NS = 1_000_000
#: At most this many characters of what it printed then are quoted.
_MOST_TOLD = 40
#: At most this many slices are searched for what it did before.
_MOST_SLICES = 1_000


class Answer(NamedTuple):
    """A track waited for it from `park.t_ns` to `came_ns`; `giver` ran just before it came, NOBODY if none did."""

    park: Park
    came_ns: int
    giver: int

    @property
    def waited_ns(self) -> int:
        return self.came_ns - self.park.t_ns


class _Line(NamedTuple):
    """All answers that were waited for at one line: how many, for how long in all, and the one that took longest."""

    answers: int
    waited_ns: int
    slowest: Answer


@dataclass(slots=True)
class Answers:
    """Of each line at which the program, on connections that it opened itself, waits to read: how long it waits."""

    lines: dict[tuple[str, int], _Line] = field(default_factory=dict)
    #: Track -> this end of the connection that it opened last. Who did not open one waits to be asked.
    _opened: dict[int, str] = field(default_factory=dict)
    _waits: dict[int, Park] = field(default_factory=dict)
    #: Hub -> the last switch to it.
    _last: dict[int, Switch] = field(default_factory=dict)

    def on_park(self, park: Park) -> None:
        """A track waits for a descriptor."""
        if park.direction == words.CONNECT:
            self._opened[park.track] = park.local
        elif park.direction == words.READ and park.local and self._opened.get(park.track) == park.local:
            self._waits[park.track] = park

    def on_switch(self, switch: Switch) -> None:
        self._last[switch.target] = switch

    def on_wakeup(self, timeline: Timeline, wakeup: Wakeup) -> None:
        """If it is woken since there is something to read, this is an answer."""
        park = self._waits.pop(wakeup.track, None)
        if park is None or park.place is None or wakeup.cause != words.IO:
            return
        before = self._last.get(wakeup.waker)
        just = before is not None and before.t_ns > park.t_ns and wakeup.t_ns - before.t_ns <= _JUST_NS
        giver = before.origin if before is not None and just and before.origin != park.track else words.NOBODY
        answer = Answer(park, wakeup.t_ns, giver)
        key = park.place.file, park.place.line
        known = self.lines.get(key, _Line(0, 0, answer))
        slowest = answer if answer.waited_ns > known.slowest.waited_ns else known.slowest
        self.lines[key] = _Line(known.answers + 1, known.waited_ns + answer.waited_ns, slowest)


def slow_answer(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Of SLOW_OF or more answers at a line one took SLOW_NS or longer, and longer than most. One for each line."""
    for count, waited_ns, slowest in observed.answers.lines.values():
        longest_ns = slowest.waited_ns
        if count < SLOW_OF or longest_ns < SLOW_NS or longest_ns * count < SLOW_FACTOR * waited_ns:
            continue
        park = slowest.park
        name = timeline.name(park.track)
        why = _why(timeline, slowest)
        sentence = (
            f"{why}{name} waited {duration(longest_ns, 2)} for the slowest of {count} answers{at(park.place)}, "
            f"{duration(waited_ns // count, 2)} on average{_printed(timeline, slowest)}"
        )
        tracks = (park.track, slowest.giver) if why else (park.track,)
        yield finding("slow_answer", sentence, tracks, park.t_ns, park.place)


def _printed(timeline: Timeline, answer: Answer) -> str:
    """What the track printed after the answer, before it waited again: that often identifies the answer."""
    slices = timeline.tracks[answer.park.track].slices
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
        if output.track == answer.park.track and lines[0].strip():
            text = lines[0].strip()
            return f'; then it printed "{text[:_MOST_TOLD]}{"…" if len(text) > _MOST_TOLD else ""}"'
    return ""


def _why(timeline: Timeline, answer: Answer) -> str:
    """What the track that ran just before the answer had waited for most of that time, as a cause; "" if unknown."""
    if answer.giver not in timeline.tracks:
        return ""
    track = timeline.tracks[answer.giver]
    slices = track.slices
    best: tuple[int, Park] | None = None
    first = max(0, slices.at(answer.park.t_ns))
    for index in range(first, min(first + _MOST_SLICES, len(slices) - 1)):
        start_ns, end_ns = max(slices.start_ns[index], answer.park.t_ns), slices.start_ns[index + 1]
        if start_ns >= answer.came_ns:
            break
        if slices.state[index] == State.WAITING and (best is None or end_ns - start_ns > best[0]):
            best = end_ns - start_ns, timeline.parks[slices.about[index]]
    name = timeline.name(track.id)
    if best is None or 2 * best[0] < answer.waited_ns:
        return ""
    return f"{name} {_did(best[1], best[0])} and ran just before the answer came (inferred: it gave the answer) → "


def _did(park: Park, lasted_ns: int) -> str:
    place: Place | None = park.place
    if park.reason == words.SLEEP:
        return f"slept {duration(lasted_ns, 2)}{at(place)}"
    what = f" in {park.on}" if "(" in park.on else ""
    return f"waited {duration(lasted_ns, 2)}{what}{at(place) if spot(place) else ''}"
