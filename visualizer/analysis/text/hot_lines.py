"""What the samples of a time amount to: at which line a track was seen the most often, and that in words."""

from __future__ import annotations

import ntpath
from typing import NamedTuple

from visualizer.analysis.model.timeline import Place, State, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_text import source_line

#: So many characters of a line are quoted.
QUOTED = 40


class Sampled(NamedTuple):
    """Of `of` samples `times` were at a line: at `place`, or elsewhere in it. They are `every_ns` apart, 0 if one.

    `called`: where its function was called, by one that is not itself; None if that is not known, or nobody did.
    """

    place: Place
    times: int
    of: int
    every_ns: int
    called: Place | None = None


def lines_sampled(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> list[Sampled]:
    """At which lines a track was seen in that time, the most often first; each with its commonest place and caller."""
    samples = timeline.samples
    tally = samples.tally(track, start_ns, end_ns)
    if not tally:
        return []
    lines: dict[tuple[str, int], list[tuple[int, Place, int]]] = {}
    for (number, called), count in tally.items():
        place = timeline.place(number)
        if place is not None:
            lines.setdefault((place.file, place.line), []).append((count, place, called))
    of = tally.total()
    # The first of them stands alone, however often it is seen at once.
    number = samples.latest(track, start_ns, end_ns)
    first = samples.nearest(track, start_ns, start_ns, end_ns)
    every_ns = (samples.ns[number] - samples.ns[first]) // (of - 1) if of > 1 else 0
    found = []
    for at in lines.values():
        _, place, called = max(at)
        found.append(Sampled(place, sum(count for count, *_ in at), of, every_ns, timeline.place(called)))
    # Of those seen as often, where it was first: what is seen after a call that let nobody look may be behind it.
    earliest = timeline.place(samples.place[first])
    return sorted(found, key=lambda one: (-one.times, earliest is None or one.place[:3] != earliest[:3], one.place))


def mostly(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> Sampled | None:
    """The line at which a track was seen the most often in that time; None if it was not seen at all."""
    return next(iter(lines_sampled(timeline, track, start_ns, end_ns)), None)


def is_mostly_idle(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> bool:
    """Whether the track was idle for most of that time: in a call that waits, and lets nobody else run meanwhile."""
    spent_ns = timeline.tracks[track].slices.spent_ns(State.IDLE, end_ns, start_ns)
    return 2 * spent_ns > end_ns - start_ns


def sampled_at(timeline: Timeline, number: int) -> Place | None:
    """Where sample `number` was taken; None for -1."""
    return timeline.place(timeline.samples.place[number]) if number >= 0 else None


def hot_line(timeline: Timeline, sampled: Sampled, quotes: bool = True) -> str:
    """It in words: "mostly at hog.py:31 `total += i * i` (9 of 11 samples, one every 26 ms) in sum_up(), called at
    hog.py:40"."""
    where = f"{spot_of(sampled.place)}{quoted(timeline, sampled.place) if quotes else ''}"
    every = f", one every {duration(sampled.every_ns, 2)}" if sampled.every_ns else ""
    if sampled.times == sampled.of:
        count = "1 sample" if sampled.of == 1 else f"all {sampled.of} samples{every}"
        return plain(f"sampled at {where} ({count}){_called(sampled)}")
    how = "mostly" if 2 * sampled.times > sampled.of else "most often"
    return plain(f"{how} at {where} ({sampled.times} of {sampled.of} samples{every}){_called(sampled)}")


def _called(sampled: Sampled) -> str:
    """The function of the line, and where it was called."""
    function = sampled.place.function.rpartition(".")[2]
    if sampled.called is None or not function.isidentifier():
        return ""
    return f" in {function}(), called at {spot_of(sampled.called)}"


def spot_of(place: Place) -> str:
    """The line of a place as "hog.py:31"."""
    # A trace may come from a machine with other separators; this one knows both.
    return plain(f"{ntpath.basename(place.file)}:{place.line}")


def quoted(timeline: Timeline, place: Place) -> str:
    """What is written in the line of a place, as " `total += i * i`"; nothing if the trace does not carry it."""
    text = source_line(timeline, place).strip()
    if len(text) > QUOTED:
        text = text[: QUOTED - 1] + "…"
    return f" `{plain(text)}`" if text else ""
