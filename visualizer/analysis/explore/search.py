"""Looking for a text, or a line of source, in all that a timeline holds, a little at a time while it grows."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from visualizer.analysis.explore.jumps import Occurrence
from visualizer.analysis.explore.targets import Line
from visualizer.analysis.model.timeline import Entry, Place, Suspension, Timeline
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import events as ev
from visualizer.trace import words

_AT_ONCE = 2_000


class Found(StrEnum):
    """Where something was found."""

    EVENT = "event"
    OUTPUT = "output"
    EXPRESSION = "expression"
    STOP = "stop"
    SPAWN = "spawn"
    SAMPLE = "sample"
    TRACK = "track"
    REQUEST = "request"


class _Match(NamedTuple):
    kind: Found
    t_ns: int
    track: int
    said: str


#: Looks at one entry of `Timeline.order`.
Matches = Callable[[Timeline, Entry, int], _Match | None]


class Search:
    """All that `matches` finds. Call `take` until it returns False, and again when the timeline has grown."""

    def __init__(self, timeline: Timeline, title: str, matches: Matches) -> None:
        self.title = title
        #: From when to when it looks; what is found outside is passed over.
        self.between_ns = 0, 1 << 62
        #: How many were found of each kind.
        self.counts: Counter[Found] = Counter()
        self._timeline = timeline
        self._matches = matches
        self._taken = 0
        self._found: list[tuple[Entry, int]] = []
        self._times_ns = array("q")

    def take(self, most: int = _AT_ONCE) -> bool:
        """Look at what has arrived since, at most so many entries. Return whether there is more."""
        timeline = self._timeline
        until = min(timeline.arrived, self._taken + most)
        for entry, index in timeline.arrivals(self._taken, until):
            match = self._matches(timeline, entry, index)
            if match is not None and self.between_ns[0] <= match.t_ns <= self.between_ns[1]:
                self.counts[match.kind] += 1
                self._found.append((entry, index))
                # In order, although clocks of two threads may cross.
                self._times_ns.append(max(match.t_ns, self._times_ns[-1] if self._times_ns else 0))
        self._taken = until
        return until < timeline.arrived

    @property
    def looked_at(self) -> float:
        """The part of the timeline, as it is now, that has been looked at."""
        return self._taken / self._timeline.arrived if self._timeline.arrived else 1.0

    def __len__(self) -> int:
        return len(self._found)

    def t_ns(self, number: int) -> int:
        """When the one of that number, from 0, happened."""
        return self._times_ns[number]

    def moment(self, number: int) -> Occurrence:
        """The one of that number, from 0. Raise IndexError if there is none."""
        entry, index = self._found[number]
        match = self._matches(self._timeline, entry, index)
        # A track may have been given another name since, which the text is not in.
        said = match.said if match is not None else ""
        return Occurrence(self._times_ns[number], match.track if match is not None else words.NOBODY, said)

    def tracks(self, number: int) -> tuple[int, ...]:
        """Whom the one of that number concerns."""
        return (self.moment(number).track,)

    @property
    def counts_text(self) -> str:
        """How many there are of what."""
        return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in self.counts.items())


def for_text(timeline: Timeline, text: str) -> Search:
    """Of the names of tracks, what they serve, the sentences of switches, the expressions that tracks are suspended at,
    and output; in whatever case. A track is where it was created."""
    wanted = text.casefold()
    expressions: dict[Place | None, str] = {}

    def matches(timeline: Timeline, entry: Entry, index: int) -> _Match | None:
        if entry is Entry.SWITCH:
            said = sentence(timeline, index)
            if wanted in said.casefold():
                return _Match(Found.EVENT, timeline.switch_ns[index], timeline.ends_of(index)[1], said)
        elif entry is Entry.OUTPUT:
            output = timeline.outputs[index]
            if wanted in output.text.casefold():
                line = next((line for line in output.text.split("\n") if wanted in line.casefold()), output.text)
                said = plain(f"{timeline.name(output.track, output.t_ns)} prints {line.strip()}")
                return _Match(Found.OUTPUT, output.t_ns, output.track, said)
        elif entry is Entry.REMARK:
            remark = timeline.remarks[index]
            what = timeline.text(remark.what) if isinstance(remark, ev.Serves) else None
            if isinstance(remark, ev.Serves) and what is not None and wanted in what.casefold():
                said = plain(f"{timeline.name(remark.track, remark.t_ns)} begins to serve it")
                return _Match(Found.REQUEST, timeline.remark_ns(index), remark.track, said)
        elif entry is Entry.SPAWN:
            track = timeline.spawns[index]
            if wanted in timeline.name(track).casefold():
                said = plain(f"{timeline.name(track)} is created")
                return _Match(Found.TRACK, timeline.tracks[track].spawn_ns, track, said)
        elif entry is Entry.SUSPENSION:
            suspension = timeline.suspensions[index]
            if suspension.place not in expressions:
                expressions[suspension.place] = expression(timeline, suspension.place)
            for shown in (expressions[suspension.place], suspension.on, suspension.object):
                if shown and wanted in shown.casefold() and not _is_hub(timeline, suspension):
                    said = _stops(timeline, suspension, shown)
                    return _Match(Found.EXPRESSION, suspension.t_ns, suspension.track, said)
        return None

    return Search(timeline, f'"{text}"', matches)


def for_line(timeline: Timeline, line: Line) -> Search:
    """Every time that line was seen to run: a track stopped there, was created there, or was sampled there.

    What runs through it quickly leaves nothing in a trace, and is not found.
    """

    def matches(timeline: Timeline, entry: Entry, index: int) -> _Match | None:
        if entry is Entry.SUSPENSION:
            suspension = timeline.suspensions[index]
            if line.is_in(suspension.place) and not _is_hub(timeline, suspension):
                shown = expression(timeline, suspension.place) or suspension.on
                return _Match(Found.STOP, suspension.t_ns, suspension.track, _stops(timeline, suspension, shown))
        elif entry is Entry.SPAWN:
            track = timeline.tracks[timeline.spawns[index]]
            if line.is_in(track.place):
                creator = track.creator if track.creator in timeline.tracks else track.id
                said = f"{timeline.name(track.id)} is created"
                return _Match(Found.SPAWN, track.spawn_ns, creator, plain(said))
        elif entry is Entry.SAMPLE:
            samples = timeline.samples
            if line.is_in(timeline.place(samples.place[index])):
                said = f"{timeline.name(samples.track[index], samples.ns[index])} runs there (sampled)"
                return _Match(Found.SAMPLE, samples.ns[index], samples.track[index], plain(said))
        return None

    return Search(timeline, str(line), matches)


def expression(timeline: Timeline, place: Place | None) -> str:
    """The text of the expression at `place`, on one line; "" if the trace does not carry its source."""
    if place is None or place.column < 0 or place.file not in timeline.sources:
        return ""
    lines = timeline.sources[place.file].split("\n", max(place.line, place.end_line))
    shown = lines[place.line - 1 : max(place.line, place.end_line)]
    if not shown:
        return ""
    # Columns count UTF-8 bytes; the end is cut first, since both may be on the same line.
    shown[-1] = shown[-1].encode("utf-8", "surrogatepass")[: place.end_column].decode("utf-8", "replace")
    shown[0] = shown[0].encode("utf-8", "surrogatepass")[place.column :].decode("utf-8", "replace")
    return plain(" ".join(line.strip() for line in shown))


def _is_hub(timeline: Timeline, suspension: Suspension) -> bool:
    """A hub waits whenever another track runs: that is not worth finding."""
    return timeline.tracks[suspension.track].schedules


def _stops(timeline: Timeline, suspension: Suspension, shown: str) -> str:
    return plain(f"{timeline.name(suspension.track, suspension.t_ns)} waits{' at ' + shown if shown else ''}")
